"""Reads a table from behind an Ibis address, in types that every driver can hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis.expr.datatypes as dt
from ibis.common.exceptions import TableNotFound

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

# Drivers make Python's objects of each batch's cells: some 100 MB at a time, not gigabytes.
BATCH_ROWS = 50_000

AS_TEXT = (dt.UUID, dt.INET, dt.MACADDR, dt.Unknown, dt.GeoSpatial)


def remote_table(remote: BaseBackend, name: str) -> ir.Table:
    """Find a table or view by its name, or by `schema.name`.

    Parameters
    ----------
    remote
        The connection.
    name
        The name as the contract has it; upper and lower case count.

    Returns
    -------
    ir.Table

    Raises
    ------
    TableNotFound
        Where there is none of that name.
    """
    try:
        return remote.table(name)
    except TableNotFound:
        schema, dot, bare = name.partition(".")
        if not dot:
            raise
        return remote.table(bare, database=schema)


def remote_batches(table: ir.Table, *, lead_id: str | None) -> pa.RecordBatchReader:
    """Read a table batch by batch, casting where it lives what Arrow or a driver would refuse.

    Parameters
    ----------
    table
        The table.
    lead_id
        The column of lead ids: exact numbers become text there, and float64 elsewhere.

    Returns
    -------
    pa.RecordBatchReader
        The same columns and rows; UUIDs, network addresses and types that Ibis does not know are
        text.
    """
    casts = {}
    for name, kind in table.schema().items():
        if isinstance(kind, AS_TEXT):
            casts[name] = "string"
        elif isinstance(kind, dt.Decimal):
            casts[name] = "string" if name == lead_id else "float64"
    return table.cast(casts).to_pyarrow_batches(chunk_size=BATCH_ROWS)
