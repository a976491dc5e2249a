from __future__ import annotations

import pytest

FLAT = """
[leads]
path = "{path}"
{sheet}
target = "won"
[leads.columns]
"city" = "firmographic:text"
[reading]
{reading}
"""


@pytest.fixture
def rows_of(write_project, open_project):
    """Read the numbers, cities and outcomes of a one-column project, and its broken lines."""

    def read(path, *, sheet=None, **reading):
        contract = FLAT.format(
            path=path,
            sheet="" if sheet is None else f'sheet = "{sheet}"',
            reading="\n".join(f'{name} = "{value}"' for name, value in reading.items())
            + "\nmax_quarantine_share = 1.0",
        )
        tables = open_project(write_project(contract))
        name = tables.attributes[0].name
        leads = tables.leads.order_by(tables.leads.lead_id.cast("int64"))
        found = leads.select("lead_id", name, "target").to_pyarrow().to_pylist()
        rows = [(int(row["lead_id"]), row[name], row["target"]) for row in found]
        return rows, tables.quarantine.rows["row"].tolist()

    return read
