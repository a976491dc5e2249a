"""Whether a flat file's youngest leads have had time to convert: their No may only mean not yet."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from leadscore.features.contract import Stage
    from leadscore.features.tables import Tables

FEWEST_LEADS = 50  # a side; below it a rate says little
ERRORS = 3.0  # standard errors; ordinary months differ by two now and then


def young_leads_caution(tables: Tables, labels: pd.DataFrame, stage: Stage) -> str | None:
    """Warn where the newest leads of a flat file converted far less than the older ones.

    Parameters
    ----------
    labels
        Columns `lead_id`, `created_at` and `y_<stage>`.

    Returns
    -------
    str or None
        None where the rates do not differ for certain, nothing has dates, or outcomes are dated.
    """
    if not tables.contract.is_flat or tables.data_end is None:
        return None
    known = labels.dropna(subset=["created_at", f"y_{stage}"]).drop_duplicates("lead_id")
    age = pd.Timestamp(tables.data_end) - known["created_at"]
    horizon = getattr(tables.contract.horizon_days, stage)
    # Most of a quarter may have had its time, where none of the last month had.
    spans = [_Span(known[f"y_{stage}"], age, days) for days in (horizon, max(horizon // 3, 1))]
    worst = max(spans, key=lambda span: span.errors_apart)
    return worst.sentence(stage) if worst.errors_apart > ERRORS else None


class _Span:
    """The leads of the last days beside the older ones."""

    def __init__(self, reached: pd.Series[float], age: pd.Series[pd.Timedelta], days: int) -> None:
        self.days = days
        is_young = age < timedelta(days=days)
        self.young, self.old = reached[is_young], reached[~is_young]
        self.rate = float(reached.mean())

    @property
    def errors_apart(self) -> float:
        """How many standard errors the young leads' rate lies below; 0 where they are too few."""
        fewest = min(len(self.young), len(self.old))
        if fewest < FEWEST_LEADS or self.rate in {0.0, 1.0}:
            return 0.0
        spread = self.rate * (1 - self.rate) * (1 / len(self.young) + 1 / len(self.old))
        return float(self.old.mean() - self.young.mean()) / math.sqrt(spread)

    def sentence(self, stage: Stage) -> str:
        """Return both rates, what they may mean, and what to do."""
        return (
            f"Of the {len(self.young):,} leads of the last {self.days} days "
            f"{self.young.mean():.1%} reached {stage}, of the {len(self.old):,} older ones "
            f"{self.old.mean():.1%}. A flat file does not say when, so for a young lead a No may "
            "only mean not yet, and the model learns it as lost. Bring the outcomes with their "
            "dates (--outcomes), or leave the young leads out."
        )
