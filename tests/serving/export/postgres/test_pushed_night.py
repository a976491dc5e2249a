"""A whole night whose tables stay in a real PostgreSQL server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import ibis
import pandas as pd
import psycopg
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE
from leadscore.serving.nightly.run_night import score_night
from tests.conftest import NIGHT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

TABLES = {"leads": "leads.csv", "events": "events/*.parquet", "outcomes": "outcomes.csv"}
OF_THE_RUN = ["run_id", "scored_at"]


@pytest.fixture
def pushed(
    project: Project, own_project: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The company's project with its tables in PostgreSQL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE company_that_stays")
    address = server.replace("/postgres?", "/company_that_stays?")
    monkeypatch.setenv("CRM", address)
    crm = ibis.connect(address)
    file = own_project / CONTRACT_FILE
    contract = file.read_text().replace("[reading]", "[reading]\npush_down = true")
    for name, path in TABLES.items():
        rows = duckdb.sql(f"FROM '{project.directory / 'raw' / path}'")
        crm.create_table(name, rows.to_arrow_table())
        at = contract.index("path = ", contract.index(f"[{name}]"))
        end = contract.index("\n", at)
        contract = f'{contract[:at]}address = "env:CRM"\ntable = "{name}"{contract[end:]}'
    crm.disconnect()
    file.write_text(contract)
    return own_project


def test_the_night_is_the_one_that_files_give(
    project: Project, pushed: Path, tmp_path: Path
) -> None:
    from_files = tmp_path / "files"
    left_out = shutil.ignore_patterns("mlartifacts", "truth", "ledger")
    shutil.copytree(project.directory, from_files, ignore=left_out)
    nights = [score_night(directory, as_of=NIGHT) for directory in (from_files, pushed)]
    said, found = (
        pd.read_parquet(night.written.path).sort_values("lead_id", ignore_index=True)
        for night in nights
        if night.written is not None
    )
    assert len(said) > 500
    pd.testing.assert_frame_equal(
        found.drop(columns=OF_THE_RUN), said.drop(columns=OF_THE_RUN), rtol=1e-9, atol=1e-9
    )
