"""The former states of the leads' attributes: what was known of each, from when to when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.cells import text_cell, time_cell
from leadscore.features.sources import row_number
from leadscore.features.tables.attributes import read_attributes, read_cell
from leadscore.features.tables.quarantine import NOT_A_DATE
from leadscore.features.tables.screening import UNREADABLE, broken_lines, screen

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, HistorySource
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.screening import Fault, Screened

EVER = datetime(1900, 1, 1)  # before any lead: a date that Spark reads as DuckDB wrote it
VERSIONS, KNOWN_LEADS = "lead_versions", "known_leads"  # the tables that are stored
STATE = "state_from"  # the column that tells which version a snapshot saw
NO_STATE = datetime(1800, 1, 1)  # in it, where there was none
NO_END = datetime(9999, 1, 1)  # of the version that holds still
TIMES = {"lead_id", "valid_from", "valid_until"}  # the other columns are attributes


@dataclass(frozen=True)
class LeadVersions:
    """The states of leads, and the leads with the values that were known by a moment."""

    screened: Screened  # its rows as `Tables.versions`
    leads: ir.Table  # with the values known by `known_by`; those of today without it


def screen_versions(
    connection: Backend,
    raw: ir.Table,
    contract: Contract,
    attributes: tuple[Attribute, ...],
    leads: ir.Table,
    *,
    known_by: datetime | None,
    is_list: bool,
) -> LeadVersions:
    """Screen versions of leads, or changes of single columns, and store the states they tell of.

    Parameters
    ----------
    raw
        Rows of `open_shaped(…, name="versions")`.
    leads
        The screened leads, whose values hold for columns that never changed.
    is_list
        Whether `leads` has a one-off list, for whose leads its values hold.
    """
    history = contract.leads.history
    typed = _of_leads(_typed(raw, contract, attributes), leads, history)
    screened = screen(
        connection,
        typed,
        name="versions",
        place="leads.valid_from" if history is None else "leads.history",
        faults=_faults(typed, history),
        helpers=("raw_valid_from", "known_id"),
        broken=broken_lines(connection, "versions"),
    )
    if history is None:
        states = _last_of_a_moment(screened.kept)
    else:
        states = _from_changes(screened.kept, contract, history, attributes, leads)
    by = screened.by.deriving(VERSIONS, _with_ends(states))
    rows = connection.table(VERSIONS)
    if known_by is not None:
        known = _known_leads(leads, rows, contract, known_by, is_list=is_list)
        by = by.deriving(KNOWN_LEADS, known)
        leads = connection.table(KNOWN_LEADS)
    connection.drop_table(by.table)  # it takes as much room as what it was made for
    return LeadVersions(replace(screened, kept=rows, by=by), leads)


def tracked(
    contract: Contract, attributes: tuple[Attribute, ...]
) -> tuple[tuple[Attribute, str], ...]:
    """List the attributes that a history of changes may tell of, with their names there."""
    history = contract.leads.history
    fields = {} if history is None else history.fields
    if not fields:
        return tuple((each, each.column.strip().lower()) for each in attributes)
    found = ((each, fields[each.column]) for each in attributes if each.column in fields)
    return tuple((each, name.strip().lower()) for each, name in found)


def seen_states(snapshots: ir.Table, versions: ir.Table) -> ir.Table:
    """Return `lead_id`, `as_of` and `STATE`: since when the last version before it held."""
    # An end for every version: DuckDB would try each pair of rows for a condition with "or".
    ended = ibis.coalesce(versions.valid_until, ibis.literal(NO_END).cast("timestamp"))
    since = versions.select(version_id="lead_id", began="valid_from", ended=ended)
    spine = snapshots.select("lead_id", "as_of")
    holds = [spine.as_of > since.began, spine.as_of <= since.ended]
    same = [spine.lead_id == since.version_id, *holds]
    found = spine.left_join(since, same)
    never = ibis.literal(NO_STATE).cast("timestamp")
    return found.select("lead_id", "as_of", **{STATE: ibis.coalesce(found.began, never)})


def with_values(
    leads: ir.Table, states: ir.Table, versions: ir.Table, contract: Contract, *, is_list: bool
) -> ir.Table:
    """Give leads the values of versions, a row a state: columns of `leads`, and `STATE`.

    Parameters
    ----------
    states
        Columns `lead_id` and `STATE`; pairs are unique.
    is_list
        Whether `leads` has a one-off list, for whose leads its values hold.
    """
    held = [name for name in versions.columns if name not in TIMES]
    then = versions.select(
        version_id="lead_id", began="valid_from", **{f"{name}_then": name for name in held}
    )
    asked = states.select(state_id="lead_id", **{STATE: STATE})
    same = [asked.state_id == then.version_id, asked[STATE] == then.began]
    found = asked.left_join(then, same)
    joined = leads.join(found, leads.lead_id == found.state_id)
    is_unknown = joined.version_id.isnull()
    values = {}
    for name in held:
        today, value = joined[name], joined[f"{name}_then"]
        if _never_changed_is_as_today(contract):
            value = ibis.ifelse(is_unknown, today, value)
        values[name] = ibis.ifelse(joined.listed, today, value) if is_list else value
    return joined.select(*(values.get(n, joined[n]).name(n) for n in leads.columns), STATE)


def _never_changed_is_as_today(contract: Contract) -> bool:
    """Whether a lead without versions is as it is today, and not unknown.

    Without former values in the history, a lead that changes later must look like one that never
    does: of neither is known what it was before.
    """
    history = contract.leads.history
    return history is not None and history.old is not None


def _known_leads(
    leads: ir.Table, versions: ir.Table, contract: Contract, known_by: datetime, *, is_list: bool
) -> ir.Table:
    """Return the leads with the values that were known by a moment."""
    at = leads.select("lead_id", as_of=ibis.literal(known_by).cast("timestamp"))
    states = seen_states(at, versions).drop("as_of")
    return with_values(leads, states, versions, contract, is_list=is_list).drop(STATE)


def _typed(raw: ir.Table, contract: Contract, attributes: tuple[Attribute, ...]) -> ir.Table:
    """Read versions, or changes of the columns that are attributes."""
    reading, history, leads = contract.reading, contract.leads.history, contract.leads
    if history is None:
        ended = ibis.null("timestamp")
        if leads.valid_to is not None:
            ended = time_cell(raw[leads.valid_to], reading)
        own = {**read_attributes(raw, attributes, reading), "valid_to": ended}
        lead_id, since = raw[str(leads.lead_id)], raw[str(leads.valid_from)]
    else:
        lead_id, since = raw[history.lead_id], raw[history.changed_at]
        own = {
            term: raw[column].cast("string").fill_null("")
            for term, column in (("old", history.old), ("new", history.new))
            if column is not None
        }
        own["field"] = text_cell(raw[history.field], reading).lower()
    typed = raw.select(
        lead_id=text_cell(lead_id, reading),
        valid_from=time_cell(since, reading),
        **own,
        row=row_number(raw),
        place=row_number(raw),
        raw_valid_from=text_cell(since, reading),
        **{UNREADABLE: ibis.null("string")},
    )
    if history is None:  # a row without an id is a fault of the leads
        return typed.filter(_.lead_id.notnull())
    return typed.filter(_.field.isin([name for _each, name in tracked(contract, attributes)]))


def _of_leads(typed: ir.Table, leads: ir.Table, history: HistorySource | None) -> ir.Table:
    """Add `known_id`, null where there is no such lead; such rows stay only as faults."""
    known = leads.select(known_id="lead_id")
    stays = history is not None and history.other_leads == "fault"
    return typed.join(known, typed.lead_id == known.known_id, how="left" if stays else "inner")


def _last_of_a_moment(versions: ir.Table) -> ir.Table:
    """Keep one of several versions from the same moment: the one that held longest, or last."""
    order = [ibis.desc(_.valid_to, nulls_first=True), ibis.desc(_.place)]
    place = ibis.row_number().over(group_by=["lead_id", "valid_from"], order_by=order)
    ranked = versions.mutate(rank=place)
    return ranked.filter(ranked["rank"] == 0).drop("rank", "place", "valid_to")


def _with_ends(states: ir.Table) -> ir.Table:
    """Add until when each state held: `valid_until`, null for the last."""
    following = states.valid_from.lead().over(group_by="lead_id", order_by="valid_from")
    return states.mutate(valid_until=following)


def _from_changes(
    changes: ir.Table,
    contract: Contract,
    history: HistorySource,
    attributes: tuple[Attribute, ...],
    leads: ir.Table,
) -> ir.Table:
    """Put the states of each lead together from the changes of its columns.

    Before the first change of a column its old value holds, where the history has old values; a
    column that never changed is as today. Without old values neither is known.
    """
    columns = tracked(contract, attributes)
    states = _states(changes, columns, has_old=history.old is not None)
    if history.old is not None:
        now = {f"now_{each.name}": leads[each.name] for each, _name in columns}
        today = leads.select(own_id="lead_id", **now)
        states = states.join(today, states.lead_id == today.own_id)
    values = {}
    for each, _name in columns:
        value = read_cell(states[f"held_{each.name}"], each, contract.reading)
        if history.old is not None:
            never = states[f"held_{each.name}"].isnull()
            value = ibis.ifelse(never, states[f"now_{each.name}"], value)
        values[each.name] = value
    return states.select("lead_id", "valid_from", **values)


def _states(
    changes: ir.Table, columns: tuple[tuple[Attribute, str], ...], *, has_old: bool
) -> ir.Table:
    """Return by lead and moment of a change what each column held then; empty text was cleared."""
    names = {each.name: name for each, name in columns}
    last = {
        f"new_{own}": changes.new.argmax(changes.place, where=changes.field == name)
        for own, name in names.items()
    }
    moments = changes.group_by("lead_id", "valid_from").aggregate(**last)
    if has_old:
        first = {
            f"new_{own}": changes.old.argmin(_order(changes), where=changes.field == name)
            for own, name in names.items()
        }
        ever = changes.group_by("lead_id").aggregate(**first)
        ever = ever.mutate(valid_from=ibis.literal(EVER).cast("timestamp"))
        ever = ever.cast({"valid_from": moments.valid_from.type()})
        moments = ibis.union(moments, ever.select(moments.columns))
    so_far = ibis.window(group_by="lead_id", order_by="valid_from", rows=(None, 0))
    held = {}
    for own in names:
        change = ibis.struct({"at": moments.valid_from, "new": moments[f"new_{own}"]})
        known = ibis.ifelse(moments[f"new_{own}"].notnull(), change, ibis.null(change.type()))
        held[f"held_{own}"] = known.max().over(so_far)["new"]
    return moments.select("lead_id", "valid_from", **held)


def _order(changes: ir.Table) -> ir.Value:
    """Return what changes sort by: the moment, then the place in the file."""
    return ibis.struct({"at": changes.valid_from, "place": changes.place})


def _faults(typed: ir.Table, history: HistorySource | None) -> tuple[Fault, ...]:
    since = "valid_from" if history is None else "changed_at"
    faults: tuple[Fault, ...] = (
        ("lead_id", typed.lead_id.isnull(), typed.lead_id, "no lead_id"),
        (since, typed.valid_from.isnull(), typed.raw_valid_from, NOT_A_DATE),
    )
    if history is not None and history.other_leads == "fault":
        faults += (("lead_id", typed.known_id.isnull(), typed.lead_id, "no such lead"),)
    return faults
