from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING

from leadscore.serving.ledger.writer import write_night

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from tests.conftest import Ran

    Run = Callable[..., Ran]


def rows_in(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_command_says_what_was_left_out_and_where_to_import(
    run_cli: Run, tmp_path: Path, night: pd.DataFrame
) -> None:
    write_night(tmp_path, night)
    later = night.assign(as_of=night["as_of"] + timedelta(days=1))
    later.loc[3, "tier"] = "MQL"
    write_night(tmp_path, later)
    ran = run_cli("export", "-C", tmp_path, "--for", "salesforce", "--only-changed")
    said = " ".join(ran.err.split())
    assert ran.code == 0
    rows = rows_in(tmp_path / "exports" / "salesforce_changed_2026-07-01.csv")
    assert [row["Id"] for row in rows] == ["L3"]
    assert "1 leads" not in said
    assert "9 leads are as the night before and were left out" in said
    assert "Data Import Wizard" in said


def test_an_unknown_system_is_bad_input_with_the_nearest_name(
    run_cli: Run, tmp_path: Path, night: pd.DataFrame
) -> None:
    write_night(tmp_path, night)
    ran = run_cli("export", "-C", tmp_path, "--for", "hubpsot")
    assert ran.code == 2
    assert "Did you mean 'hubspot'?" in " ".join(ran.err.split())
    assert not (tmp_path / "exports").exists()


def test_only_changed_without_a_system_is_refused(run_cli: Run, tmp_path: Path) -> None:
    ran = run_cli("export", "-C", tmp_path, "--only-changed")
    assert ran.code == 2
    assert "--for SYSTEM" in ran.err
