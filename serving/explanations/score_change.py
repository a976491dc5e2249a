"""What changed since an earlier night: one lead's score, split exactly by cause.

Between the score of then and the score of now, one cause at a time takes effect: corrections to
the tables of then, the time that passed, what happened in it, the new model. A part is the
difference between two successive steps, so the parts add up to the change, whatever the model.
What two causes do only together counts with the later one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import ibis

from leadscore.features.core import ModelMismatch
from leadscore.features.tables import open_tables
from leadscore.serving.explanations.changed_facts import changed_facts
from leadscore.serving.lead_facts import learnt_features
from leadscore.serving.tiers import cut_offs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.contract import Stage
    from leadscore.features.tables import Tables
    from leadscore.serving.policy import Policy
    from leadscore.training.registry import Registered

Cause = Literal["edits", "time", "activity", "model", "policy", "others"]
# The causes that take effect before each step, and the propensity there; None where not known.
Step = tuple[tuple[Cause, ...], float | None]


@dataclass(frozen=True)
class Part:
    """What one cause did, or several that cannot be told apart.

    Causes are `edits` (edited attributes, late rows), `time` that passed, `activity` (the lead's
    and its colleagues', and sales' responses), `model`, `policy`, and `others`: the night's other
    leads, where the tier is for the best of them.
    """

    causes: tuple[Cause, ...]
    points: float  # on the scale 0-100
    of: Literal["score", "cut_off"] = "score"  # which of the two it moved
    facts: tuple[str, ...] = ()  # the strongest first: "Pricing page views in …: 0 → 4"


@dataclass(frozen=True)
class Split:
    """A figure then and now (0-100), and the parts of its change, which add up to it to 1e-9."""

    before: float
    after: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class ScoreRecord:
    """A lead's score on one night, and where the SQL tier began."""

    as_of: datetime  # UTC without a zone
    chances: Mapping[Stage, float]  # of each stage that the model had
    is_sql: bool  # whether sales had qualified the lead, so that there was nothing to predict
    model_version: str
    policy_version: str
    policy: Policy | None  # None where the night has no metadata
    sql_begins: float | None  # a propensity; None where not known, or nobody got the tier

    @property
    def stage(self) -> Stage:
        """The stage that the score is about: the funnel's first."""
        return "sql" if "sql" in self.chances else "won"

    @property
    def sql_outcome(self) -> Stage:
        """The stage that decides about the SQL tier."""
        return (self.policy.sql.outcome if self.policy else None) or self.stage


@dataclass(frozen=True)
class HistoricalFeatures:
    """One lead's features at each step between two nights."""

    then: pd.DataFrame  # as of then, from what was known by then; empty where the lead was not
    later: pd.DataFrame  # the same tables as of now
    now: pd.DataFrame  # today's tables as of now
    version: Registered  # that of then, unless substituted
    substituted: str = ""  # why today's version replaces that of then; empty where it does not


@dataclass(frozen=True)
class Change:
    """The change of one lead's score, and of its distance to the SQL cut-off (positive above it).

    A split is None where a remark says why there is none.
    """

    before: ScoreRecord
    after: ScoreRecord
    score: Split | None
    distance: Split | None
    remarks: tuple[str, ...]


def historical_features(
    tables: Tables, lead_id: str, *, since: datetime, as_of: datetime, version: Registered
) -> HistoricalFeatures:
    """Build one lead's features at the steps between two moments (UTC without a zone).

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the version learnt from.
    """
    now = learnt_features(tables, _snapshot(tables, lead_id, as_of), version)
    with open_tables(tables.contract, known_by=since) as earlier:
        both = ibis.union(*(_snapshot(earlier, lead_id, when) for when in (since, as_of)))
        frame = learnt_features(earlier, both, version)
    at = frame["as_of"]
    return HistoricalFeatures(frame[at == since], frame[at == as_of], now, version)


def _snapshot(tables: Tables, lead_id: str, as_of: datetime) -> ir.Table:
    """One snapshot of one lead, whether or not it was open."""
    own = tables.leads.filter(tables.leads.lead_id == lead_id)
    return own.select("lead_id", as_of=ibis.literal(as_of).cast("timestamp"))


def change_between(
    before: ScoreRecord,
    after: ScoreRecord,
    find_features: Callable[[], HistoricalFeatures],
    evidence: pd.DataFrame,
) -> Change:
    """Split the change of a lead's score, and of its distance to the SQL cut-off, by cause.

    Parameters
    ----------
    find_features
        Builds the lead's features, which takes seconds; called only where the scores compare.
    evidence
        Of today's version, as `cut_offs` takes it.
    """
    obstacle = _no_score(before, after)
    if obstacle:
        return Change(before, after, None, None, (obstacle,))
    features = find_features()
    remarks = [features.substituted, _no_distance(before, after)]
    score = _of_score(before, after, features)
    distance = None if remarks[-1] else _of_distance(before, after, features, evidence)
    return Change(before, after, score, distance, tuple(filter(None, remarks)))


def _no_score(before: ScoreRecord, after: ScoreRecord) -> str:
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


def _no_distance(before: ScoreRecord, after: ScoreRecord) -> str:
    """Say why the distances to the SQL tier cannot be compared; empty where they can."""
    if before.policy is None:
        return (
            f"Where the SQL tier began on {before.as_of:%Y-%m-%d} is not known: that night kept "
            "no notes."
        )
    if before.sql_outcome != after.sql_outcome:
        return "The policy of then went by another outcome: the cut-offs cannot be compared."
    for record in (before, after):
        if record.policy is not None and record.policy.sql.mode == "min_value":
            return "The SQL tier goes by what a lead is worth, not by its chance."
        if record.sql_begins is None or record.sql_outcome not in record.chances:
            return (
                f"On {record.as_of:%Y-%m-%d} no chance by itself made a lead SQL: no cut-off kept "
                "the promise, or the other leads decided."
            )
    return ""


def _of_score(before: ScoreRecord, after: ScoreRecord, features: HistoricalFeatures) -> Split:
    stage = after.stage
    parts = _steps(before, after, features, stage)
    told = tuple(_with_facts(part, features) for part in parts)
    policy = Part(("policy",), 0.0)  # it decides what a chance leads to, not the chance
    return Split(100 * before.chances[stage], 100 * after.chances[stage], (*told, policy))


def _of_distance(
    before: ScoreRecord, after: ScoreRecord, features: HistoricalFeatures, evidence: pd.DataFrame
) -> Split | None:
    began, begins, stage = before.sql_begins, after.sql_begins, after.sql_outcome
    if began is None or begins is None:
        return None
    moved = _steps(before, after, features, stage)
    shifts = parts_between(began, _shift(before, after, begins, evidence))
    return Split(
        100 * (before.chances[stage] - began),
        100 * (after.chances[stage] - begins),
        (*moved, *(Part(each.causes, -each.points, "cut_off") for each in shifts)),
    )


def _steps(
    before: ScoreRecord, after: ScoreRecord, features: HistoricalFeatures, stage: Stage
) -> list[Part]:
    """Go from the propensity of then to that of now, one cause at a time."""
    end = after.chances[stage]
    steps: list[Step] = [
        (("edits",), _chance(features.then, features.version, stage)),
        (("time",), _chance(features.later, features.version, stage)),
        (("activity",), _chance(features.now, features.version, stage)),
        (("model",), end),
    ]
    if features.substituted:
        steps = [(("edits", "model"), steps[0][1]), steps[1], (("activity",), end)]
    return parts_between(before.chances[stage], steps)


def parts_between(start: float, steps: Iterable[Step]) -> list[Part]:
    """Return the difference, in points, between each known step and the one before.

    The causes of a step that is not known go with those of the next; the last is known.

    Examples
    --------
    >>> [(part.causes, round(part.points, 1)) for part in parts_between(
    ...     0.20, [(("edits",), None), (("time",), 0.25), (("activity",), 0.24)])]
    [(('edits', 'time'), 5.0), (('activity',), -1.0)]
    """
    parts: list[Part] = []
    waiting: tuple[Cause, ...] = ()
    for causes, chance in steps:
        waiting += causes
        if chance is not None:
            parts.append(Part(waiting, 100 * (chance - start)))
            start, waiting = chance, ()
    return parts


def _chance(row: pd.DataFrame, version: Registered, stage: Stage) -> float | None:
    return None if row.empty else float(version.model.predict(row)[f"p_{stage}"].iloc[0])


def _shift(
    before: ScoreRecord, after: ScoreRecord, begins: float, evidence: pd.DataFrame
) -> list[Step]:
    """Go from the cut-off of then to that of now: the old policy on new evidence lies between."""
    steps: list[Step] = []
    if before.model_version != after.model_version:
        steps.append((("model",), _cut_off(before.policy, evidence)))
    if before.policy_version != after.policy_version:
        steps.append((("policy",), _cut_off(after.policy, evidence)))
    return [*steps, (("others",), begins)]


def _cut_off(policy: Policy | None, evidence: pd.DataFrame) -> float | None:
    """Find the cut-off; None where a night's leads decide it, or the policy does not apply."""
    if policy is None:
        return None
    try:
        return cut_offs(policy, evidence).sql.cut_off
    except ModelMismatch:  # that policy asks for an outcome which the version does not predict
        return None


def _with_facts(part: Part, features: HistoricalFeatures) -> Part:
    then, later, now = features.then, features.later, features.now
    between = {("time",): (then, later), ("activity",): (later, now)}
    if part.causes not in between or not part.points:
        return part
    first, second = between[part.causes]
    facts = changed_facts(first, second, features.version, raised=part.points > 0)
    return replace(part, facts=facts)
