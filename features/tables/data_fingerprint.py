"""A short fingerprint of cleaned tables, which the order of their rows does not change."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables.tables import Tables


def fingerprint(tables: Tables) -> str:
    """Fingerprint the cleaned tables and the contract they were read by: 16 hexadecimal digits."""
    digest = hashlib.sha256(tables.contract.model_dump_json().encode())
    digest.update(str(tables.data_end).encode())
    parts = {"leads": tables.leads, "events": tables.events, "outcomes": tables.outcomes}
    parts["versions"] = tables.versions
    for name, table in parts.items():
        if table is not None:
            digest.update(f"{name}:{_of_rows(table)}".encode())
    return digest.hexdigest()[:16]


def _of_rows(table: ir.Table) -> str:
    """Return the number of rows and the sum of their hashes."""
    cells = [table[column].cast("string").fill_null("␀") for column in table.columns]
    row = cells[0]
    for cell in cells[1:]:
        row = row + "\x1f" + cell
    # Half the bits, so that the sum of a billion rows still fits.
    found = table.aggregate(rows=ibis._.count(), total=(row.hash() // 2**32).sum()).to_pyarrow()
    return f"{found['rows'][0].as_py()}:{found['total'][0].as_py()}"
