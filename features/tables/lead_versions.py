"""The former states of the leads' attributes: what was known of each lead, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.cells import number_cell, text_cell, time_cell
from leadscore.features.sources import row_number
from leadscore.features.tables.attributes import read_attributes

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Contract, HistorySource
    from leadscore.features.tables.attributes import Attribute

EVER = datetime(1, 1, 1)


def typed_versions(
    raw: ir.Table, contract: Contract, attributes: tuple[Attribute, ...], leads: ir.Table
) -> ir.Table:
    """Read versions of leads, or changes of single columns, into one table.

    Parameters
    ----------
    raw
        Rows of `open_shaped(…, name="versions")`.
    leads
        The screened leads, whose values hold for columns that never changed.

    Returns
    -------
    ir.Table
        Columns `lead_id`, `valid_from` (timestamp, UTC; unique a lead) and one an attribute that
        has a history. A lead without any version is as it is today.
    """
    history = contract.leads.history
    if history is not None:
        return _from_changes(raw, contract, history, attributes, leads)
    reading = contract.reading
    rows = raw.select(
        lead_id=text_cell(raw[str(contract.leads.lead_id)], reading),
        valid_from=time_cell(raw[str(contract.leads.valid_from)], reading),
        row=row_number(raw),
        **read_attributes(raw, attributes, reading),
    ).filter(_.lead_id.notnull(), _.valid_from.notnull())
    last = ibis.row_number().over(group_by=["lead_id", "valid_from"], order_by=ibis.desc(rows.row))
    return rows.mutate(copy=last).filter(_["copy"] == 0).drop("copy", "row")


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


def _from_changes(
    raw: ir.Table,
    contract: Contract,
    history: HistorySource,
    attributes: tuple[Attribute, ...],
    leads: ir.Table,
) -> ir.Table:
    """Put the states of each lead together from the changes of its columns."""
    reading, columns = contract.reading, tracked(contract, attributes)
    nothing = ibis.literal("")
    changes = raw.select(
        lead_id=text_cell(raw[history.lead_id], reading),
        valid_from=time_cell(raw[history.changed_at], reading),
        field=text_cell(raw[history.field], reading).lower(),
        old=nothing if history.old is None else raw[history.old].cast("string").fill_null(""),
        new=raw[history.new].cast("string").fill_null(""),
        row=row_number(raw),
    ).filter(_.lead_id.notnull(), _.valid_from.notnull())
    changes = changes.filter(changes.field.isin([name for _each, name in columns]))
    states = _states(changes, columns)
    now = leads.select(own_id="lead_id", **{f"now_{a.name}": leads[a.name] for a, _name in columns})
    joined = states.join(now, states.lead_id == now.own_id)
    values = {each.name: _value(joined, each, contract) for each, _name in columns}
    return joined.select("lead_id", "valid_from", **values)


def _states(changes: ir.Table, columns: tuple[tuple[Attribute, str], ...]) -> ir.Table:
    """Return by lead and moment of a change the last change of each column, and the first."""
    after, before, first = {}, {}, {}
    for each, name in columns:
        is_own = changes.field == name
        after[f"is_{each.name}"] = is_own.any()
        after[f"new_{each.name}"] = changes.new.argmax(changes.row, where=is_own)
        before[f"old_{each.name}"] = changes.old.argmin(changes.row, where=is_own)
        first[f"first_{each.name}"] = _[f"old_{each.name}"].argmin(
            _.valid_from, where=_[f"is_{each.name}"]
        )
    moments = changes.group_by("lead_id", "valid_from").aggregate(**after, **before)
    firsts = moments.group_by(first_id="lead_id").aggregate(**first)
    blank = {name: ibis.null(kind) for name, kind in moments.schema().items()}
    ever = firsts.select(
        lead_id="first_id",
        **{
            **{k: v for k, v in blank.items() if k != "lead_id"},
            "valid_from": ibis.literal(EVER).cast("timestamp"),
        },
    )
    every = ibis.union(moments, ever.cast(moments.schema()).select(moments.columns))
    for each, _name in columns:
        changed = every[f"is_{each.name}"].fill_null(False).cast("int64")
        since = changed.sum().over(group_by="lead_id", order_by="valid_from", rows=(None, 0))
        every = every.mutate(**{f"since_{each.name}": since})
    for each, _name in columns:
        held = every[f"new_{each.name}"].max().over(group_by=["lead_id", f"since_{each.name}"])
        every = every.mutate(**{f"held_{each.name}": held})
    return every.join(firsts, every.lead_id == firsts.first_id)


def _value(states: ir.Table, each: Attribute, contract: Contract) -> ir.Value:
    """Return a column's value: the last change's, before the first its old one, else today's."""
    read = number_cell if each.type == "number" else text_cell
    since, first = states[f"since_{each.name}"], states[f"first_{each.name}"]
    return ibis.cases(
        (since > 0, read(states[f"held_{each.name}"], contract.reading)),
        (first.notnull(), read(first, contract.reading)),
        else_=states[f"now_{each.name}"],
    )
