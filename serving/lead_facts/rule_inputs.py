"""What the policy's rules need to know of each lead, as of a night: one query over the tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial, reduce
from operator import and_
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.core import ContractError, nearest
from leadscore.features.families import reason_group
from leadscore.features.point_in_time import BETWEEN, latest_text, paired_before
from leadscore.serving.lead_facts.column_conditions import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.tables import Tables
    from leadscore.serving.policy import Condition, Policy, Rule

SETBACKS = ("rejected", "recycled")
DIGEST_SIGNS = 8  # 32 bits tell that a lead changed, and are too few to find anybody by
COLUMNS_SIGNS = 4  # name the columns that a digest is of: it compares only with its like


@dataclass(frozen=True)
class _Count:
    """A count of events that a condition asks for: its column, and which events count."""

    name: str
    condition: Condition
    since_setback: bool


def rule_facts(tables: Tables, snapshots: ir.Table, policy: Policy) -> pd.DataFrame:
    """Find which rules apply to each lead, by what was known strictly before the night.

    Returns
    -------
    DataFrame
        A row a snapshot, sorted by `lead_id`: `is_sql` (bool: sales has qualified it),
        `hand_raiser`, `disqualifier` (name of the first rule that applies, or None), `team` (None
        without a capacity), `setback_at` (datetime, UTC), `setback_reason` (of the latest verdict
        that sent the lead back; the reason's group, unless a cool-off names the reason itself),
        `facts_digest` (of the lead's own data, without its channel and value).

    Raises
    ------
    ContractError
        Where a rule asks for a kind of event or a reason that is neither in the tables nor in
        the contract, or for a number of a text.
    """
    found = tables.to_frame("rule facts", lambda: _facts(tables, snapshots, policy))
    texts = [name for name in found.columns if name not in {"is_sql", "setback_at"}]
    found[texts] = found[texts].astype(object).where(found[texts].notna(), None)
    return found


def _facts(tables: Tables, snapshots: ir.Table, policy: Policy) -> ir.Table:
    _refuse_unknown_words(tables, policy)
    leads = tables.leads.rename(own_id="lead_id")
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id)
    joined = _with_verdicts(tables, snapshots, joined, policy)
    counts = _counts(policy)
    joined = _with_counts(tables, joined, counts)
    names = {(id(each.condition), each.since_setback): each.name for each in counts}

    def first_of(rules: Iterable[Rule], *, since_setback: bool = False) -> ir.Value:
        found = [
            (_all(tables, joined, rule.when, names, since_setback=since_setback), rule.name)
            for rule in rules
        ]
        return ibis.cases(*found) if found else ibis.null("string")

    table = joined.select(
        "lead_id",
        is_sql=joined.is_sql.fill_null(False),
        hand_raiser=first_of(policy.hand_raiser, since_setback=True),
        disqualifier=first_of(policy.disqualifier),
        team=_team(tables, joined, policy, names),
        setback_at=joined.setback_at,
        setback_reason=joined.setback_reason,
        facts_digest=_digest(tables, joined),
    )
    return table.order_by("lead_id")


def _refuse_unknown_words(tables: Tables, policy: Policy) -> None:
    """Refuse a mistyped kind or reason, which would never match without anybody noticing."""
    contract = tables.contract
    if tables.events is not None and contract.events is not None:
        groups = contract.events.groups
        known = {*groups, *(kind for kinds in groups.values() for kind in kinds)}
        asked = [kind for each in _counts(policy) for kind in each.condition.event or ()]
        seen = partial(_seen, tables, "kinds", tables.events.kind)
        _refuse("event", asked, known, seen, "[events.groups]")
    if tables.outcomes is not None and contract.outcomes is not None and policy.cool_off:
        groups = contract.outcomes.reason_groups
        known = {word.strip().lower() for words in groups.values() for word in words}
        known |= {group.lower() for group in groups}
        seen = partial(_seen, tables, "reasons", tables.outcomes.reason)
        _refuse("reason", _reasons(policy), known, seen, "[outcomes.reason_groups]")


def _seen(tables: Tables, what: str, column: ir.Column) -> frozenset[str]:
    """List the words of a column, in all buckets where the leads are looked at in buckets."""
    if tables.totals is not None:
        words: frozenset[str] = getattr(tables.totals, what)
        return words
    return frozenset(column.as_table().distinct().to_pyarrow().column(0).drop_null().to_pylist())


def _refuse(
    what: str,
    asked: Sequence[str],
    known: set[str],
    seen_words: Callable[[], frozenset[str]],
    at: str,
) -> None:
    if set(asked) <= known:
        return
    seen = known | seen_words()
    lacking = sorted(set(asked) - seen)
    if lacking:
        raise ContractError(
            f"tiers.toml asks for the {what} {lacking[0]!r}, which has never come. "
            f"{nearest(lacking[0], sorted(seen))} If it has yet to come, name it in {at} of "
            "leadscore.toml."
        )


def _reasons(policy: Policy) -> list[str]:
    return [reason.lower() for rule in policy.cool_off for reason in rule.reasons]


def _counts(policy: Policy) -> list[_Count]:
    """List the counts that are needed; those of hand-raisers begin after the latest setback."""
    teams = policy.capacity.all_teams if policy.capacity is not None else ()
    asked = [(each, True) for rule in policy.hand_raiser for each in rule.when]
    asked += [(each, False) for rule in policy.disqualifier for each in rule.when]
    asked += [(each, False) for team in teams for each in team.when]
    return [
        _Count(f"count_{place}", condition, since_setback)
        for place, (condition, since_setback) in enumerate(asked)
        if condition.event is not None
    ]


def _with_verdicts(
    tables: Tables, snapshots: ir.Table, joined: ir.Table, policy: Policy
) -> ir.Table:
    """Add whether sales has qualified each lead, and when and why it last sent the lead back."""
    if tables.outcomes is None:
        nothing = {"setback_at": ibis.null("timestamp"), "setback_reason": ibis.null("string")}
        return joined.mutate(is_sql=ibis.literal(False), **nothing)
    known = paired_before(tables.outcomes, snapshots.select("lead_id", "as_of"))
    back = known.stage.isin(SETBACKS)
    named = known.reason.isin(_reasons(policy))
    reason = ibis.ifelse(named, known.reason, reason_group(tables, known)).fill_null("")
    latest = known.group_by(judged_id=known.lead_id).aggregate(
        is_sql=(known.stage == "sql").any(),
        setback_at=known.occurred_at.max(where=back),
        setback_reason=latest_text(known.occurred_at, reason, where=back).nullif(""),
    )
    return joined.left_join(latest, joined.lead_id == latest.judged_id).drop("judged_id")


def _with_counts(tables: Tables, joined: ir.Table, counts: Sequence[_Count]) -> ir.Table:
    """Add the counts of events that the conditions ask for; 0 where there are none."""
    if tables.events is None or not counts:
        return joined
    asked = {kind for each in counts for kind in _kinds(tables, each)}
    events = tables.events.filter(_.kind.isin(sorted(asked)))
    known = paired_before(events, joined.select("lead_id", "as_of", "setback_at"))
    counted = known.group_by(counted_id=known.lead_id).aggregate(
        **{each.name: known.count(where=_counts_for(tables, known, each)) for each in counts}
    )
    together = joined.left_join(counted, joined.lead_id == counted.counted_id)
    zeroes = {each.name: together[each.name].fill_null(0) for each in counts}
    return together.mutate(**zeroes).drop("counted_id")


def _kinds(tables: Tables, count: _Count) -> list[str]:
    """List the kinds of events that a count is of."""
    groups = tables.contract.events.groups if tables.contract.events is not None else {}
    asked = count.condition.event or ()
    return [kind for name in asked for kind in groups.get(name, (name,))]


def _counts_for(tables: Tables, known: ir.Table, count: _Count) -> ir.BooleanValue:
    within = known.kind.isin(_kinds(tables, count))
    if count.condition.within_days is not None:
        start = known.as_of - ibis.interval(days=count.condition.within_days)
        within &= known.occurred_at >= start
    if count.since_setback:
        within &= (known.occurred_at > known.setback_at).fill_null(True)
    return within


def _all(
    tables: Tables,
    joined: ir.Table,
    conditions: Sequence[Condition],
    names: Mapping[tuple[int, bool], str],
    *,
    since_setback: bool,
) -> ir.BooleanValue:
    """Whether all conditions hold; what is not known does not hold."""
    tests = []
    for each in conditions:
        if each.event is not None:
            tests.append(joined[names[id(each), since_setback]] >= each.times)
        else:
            tests.append(holds(tables, joined, each).fill_null(False))
    return reduce(and_, tests)


def _team(
    tables: Tables, joined: ir.Table, policy: Policy, names: Mapping[tuple[int, bool], str]
) -> ir.Value:
    if policy.capacity is None:
        return ibis.null("string")
    *some, rest = policy.capacity.all_teams
    taken = [
        (_all(tables, joined, team.when, names, since_setback=False), team.name) for team in some
    ]
    return ibis.cases(*taken, else_=rest.name) if taken else ibis.literal(rest.name)


def _digest(tables: Tables, joined: ir.Table) -> ir.Value:
    """Name a lead's own data by their content, so that a change can be seen and nothing read."""
    own = [each for each in tables.attributes if each.role in {"firmographic", "personal"}]
    if not own:
        return ibis.null("string")
    cells = [joined[each.name].cast("string").fill_null("") for each in own]
    text = reduce(lambda left, right: left + BETWEEN + right, cells)
    columns = BETWEEN.join(each.column for each in own)
    kind = hashlib.md5(columns.encode(), usedforsecurity=False).hexdigest()[:COLUMNS_SIGNS]
    return ibis.literal(f"{kind}-") + text.hexdigest("md5").left(DIGEST_SIGNS)
