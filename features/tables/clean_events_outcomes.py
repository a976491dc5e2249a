"""Events and outcomes in the contract's terms: what happened to which lead, when, known since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import ibis

from leadscore.features.cells import (
    number_cell,
    text_cell,
    time_cell,
    unreadable_numbers,
)
from leadscore.features.contract import OUTCOME_STAGES
from leadscore.features.core import DataError
from leadscore.features.shaping import WHOLE_ROW_CELL
from leadscore.features.sources import ROWS_A_TABLE, own_columns, place_of, row_number
from leadscore.features.tables.quarantine import NOT_A_DATE
from leadscore.features.tables.screening import UNREADABLE, broken_lines, screen

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, EventsSource, OutcomesSource, Reading
from leadscore.features.tables.screening import Fault, Screened

TOO_EARLY = "before the lead was created"
EPOCH = r"^\d{9,}"  # seconds or milliseconds since 1970, which tell the time of day
CHANNEL_TOUCH = ("source", "medium", "campaign", "landing_page")


def screen_events(
    connection: Backend,
    raw: ir.Table,
    contract: Contract,
    leads: ir.Table,
    *,
    report_unknown_leads: bool,
) -> tuple[Screened, tuple[str, ...]]:
    """Type and screen the events; with `report_unknown_leads`, those of other leads are faults.

    Returns the screened rows (columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` and
    the touch's), and which of the optional columns there are.
    """
    optional = ("value", *CHANNEL_TOUCH)
    names = _columns(raw, contract, "events", required="kind", optional=optional)
    kind = text_cell(raw[names["kind"]], contract.reading)
    touch = {term: _text(raw, names.get(term), contract) for term in CHANNEL_TOUCH}
    dated = _dated(raw, contract, names, number="value")
    typed = raw.select(**dated, **touch, kind=kind, raw_word=kind)
    if WHOLE_ROW_CELL in raw.columns:
        typed = _once(raw.select(**dated, **touch, kind=kind, raw_word=kind, given=WHOLE_ROW_CELL))
    screened = _screened(
        connection,
        typed,
        leads,
        name="events",
        wording=("kind", "no kind"),
        report_unknown_leads=report_unknown_leads,
        source=contract.events,
    )
    return screened, tuple(term for term in optional if term in names)


def screen_outcomes(
    connection: Backend,
    raw: ir.Table,
    contract: Contract,
    leads: ir.Table,
    *,
    report_unknown_leads: bool,
) -> Screened:
    """Type and screen the outcomes, as `screen_events` does the events.

    Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason` (lower case), `amount`.
    """
    source = cast("OutcomesSource", contract.outcomes)
    names = _columns(raw, contract, "outcomes", required="stage", optional=("reason", "amount"))
    given = text_cell(raw[names["stage"]], contract.reading)
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
        report_unknown_leads=report_unknown_leads,
        source=source,
    )


def _once(typed: ir.Table) -> ir.Table:
    """Keep one row of an event that was delivered more than once; events without id all stay."""
    again = ibis.row_number().over(group_by=["lead_id", "given"], order_by="row")
    placed = typed.mutate(again=again)
    return placed.filter((placed.again == 0) | placed.given.isnull()).drop("given", "again")


def _of_leads(
    typed: ir.Table,
    leads: ir.Table,
    source: EventsSource | OutcomesSource | None,
    *,
    report_unknown_leads: bool,
) -> ir.Table:
    """Add `known_id` and `created_at` of the lead; rows of other leads stay where they are faults.

    Of several tables each says for itself whether they are.
    """
    known = leads.select(known_id=leads.lead_id, created_at=leads.created_at)
    tables = (source.tables.values() or [source]) if source is not None else []
    said = [each.other_leads for each in tables]
    reported = [number for number, word in enumerate(said) if word == "fault"]
    how = "left" if report_unknown_leads and reported else "inner"
    joined = typed.join(known, typed.lead_id == known.known_id, how=how)
    if how == "inner" or "pass" not in said:
        return joined
    reports = (joined.row // ROWS_A_TABLE).isin(reported)
    return joined.filter(joined.known_id.notnull() | joined.lead_id.isnull() | reports)


def _columns(
    raw: ir.Table,
    contract: Contract,
    table: Literal["events", "outcomes"],
    *,
    required: str,
    optional: tuple[str, ...],
) -> dict[str, str]:
    """Find the user's columns for our terms; what the contract names must be there."""
    source: EventsSource | OutcomesSource = getattr(contract, table)
    found = {}
    for term in ("lead_id", "occurred_at", required, "recorded_at", *optional):
        given = getattr(source, term)
        column = given or term
        if column in raw.columns:
            found[term] = column
        elif given is not None:
            raise DataError.from_missing_column(
                place_of(contract, source), column, own_columns(raw), setting=f"{table}.{term}"
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
        "is_day": _is_day(occurred),
        UNREADABLE: unreadable_numbers(numbers, reading),
    }


def _is_day(column: ir.Column) -> ir.BooleanValue:
    """Whether a date has no time of day, so that it stands for any moment of its day."""
    if not column.type().is_string():
        return ibis.literal(column.type().is_date())
    return ~(column.contains(":") | column.re_search(EPOCH))


def _as_written(column: ir.Column, reading: Reading) -> ir.StringValue:
    """Return the text of a date, for messages; of columns of dates nothing, as it costs time."""
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
    report_unknown_leads: bool,
    source: EventsSource | OutcomesSource | None,
) -> Screened:
    """Set aside rows with no usable word or time, of unknown leads, or from before the lead.

    A date alone is no moment before the lead that came into being on that day.
    """
    joined = _of_leads(typed, leads, source, report_unknown_leads=report_unknown_leads)
    joined = _within_first_day(joined)
    word, expected = wording
    occurred, recorded = joined.raw_occurred_at, joined.raw_recorded_at
    faults: tuple[Fault, ...] = (
        ("lead_id", joined.lead_id.isnull(), joined.lead_id, "no lead_id"),
        ("occurred_at", joined.occurred_at.isnull(), occurred, NOT_A_DATE),
        ("recorded_at", joined.recorded_badly, recorded, NOT_A_DATE),
        (word, joined[word].isnull(), joined.raw_word, expected),
        ("lead_id", joined.known_id.isnull(), joined.lead_id, "no such lead"),
        ("occurred_at", joined.occurred_at < joined.created_at, occurred, TOO_EARLY),
    )
    raw = ("raw_word", "raw_occurred_at", "raw_recorded_at", "recorded_badly", "is_day")
    return screen(
        connection,
        joined,
        name=name,
        faults=faults,
        helpers=(*raw, "known_id", "created_at"),
        tables=() if source is None else tuple(source.tables),
        broken=broken_lines(connection, name),
    )


def _within_first_day(joined: ir.Table) -> ir.Table:
    """Move what is dated by the day on which its lead was created to that moment."""
    created, occurred = joined.created_at, joined.occurred_at
    before = (occurred < created) & (occurred + ibis.interval(days=1) > created) & joined.is_day
    moved = ibis.ifelse(before, created, occurred)
    recorded = ibis.ifelse(before, ibis.greatest(joined.recorded_at, created), joined.recorded_at)
    return joined.mutate(occurred_at=moved, recorded_at=recorded)
