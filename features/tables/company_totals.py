"""Totals that need every bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import pyarrow as pa


@dataclass(frozen=True)
class CompanyTotals:
    """Totals over all leads, which tables of one bucket cannot give.

    Parameters
    ----------
    sql_since
        When the outcomes first named an SQL; None where they never did.
    matured
        By channel column, counts of matured leads a channel, stage and day, as
        `point_in_time.channel_conversion.matured_by_day` gives them.
    has_unknown_target
        Whether a flat file has leads whose target is not yet known.
    kinds, reasons
        Every kind of event and every reason of an outcome in the tables.
    answers
        Results of `Buckets.ask_all` by key: those of all buckets, concatenated.
    """

    sql_since: datetime | None
    matured: Mapping[str, pa.Table]
    has_unknown_target: bool
    kinds: frozenset[str]
    reasons: frozenset[str]
    answers: Mapping[str, pa.Table] = field(default_factory=dict)
