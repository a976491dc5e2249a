from __future__ import annotations

import ibis
import pyarrow as pa
import pytest

from leadscore.features.contract import Reading


@pytest.fixture
def read():
    """Read a column of cells, with settings of `[reading]`."""

    def of_column(cell, values, **reading):
        column = ibis.memtable(pa.table({"given": pa.array(values)}))["given"]
        found = cell(column, Reading.model_validate(reading)).name("read").to_pyarrow().to_pylist()
        assert len(found) == len(values)
        return found

    return of_column
