"""The user's tables in the contract's terms: renamed, typed, in UTC, bad rows in quarantine."""

from __future__ import annotations

import logging
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from features.attributes import Attribute, attributes_of, read_attributes
from features.cells import number_cell, text_cell, time_cell
from features.contract import OUTCOME_STAGES, Contract, Source
from features.errors import DataError
from features.files import open_source
from features.quarantine import Quarantine, Screened, broken_lines, screen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

logger = logging.getLogger(__name__)

MEMORY_LIMIT = "4GB"  # DuckDB spills past it; the rest of a small machine is the model's
ONE_DAY = timedelta(days=1)
CHANNEL_TOUCH = ("source", "medium", "campaign", "landing_page")


@dataclass(frozen=True)
class Tables:
    """The three tables of the contract, cleaned, as Ibis expressions over one connection.

    Parameters
    ----------
    contract
        The contract they were read by.
    leads
        Columns `lead_id` (string, unique), `created_at` (timestamp, UTC; null where unknown),
        `account` (string), `listed` (bool: to be scored; all but where a one-off file is),
        `target` (float64: 1, 0 or null for not yet known; flat files only)
        and one column an attribute.
    events
        Columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` (float64) and the touch's
        `source`, `medium`, `campaign`, `landing_page`; None where the contract has none.
    outcomes
        Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason`, `amount`; None for a
        flat file.
    attributes
        The attribute columns of `leads`, with the user's names and roles.
    event_terms
        Which optional columns the events have: `value`, `source`, `medium`, …
    data_end
        Until when the tables are complete (UTC, without a zone); None where nothing has a date.
    quarantine
        The rows and cells that could not be used.
    """

    contract: Contract
    leads: ir.Table
    events: ir.Table | None
    outcomes: ir.Table | None
    attributes: tuple[Attribute, ...]
    event_terms: tuple[str, ...]
    data_end: datetime | None
    quarantine: Quarantine

    @property
    def has_dates(self) -> bool:
        """Whether leads have a creation date, so that later leads can test earlier ones."""
        return self.data_end is not None

    def without(self, columns: Collection[str]) -> Tables:
        """Return the same tables with some attributes, by the user's names, out of sight."""
        kept = tuple(each for each in self.attributes if each.column not in columns)
        return replace(self, attributes=kept)


@contextmanager
def open_tables(
    contract: Contract, *, known_by: datetime | None = None, leads_file: Path | None = None
) -> Iterator[Tables]:
    """Open, clean and screen the tables a contract describes.

    Parameters
    ----------
    contract
        The contract of a project folder.
    known_by
        Keep only what was known before this moment (UTC): rows that occurred and were recorded
        before it. None keeps everything.
    leads_file
        Leads to use in place of the contract's, with the same columns: a one-off list to score.
        Events and outcomes of other leads are then passed over.

    Yields
    ------
    Tables
        Valid while the context is open.

    Raises
    ------
    DataError
        Where a file or column is missing, or more rows than `reading.max_quarantine_share`
        cannot be used.
    """
    scratch = tempfile.mkdtemp(prefix="leadscore-")
    connection = ibis.duckdb.connect(temp_directory=scratch, memory_limit=MEMORY_LIMIT)
    try:
        yield _tables(connection, contract, _naive(known_by), leads_file)
    finally:
        connection.disconnect()
        shutil.rmtree(scratch, ignore_errors=True)


def _naive(moment: datetime | None) -> datetime | None:
    """UTC without a zone, as timestamps are inside."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _tables(
    connection: Backend, contract: Contract, known_by: datetime | None, leads_file: Path | None
) -> Tables:
    raw = open_source(connection, contract.leads, contract=contract, name="leads")
    place = _place(contract, contract.leads)
    attributes = attributes_of(contract, raw.schema(), place=place)
    typed = _typed_leads(raw, contract, attributes, place=place, with_target=True)
    if leads_file is not None:
        listed = _listed_leads(connection, contract, attributes, leads_file)
        # Without dates nothing is learnt from other leads, and row numbers would collide.
        has_past = contract.leads.lead_id is not None and _has_dates(typed)
        typed = ibis.union(listed, typed.mutate(listed=False)) if has_past else listed
    leads = _screened_leads(connection, typed)
    screened = [leads]
    kept = leads.kept if known_by is None else _known_leads(leads.kept, known_by)
    events = outcomes = None
    event_terms: tuple[str, ...] = ()
    strangers_wanted = leads_file is None
    if contract.events is not None:
        part, event_terms = _events(
            connection, contract, leads.kept, strangers_wanted=strangers_wanted
        )
        screened.append(part)
        events = _known(part.kept, known_by)
    if contract.outcomes is not None:
        part = _outcomes(connection, contract, leads.kept, strangers_wanted=strangers_wanted)
        screened.append(part)
        outcomes = _known(part.kept, known_by)
    quarantine = Quarantine.from_screened(screened)
    quarantine.refuse_above(contract.reading.max_quarantine_share)
    tables = Tables(contract, kept, events, outcomes, attributes, event_terms, None, quarantine)
    return replace(tables, data_end=_data_end(tables, known_by))


def _place(contract: Contract, source: Source) -> str:
    return source.table or str(contract.directory / str(source.path))


def _listed_leads(
    connection: Backend, contract: Contract, attributes: tuple[Attribute, ...], leads_file: Path
) -> ir.Table:
    """The leads of a one-off file, which has the contract's columns but need not have a target."""
    given = {"path": str(leads_file.resolve()), "address": None, "table": None}
    source = contract.leads.model_copy(update=given)
    raw = open_source(connection, source, contract=contract, name="listed")
    return _typed_leads(raw, contract, attributes, place=str(leads_file), with_target=False)


def _has_dates(typed: ir.Table) -> bool:
    return bool(typed.created_at.notnull().any().to_pyarrow().as_py())


def _typed_leads(
    raw: ir.Table,
    contract: Contract,
    attributes: tuple[Attribute, ...],
    *,
    place: str,
    with_target: bool,
) -> ir.Table:
    """Leads with their reserved columns, attributes under their names inside."""
    source, reading = contract.leads, contract.reading
    numbered = raw.mutate(row=ibis.row_number() + 1)
    wanted = {"lead_id": source.lead_id, "created_at": source.created_at}
    names = {
        term: _column(raw, place, given or term, f"leads.{term}", required=given is not None)
        for term, given in wanted.items()
    }
    id_name, created_name = names["lead_id"], names["created_at"]
    if contract.events is not None or contract.outcomes is not None:
        _column(raw, place, id_name or "lead_id", "leads.lead_id", required=True)
        _column(raw, place, created_name or "created_at", "leads.created_at", required=True)
    target = source.target if with_target else None
    if target is not None:
        _column(raw, place, target, "leads.target", required=True)
    if source.account is not None:
        _column(raw, place, source.account, "leads.account", required=True)
    created = time_cell(raw[created_name], reading) if created_name else ibis.null("timestamp")
    return numbered.select(
        row=numbered.row,
        lead_id=text_cell(raw[id_name], reading) if id_name else numbered.row.cast("string"),
        created_at=created,
        account=text_cell(raw[source.account], reading).lower()
        if source.account
        else ibis.null("string"),
        target=_target(raw[target], contract) if target else ibis.null("float64"),
        **read_attributes(raw, attributes, reading),
        raw_created_at=text_cell(raw[created_name], reading)
        if created_name
        else ibis.null("string"),
        raw_numbers=_unreadable_numbers(raw, attributes, contract),
        listed=True,
    )


def _screened_leads(connection: Backend, typed: ir.Table) -> Screened:
    """One row a lead: the listed one, and of those the earliest."""
    first = ibis.window(group_by="lead_id", order_by=[ibis.desc("listed"), "created_at", "row"])
    ranked = typed.mutate(copy=ibis.row_number().over(first))
    return screen(
        connection,
        ranked,
        name="leads",
        faults=(
            ("lead_id", ranked.lead_id.isnull(), ranked.lead_id, "no lead_id"),
            (
                "created_at",
                ranked.created_at.isnull() & ranked.raw_created_at.notnull(),
                ranked.raw_created_at,
                "not a date that can be read",
            ),
            ("lead_id", ranked["copy"] > 0, ranked.lead_id, "lead_id stands in an earlier row"),
        ),
        cell_faults=("raw_numbers", "not a number; the cell counts as missing"),
        helpers=("row", "raw_created_at", "raw_numbers", "copy"),
        broken=broken_lines(connection, "leads"),
    )


def _unreadable_numbers(
    raw: ir.Table, attributes: tuple[Attribute, ...], contract: Contract
) -> ir.StringValue:
    """Name the number cells of a row that hold something else: `column: value`, the first one."""
    found: ir.StringValue = ibis.null("string")
    for attribute in reversed(attributes):
        if attribute.type == "number" and raw[attribute.column].type().is_string():
            text = text_cell(raw[attribute.column], contract.reading)
            bad = text.notnull() & number_cell(raw[attribute.column], contract.reading).isnull()
            found = ibis.ifelse(bad, ibis.literal(f"{attribute.column}\x1f") + text, found)
    return found


def _target(column: ir.Column, contract: Contract) -> ir.FloatingColumn:
    """1, 0 or null by the contract's words, compared without case; `1.0` and `1` are the same."""
    text = text_cell(column, contract.reading).lower().re_replace(r"^(-?\d+)\.0+$", r"\1")
    positive = [word.strip().lower() for word in contract.leads.positive]
    negative = [word.strip().lower() for word in contract.leads.negative]
    return ibis.cases((text.isin(positive), 1.0), (text.isin(negative), 0.0), else_=None)


def _events(
    connection: Backend, contract: Contract, leads: ir.Table, *, strangers_wanted: bool
) -> tuple[Screened, tuple[str, ...]]:
    source, reading = contract.events, contract.reading
    if source is None:
        raise DataError("the contract describes no [events]")
    raw = open_source(connection, source, contract=contract, name="events")
    place = _place(contract, source)
    given = {term: getattr(source, term) for term in ("value", *CHANNEL_TOUCH)}
    found = {
        term: _column(raw, place, column or term, f"events.{term}", required=column is not None)
        for term, column in given.items()
    }
    value = found["value"]
    kind = _column(raw, place, source.kind, "events.kind", required=True)
    typed = _timed(raw, source, contract, name="events").mutate(
        kind=text_cell(raw[kind], reading),
        value=number_cell(raw[value], reading) if value else ibis.null("float64"),
        **{
            term: text_cell(raw[column], reading) if column else ibis.null("string")
            for term, column in found.items()
            if term != "value"
        },
    )
    part = _screen_rows(connection, typed, leads, "events", "kind", strangers_wanted)
    return part, tuple(term for term, column in found.items() if column is not None)


def _outcomes(
    connection: Backend, contract: Contract, leads: ir.Table, *, strangers_wanted: bool
) -> Screened:
    source, reading = contract.outcomes, contract.reading
    if source is None:
        raise DataError("the contract describes no [outcomes]")
    raw = open_source(connection, source, contract=contract, name="outcomes")
    place = _place(contract, source)
    reason = _column(
        raw, place, source.reason or "reason", "outcomes.reason", required=bool(source.reason)
    )
    amount = _column(
        raw, place, source.amount or "amount", "outcomes.amount", required=bool(source.amount)
    )
    stage = text_cell(
        raw[_column(raw, place, source.stage, "outcomes.stage", required=True)], reading
    )
    words = {
        word.strip().lower(): stage_name
        for stage_name in OUTCOME_STAGES
        for word in (stage_name, *source.stages.get(stage_name, ()))
    }
    typed = _timed(raw, source, contract, name="outcomes").mutate(
        stage=stage.lower().cases(*words.items()),
        raw_stage=stage,
        reason=text_cell(raw[reason], reading).lower() if reason else ibis.null("string"),
        amount=number_cell(raw[amount], reading) if amount else ibis.null("float64"),
    )
    return _screen_rows(connection, typed, leads, "outcomes", "stage", strangers_wanted)


def _timed(raw: ir.Table, source: Source, contract: Contract, *, name: str) -> ir.Table:
    """The columns that events and outcomes share, as text and as moments."""
    reading, place = contract.reading, _place(contract, source)
    lead_id = _column(raw, place, source.lead_id, f"{name}.lead_id", required=True)
    given = getattr(source, "occurred_at")  # noqa: B009 - both kinds of source have it
    occurred = _column(raw, place, given, f"{name}.occurred_at", required=True)
    recorded_given = getattr(source, "recorded_at")  # noqa: B009
    recorded = _column(
        raw,
        place,
        recorded_given or "recorded_at",
        f"{name}.recorded_at",
        required=recorded_given is not None,
    )
    occurred_at = time_cell(raw[occurred], reading)
    recorded_at = time_cell(raw[recorded], reading) if recorded else occurred_at
    return raw.mutate(row=ibis.row_number() + 1).mutate(
        lead_id=text_cell(raw[lead_id], reading),
        occurred_at=occurred_at,
        recorded_at=ibis.coalesce(recorded_at, occurred_at),
        raw_occurred_at=raw[occurred].cast("string"),
    )


def _screen_rows(
    connection: Backend,
    typed: ir.Table,
    leads: ir.Table,
    name: str,
    word: str,
    strangers_wanted: bool,  # noqa: FBT001
) -> Screened:
    """Set aside rows with no usable word or time, of unknown leads, or from before the lead."""
    columns = {
        "events": ("kind", "value", *CHANNEL_TOUCH),
        "outcomes": ("stage", "raw_stage", "reason", "amount"),
    }[name]
    typed = typed.select("row", "lead_id", "occurred_at", "recorded_at", "raw_occurred_at", *columns)
    known = leads.select(known_id=leads.lead_id, created_at=leads.created_at)
    if strangers_wanted:
        joined = typed.left_join(known, typed.lead_id == known.known_id)
    else:
        joined = typed.inner_join(known, typed.lead_id == known.known_id)
    raw_word = joined.raw_stage if name == "outcomes" else joined.kind
    expected = f"not one of {', '.join(OUTCOME_STAGES)}" if name == "outcomes" else "no kind"
    return screen(
        connection,
        joined,
        name=name,
        faults=(
            ("lead_id", joined.lead_id.isnull(), joined.lead_id, "no lead_id"),
            (
                "occurred_at",
                joined.occurred_at.isnull(),
                joined.raw_occurred_at,
                "not a date that can be read",
            ),
            (word, joined[word].isnull(), raw_word, expected),
            ("lead_id", joined.known_id.isnull(), joined.lead_id, "no such lead"),
            (
                "occurred_at",
                joined.occurred_at < joined.created_at,
                joined.raw_occurred_at,
                "before the lead was created",
            ),
        ),
        cell_faults=None,
        helpers=("row", "raw_occurred_at", "known_id", "created_at", "raw_stage"),
        broken=broken_lines(connection, name),
    )


def _column(
    raw: ir.Table, place: str, column: str, setting: str, *, required: bool
) -> str | None:
    """The column's name if the table has it; refuses where the contract promises it."""
    if column in raw.columns:
        return column
    if required:
        raise DataError.from_missing_column(place, column, raw.columns, setting=setting)
    return None


def _known(rows: ir.Table, known_by: datetime | None) -> ir.Table:
    if known_by is None:
        return rows
    return rows.filter(rows.occurred_at < known_by, rows.recorded_at < known_by)


def _known_leads(leads: ir.Table, known_by: datetime) -> ir.Table:
    return leads.filter((leads.created_at < known_by) | leads.created_at.isnull())


def _data_end(tables: Tables, known_by: datetime | None) -> datetime | None:
    """When the tables end: the moment asked for, unless they stop more than a day before it."""
    moments = [tables.leads.created_at.max()]
    if tables.events is not None:
        moments.append(tables.events.recorded_at.max())
    if tables.outcomes is not None:
        moments.append(tables.outcomes.recorded_at.max())
    seen = [moment for moment in (each.to_pyarrow().as_py() for each in moments) if moment]
    if not seen:
        return None
    last = max(seen)
    if known_by is not None and known_by - last <= ONE_DAY:
        return known_by
    return last
