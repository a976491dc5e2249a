"""Has the rate changed since the leads that taught? Seen where it is known, estimated where not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.dataset.splits import parts_of_stage
from leadscore.training.evaluation.evaluate import account_or_lead
from leadscore.training.evaluation.rate_by_scores import Scored, rate_by_scores
from leadscore.training.evaluation.segments import share_interval
from leadscore.training.report.narrative import STAGE_WORDS

if TYPE_CHECKING:
    from leadscore.training.dataset.training_data import Prepared
    from leadscore.training.model.funnel_model import FunnelModel


@dataclass(frozen=True)
class PriorShift:
    """The rate of an outcome, month by month and now.

    Parameters
    ----------
    by_month
        A row for each month of creation with matured leads: `month` (as 2026-05), `leads`,
        `reached` (leads, int64), `realised` (share of the snapshots), `low`, `high` (its 95 %
        interval; accounts share their luck), `promised` (mean propensity; missing in months that
        taught).
    learnt_rate
        The share that reached the outcome among the leads that taught, each by its first snapshot.
    leads_now
        How many leads have not matured yet, whose first snapshot the next three speak of.
    rate_now, rate_now_low, rate_now_high
        The share of them that will reach it, as their scores suggest, with its 95 % interval;
        missing where they are too few or their scores tell too little.
    promised_now
        What the model promises them on average; missing where there are none.
    sentence
        All this in words, with what it assumes.
    """

    by_month: pd.DataFrame
    learnt_rate: float
    leads_now: int
    rate_now: float
    rate_now_low: float
    rate_now_high: float
    promised_now: float
    sentence: str


def prior_shift(model: FunnelModel, prepared: Prepared, stage: str) -> PriorShift | None:
    """Compare the rate a model has learnt with the rate since, known and estimated.

    The newest leads have no labels yet. Their rate is estimated from their scores, which held-out
    leads have put to scale (see `rate_by_scores`). Each lead counts by its first snapshot, so that
    leads of like age are compared. Propensities are not corrected by it.

    Parameters
    ----------
    model
        The fitted funnel.
    prepared
        The rows it learnt from, and those after.
    stage
        `sql` or `won`.

    Returns
    -------
    PriorShift or None
        None where nothing has a date.
    """
    frame = prepared.labels.frame
    if not prepared.split.by_time:
        return None
    part = parts_of_stage(prepared.labels, prepared.split, stage)
    first = ~frame.sort_values("as_of", kind="stable")["lead_id"].duplicated()
    first = first.reindex(frame.index)
    now = first & _not_matured(frame, stage)
    shown = (part == "test") | now
    propensity = model.predict(prepared.frame[shown])[f"p_{stage}"].reindex(frame.index)
    by_month = _by_month(prepared, part, propensity, stage)
    taught, judged = first & (part == "learn"), first & (part == "test")
    learnt = float(frame.loc[taught, f"y_{stage}"].mean()) if taught.any() else float("nan")
    promised = propensity[now]
    rate, low, high = rate_by_scores(
        Scored(promised, account_or_lead(frame[now])),
        Scored(propensity[judged], account_or_lead(frame[judged])),
        frame.loc[judged, f"y_{stage}"],
    )
    promised_now = float(promised.mean()) if len(promised) else float("nan")
    found = PriorShift(by_month, learnt, len(promised), rate, low, high, promised_now, sentence="")
    return replace(found, sentence=_sentence(stage, found))


def _not_matured(frame: pd.DataFrame, stage: str) -> pd.Series[bool]:
    """Mark snapshots whose horizon has not passed; a label already spoiled is no such snapshot."""
    known_at = frame[f"known_{stage}_at"]
    end = known_at[frame[f"y_{stage}"].notna()].max()
    young = frame[f"y_{stage}"].isna() & (known_at > end)
    if stage == "sql":
        young &= ~frame["is_sql"]
    return pd.Series(young)


def _by_month(
    prepared: Prepared, part: pd.Series[str], propensity: pd.Series[float], stage: str
) -> pd.DataFrame:
    """Realised and promised by month; held-out leads alone from the first month held out."""
    frame = prepared.labels.frame
    month = frame["created_at"].dt.strftime("%Y-%m")
    from_month = prepared.split.test_from.strftime("%Y-%m") if prepared.split.test_from else ""
    judged = (part == "test") & (month >= from_month)
    counted = judged | ((part == "learn") & (month < from_month))
    rows = pd.DataFrame(
        {
            "lead_id": frame["lead_id"],
            "outcome": frame[f"y_{stage}"],
            "promised": propensity.where(judged),
            "cluster": account_or_lead(frame),
        }
    )[counted]
    return pd.DataFrame(
        [_month(str(name), group) for name, group in rows.groupby(month[counted])],
        columns=["month", "leads", "reached", "realised", "low", "high", "promised"],
    )


def _month(month: str, rows: pd.DataFrame) -> dict[str, object]:
    low, high = share_interval(rows["outcome"], rows["cluster"])
    return {
        "month": month,
        "leads": rows["lead_id"].nunique(),
        "reached": rows.loc[rows["outcome"] == 1, "lead_id"].nunique(),
        "realised": float(rows["outcome"].mean()),
        "low": low,
        "high": high,
        "promised": float(rows["promised"].mean()),
    }


def _sentence(stage: str, shift: PriorShift) -> str:
    """Tell the rate learnt, the rate now, and whether held-out months kept their promise."""
    taught = f"Of the leads that taught, {shift.learnt_rate:.1%} reached {STAGE_WORDS[stage]} "
    told = [taught + "from their first snapshot on.", *_now_words(shift)]
    judged = shift.by_month.dropna(subset=["promised"])
    kept = judged["promised"].between(judged["low"], judged["high"])
    if len(judged):
        told.append(
            f"In {int(kept.sum())} of {len(judged)} held-out months the promise lies within the "
            "interval of what came of it."
        )
    return " ".join(told)


def _now_words(shift: PriorShift) -> list[str]:
    rate, low, high = shift.rate_now, shift.rate_now_low, shift.rate_now_high
    if not shift.leads_now:
        return []
    if not np.isfinite(rate):
        told = f"How many of the {shift.leads_now:,} newest will cannot be told from their scores: "
        return [told + "leads are too few, or scores too much alike."]
    change = "fewer than" if rate < shift.learnt_rate else "more than"
    if low <= shift.learnt_rate <= high:
        change = "no change for certain from"
    told = (
        f"Of the {shift.leads_now:,} newest, whose horizon has not passed, {rate:.1%} will "
        f"({low:.1%} to {high:.1%}) by their scores: {change} those that taught; the model "
        f"promises them {shift.promised_now:.1%} on average. This assumes that only the rate has "
        "changed, not what leads that convert look like."
    )
    return [told]
