"""Collects the totals of each bucket, and adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from leadscore.features.tables import CompanyTotals, last_passed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables


@dataclass(frozen=True)
class BucketTotals:
    """The totals of one bucket, and the last moments of its tables."""

    totals: CompanyTotals
    ends: tuple[datetime | None, ...]


def bucket_totals(tables: Tables, *, kinds: frozenset[str]) -> BucketTotals:
    """Compute the totals of a bucket's leads and outcomes.

    Its events are not read: `kinds` are those of the bucket.
    """
    of_leads = tables.to_arrow("totals of leads", lambda: _of_leads(tables)).to_pylist()[0]
    ends, reasons = [of_leads["last"]], frozenset[str]()
    if tables.outcomes is not None:
        outcomes = tables.outcomes
        found = tables.to_arrow("end of outcomes", lambda: _end_of(outcomes))
        ends.append(found["last"][0].as_py())
        words = tables.to_arrow("reasons", lambda: outcomes.reason.as_table().distinct())
        reasons = frozenset(words["reason"].drop_null().to_pylist())
    totals = CompanyTotals(bool(of_leads["unknown"]), kinds, reasons)
    return BucketTotals(totals, tuple(ends))


def sum_totals(parts: Sequence[CompanyTotals]) -> CompanyTotals:
    """Add up the totals of all buckets."""
    return CompanyTotals(
        has_unknown_target=any(part.has_unknown_target for part in parts),
        kinds=reduce(frozenset.union, (part.kinds for part in parts)),
        reasons=reduce(frozenset.union, (part.reasons for part in parts)),
    )


def _of_leads(tables: Tables) -> ir.Table:
    leads = tables.leads
    return leads.aggregate(last=last_passed(leads.created_at), unknown=leads.target.isnull().any())


def _end_of(outcomes: ir.Table) -> ir.Table:
    return outcomes.aggregate(last=last_passed(outcomes.recorded_at))
