"""The ledger: what was said of each lead each night, written once and never changed.

A night is a folder `ledger/night=2026-06-30/` (with the time where it is not midnight) with one
Parquet file, sorted by `lead_id`; of a large night each stretch of leads is sorted by itself. How
it is written stands in `ledger.writer`.

Other programs read it as they read any partitioned Parquet: `pandas.read_parquet("ledger")`, or
`ledger/*/*.parquet` in SQL.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadscore.serving.ledger.night_metadata import NightNotes
from leadscore.serving.ledger.schema import LISTS, SCHEMA, LedgerError, as_today
from leadscore.serving.ledger.staging import PART, ROW_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd

LEDGER = "ledger"
FOLDER = re.compile(r"night=(\d{4}-\d\d-\d\d(?:T\d\d-\d\d-\d\d(?:\.\d{6})?Z)?)")


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
    table = read_columns(file, list(dict.fromkeys(["lead_id", *wanted])))
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
    file = night_file(directory, as_of)
    with _damage_named(file):
        parquet = pq.ParquetFile(file)
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
    with _damage_named(file):
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
    with _damage_named(file):
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
        with _damage_named(file):
            rows = pq.read_table(file, filters=pc.field("lead_id") == lead_id, partitioning=None)
        found.append(as_today(rows, SCHEMA.names))
    return _as_frame(pa.concat_tables(found))


def read_columns(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some columns of a night's file in today's order and types; all by default."""
    names = SCHEMA.names if columns is None else list(columns)
    with _damage_named(file):
        parquet = pq.ParquetFile(file)
        have = [name for name in names if name in parquet.schema_arrow.names]
        return as_today(parquet.read(columns=have), names)


@contextlib.contextmanager
def _damage_named(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise LedgerError(
            f"{file} cannot be read: {str(error).splitlines()[0]} Restore it, or delete "
            "its folder and score the night again."
        ) from error


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


def _as_frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    for name in LISTS:
        if name in frame:
            frame[name] = [[] if words is None else list(words) for words in frame[name]]
    return frame
