"""The conversion rate month by month, realised against promised, and that of the newest leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.core import percent
from leadscore.training.calibration import share_interval
from leadscore.training.dataset import parts_of_stage
from leadscore.training.evaluation.display_names import REACHED
from leadscore.training.evaluation.evaluate import account_or_lead

if TYPE_CHECKING:
    from leadscore.training.dataset import Prepared
    from leadscore.training.model import FunnelModel


@dataclass(frozen=True)
class PriorShift:
    """The rate of an outcome, month by month and for the newest leads.

    Parameters
    ----------
    by_month
        By month of creation, of matured leads: `month` (as 2026-05), `leads`, `reached` (leads),
        `realised` (share of the snapshots), `low`, `high` (its 95 % interval), `promised` (mean
        propensity; missing in months of training).
    learnt_rate
        The share that reached the outcome among training leads, each by its first snapshot.
    leads_now, promised_now
        The leads that have not matured yet, and the mean propensity of their first snapshots.
    """

    stage: str
    by_month: pd.DataFrame
    learnt_rate: float
    leads_now: int
    promised_now: float

    @property
    def sentence(self) -> str:
        """Compare the rates in words."""
        learnt = f"Of the leads that it learnt from, {percent(self.learnt_rate)} "
        sentences = [f"{learnt}{REACHED[self.stage]} after their first snapshot."]
        if self.leads_now:
            sentences.append(
                f"Of the {self.leads_now:,} newest, whose horizon has not passed, the model "
                f"promises {percent(self.promised_now)}."
            )
        judged = self.by_month.dropna(subset=["promised"])
        if len(judged):
            kept = int(judged["promised"].between(judged["low"], judged["high"]).sum())
            sentences.append(
                f"In {kept} of {len(judged)} held-out months the promised rate lies within the "
                "95 % interval of the realised one."
            )
        return " ".join(sentences)


def prior_shift(model: FunnelModel, prepared: Prepared, stage: str) -> PriorShift | None:
    """Compare the rate a model has learnt with the rate since; None where nothing has a date.

    Each lead counts by its first snapshot, so that leads of like age are compared.
    """
    frame = prepared.labels.frame
    if not prepared.split.by_time:
        return None
    part = parts_of_stage(prepared.labels, prepared.split, stage)
    first = ~frame.sort_values("as_of", kind="stable")["lead_id"].duplicated()
    first = first.reindex(frame.index)
    now = first & _not_matured(frame, stage)
    propensity = model.predict(prepared.frame[(part == "test") | now])[f"p_{stage}"]
    propensity = propensity.reindex(frame.index)
    learnt_rate = float(frame.loc[first & (part == "learn"), f"y_{stage}"].mean())
    by_month = _by_month(prepared, part, propensity, stage)
    return PriorShift(stage, by_month, learnt_rate, int(now.sum()), float(propensity[now].mean()))


def _not_matured(frame: pd.DataFrame, stage: str) -> pd.Series[bool]:
    """Mark snapshots whose horizon has not passed; a label unknown for other reasons is not one."""
    known_at = frame[f"known_{stage}_at"]
    end = known_at[frame[f"y_{stage}"].notna()].max()
    young = frame[f"y_{stage}"].isna() & (known_at > end)
    if stage == "sql":
        young &= ~frame["is_sql"]
    return pd.Series(young)


def _by_month(
    prepared: Prepared, part: pd.Series[str], propensity: pd.Series[float], stage: str
) -> pd.DataFrame:
    """Tabulate realised and promised rates; held-out leads alone from the first held-out month."""
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
