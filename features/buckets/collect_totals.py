"""Collects the totals of each bucket, and adds them up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from ibis import _

from leadscore.features.point_in_time import DAILY, matured_by_day
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
    ends, since, reasons = [of_leads["last"]], None, frozenset[str]()
    if tables.outcomes is not None:
        outcomes = tables.outcomes
        found = tables.to_arrow("totals of outcomes", lambda: _of_outcomes(outcomes)).to_pylist()[0]
        ends, since = [*ends, found["last"]], found["sql_since"]
        words = tables.to_arrow("reasons", lambda: outcomes.reason.as_table().distinct())
        reasons = frozenset(words["reason"].drop_null().to_pylist())
    totals = CompanyTotals(
        sql_since=since,
        matured={
            each.name: _matured(tables, each.name)
            for each in tables.attributes
            if each.role == "channel" and each.type == "text"
        },
        has_unknown_target=bool(of_leads["unknown"]),
        kinds=kinds,
        reasons=reasons,
    )
    return BucketTotals(totals, tuple(ends))


def sum_totals(parts: Sequence[CompanyTotals]) -> CompanyTotals:
    """Add up the totals of all buckets."""
    return CompanyTotals(
        sql_since=min((part.sql_since for part in parts if part.sql_since), default=None),
        matured={
            level: _summed([part.matured[level] for part in parts]) for level in parts[0].matured
        },
        has_unknown_target=any(part.has_unknown_target for part in parts),
        kinds=reduce(frozenset.union, (part.kinds for part in parts)),
        reasons=reduce(frozenset.union, (part.reasons for part in parts)),
    )


def _of_leads(tables: Tables) -> ir.Table:
    leads = tables.leads
    return leads.aggregate(last=last_passed(leads.created_at), unknown=leads.target.isnull().any())


def _of_outcomes(outcomes: ir.Table) -> ir.Table:
    known_at = ibis.greatest(_.occurred_at, _.recorded_at)
    return outcomes.aggregate(
        last=last_passed(outcomes.recorded_at), sql_since=known_at.min(where=_.stage == "sql")
    )


def _matured(tables: Tables, level: str) -> pa.Table:
    return tables.to_arrow(f"matured by {level}", lambda: matured_by_day(tables, level))


def _summed(parts: Sequence[pa.Table]) -> pa.Table:
    """Add up the daily counts of several buckets."""
    every = pa.concat_tables(parts)
    totals = every.group_by(list(DAILY)).aggregate([("n", "sum"), ("reached", "sum")])
    return totals.rename_columns({"n_sum": "n", "reached_sum": "reached"})
