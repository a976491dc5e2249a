"""A flat file's young leads: its No may only mean not yet, and nobody can tell by the file."""

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
    """Say that the newest leads of a flat file converted far less than the older ones.

    Parameters
    ----------
    tables
        The cleaned tables; those with dated outcomes know which labels are not yet known.
    labels
        Columns `lead_id`, `created_at` and `y_<stage>`.
    stage
        The stage of the target.

    Returns
    -------
    str or None
        A sentence; None where the rates do not differ for certain, or nothing has dates.
    """
    if not tables.contract.is_flat or tables.data_end is None:
        return None
    known = labels.dropna(subset=["created_at", f"y_{stage}"]).drop_duplicates("lead_id")
    age = pd.Timestamp(tables.data_end) - known["created_at"]
    horizon = getattr(tables.contract.horizon_days, stage)
    # Most of a quarter may have had its time, where none of the last month had.
    spans = [_Span(known[f"y_{stage}"], age, days) for days in (horizon, max(horizon // 3, 1))]
    told = max(spans, key=lambda span: span.errors_apart)
    return told.sentence(stage) if told.errors_apart > ERRORS else None


class _Span:
    """The leads of the last days beside the older ones."""

    def __init__(self, reached: pd.Series[float], age: pd.Series[pd.Timedelta], days: int) -> None:
        self.days = days
        is_young = age < timedelta(days=days)
        self.young, self.old = reached[is_young], reached[~is_young]
        self.rate = float(reached.mean())

    @property
    def errors_apart(self) -> float:
        """How many standard errors the young ones' rate lies below; 0 where they are too few."""
        fewest = min(len(self.young), len(self.old))
        if fewest < FEWEST_LEADS or self.rate in {0.0, 1.0}:
            return 0.0
        spread = self.rate * (1 - self.rate) * (1 / len(self.young) + 1 / len(self.old))
        return float(self.old.mean() - self.young.mean()) / math.sqrt(spread)

    def sentence(self, stage: Stage) -> str:
        """Say both rates, what they may mean, and what to do."""
        return (
            f"Of the {len(self.young):,} leads of the last {self.days} days "
            f"{self.young.mean():.1%} reached {stage}, of the {len(self.old):,} older ones "
            f"{self.old.mean():.1%}. A flat file does not say when, so for a young lead a No may "
            "only mean not yet, and the model learns it as lost. Bring the outcomes with their "
            "dates (--outcomes), or leave the young leads out."
        )
