"""Is there enough to learn from: what each stage has, what it lacks, and how long that takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.core import TooLittleData
from leadscore.training.dataset.splits import TEST_SHARE
from leadscore.training.dataset.stage_rows import MIN_JUDGED, MIN_POSITIVES, reached_sql, stage_part

if TYPE_CHECKING:
    from leadscore.training.dataset.labels import Labels
    from leadscore.training.dataset.splits import Split

DAYS_A_MONTH = 30.44
RATE_DAYS = 182  # half a year of the newest matured leads: "the current rate" without its noise
MIN_RATE_DAYS = 14  # a rate by fewer days is an accident of the week
MIN_HISTORY_DAYS = 90  # in less, one campaign or one month's end looks like a law
MAX_UNKNOWN = 0.5  # beyond it, the leads that have matured may be unlike those that are scored
LONGEST_WAIT_MONTHS = 24  # nobody waits longer; another remedy is wanted
WEEKS_UP_TO_MONTHS = 3  # a longer wait is given in months


@dataclass(frozen=True)
class OutcomeCounts:
    """How many have matured with one outcome."""

    leads: int
    learn: int  # their snapshots that train; at least `MIN_POSITIVES` are wanted
    test: int  # their snapshots held out; at least `MIN_JUDGED` are wanted
    a_month: float | None  # leads a month at the current rate; None where it is not known

    @property
    def enough(self) -> bool:
        """Whether there is enough to learn from and to be judged by."""
        return self.learn >= MIN_POSITIVES and self.test >= MIN_JUDGED


@dataclass(frozen=True)
class StageViability:
    """What one stage has to learn from and to be judged by.

    Won counts among the leads that reached SQL, where there is that stage. `by_month` has a row for
    each month of creation: `month` (as 2026-05), `leads`, `matured` and `reached` (leads, int64),
    `rate` (float64, reached among the matured; missing where none has). Empty without dates.
    """

    stage: str
    reached: OutcomeCounts
    missed: OutcomeCounts
    unknown: float  # share of the stage's snapshots whose label is not yet known
    by_month: pd.DataFrame
    shortage: str  # what to collect and how long that takes; empty where there is enough


@dataclass(frozen=True)
class Viability:
    """Whether a funnel can be learnt from what has matured."""

    stages: tuple[StageViability, ...]  # in the order of the funnel; those short of data too
    history_days: float | None  # from the first lead to the newest snapshot; None without dates
    cautions: tuple[str, ...]  # what is enough to learn from but little to rely on

    @property
    def shortages(self) -> list[str]:
        """What each stage that cannot be learnt lacks."""
        return [each.shortage for each in self.stages if each.shortage]


class NotViable(TooLittleData):
    """The funnel's first stage cannot be learnt; `viability` says what there is."""

    def __init__(self, viability: Viability) -> None:
        super().__init__(" ".join(dict.fromkeys(viability.shortages)))
        self.viability = viability


def viability(labels: Labels, stages: tuple[StageViability, ...]) -> Viability:
    """Sum up what `stage_viability` found, with what the history is good for."""
    created, as_of = labels.frame["created_at"].dropna(), labels.frame["as_of"]
    days = (as_of.max() - created.min()) / pd.Timedelta(days=1) if len(created) else None
    cautions = []
    if days is not None and days < MIN_HISTORY_DAYS:
        cautions.append(
            f"The history is {days:.0f} days long: one campaign or one busy month can look like a "
            f"law. Retrain once there are {MIN_HISTORY_DAYS} days."
        )
    cautions += [
        f"{each.unknown:.0%} of the {each.stage} labels are not yet known and count neither way."
        + (
            " That is most of them, so the leads that teach are the oldest."
            if each.unknown > MAX_UNKNOWN
            else ""
        )
        for each in stages
        if each.unknown > 0 and not each.shortage
    ]
    return Viability(stages, days, tuple(cautions))


def stage_viability(labels: Labels, split: Split | None, stage: str) -> StageViability:
    """Count what a stage has, and say what it lacks.

    Parameters
    ----------
    labels
        Labelled snapshots of the stages that would be learnt together.
    split
        None where no lead has matured.
    stage
        One of `labels.stages`.
    """
    frame, outcome = labels.frame, labels.frame[f"y_{stage}"]
    concerns = _concerns(labels, stage)
    leads = frame[concerns].assign(matured=outcome.notna(), reached=outcome == 1)
    by_lead = leads.groupby("lead_id").agg(
        created_at=("created_at", "first"), matured=("matured", "max"), reached=("reached", "max")
    )
    part = stage_part(labels, split, stage) if split is not None else outcome.astype("str")
    reached = _counts(by_lead, part[outcome == 1], value=True)
    missed = _counts(by_lead, part[outcome == 0], value=False)
    unknown = float(outcome[concerns].isna().mean()) if concerns.any() else 0.0
    has_horizon = bool(frame[f"known_{stage}_at"].notna().any())
    shortage = _shortage(stage, reached, missed, has_horizon=has_horizon)
    return StageViability(stage, reached, missed, unknown, _by_month(by_lead), shortage)


def _counts(by_lead: pd.DataFrame, part: pd.Series[str], *, value: bool) -> OutcomeCounts:
    matured = by_lead[by_lead["matured"]]
    has = matured["reached"] == value
    learn, test = (int((part == side).sum()) for side in ("learn", "test"))
    return OutcomeCounts(int(has.sum()), learn, test, _a_month(matured["created_at"], has))


def _concerns(labels: Labels, stage: str) -> pd.Series[bool]:
    """Mark the snapshots a stage is about: sql those not yet SQL, won those that are or became."""
    if stage == "sql":
        return ~labels.frame["is_sql"]
    if "sql" in labels.stages:
        return reached_sql(labels)
    return pd.Series(data=True, index=labels.frame.index)


def _by_month(by_lead: pd.DataFrame) -> pd.DataFrame:
    dated = by_lead.dropna(subset=["created_at"])
    month = dated["created_at"].dt.strftime("%Y-%m").rename("month")
    table = dated.groupby(month).agg(
        leads=("matured", "size"), matured=("matured", "sum"), reached=("reached", "sum")
    )
    table["rate"] = (table["reached"] / table["matured"]).where(table["matured"] > 0)
    return table.reset_index()


def _a_month(created: pd.Series[pd.Timestamp], has: pd.Series[bool]) -> float | None:
    """Leads a month with an outcome, among the newest that have matured."""
    dated = created.dropna()
    if dated.empty:
        return None
    days = float(min((dated.max() - dated.min()) / pd.Timedelta(days=1), RATE_DAYS))
    if days < MIN_RATE_DAYS:
        return None
    newest = dated >= dated.max() - pd.Timedelta(days=days)
    return int(has[dated.index][newest].sum()) / days * DAYS_A_MONTH


def _shortage(
    stage: str, reached: OutcomeCounts, missed: OutcomeCounts, *, has_horizon: bool
) -> str:
    """Name the first outcome that is short; empty where none is."""
    for counts, word in ((reached, f"reached {stage}"), (missed, f"did not reach {stage}")):
        if counts.enough:
            continue
        shorter = f", or shorten `horizon_days.{stage}`" if has_horizon else ""
        return (
            f"{stage}: {counts.learn:,} matured snapshots to learn from and {counts.test:,} held "
            f"out {word}; {MIN_POSITIVES} and {MIN_JUDGED} are the least. {_wait(word, counts)} "
            f"Or bring a longer history{shorter}."
        )
    return ""


def _wait(word: str, counts: OutcomeCounts) -> str:
    """Say how many more leads are wanted, and when they will have come at the current rate."""
    # New leads go to both sides, so that the larger need in proportion decides.
    learn = (MIN_POSITIVES - counts.learn) / (1 - TEST_SHARE)
    snapshots = max(learn, (MIN_JUDGED - counts.test) / TEST_SHARE)
    a_lead = max((counts.learn + counts.test) / counts.leads, 1.0) if counts.leads else 1.0
    more = ceil(snapshots / a_lead)
    wanted = f"Collect about {more:,} more leads that {word}"
    if counts.a_month is None:
        return f"{wanted}; without a dated history nobody can say how long that takes."
    if counts.a_month == 0:
        return f"{wanted}; none has in the last months, so that waiting alone will not do."
    rate = f"{counts.a_month:,.0f}" if counts.a_month >= 1 else "less than one lead"
    return f"{wanted}: at {rate} a month, that takes {_length(more / counts.a_month)}."


def _length(months: float) -> str:
    if months > LONGEST_WAIT_MONTHS:
        return "more than two years"
    if months > WEEKS_UP_TO_MONTHS:
        return f"about {ceil(months)} months"
    weeks = ceil(months * DAYS_A_MONTH / 7)
    return f"about {weeks} week{'s' if weeks > 1 else ''}"
