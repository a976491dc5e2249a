"""A contract's tables as they come out of cleaning."""

from __future__ import annotations

import pytest


@pytest.fixture
def read(write_project, open_project):
    """Write a contract and its files; return the usable rows of each table, and the faults."""

    def opened(contract, **files):
        tables = open_project(write_project(contract, **files))
        rows = {
            name: table.to_pandas()
            for name in ("leads", "events", "outcomes", "versions")
            if (table := getattr(tables, name)) is not None
        }
        return rows | {"faults": tables.quarantine.rows}

    return opened
