"""What changed since an earlier night: one lead's score, split exactly by cause.

From what was said then to what is said now there is a way on which one cause at a time takes
effect: the tables of then with what was put right since, the time that passed, what happened in
it, the new model. A part is the difference of two neighbouring stops, so the parts add up to the
change, whatever the model. What two causes do only together counts with the later one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.core import ModelMismatch
from leadscore.serving.explanations.change_parts import Part, Split, parts_between
from leadscore.serving.explanations.changed_facts import changed_facts
from leadscore.serving.tiers import cut_offs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import pandas as pd

    from leadscore.features.contract import Stage
    from leadscore.serving.explanations.change_parts import Steps
    from leadscore.serving.policy import Policy
    from leadscore.training.registry import Registered


@dataclass(frozen=True)
class Verdict:
    """What was said of a lead one night, and where the SQL tier began.

    Parameters
    ----------
    as_of
        The night, UTC without a zone.
    chances
        The propensity of each stage that the model of that night had.
    is_sql
        Whether sales had qualified the lead by then, so that there was nothing to predict.
    model_version, policy_version
        By whom it was said.
    policy
        The policy itself; None where the night kept no notes.
    sql_begins
        The propensity at which the SQL tier began; None where that is not known, or nobody got it.
    """

    as_of: datetime
    chances: Mapping[Stage, float]
    is_sql: bool
    model_version: str
    policy_version: str
    policy: Policy | None
    sql_begins: float | None

    @property
    def stage(self) -> Stage:
        """The stage that the score speaks of: the funnel's first."""
        return "sql" if "sql" in self.chances else "won"

    @property
    def sql_outcome(self) -> Stage:
        """The stage that decides about the SQL tier."""
        return (self.policy.sql.outcome if self.policy else None) or self.stage


@dataclass(frozen=True)
class Stops:
    """One lead's features at the stops of the way, as one version learnt them.

    Parameters
    ----------
    then
        As of then, from what of today's tables was known by then; no row where the lead was not.
    later
        The same tables as of now.
    now
        Today's tables as of now.
    version
        The version whose features they are: that of then, unless `stands_in` says why not.
    stands_in
        Why today's version stands in for that of then; empty where it does not.
    """

    then: pd.DataFrame
    later: pd.DataFrame
    now: pd.DataFrame
    version: Registered
    stands_in: str = ""


@dataclass(frozen=True)
class Change:
    """What changed for one lead since an earlier night.

    Parameters
    ----------
    before, after
        The verdicts.
    score
        The change of the score; None where a remark says why there is none.
    distance
        The change of the distance to where the SQL tier begins, above it positive; likewise.
    remarks
        What a reader must know of it.
    """

    before: Verdict
    after: Verdict
    score: Split | None
    distance: Split | None
    remarks: tuple[str, ...]


def change_between(
    before: Verdict, after: Verdict, retraced: Callable[[], Stops], evidence: pd.DataFrame
) -> Change:
    """Split the change of a lead's score, and of its distance to the SQL tier, by cause.

    Parameters
    ----------
    before, after
        What was said then and what is said now.
    retraced
        Gives the lead's features on the way between; called only where the two can be compared,
        because they take seconds to build.
    evidence
        Of the version of now, as `cut_offs` takes it.

    Returns
    -------
    Change
        The parts of each split add up to its change (to 1e-9).
    """
    obstacle = _no_score(before, after)
    if obstacle:
        return Change(before, after, None, None, (obstacle,))
    stops = retraced()
    remarks = [stops.stands_in, _no_distance(before, after)]
    score = _of_score(before, after, stops)
    distance = None if remarks[-1] else _of_distance(before, after, stops, evidence)
    return Change(before, after, score, distance, tuple(filter(None, remarks)))


def _no_score(before: Verdict, after: Verdict) -> str:
    """Say why the two scores cannot be compared; empty where they can."""
    if before.is_sql and after.is_sql:
        return "Sales had qualified it then already: there is nothing to predict."
    if after.is_sql:
        return "Sales has qualified it since: the model predicts nothing any more."
    if before.is_sql:
        return "Sales had qualified it then, and that verdict is gone: there was no prediction."
    if before.stage != after.stage:
        return (
            f"The score was the chance to be {before.stage} then and is that to be {after.stage} "
            "now: the two cannot be compared."
        )
    return ""


def _no_distance(before: Verdict, after: Verdict) -> str:
    """Say why the distances to the SQL tier cannot be compared; empty where they can."""
    if before.policy is None:
        return (
            f"Where the SQL tier began on {before.as_of:%Y-%m-%d} is not known: that night kept "
            "no notes."
        )
    if before.sql_outcome != after.sql_outcome:
        return "The policy of then went by another outcome: the cut-offs cannot be compared."
    for verdict in (before, after):
        if verdict.policy is not None and verdict.policy.sql.mode == "min_value":
            return "The SQL tier goes by what a lead is worth, not by its chance."
        if verdict.sql_begins is None or verdict.sql_outcome not in verdict.chances:
            return (
                f"On {verdict.as_of:%Y-%m-%d} no chance by itself made a lead SQL: no cut-off kept "
                "the promise, or the other leads decided."
            )
    return ""


def _of_score(before: Verdict, after: Verdict, stops: Stops) -> Split:
    stage = after.stage
    parts = _walk(before, after, stops, stage)
    told = tuple(_with_facts(part, stops) for part in parts)
    policy = Part(("policy",), 0.0)  # it decides what a chance leads to, not the chance
    return Split(100 * before.chances[stage], 100 * after.chances[stage], (*told, policy))


def _of_distance(
    before: Verdict, after: Verdict, stops: Stops, evidence: pd.DataFrame
) -> Split | None:
    began, begins, stage = before.sql_begins, after.sql_begins, after.sql_outcome
    if began is None or begins is None:
        return None
    moved = _walk(before, after, stops, stage)
    shifts = parts_between(began, _shift(before, after, begins, evidence))
    return Split(
        100 * (before.chances[stage] - began),
        100 * (after.chances[stage] - begins),
        (*moved, *(Part(each.causes, -each.points, "cut_off") for each in shifts)),
    )


def _walk(before: Verdict, after: Verdict, stops: Stops, stage: Stage) -> list[Part]:
    """Go from the chance of then to that of now, one cause at a time."""
    end = after.chances[stage]
    steps: Steps = [
        (("edits",), _chance(stops.then, stops, stage)),
        (("time",), _chance(stops.later, stops, stage)),
        (("activity",), _chance(stops.now, stops, stage)),
        (("model",), end),
    ]
    if stops.stands_in:
        steps = [(("edits", "model"), steps[0][1]), steps[1], (("activity",), end)]
    return parts_between(before.chances[stage], steps)


def _chance(features: pd.DataFrame, stops: Stops, stage: Stage) -> float | None:
    if features.empty:
        return None
    return float(stops.version.model.predict(features)[f"p_{stage}"].iloc[0])


def _shift(before: Verdict, after: Verdict, begins: float, evidence: pd.DataFrame) -> Steps:
    """Go from the cut-off of then to that of now: the old policy on new evidence lies between."""
    steps: Steps = []
    if before.model_version != after.model_version:
        steps.append((("model",), _cut_off(before.policy, evidence)))
    if before.policy_version != after.policy_version:
        steps.append((("policy",), _cut_off(after.policy, evidence)))
    return [*steps, (("others",), begins)]


def _cut_off(policy: Policy | None, evidence: pd.DataFrame) -> float | None:
    """Find the cut-off; None where a night's leads decide about it, or it cannot be had."""
    if policy is None:
        return None
    try:
        return cut_offs(policy, evidence).sql.cut_off
    except ModelMismatch:  # that policy asks for an outcome which the version does not predict
        return None


def _with_facts(part: Part, stops: Stops) -> Part:
    between = {("time",): (stops.then, stops.later), ("activity",): (stops.later, stops.now)}
    if part.causes not in between or not part.points:
        return part
    first, second = between[part.causes]
    facts = changed_facts(first, second, stops.version, raised=part.points > 0)
    return Part(part.causes, part.points, part.of, facts)
