"""The leads of one account, and what was known of each as of the moments of its snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis
from ibis import _

from leadscore.features.catalogue import EventGroup, event_groups
from leadscore.features.core import SECONDS_A_DAY

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.contract import Contract
    from leadscore.features.tables import Tables

# More leads share a word ("private", a university) and not a decision. It also bounds the work: an
# account's leads are looked at as of each of its moments.
MOST_MEMBERS = 500
WINDOWS_DAYS = (7, 30, 90)  # of activity of any kind; of a group of events GROUP_DAYS
GROUP_DAYS = 30
STAGES = {"mql": 1, "accepted": 2, "sql": 3, "won": 4}  # in the order of the funnel
CLOSINGS = ("won", "lost")
ACTIVITY = "latest_activity"


def account_groups(contract: Contract) -> tuple[EventGroup, ...]:
    """List the events that are told apart: all that a lead does, and the contract's groups."""
    groups = contract.events.groups if contract.events is not None else {}
    return event_groups(groups, ())[:-1] if contract.events is not None else ()


def windows(contract: Contract) -> tuple[tuple[EventGroup, int], ...]:
    """List the groups of events and the days in which they count."""
    activity, *groups = account_groups(contract) or (None,)
    if activity is None:
        return ()
    return (*((activity, days) for days in WINDOWS_DAYS), *((each, GROUP_DAYS) for each in groups))


def account_members(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Look at every lead of the snapshots' accounts as of the snapshots' moments.

    Returns
    -------
    ir.Table
        Columns `lead_id`, `account`, `as_of`: each lead created before the moment; `latest_<group>`
        (timestamp) for each of `account_groups`, `stage` (the highest of `STAGES`), `latest_won`
        and `latest_lost`, null where nothing was known. Of an account of more than `MOST_MEMBERS`
        leads, at least one more than that.
    """
    own = tables.leads.filter(_.account.notnull()).select("account", own_id="lead_id")
    met = snapshots.inner_join(own, snapshots.lead_id == own.own_id)
    moments = met.select("account", "as_of").distinct()
    return _known(tables, _asked(tables, moments, least=2), _Span.of(snapshots))


def all_account_members(tables: Tables, *, as_of: datetime) -> ir.Table:
    """Look at all leads of `tables`, which need not have all leads of an account.

    Returns a table as `account_members` does; `as_of` is in UTC, without a zone.
    """
    accounts = tables.leads.filter(_.account.notnull()).select("account").distinct()
    moments = accounts.mutate(as_of=ibis.literal(as_of).cast("timestamp"))
    return _known(tables, _asked(tables, moments, least=1), _Span(as_of, as_of, midnights=None))


def account_totals(members: ir.Table, contract: Contract) -> ir.Table:
    """Add up the members of each account.

    Returns
    -------
    ir.Table
        A row an account and moment: `account`, `as_of`, `members` (how many), `<group>_<days>d`
        (how many were active so lately), `reached_<stage>` (how many reached it or a later one),
        `latest_won`, `latest_lost`, and of the members' latest activity the last two as
        `latest_activity` and `second_activity`.
    """
    columns: dict[str, ir.Value] = {"members": _.count()}
    for group, days in windows(contract):
        latest = members[f"latest_{group.name}"]
        columns[f"{group.name}_{days}d"] = is_active(latest, members.as_of, days).sum()
    if "stage" in members.columns:
        reached = {f"reached_{stage}": members.stage >= rank for stage, rank in STAGES.items()}
        columns |= {name: of.sum().fill_null(0) for name, of in reached.items()}
        columns |= {f"latest_{stage}": members[f"latest_{stage}"].max() for stage in CLOSINGS}
    if ACTIVITY in members.columns:
        order = ibis.desc(members[ACTIVITY], nulls_first=False)
        rank = ibis.row_number().over(group_by=["account", "as_of"], order_by=order)
        members = members.mutate(place=rank)
        columns[ACTIVITY] = _[ACTIVITY].max()
        columns["second_activity"] = ibis.ifelse(_.place > 0, _[ACTIVITY], None).max()
    return members.group_by("account", "as_of").aggregate(**columns)


def is_active(latest: ir.TimestampValue, as_of: ir.TimestampValue, days: int) -> ir.IntegerValue:
    """Return 1 where the latest event is less than so many days old, else 0."""
    seconds = as_of.epoch_seconds() - latest.epoch_seconds()
    return (seconds <= days * SECONDS_A_DAY).fill_null(False).cast("int64")


def member_columns(tables: Tables) -> dict[str, str]:
    """List what is known of a member, with its type."""
    names = {f"latest_{group.name}": "timestamp" for group in account_groups(tables.contract)}
    if tables.outcomes is not None:
        names |= {"stage": "int64"} | {f"latest_{stage}": "timestamp" for stage in CLOSINGS}
    return names


def _asked(tables: Tables, moments: ir.Table, *, least: int) -> ir.Table:
    """Pair accounts and moments with the leads known by then, the first ones where they are many.

    Accounts of fewer than `least` leads are left out.
    """
    by_age = ibis.window(group_by="account", order_by=["created_at", "lead_id"])
    dated = tables.leads.filter(_.account.notnull(), _.created_at.notnull())
    numbered = dated.select(
        "lead_id",
        "account",
        "created_at",
        place=ibis.row_number().over(by_age),
        leads=_.count().over(group_by="account"),
    )
    first = numbered.filter(_.place <= MOST_MEMBERS, _.leads >= least)
    asked = moments.rename(asked_of="account")
    pairs = first.inner_join(asked, first.account == asked.asked_of)
    return pairs.filter(_.created_at < _.as_of).select("lead_id", "account", "as_of")


def _known(tables: Tables, asked: ir.Table, span: _Span) -> ir.Table:
    """Find what was known of each lead at each moment that is asked."""
    logs = [asked.select("lead_id", "account", at="as_of", is_asked=1)]
    if tables.events is not None:
        logs.append(_event_log(tables, _seen(tables.events.semi_join(asked, "lead_id"), span)))
    if tables.outcomes is not None:
        logs.append(_outcome_log(_seen(tables.outcomes.semi_join(asked, "lead_id"), span)))
    names = member_columns(tables)
    every = [_with_columns(log, names) for log in logs]
    rows = ibis.union(*every) if len(every) > 1 else every[0]
    if span.is_one_moment:
        known = rows.group_by("lead_id").aggregate(
            account=_.account.max(), as_of=_["at"].max(), **{name: _[name].max() for name in names}
        )
        return known.filter(_.account.notnull())
    so_far = ibis.cumulative_window(group_by="lead_id", order_by=["at", "is_asked"])
    known = rows.mutate(**{name: _[name].max().over(so_far) for name in names})
    return known.filter(_.is_asked == 1).select("lead_id", "account", *names, as_of="at")


class _Span(NamedTuple):
    """The first and last of some moments, and whether all are midnights."""

    first: datetime | None
    last: datetime | None
    midnights: bool | None

    @classmethod
    def of(cls, moments: ir.Table) -> _Span:
        at = moments.as_of
        midnights = (at == at.truncate("D")).all()
        found = moments.aggregate(first=at.min(), last=at.max(), midnights=midnights)
        return cls(**found.to_pyarrow().to_pylist()[0])

    @property
    def is_one_moment(self) -> bool:
        return self.first == self.last


def _seen(rows: ir.Table, span: _Span) -> ir.Table:
    """Add `at`: the earliest moment that may know a row; rows that none knows are left out.

    Where all moments are midnights, or one, rows that become known between two share it.
    """
    last = ibis.literal(span.last, "timestamp")
    seen = rows.mutate(known_at=ibis.greatest(_.occurred_at, _.recorded_at)).filter(
        _.known_at < last
    )
    if span.is_one_moment:
        return seen.mutate(at=last)
    if span.midnights:
        return seen.mutate(at=_.known_at.truncate("D") + ibis.interval(days=1))
    return seen.mutate(at=_.known_at + ibis.interval(microseconds=1))


def _event_log(tables: Tables, seen: ir.Table) -> ir.Table:
    # First by kind: a condition a column on each event would take three times as long.
    kinds = seen.group_by("lead_id", "at", "kind").aggregate(latest=_.occurred_at.max())
    latest = {
        f"latest_{group.name}": ibis.ifelse(_within(kinds, group), kinds.latest, None).max()
        for group in account_groups(tables.contract)
    }
    return kinds.group_by("lead_id", "at").aggregate(**latest).mutate(is_asked=0)


def _within(rows: ir.Table, group: EventGroup) -> ir.BooleanValue:
    if not group.kinds:
        return ibis.literal(group.is_rest)
    return rows.kind.notin(group.kinds) if group.is_rest else rows.kind.isin(group.kinds)


def _outcome_log(seen: ir.Table) -> ir.Table:
    rank = seen.stage.cases(*STAGES.items(), else_=None).cast("int64")
    closings = {
        f"latest_{stage}": seen.occurred_at.max(where=seen.stage == stage) for stage in CLOSINGS
    }
    return seen.group_by("lead_id", "at").aggregate(stage=rank.max(), **closings, is_asked=0)


def _with_columns(log: ir.Table, names: dict[str, str]) -> ir.Table:
    """Give a log all columns, in one order; those that it lacks are null."""
    every = {"lead_id": "string", "account": "string", "at": "timestamp", "is_asked": "int64"}
    return log.select(
        **{
            name: (log[name] if name in log.columns else ibis.null(kind)).cast(kind)
            for name, kind in (every | names).items()
        }
    )
