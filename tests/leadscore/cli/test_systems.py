from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from leadscore.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def test_the_known_systems_are_listed() -> None:
    shown = CliRunner().invoke(app, ["systems"])
    assert shown.exit_code == 0
    assert "hubspot" in shown.output


def test_the_tables_of_an_export_are_shown(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Id,WhoId,ActivityDate\n1,2,2024-01-01\n", encoding="utf-8")
    shown = CliRunner().invoke(app, ["systems", str(tmp_path), "-C", str(tmp_path)])
    assert "x.csv: Salesforce: Task" in shown.output
    assert "CreatedDate" in shown.output


def test_a_folder_without_tables_says_so(tmp_path: Path) -> None:
    shown = CliRunner().invoke(app, ["systems", str(tmp_path)])
    assert shown.exit_code != 0
