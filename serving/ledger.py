"""The ledger: what was said of each lead each night, written once and never changed.

A night is a folder `ledger/night=2026-06-30/` (with the time where it is not midnight) with one
Parquet file, sorted by `lead_id`; of a large night each stretch of leads is sorted by itself. It
is staged on the same file system, checked, forced to disk and then moved into place by one rename,
so that a reader sees the whole night or none of it. A night that is said again differently keeps
its earlier verdicts in `ledger_replaced/`.

Other programs read it as they read any partitioned Parquet: `pandas.read_parquet("ledger")`, or
`ledger/*/*.parquet` in SQL.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.night import LISTS, SCHEMA, LedgerError
from serving.notes import NightNotes
from serving.staging import PART, ROW_GROUP, STAGING, clear_staging, keep, move, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

LEDGER = "ledger"
REPLACED = "ledger_replaced"
FOLDER = re.compile(r"night=(\d{4}-\d\d-\d\d(?:T\d\d-\d\d-\d\d(?:\.\d{6})?Z)?)")

ABOUT_THE_RUN = ("run_id", "scored_at")  # the same verdicts from another run are the same verdicts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """What became of a night.

    Parameters
    ----------
    as_of
        The night.
    rows
        How many leads it holds.
    outcome
        `written`; `unchanged`, where the same verdicts stood there already; `replaced`.
    path
        The night's file.
    replaced
        Where the earlier verdicts went, if they were replaced.
    """

    as_of: datetime
    rows: int
    outcome: Literal["written", "unchanged", "replaced"]
    path: Path
    replaced: Path | None = None


def write_night(
    directory: Path,
    night: pd.DataFrame | pa.Table | Iterable[pd.DataFrame | pa.Table],
    *,
    notes: NightNotes | None = None,
    replace: bool = False,
) -> Written:
    """Write one night, whole or not at all; call it under the project's lock.

    Parameters
    ----------
    directory
        The project folder.
    night
        A row a lead with the columns of `SCHEMA`, of one `as_of`, one run, one model and one
        policy. Missing is None or NaN. Or parts of it, no lead in two of them: one at a time is
        in memory.
    notes
        What holds for the whole night; the file carries it beside the rows.
    replace
        Whether a night that stands there with other verdicts may be said again. Its rows move to
        `ledger_replaced/<night>/<run_id>/`.

    Returns
    -------
    Written
        What became of it. The same verdicts again leave what is there untouched.

    Raises
    ------
    LedgerError
        Where the night is faulty, or another verdict stands and `replace` is false; nothing is
        written then.
    """
    parts = [night] if isinstance(night, (pd.DataFrame, pa.Table)) else night
    ledger = directory / LEDGER
    clear_staging(ledger)
    staging = ledger / f"{STAGING}{os.getpid()}"
    try:
        staged = stage(parts, staging / PART, notes)
        file = ledger / folder_of(staged.as_of) / PART
        if not file.exists():
            move(staging, file.parent)
            return Written(staged.as_of, staged.rows, "written", file)
        differing = _differing(file, staging / PART)
        if not differing:
            logger.info("The ledger holds the same verdicts for %s already", file.parent.name)
            return Written(staged.as_of, staged.rows, "unchanged", file)
        said_by = _run_of(file)
        if not replace:
            raise LedgerError(_conflict(staged.as_of, said_by, differing))
        kept = keep(file, directory / REPLACED / file.parent.name, said_by)
        move(staging / PART, file)
        return Written(staged.as_of, staged.rows, "replaced", file, kept)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if ledger.is_dir() and not any(ledger.iterdir()):
            ledger.rmdir()


def read_night(
    directory: Path, as_of: datetime, *, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read what was said of every lead one night.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        The night.
    columns
        The columns wanted; all, where left out.

    Returns
    -------
    pd.DataFrame
        The columns of `SCHEMA`, sorted by `lead_id`; reasons as lists of str.

    Raises
    ------
    LedgerError
        Where the ledger has no such night.
    """
    file = night_file(directory, as_of)
    wanted = SCHEMA.names if columns is None else list(columns)
    table = _read(file, list(dict.fromkeys(["lead_id", *wanted])))
    return _as_frame(table.sort_by("lead_id").select(wanted))


def night_batches(
    directory: Path, as_of: datetime, *, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Read a night some leads at a time, however many there are.

    Parameters
    ----------
    directory, as_of, columns
        As for `read_night`.

    Yields
    ------
    pa.Table
        Up to `ROW_GROUP` rows with the columns of `SCHEMA`, in the file's order.
    """
    names = SCHEMA.names if columns is None else list(columns)
    parquet = pq.ParquetFile(night_file(directory, as_of))
    have = [name for name in names if name in parquet.schema_arrow.names]
    for batch in parquet.iter_batches(ROW_GROUP, columns=have):
        yield as_today(pa.Table.from_batches([batch]), names)


def night_file(directory: Path, as_of: datetime) -> Path:
    """Find a night's file.

    Raises
    ------
    LedgerError
        Where the ledger has no such night: which nights there are.
    """
    file = directory / LEDGER / folder_of(as_of) / PART
    if not file.exists():
        known = nights(directory)
        held = (
            f"It goes from {known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d}."
            if known
            else "It is empty."
        )
        raise LedgerError(f"The ledger has no night {_utc(as_of):%Y-%m-%d %H:%M} UTC. {held}")
    return file


def read_notes(directory: Path, as_of: datetime) -> NightNotes | None:
    """Read what holds for a whole night; None where the night or its notes do not exist."""
    file = directory / LEDGER / folder_of(as_of) / PART
    if not file.exists():
        return None
    return NightNotes.from_metadata(pq.ParquetFile(file).schema_arrow.metadata)


def read_leads(
    directory: Path, as_of: datetime, lead_ids: Sequence[str], *, columns: Sequence[str]
) -> pd.DataFrame:
    """Read what was said of some leads one night.

    Parameters
    ----------
    directory, as_of, columns
        As for `read_night`.
    lead_ids
        The leads.

    Returns
    -------
    pd.DataFrame
        `columns`, on an index of `lead_id`.
    """
    file = night_file(directory, as_of)
    chosen = pc.field("lead_id").isin(pa.array(lead_ids, pa.string()))
    names = ["lead_id", *columns]
    have = [name for name in names if name in pq.read_schema(file).names]
    rows = pq.read_table(file, columns=have, filters=chosen, partitioning=None)
    return _as_frame(as_today(rows, names)).set_index("lead_id")


def nights(directory: Path) -> list[datetime]:
    """List the nights in the ledger of a project folder, earliest first, in UTC."""
    ledger = directory / LEDGER
    if not ledger.is_dir():
        return []
    found = (
        FOLDER.fullmatch(folder.name) for folder in ledger.iterdir() if (folder / PART).exists()
    )
    return sorted(_moment(match.group(1)) for match in found if match)


def latest_before(directory: Path, as_of: datetime) -> datetime | None:
    """Return the last night of a project folder's ledger strictly before `as_of`, or None."""
    return max((night for night in nights(directory) if night < _utc(as_of)), default=None)


def history(directory: Path, lead_id: str) -> pd.DataFrame:
    """Read everything that was said of one lead.

    Parameters
    ----------
    directory
        The project folder.
    lead_id
        The lead.

    Returns
    -------
    pd.DataFrame
        The columns of `SCHEMA`, a row a night, earliest first; no row where it was never scored.
    """
    found = [SCHEMA.empty_table()]
    for night in nights(directory):
        file = directory / LEDGER / folder_of(night) / PART
        rows = pq.read_table(file, filters=pc.field("lead_id") == lead_id, partitioning=None)
        found.append(as_today(rows, SCHEMA.names))
    return _as_frame(pa.concat_tables(found))


def _read(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    names = SCHEMA.names if columns is None else list(columns)
    parquet = pq.ParquetFile(file)
    have = [name for name in names if name in parquet.schema_arrow.names]
    return as_today(parquet.read(columns=have), names)


def as_today(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Give an earlier night the columns it did not have yet, empty, and today's order of them.

    Parameters
    ----------
    table
        Rows of a night's file.
    names
        The columns wanted.

    Returns
    -------
    pa.Table
        These columns, typed as `SCHEMA` has them.
    """
    for name in names:
        if name not in table.column_names:
            field = SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))


def folder_of(as_of: datetime) -> str:
    """Name a night's folder; no colons, which some file systems refuse."""
    utc = _utc(as_of)
    if utc.time() == time.min:
        return f"night={utc:%Y-%m-%d}"
    fraction = f".{utc.microsecond:06d}" if utc.microsecond else ""
    return f"night={utc:%Y-%m-%dT%H-%M-%S}{fraction}Z"


def _moment(text: str) -> datetime:
    form = "%Y-%m-%d" if "T" not in text else "%Y-%m-%dT%H-%M-%SZ"
    form = form.replace("Z", ".%fZ") if "." in text else form
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


def _differing(standing: Path, staged: Path) -> str:
    """Name what two files of a night say differently; empty where it is nothing.

    A column at a time: two whole nights may not fit in memory.
    """
    orders, ids = [], []
    for file in (standing, staged):
        lead_id = _read(file, ["lead_id"])["lead_id"]
        order = pc.sort_indices(lead_id)
        orders.append(order)
        ids.append(lead_id.take(order))
    if not ids[0].equals(ids[1]):
        return f"which leads there are ({len(ids[0]):,} then, {len(ids[1]):,} now)"
    names = [name for name in SCHEMA.names if name not in ABOUT_THE_RUN]
    return ", ".join(name for name in names if not _same(standing, staged, name, orders))


def _same(standing: Path, staged: Path, name: str, orders: Sequence[pa.Array]) -> bool:
    then, now = (
        _read(file, [name])[name].take(order)
        for file, order in zip((standing, staged), orders, strict=True)
    )
    return bool(then.equals(now))


def _run_of(file: Path) -> str:
    first = next(pq.ParquetFile(file).iter_batches(1, columns=["run_id"]))
    return str(first["run_id"][0].as_py())


def _conflict(as_of: datetime, said_by: str, differing: str) -> str:
    return (
        f"The ledger holds other verdicts for the night {as_of:%Y-%m-%d %H:%M} UTC, from run "
        f"{said_by}; different now: {differing}. It is unchanged. To say that night anew, ask for "
        "it to be replaced; the earlier verdicts are kept beside it."
    )


def _as_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    for name in LISTS:
        if name in frame:
            frame[name] = [[] if words is None else list(words) for words in frame[name]]
    return frame
