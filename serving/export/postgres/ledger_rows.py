"""A night as the ledger's files hold it: what names it, its rows, and those that changed."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadscore.serving.ledger import LEDGER, SCHEMA, LedgerError, folder_of, nights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

PART_FILES = "part-*.parquet"
BATCH_ROWS = 65_536  # some 20 MB of a night's columns: enough for speed, little for memory
MEMORY_LIMIT = "1GB"  # DuckDB spills past it; the server mostly runs on the same small machine

# What a reader would call another verdict. A score counts in whole points, as people see it:
# propensities move a little every night.
VERDICT = ("tier", "model_tier", "rule", "team")


@dataclass(frozen=True)
class LedgerNight:
    """One night of the ledger.

    Parameters
    ----------
    as_of
        The night.
    files
        Its Parquet files.
    rows
        How many leads it holds.
    digest
        64 hexadecimal digits that name the files' content.
    run_id, model_version, policy_version
        What said so.
    """

    as_of: datetime
    files: tuple[Path, ...]
    rows: int
    digest: str
    run_id: str
    model_version: str
    policy_version: str

    def batches(self) -> pa.RecordBatchReader:
        """Read the rows, of `ledger.schema.SCHEMA`, some thousands at a time."""
        return pa.RecordBatchReader.from_batches(SCHEMA, self._batches())

    def nul_columns(self) -> list[str]:
        """Name the text columns that hold the character NUL, which PostgreSQL cannot store."""
        texts = [f.name for f in SCHEMA if _is_text(f.type)]
        found = set()
        for batch in self._batches():
            for name in texts:
                column = batch[name]
                words = column.flatten() if pa.types.is_list(column.type) else column
                if pc.any(pc.match_substring(words, "\0")).as_py():
                    found.add(name)
        return [name for name in texts if name in found]

    def _batches(self) -> Iterator[pa.RecordBatch]:
        # A dataset's scanner reads ahead of a slow taker until a gigabyte waits.
        for file in self.files:
            with pq.ParquetFile(file) as parquet:
                have = [name for name in SCHEMA.names if name in parquet.schema_arrow.names]
                for batch in parquet.iter_batches(BATCH_ROWS, columns=have):
                    yield _as_ledger(batch)


def ledger_night(directory: Path, as_of: datetime) -> LedgerNight:
    """Find one night in the ledger of a project folder.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        The night, with a time zone.

    Returns
    -------
    LedgerNight

    Raises
    ------
    LedgerError
        Where the ledger has no such night.
    """
    files = tuple(sorted((directory / LEDGER / folder_of(as_of)).glob(PART_FILES)))
    if not files:
        known = ", ".join(f"{night:%Y-%m-%d}" for night in nights(directory)[-3:])
        raise LedgerError(
            f"The ledger of {directory} has no night {as_of:%Y-%m-%d %H:%M} UTC to publish. "
            f"{f'Its newest are {known}.' if known else 'It is empty: run `leadscore score`.'}"
        )
    with pq.ParquetFile(files[0]) as parquet:
        first = next(parquet.iter_batches(1, columns=["run_id", "model_version", "policy_version"]))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    return LedgerNight(as_of, files, rows, _digest(files), **first.to_pylist()[0])


@contextmanager
def changed_batches(
    night: LedgerNight, before: LedgerNight | None
) -> Iterator[pa.RecordBatchReader]:
    """Read the rows of a night whose verdict is not the lead's of the night before.

    Parameters
    ----------
    night
        The night.
    before
        The night to compare with; None where every row is new.

    Yields
    ------
    pa.RecordBatchReader
        Rows of `ledger.schema.SCHEMA`: leads that were not there, and leads whose `VERDICT`
        columns or score in whole points differ.
    """
    if before is None:
        yield night.batches()
        return
    with tempfile.TemporaryDirectory() as scratch:
        connection = ibis.duckdb.connect(memory_limit=MEMORY_LIMIT, temp_directory=scratch)
        try:
            now, then = (_opened(connection, each) for each in (night, before))
            rows = _changed(now, then).to_pyarrow_batches(chunk_size=BATCH_ROWS)
            yield pa.RecordBatchReader.from_batches(SCHEMA, map(_as_ledger, rows))
        finally:
            connection.disconnect()


def _opened(connection: Backend, night: LedgerNight) -> ir.Table:
    """Open a night's files, with empty columns where they are older than today's ledger."""
    table = connection.read_parquet([str(file) for file in night.files], union_by_name=True)
    missing = [field for field in SCHEMA if field.name not in table.columns]
    kinds = ibis.Schema.from_pyarrow(SCHEMA)
    return table.mutate(**{field.name: ibis.null(kinds[field.name]) for field in missing})


def _changed(now: ir.Table, then: ir.Table) -> ir.Table:
    compared = {f"{name}_then": _said(then, name) for name in (*VERDICT, "score")}
    then = then.select(lead_id_then=then.lead_id, **compared)
    both = now.left_join(then, now.lead_id == then.lead_id_then)
    differs = both.lead_id_then.isnull()
    for name in (*VERDICT, "score"):
        differs |= ~_said(both, name).identical_to(both[f"{name}_then"])
    return both.filter(differs).select(*SCHEMA.names)


def _said(table: ir.Table, name: str) -> ir.Value:
    return table[name].round() if name == "score" else table[name]


def _as_ledger(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give rows the ledger's columns and types.

    A night that is older than a column has it empty, and DuckDB names the machine's time zone.
    """
    columns = [
        batch[field.name].cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(batch.num_rows, field.type)
        for field in SCHEMA
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def _is_text(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_list(kind) else kind
    return bool(pa.types.is_string(inner))


def _digest(files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()
