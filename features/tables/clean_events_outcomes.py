"""Events and outcomes in the contract's terms: what happened to which lead, when, known since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.contract import OUTCOME_STAGES
from leadscore.features.core import DataError
from leadscore.features.sources import own_columns, place_of, row_number
from leadscore.features.tables.cell_parsing import (
    number_cell,
    text_cell,
    time_cell,
    unreadable_numbers,
)
from leadscore.features.tables.quarantine import NOT_A_DATE
from leadscore.features.tables.screening import UNREADABLE, broken_lines, screen

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, EventsSource, OutcomesSource, Reading
from leadscore.features.tables.screening import Fault, Screened

CHANNEL_TOUCH = ("source", "medium", "campaign", "landing_page")


def screen_events(
    connection: Backend,
    raw: ir.Table,
    contract: Contract,
    source: EventsSource,
    leads: ir.Table,
    *,
    strangers_wanted: bool,
) -> tuple[Screened, tuple[str, ...]]:
    """Type and screen the events.

    Parameters
    ----------
    raw
        The opened table, as `sources.source_tables.open_source` gives it.
    leads
        The cleaned leads.
    strangers_wanted
        Whether events of other leads are faults, or passed over.

    Returns
    -------
    tuple
        The screened rows (columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` and
        the touch's), and which of the optional columns there are.
    """
    reading, optional = contract.reading, ("value", *CHANNEL_TOUCH)
    names = _columns(raw, contract, source, name="events", required="kind", optional=optional)
    kind = text_cell(raw[names["kind"]], reading)
    touch = {term: _text(raw, names.get(term), contract) for term in CHANNEL_TOUCH}
    dated = _dated(raw, contract, names, number="value")
    screened = _screened(
        connection,
        raw.select(**dated, **touch, kind=kind, raw_word=kind),
        leads,
        name="events",
        wording=("kind", "no kind"),
        strangers_wanted=strangers_wanted,
    )
    return screened, tuple(term for term in optional if term in names)


def screen_outcomes(
    connection: Backend,
    raw: ir.Table,
    contract: Contract,
    source: OutcomesSource,
    leads: ir.Table,
    *,
    strangers_wanted: bool,
) -> Screened:
    """Type and screen the outcomes, as `screen_events` does the events.

    Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason` (lower case), `amount`.
    """
    reading, optional = contract.reading, ("reason", "amount")
    names = _columns(raw, contract, source, name="outcomes", required="stage", optional=optional)
    given = text_cell(raw[names["stage"]], reading)
    words = {
        word.strip().lower(): stage
        for stage in OUTCOME_STAGES
        for word in (stage, *source.stages.get(stage, ()))
    }
    reason = _text(raw, names.get("reason"), contract).lower()
    stage = given.lower().cases(*words.items())
    dated = _dated(raw, contract, names, number="amount")
    typed = raw.select(**dated, stage=stage, raw_word=given, reason=reason)
    if source.no_stage:
        steps = [word.strip().lower() for word in source.no_stage]
        typed = typed.filter(typed.raw_word.isnull() | ~typed.raw_word.lower().isin(steps))
    return _screened(
        connection,
        typed,
        leads,
        name="outcomes",
        wording=("stage", f"not one of {', '.join(OUTCOME_STAGES)}"),
        strangers_wanted=strangers_wanted,
    )


def _columns(
    raw: ir.Table,
    contract: Contract,
    source: EventsSource | OutcomesSource,
    *,
    name: str,
    required: str,
    optional: tuple[str, ...],
) -> dict[str, str]:
    """Find the user's columns for our terms; what the contract names must be there."""
    found = {}
    for term in ("lead_id", "occurred_at", required, "recorded_at", *optional):
        given = getattr(source, term)
        column = given or term
        if column in raw.columns:
            found[term] = column
        elif given is not None:
            raise DataError.from_missing_column(
                place_of(contract, source), column, own_columns(raw), setting=f"{name}.{term}"
            )
    return found


def _text(raw: ir.Table, column: str | None, contract: Contract) -> ir.StringValue:
    return text_cell(raw[column], contract.reading) if column else ibis.null("string")


def _dated(
    raw: ir.Table, contract: Contract, names: dict[str, str], *, number: str
) -> dict[str, ir.Value]:
    """Read what events and outcomes share; what was not recorded apart was known at once."""
    reading = contract.reading
    occurred = raw[names["occurred_at"]]
    recorded = raw[names.get("recorded_at", names["occurred_at"])]
    occurred_at, recorded_at = time_cell(occurred, reading), time_cell(recorded, reading)
    numbers = {names[number]: raw[names[number]]} if number in names else {}
    return {
        "row": row_number(raw),
        "lead_id": text_cell(raw[names["lead_id"]], reading),
        "occurred_at": occurred_at,
        "recorded_at": ibis.coalesce(recorded_at, occurred_at),
        number: number_cell(raw[names[number]], reading) if numbers else ibis.null("float64"),
        "raw_occurred_at": _as_written(occurred, reading),
        "raw_recorded_at": _as_written(recorded, reading),
        "recorded_badly": recorded_at.isnull() & _as_written(recorded, reading).notnull(),
        UNREADABLE: unreadable_numbers(numbers, reading),
    }


def _as_written(column: ir.Column, reading: Reading) -> ir.StringValue:
    """Give a date's text, for those whom it puzzles; what is a date already puzzles nobody.

    To write a hundred million dates as text takes a minute.
    """
    if column.type().is_string():
        return text_cell(column, reading)
    return ibis.null("string")


def _screened(
    connection: Backend,
    typed: ir.Table,
    leads: ir.Table,
    *,
    name: str,
    wording: tuple[str, str],
    strangers_wanted: bool,
) -> Screened:
    """Set aside rows with no usable word or time, of unknown leads, or from before the lead."""
    known = leads.select(known_id=leads.lead_id, created_at=leads.created_at)
    how = "left" if strangers_wanted else "inner"
    joined = typed.join(known, typed.lead_id == known.known_id, how=how)
    word, expected = wording
    occurred, recorded = joined.raw_occurred_at, joined.raw_recorded_at
    faults: tuple[Fault, ...] = (
        ("lead_id", joined.lead_id.isnull(), joined.lead_id, "no lead_id"),
        ("occurred_at", joined.occurred_at.isnull(), occurred, NOT_A_DATE),
        ("recorded_at", joined.recorded_badly, recorded, NOT_A_DATE),
        (word, joined[word].isnull(), joined.raw_word, expected),
        ("lead_id", joined.known_id.isnull(), joined.lead_id, "no such lead"),
        (
            "occurred_at",
            joined.occurred_at < joined.created_at,
            occurred,
            "before the lead was created",
        ),
    )
    raw = ("raw_word", "raw_occurred_at", "raw_recorded_at", "recorded_badly")
    return screen(
        connection,
        joined,
        name=name,
        faults=faults,
        helpers=(*raw, "known_id", "created_at"),
        broken=broken_lines(connection, name),
    )
