"""A night's file on its way into the ledger: written, read back, and moved into place at once."""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.serving.ledger.schema import ONE_A_NIGHT, SCHEMA, LedgerError, as_night

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from leadscore.serving.ledger.night_metadata import NightNotes

STAGING = ".staging-"
PART = "part-0.parquet"
ROW_GROUP = 65_536  # one lead's history then reads a few megabytes a night, not the whole file

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Staged:
    """A night's file that is written, checked, and not in its place yet.

    Parameters
    ----------
    as_of
        The night, UTC.
    rows
        How many leads it holds.
    """

    as_of: datetime
    rows: int


def stage(parts: Iterable[pd.DataFrame | pa.Table], file: Path, notes: NightNotes | None) -> Staged:
    """Write a night's parts to one file, one after another, and see that it is whole.

    Parameters
    ----------
    parts
        Rows with the columns of `SCHEMA`; each is checked and sorted by `lead_id`. Some may be
        empty.
    file
        Where to; its folder is made.
    notes
        What holds for the whole night.

    Returns
    -------
    Staged

    Raises
    ------
    LedgerError
        Where a part is faulty, of another night than the first, or does not read back.
    """
    first: pa.Table | None = None
    rows, writer = 0, None
    try:
        for part in parts:
            if len(part) == 0:
                continue
            table = as_night(part)
            if first is None or writer is None:
                first = table.slice(0, 1)
                file.parent.mkdir(parents=True)
                metadata = notes.to_metadata() if notes is not None else None
                schema = SCHEMA.with_metadata(metadata)
                writer = pq.ParquetWriter(
                    file, schema, compression="zstd", write_page_checksum=True
                )
            _refuse_other_night(first, table)
            writer.write_table(table.replace_schema_metadata(schema.metadata), ROW_GROUP)
            rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    if first is None:
        raise LedgerError("The night has no lead in it, so there is nothing to write")
    _sync(file)
    _sync(file.parent)
    _read_back(file, rows)
    return Staged(first["as_of"][0].as_py(), rows)


def _refuse_other_night(first: pa.Table, table: pa.Table) -> None:
    for name in ONE_A_NIGHT:
        if first[name][0] != table[name][0]:
            raise LedgerError(
                f"The parts of the night have different values of {name}: {first[name][0]} and "
                f"{table[name][0]}. The ledger is unchanged."
            )


def _read_back(file: Path, rows: int) -> None:
    """Read every page: what is swapped in has been seen to be whole."""
    try:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        found = sum(len(batch) for batch in parquet.iter_batches(ROW_GROUP))
    except (OSError, pa.ArrowException) as error:
        raise LedgerError(f"{file} does not read back; is the disk in order? {error}") from error
    if found != rows:
        raise LedgerError(f"{file} reads back {found:,} of {rows:,} rows; is the disk in order?")


def move(source: Path, target: Path) -> None:
    """Rename on one file system, for good: a reader finds the old or the new."""
    source.replace(target)
    _sync(target.parent)


def keep(file: Path, folder: Path, run_id: str) -> Path:
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


def clear_staging(ledger: Path) -> None:
    """Remove what dead runs left; the caller holds the project's lock, so none is alive."""
    for leftover in ledger.glob(f"{STAGING}*"):
        logger.warning("Removing %s, which an interrupted run left behind", leftover)
        shutil.rmtree(leftover)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
