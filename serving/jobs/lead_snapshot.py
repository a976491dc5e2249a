"""`leadscore snapshot`: what the leads' columns hold tonight, for systems that keep no history.

A night is a Parquet file in `history/` with the cells that differ from the last night's, as the
contract reads them by `[leads.history]`. A value counts from the moment it was read and never from
earlier: what stands before it is nothing, or a night would know what was filled in later. Only
where a lead is younger than the last snapshot has its value held since it was created, and only in
columns that describe it: those that the contract ignores are overwritten within hours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from leadscore.features.cells import text_cell, time_cell
from leadscore.features.contract import load_contract
from leadscore.features.core import ContractError, DataError, naive, project_lock, replacing
from leadscore.features.shaping import open_shaped
from leadscore.features.sources import own_columns, place_of, row_number
from leadscore.features.tables import connected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract

HISTORY = "history"  # the folder of a project
PATTERN = f"{HISTORY}/*.parquet"
NOTES = b"leadscore"  # under which a file says when it was taken, and what is overwritten
SCHEMA = pa.schema(
    [
        pa.field("lead_id", pa.string()),
        pa.field("changed_at", pa.timestamp("us", "UTC")),
        pa.field("field", pa.string()),
        pa.field("old", pa.string()),
        pa.field("new", pa.string()),
    ]
)


@dataclass(frozen=True)
class Snapshot:
    """What became of a night's snapshot.

    Parameters
    ----------
    file
        The night's file.
    outcome
        `first`, `changes`, or `there`: the night had its snapshot already, and nothing was done.
    rows
        How many cells differ from the last snapshot; of the first, all.
    columns
        The columns that are kept.
    to_add
        Lines for `leadscore.toml`, where it does not read the history yet and ignores columns
        that could count.
    """

    file: Path
    outcome: Literal["first", "changes", "there"]
    rows: int
    columns: tuple[str, ...]
    to_add: str | None


@dataclass(frozen=True)
class _Last:
    """What the snapshots before tonight's say."""

    files: tuple[Path, ...]
    taken_at: datetime | None  # UTC, without a zone
    overwritten: frozenset[str]  # columns that the contract ignored at some time


def take_snapshot(directory: Path, *, at: datetime | None = None) -> Snapshot:
    """Write what changed in the leads' columns since the last snapshot; once a night.

    Parameters
    ----------
    directory
        The project folder.
    at
        When the leads are read; by default now. A night is a date in UTC.

    Raises
    ------
    ContractError
        Where the contract has another history, or no `leads.lead_id`.
    DataError
        Where the leads cannot be read, or a later snapshot is there.
    """
    contract = load_contract(directory)
    columns = _kept_columns(contract)
    with project_lock(directory, command="snapshot"):
        night = naive(at or datetime.now(UTC))
        file = directory / HISTORY / f"{night:%Y-%m-%d}.parquet"
        to_add = None if contract.leads.history else _lines_to_add(contract)
        if file.exists():
            rows = pq.ParquetFile(file).metadata.num_rows
            return Snapshot(file, "there", rows, columns, to_add)
        last = _last(directory)
        if last.taken_at is not None and last.taken_at >= night:
            raise DataError(
                f"{last.files[-1]} is of {last.taken_at:%Y-%m-%d %H:%M} UTC, later than "
                f"{night:%Y-%m-%d %H:%M}. Is the clock right?"
            )
        overwritten = last.overwritten | {each for each in columns if _is_ignored(contract, each)}
        with connected() as connection:
            cells = connection.create_table("cells", _cells(connection, contract, columns))
            moment = naive(at or datetime.now(UTC))  # never earlier than what was read
            changes = _changes(connection, cells, last, overwritten)
            rows = _write(changes, file, moment, overwritten)
    return Snapshot(file, "changes" if last.files else "first", rows, columns, to_add)


def _kept_columns(contract: Contract) -> tuple[str, ...]:
    """List the columns that the contract names and that are neither personal nor bookkeeping."""
    leads = contract.leads
    if leads.lead_id is None:
        raise ContractError("`leads.lead_id` is not set: a snapshot follows leads by their ids")
    if leads.valid_from is not None or (leads.history and leads.history.path != PATTERN):
        setting = "valid_from" if leads.valid_from is not None else "history"
        raise ContractError(
            f"`leads.{setting}` says that the system keeps a history already; a snapshot adds "
            "nothing to it"
        )
    reserved = {leads.lead_id, leads.created_at, leads.target, leads.merged_into, leads.newest_by}
    reserved |= {*leads.aliases, *leads.deleted, *leads.deleted_at}
    named = leads.columns.items()
    return tuple(each for each, spec in named if spec.role != "personal" and each not in reserved)


def _last(directory: Path) -> _Last:
    files = tuple(sorted((directory / HISTORY).glob("*.parquet")))
    if not files:
        return _Last((), None, frozenset())
    metadata = pq.read_schema(files[-1]).metadata or {}
    if NOTES not in metadata:
        raise DataError(f"{files[-1]} was not written by `leadscore snapshot`; move it elsewhere")
    notes = json.loads(metadata[NOTES])
    return _Last(files, datetime.fromisoformat(notes["taken_at"]), frozenset(notes["overwritten"]))


def _cells(connection: Backend, contract: Contract, columns: Sequence[str]) -> ir.Table:
    """Read the leads as a row a cell: `lead_id`, `created_at`, `field`, `new`."""
    leads, reading = contract.leads, contract.reading
    raw = open_shaped(connection, contract, name="leads")
    place, available = place_of(contract, leads), own_columns(raw)
    for name in columns:
        if name not in available:
            setting = f'leads.columns."{name}"'
            raise DataError.from_missing_column(place, name, available, setting=setting)
    created = leads.created_at or ("created_at" if "created_at" in available else None)
    for setting, column in (("lead_id", leads.lead_id), ("created_at", created)):
        if column is not None and column not in available:
            place_of_it = f"leads.{setting}"
            raise DataError.from_missing_column(place, column, available, setting=place_of_it)
    rows = raw.select(
        lead_id=text_cell(raw[str(leads.lead_id)], reading),
        created_at=ibis.null("timestamp") if created is None else time_cell(raw[created], reading),
        row=row_number(raw),
        **{f"cell_{n}": _as_text(raw[name], contract) for n, name in enumerate(columns)},
    ).filter(_.lead_id.notnull())
    order = ibis.row_number().over(group_by="lead_id", order_by=["created_at", "row"])
    rows = rows.mutate(copy=order).filter(_["copy"] == 0)
    names = ibis.literal(list(columns), type="array<string>")
    cells = ibis.array([rows[f"cell_{n}"] for n in range(len(columns))])
    pairs = rows.select("lead_id", "created_at", pair=names.zip(cells).unnest())
    return pairs.select("lead_id", "created_at", field=pairs.pair.f1, new=pairs.pair.f2)


def _as_text(column: ir.Column, contract: Contract) -> ir.StringValue:
    """Write a cell as the contract's readers take it; an empty one as an empty text."""
    text = column.cast("string").strip().fill_null("")
    if column.type().is_numeric() and contract.reading.decimal == ",":
        return text.replace(".", ",")
    return text


def _changes(
    connection: Backend, cells: ir.Table, last: _Last, overwritten: frozenset[str]
) -> ir.Table:
    """Return `lead_id`, `field`, `old`, `new` of the cells that differ from the last snapshot."""
    if not last.files:
        return cells.select("lead_id", "field", old=ibis.literal(""), new="new")
    told = connection.read_parquet([str(file) for file in last.files])
    held = told.group_by("lead_id", "field").aggregate(was=told.new.argmax(told.changed_at))
    known = held.select(known_id="lead_id").distinct()
    joined = cells.left_join(
        held.rename(held_id="lead_id", held_field="field"),
        [("lead_id", "held_id"), ("field", "held_field")],
    ).left_join(known, [("lead_id", "known_id")])
    is_young = joined.known_id.isnull() & (joined.created_at >= ibis.literal(last.taken_at))
    since_created = is_young & joined.field.notin(sorted(overwritten) or [""])
    old = ibis.cases(
        (joined.was.notnull(), joined.was), (since_created.fill_null(False), joined.new), else_=""
    )
    differs = joined.filter(joined.was.isnull() | (joined.was != joined.new))
    return differs.select("lead_id", "field", old=old, new="new")


def _write(changes: ir.Table, file: Path, moment: datetime, overwritten: frozenset[str]) -> int:
    notes = {"taken_at": moment.isoformat(), "overwritten": sorted(overwritten)}
    schema = SCHEMA.with_metadata({NOTES: json.dumps(notes).encode()})
    changed_at = ibis.literal(moment.replace(tzinfo=UTC), type="timestamp('UTC')")
    every = changes.mutate(changed_at=changed_at).order_by("lead_id", "field")
    rows = 0
    with replacing(file, sync=True) as part, pq.ParquetWriter(part, schema) as writer:
        for batch in every.select(*SCHEMA.names).to_pyarrow_batches():
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
            rows += batch.num_rows
    return rows


def _lines_to_add(contract: Contract) -> str | None:
    """Write the section by which the contract reads the history, of overwritten columns alone."""
    ignored = [each for each in _kept_columns(contract) if _is_ignored(contract, each)]
    if not ignored:  # without `fields` all columns would be unknown before the first snapshot
        return None
    named = [json.dumps(each, ensure_ascii=False) for each in ignored]
    return "\n".join(
        [
            "[leads.history]",
            f'path = "{PATTERN}"',
            'old = "old"',
            "",
            "[leads.history.fields]  # columns that count as of each night; others are as today",
            *(f"{each} = {each}" for each in named),
        ]
    )


def _is_ignored(contract: Contract, column: str) -> bool:
    return contract.leads.columns[column].role == "ignored"
