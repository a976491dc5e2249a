"""Moments of a table with a time zone of its own, written in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells import time_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from leadscore.features.contract import Contract, Reading, Source

IN_UTC = "%Y-%m-%dT%H:%M:%S.%fZ"


def reading_of(source: Source, contract: Contract) -> Reading:
    """Return how a table's cells are read, its own time zone counted."""
    zone = source.timezone or contract.reading.timezone
    return contract.reading.model_copy(update={"timezone": zone})


def with_utc(
    rows: ir.Table, columns: Iterable[str | None], source: Source, contract: Contract
) -> ir.Table:
    """Write the moments of some columns in UTC, where the table has a zone of its own.

    What cannot be read stays as it is.
    """
    if source.timezone is None or source.timezone == contract.reading.timezone:
        return rows
    reading = reading_of(source, contract)
    written = {
        column: ibis.coalesce(
            time_cell(rows[column], reading).strftime(IN_UTC), rows[column].cast("string")
        )
        for column in columns
        if column is not None and column in rows.columns
    }
    return rows.mutate(**written)
