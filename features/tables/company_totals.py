"""What only all leads together can tell, where the leads are looked at bucket by bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
from ibis import _

from leadscore.features.point_in_time.channel_conversion import DAILY, matured_by_day
from leadscore.features.tables.data_end import last_passed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables.query_cache import Asked
    from leadscore.features.tables.tables import Tables


@dataclass(frozen=True)
class Past:
    """The company's past, summed over all its leads.

    Parameters
    ----------
    sql_since
        When the outcomes first spoke of an SQL; None where they never did.
    matured
        By channel column, a row a channel, stage and day, as
        `point_in_time.channel_conversion.matured_by_day` gives them.
    has_unknown_target
        Whether a flat file has leads whose target is not yet known.
    kinds, reasons
        Every kind of event, and every reason of a verdict, that ever came.
    answers
        What else was asked of every bucket, by its name: the answers one below the other.
    """

    sql_since: datetime | None
    matured: Mapping[str, pa.Table]
    has_unknown_target: bool
    kinds: frozenset[str]
    reasons: frozenset[str]
    answers: Mapping[str, pa.Table] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Sequence[BucketPast]) -> Past:
        """Sum up what the buckets say."""
        since = [part.sql_since for part in parts if part.sql_since]
        return cls(
            sql_since=min(since, default=None),
            matured={
                level: _summed([part.matured[level] for part in parts])
                for level in parts[0].matured
            },
            has_unknown_target=any(part.has_unknown_target for part in parts),
            kinds=reduce(frozenset.union, (part.kinds for part in parts)),
            reasons=reduce(frozenset.union, (part.reasons for part in parts)),
        )


@dataclass(frozen=True)
class BucketPast:
    """What one bucket's leads and outcomes say of the company's past.

    Parameters
    ----------
    ends
        The last moments of its tables.
    sql_since, has_unknown_target, matured, kinds, reasons
        As `Past` has them, of this bucket.
    """

    ends: tuple[datetime | None, ...]
    sql_since: datetime | None
    has_unknown_target: bool
    matured: Mapping[str, pa.Table]
    kinds: frozenset[str]
    reasons: frozenset[str]


def past_of_bucket(tables: Tables, asked: Asked, *, kinds: frozenset[str]) -> BucketPast:
    """Ask a bucket's leads and outcomes for what all leads must be asked.

    Parameters
    ----------
    tables
        The bucket's tables.
    asked
        What was asked of earlier buckets.
    kinds
        The bucket's kinds of events, which are not looked at here.

    Returns
    -------
    BucketPast
    """
    of_leads = asked.arrow("of leads", lambda: _of_leads(tables)).to_pylist()[0]
    ends, since, reasons = [of_leads["last"]], None, frozenset[str]()
    if tables.outcomes is not None:
        outcomes = tables.outcomes
        found = asked.arrow("of outcomes", lambda: _of_outcomes(outcomes)).to_pylist()[0]
        ends, since = [*ends, found["last"]], found["sql_since"]
        words = asked.arrow("reasons", lambda: outcomes.reason.as_table().distinct())
        reasons = frozenset(words["reason"].drop_null().to_pylist())
    rated = [each.name for each in tables.attributes if each.role == "channel"]
    rated = [each.name for each in tables.attributes if each.name in rated and each.type == "text"]
    return BucketPast(
        ends=tuple(ends),
        sql_since=since,
        has_unknown_target=bool(of_leads["unknown"]),
        matured={level: _matured(tables, asked, level) for level in rated},
        kinds=kinds,
        reasons=reasons,
    )


def _of_leads(tables: Tables) -> ir.Table:
    leads = tables.leads
    return leads.aggregate(last=last_passed(leads.created_at), unknown=leads.target.isnull().any())


def _of_outcomes(outcomes: ir.Table) -> ir.Table:
    known_at = ibis.greatest(_.occurred_at, _.recorded_at)
    return outcomes.aggregate(
        last=last_passed(outcomes.recorded_at), sql_since=known_at.min(where=_.stage == "sql")
    )


def _matured(tables: Tables, asked: Asked, level: str) -> pa.Table:
    return asked.arrow(f"matured by {level}", lambda: matured_by_day(tables, level))


def _summed(parts: Sequence[pa.Table]) -> pa.Table:
    """Add up the daily counts of several buckets."""
    every = pa.concat_tables(parts)
    totals = every.group_by(list(DAILY)).aggregate([("n", "sum"), ("reached", "sum")])
    return totals.rename_columns({"n_sum": "n", "reached_sum": "reached"})
