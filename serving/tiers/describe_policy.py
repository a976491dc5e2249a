"""The policy in sentences, for the people who agreed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.core import number, percent
from leadscore.serving.policy import all_words, either, fallback_phrase

if TYPE_CHECKING:
    from leadscore.features.contract import HorizonDays, Stage
    from leadscore.serving.policy import (
        Capacity,
        CoolOff,
        Exploration,
        HandRaiser,
        Hysteresis,
        Policy,
        Team,
        TierPromise,
        Value,
    )
    from leadscore.serving.tiers.cutoffs import CutOffs, TierCut

# The sentence parts of each propensity: what the lead does, and what such leads do.
DEEDS: dict[Stage, tuple[str, str]] = {
    "sql": ("becoming sales qualified", "become sales qualified"),
    "won": ("being won", "are won"),
}


def sentences(
    policy: Policy, cut_offs: CutOffs | None = None, horizons: HorizonDays | None = None
) -> list[str]:
    """Explain a policy: a sentence or two a tier, then the rules in the order they apply.

    Examples
    --------
    >>> print(sentences(Policy(sql=TierPromise(share=0.05)))[0])
    A lead goes to sales (SQL) when it is among the best 5 % of the open leads by its chance of \
becoming sales qualified.
    """
    cuts = (cut_offs.sql, cut_offs.mql) if cut_offs is not None else (None, None)
    said = [
        *_tier_sentences("A lead goes to sales (SQL)", policy.sql, cuts[0]),
        *_tier_sentences("Otherwise it is marketing's to nurture (MQL)", policy.mql, cuts[1]),
        "Every other lead is kept warm (Nurture).",
        "A lead that sales has already qualified stays SQL, whatever the model says.",
        *_rule_sentences(policy),
        *_capacity_sentences(policy.capacity),
        *_steadiness(policy.hysteresis),
        *_control_group(policy.exploration),
        *_worth(policy.value),
    ]
    if horizons is not None:
        said.append(
            f"Becoming sales qualified counts within {horizons.sql} days of the night, being won "
            f"within {horizons.won}."
        )
    if cut_offs is None and None in {policy.sql.outcome, policy.mql.outcome}:
        said.append(
            "Where the model knows only who is won, the chance of being won counts instead."
        )
    return said


def _tier_sentences(opening: str, promise: TierPromise, cut: TierCut | None) -> list[str]:
    outcome = cut.outcome if cut is not None else promise.outcome or "sql"
    rule = f"{opening} when {_condition(promise, outcome)}."
    if cut is not None:
        return [rule, cut.sentence]
    if promise.mode != "min_precision":
        return [rule]
    return [rule, f"Where no cut-off can keep that, {fallback_phrase(promise.fallback_share)}."]


def _condition(promise: TierPromise, outcome: Stage) -> str:
    deed, such = DEEDS[outcome]
    if promise.mode == "min_value":
        return f"its expected value is {number(promise.threshold)} or more"
    share = percent(promise.threshold)
    if promise.mode == "share":
        return f"it is among the best {share} of the open leads by its chance of {deed}"
    if promise.mode == "min_propensity":
        return f"its chance of {deed} is {share} or more"
    return (
        f"its chance of {deed} is so high that at least {share} of the leads with that chance or "
        f"a better one {such} ({percent(promise.confidence)} confidence, judged on leads the "
        f"model never learnt from)"
    )


def _rule_sentences(policy: Policy) -> list[str]:
    said = [
        f"Whatever the model says, a lead goes to sales at once when {all_words(rule.when)} "
        f"({rule.name}){_answered(rule)}."
        for rule in policy.hand_raiser
    ]
    said += [_cool_off(rule) for rule in policy.cool_off]
    said += [
        f"A lead is never for sales (Disqualified) when {all_words(rule.when)} ({rule.name})."
        for rule in policy.disqualifier
    ]
    return said


def _answered(rule: HandRaiser) -> str:
    """Say when a request is over: once sales has sent the lead back."""
    asked = any(condition.event is not None for condition in rule.when)
    return ", unless sales has sent it back since" if asked else ""


def _cool_off(rule: CoolOff) -> str:
    until = f"for {rule.days} days" if rule.days else "until its own data change"
    return f"A lead that sales sent back for {either(rule.reasons)} is not offered again {until}."


def _capacity_sentences(capacity: Capacity | None) -> list[str]:
    if capacity is None:
        return ["Sales takes as many leads as there are; no capacity is set."]
    said = [_team(team, alone=len(capacity.all_teams) == 1) for team in capacity.all_teams]
    best = "highest expected value" if capacity.first == "value" else "best chance"
    said.append(
        f"Those with the {best} come first; of equals the smaller lead id. The others wait in that "
        f"order as MQL, for up to {capacity.max_wait_days} days."
    )
    if capacity.hand_raisers == "beyond":
        return [*said, "Leads that ask to be contacted go on top of these places."]
    return [*said, "Leads that ask to be contacted get the first places."]


def _team(team: Team, *, alone: bool) -> str:
    which = f"a lead when {all_words(team.when)}" if team.when else "all other leads"
    who = "Sales takes" if alone else f"The team {team.name} takes {which},"
    reps = "rep" if team.reps == 1 else "reps"
    rate = f"{team.reps:,} {reps} × {number(team.leads_a_day)} a day"
    return f"{who} {team.places:,} new leads a night ({rate})."


def _steadiness(hysteresis: Hysteresis) -> list[str]:
    if hysteresis.nights == 1 and hysteresis.margin == 0:
        return ["A lead falls as soon as it is below the cut-off."]
    nights = "one night" if hysteresis.nights == 1 else f"{hysteresis.nights} nights running"
    below = "below the cut-off"
    if hysteresis.margin:
        below = f"more than {percent(hysteresis.margin)} {below}"
    return [f"A lead rises at the cut-off, and falls when it is {below} for {nights}."]


def _control_group(exploration: Exploration) -> list[str]:
    if exploration.share == 0:
        return []
    said = (
        f"Of the leads below the cut-off, down to {percent(exploration.down_to)} of it, "
        f"{percent(exploration.share)} go to sales by lot, so that we learn what the others would "
        "have become."
    )
    return [said]


def _worth(value: Value) -> list[str]:
    by = f" of its {' and '.join(name.replace('_', ' ') for name in value.by)}" if value.by else ""
    cost = (
        f", less {number(value.follow_up_cost)} for the follow-up" if value.follow_up_cost else ""
    )
    said = (
        "The expected value of a lead is its chance of being won times its own amount, or the "
        f"average amount{by} where it has none{cost}."
    )
    return [said]
