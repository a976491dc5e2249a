"""The ledger: what was said of each lead each night, written once and never changed.

A night is a folder `ledger/night=2026-06-30/` (with the time where it is not midnight) with one
Parquet file, sorted by `lead_id`. It is staged on the same file system, checked, forced to disk
and then moved into place by one rename, so that a reader sees the whole night or none of it. A
night that is said again differently keeps its earlier verdicts in `ledger_replaced/`.

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
from itertools import count
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.night import LISTS, SCHEMA, LedgerError, as_night
from serving.notes import NightNotes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

LEDGER = "ledger"
STAGING = ".staging-"
REPLACED = "ledger_replaced"
PART = "part-0.parquet"
ROW_GROUP = 65_536  # one lead's history then reads a few megabytes a night, not the whole file
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
    night: pd.DataFrame | pa.Table,
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
        policy. Missing is None or NaN.
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
    table = as_night(night)
    as_of = _utc(table["as_of"][0].as_py())
    ledger = directory / LEDGER
    _clear_staging(ledger)
    file = ledger / _folder(as_of) / PART
    standing = _read(file) if file.exists() else None
    if standing is not None and _verdicts(standing).equals(_verdicts(table)):
        logger.info("The ledger holds the same verdicts for %s already", file.parent.name)
        return Written(as_of, table.num_rows, "unchanged", file)
    if standing is not None and not replace:
        raise LedgerError(_conflict(standing, table, as_of))
    if notes is not None:
        table = table.replace_schema_metadata(notes.to_metadata())
    kept = _swap_in(table, standing, file)
    return Written(as_of, table.num_rows, "replaced" if kept else "written", file, kept)


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
    file = directory / LEDGER / _folder(as_of) / PART
    if not file.exists():
        known = nights(directory)
        held = (
            f"It goes from {known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d}."
            if known
            else "It is empty."
        )
        raise LedgerError(f"The ledger has no night {_utc(as_of):%Y-%m-%d %H:%M} UTC. {held}")
    return _as_frame(_read(file, columns))


def read_notes(directory: Path, as_of: datetime) -> NightNotes | None:
    """Read what holds for a whole night; None where the night or its notes do not exist."""
    file = directory / LEDGER / _folder(as_of) / PART
    if not file.exists():
        return None
    return NightNotes.from_metadata(pq.ParquetFile(file).schema_arrow.metadata)


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
        file = directory / LEDGER / _folder(night) / PART
        rows = pq.read_table(file, filters=pc.field("lead_id") == lead_id, partitioning=None)
        found.append(_as_today(rows, SCHEMA.names))
    return _as_frame(pa.concat_tables(found))


def _read(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    names = SCHEMA.names if columns is None else list(columns)
    parquet = pq.ParquetFile(file)
    have = [name for name in names if name in parquet.schema_arrow.names]
    return _as_today(parquet.read(columns=have), names)


def _as_today(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Give an earlier night the columns it did not have yet, empty, and today's order of them."""
    for name in names:
        if name not in table.column_names:
            field = SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))


def _folder(as_of: datetime) -> str:
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


def _verdicts(table: pa.Table) -> pa.Table:
    return table.drop_columns(list(ABOUT_THE_RUN))


def _conflict(standing: pa.Table, table: pa.Table, as_of: datetime) -> str:
    if standing["lead_id"].equals(table["lead_id"]):
        names = _verdicts(table).column_names
        differing = ", ".join(name for name in names if not standing[name].equals(table[name]))
    else:
        differing = f"which leads there are ({standing.num_rows:,} then, {table.num_rows:,} now)"
    return (
        f"The ledger holds other verdicts for the night {as_of:%Y-%m-%d %H:%M} UTC, from run "
        f"{standing['run_id'][0].as_py()}; different now: {differing}. It is unchanged. To say "
        f"that night anew, ask for it to be replaced; the earlier verdicts are kept beside it."
    )


def _clear_staging(ledger: Path) -> None:
    """Remove what dead runs left; the caller holds the project's lock, so none is alive."""
    for leftover in ledger.glob(f"{STAGING}*"):
        logger.warning("Removing %s, which an interrupted run left behind", leftover)
        shutil.rmtree(leftover)


def _swap_in(table: pa.Table, standing: pa.Table | None, file: Path) -> Path | None:
    """Stage a night and move it into place; return where the earlier one went, if there was one."""
    ledger = file.parent.parent
    staging = ledger / f"{STAGING}{table['run_id'][0].as_py()}"
    staging.mkdir(parents=True)
    try:
        _write(table, staging / PART)
        if standing is None:
            _move(staging, file.parent)
            return None
        kept = _keep(
            file, ledger.parent / REPLACED / file.parent.name, standing["run_id"][0].as_py()
        )
        _move(staging / PART, file)
        return kept
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(table: pa.Table, file: Path) -> None:
    """Write a file and read it back: what is swapped in has been seen to be whole."""
    pq.write_table(table, file, compression="zstd", row_group_size=ROW_GROUP)
    _sync(file)
    _sync(file.parent)
    if not pq.ParquetFile(file).read().equals(table):
        raise LedgerError(f"{file} does not read back as it was written; is the disk in order?")


def _move(source: Path, target: Path) -> None:
    source.replace(target)
    _sync(target.parent)


def _keep(file: Path, folder: Path, run_id: str) -> Path:
    """Give the earlier night a second name before its first is taken: it is never without one."""
    for turn in count(1):
        kept = folder / (run_id if turn == 1 else f"{run_id}-{turn}") / PART
        if kept.exists() and not kept.samefile(file):
            continue  # other verdicts of a run of the same name
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, kept)
            except OSError:  # a file system without hard links
                shutil.copyfile(file, kept)
            _sync(kept)
            _sync(kept.parent)
        break
    return kept


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _as_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    for name in LISTS:
        if name in frame:
            frame[name] = [[] if words is None else list(words) for words in frame[name]]
    return frame
