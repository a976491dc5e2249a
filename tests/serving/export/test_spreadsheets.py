from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from leadscore.serving.export.list_columns import COLUMNS
from leadscore.serving.export.spreadsheets import export, neutralised

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

HEADINGS = [column.heading for column in COLUMNS]


def from_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def from_xlsx(file: Path) -> list[dict[str, object]]:
    page = load_workbook(file).worksheets[0]
    rows = list(page.iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]  # type: ignore[arg-type]


def test_four_files_are_written_and_named_for_the_night(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    exported = export(night, tmp_path / "out")
    names = [file.name for file in exported.files]
    assert names == [f"{n}_2026-06-30.{e}" for n in ("handoff", "tiers") for e in ("csv", "xlsx")]
    assert (exported.handoffs, exported.leads) == (2, 10)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(names)


def test_the_csv_opens_in_excel_as_people_read_it(tmp_path: Path, night: pd.DataFrame) -> None:
    handoff, _, tiers, _ = export(night, tmp_path).files
    assert handoff.read_bytes().startswith(b"\xef\xbb\xbf")
    first = from_csv(handoff)[0]
    assert list(first) == HEADINGS
    assert first["Chance of SQL"] == "95.0%"
    assert first["Score (0-100)"] == "95"
    assert first["As of"] == "2026-06-30 00:00"
    assert first["For, reason 1"] == "Pricing page views: 4 (typical lead: 0)"
    assert first["For, reason 2"] == "Trial: yes"
    assert first["For, reason 3"] == first["Expected value"] == ""
    assert [row["Tier"] for row in from_csv(tiers)] == ["SQL"] * 3 + ["MQL"] * 3 + ["Nurture"] * 4
    assert from_csv(tiers)[1]["Rule"] == "already qualified by sales"


def test_the_workbook_holds_numbers_dates_and_a_frozen_filtered_heading(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    file = export(night, tmp_path, timezone="Europe/Amsterdam").files[3]
    page = load_workbook(file).worksheets[0]
    assert page.freeze_panes == "B2"
    assert page.auto_filter.ref == "A1:Z11"
    assert page["F2"].number_format == "0.0%"
    assert page.column_dimensions["H"].width > 40
    row = from_xlsx(file)[0]
    assert list(row) == HEADINGS
    assert row["Chance of SQL"] == pytest.approx(0.95)
    assert row["As of"] == datetime(2026, 6, 30, 2, 0)
    assert file.name == "tiers_2026-06-30T02-00.xlsx"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b=1",
        "＝1",
        "x;=1",
        "x\n=1",
        '=HYPERLINK("http://x","y")',
    ],
)
def test_no_cell_runs_as_a_formula(tmp_path: Path, night: pd.DataFrame, cell: str) -> None:
    night.loc[9, "lead_id"] = cell
    night["reasons_for"] = [[cell]] * len(night)
    handoff_csv, handoff_xlsx, *_ = export(night, tmp_path).files
    told = neutralised(cell)
    assert "'" in told
    first = from_csv(handoff_csv)[0]
    assert (first["Lead"], first["For, reason 1"]) == (told, told)
    page = load_workbook(handoff_xlsx).worksheets[0]
    assert page["A2"].data_type in {"s", "inlineStr"}
    assert str(page["A2"].value).replace("\r", "").startswith(told[:1])


@given(st.text(max_size=20))
def test_neutralising_only_adds_apostrophes_and_twice_is_once(text: str) -> None:
    safe = neutralised(text)
    assert safe.replace("'", "") == text.replace("'", "")
    assert neutralised(safe) == safe
    assert safe.lstrip()[:1] not in {"=", "+", "-", "@"}


@pytest.mark.parametrize("cell", ["Pages: 4", "a-b", "1-2", "e=mc", "x, -1", "", "1;2"])
def test_harmless_cells_stay_as_they_are(cell: str) -> None:
    assert neutralised(cell) == cell


def test_an_empty_handoff_list_is_a_heading_alone(tmp_path: Path, night: pd.DataFrame) -> None:
    exported = export(night.assign(tier="MQL"), tmp_path)
    assert exported.handoffs == 0
    assert from_csv(exported.files[0]) == from_xlsx(exported.files[1]) == []


def test_the_brief_the_line_and_the_models_own_verdict_have_columns(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    night["brief"] = [["First line.", "Second line."]] * 10
    rows = {row["Lead"]: row for row in from_csv(export(night, tmp_path).files[2])}
    assert (rows["L6"]["Brief, line 1"], rows["L6"]["Brief, line 2"]) == (
        "First line.",
        "Second line.",
    )
    assert (rows["L6"]["Place in line"], rows["L7"]["Place in line"]) == ("1", "")
    assert rows["L6"]["Team"] == "sales"
    assert rows["L6"]["Worth asking for"].startswith("Head count unknown")
    assert (rows["L8"]["Model alone"], rows["L9"]["Model alone"]) == ("", "SQL")


def test_a_rule_is_told_in_words(tmp_path: Path, night: pd.DataFrame) -> None:
    night.loc[9, "rule"] = "hand_raiser: asked for a demo"
    first = from_csv(export(night, tmp_path).files[0])[0]
    assert first["Rule"] == "asked for it: asked for a demo"


def test_a_night_from_before_there_were_briefs_is_exported(
    tmp_path: Path, night: pd.DataFrame
) -> None:
    night[["brief", "missing_facts"]] = [[[], []]] * len(night)
    night[["team", "model_tier"]] = None
    first = from_csv(export(night, tmp_path).files[0])[0]
    assert first["Brief, line 1"] == first["Worth asking for"] == first["Team"] == ""


def test_a_failing_export_leaves_the_earlier_files(
    tmp_path: Path, night: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = export(night, tmp_path).files[1].read_bytes()

    def full_disk(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leadscore.serving.export.spreadsheets._fill", full_disk)
    with pytest.raises(OSError, match="No space left"):
        export(night.tail(1), tmp_path)
    assert (tmp_path / "handoff_2026-06-30.xlsx").read_bytes() == earlier
    assert not list(tmp_path.glob(".*"))


def test_more_leads_than_a_sheet_holds_go_to_further_sheets(
    tmp_path: Path, night: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leadscore.serving.export.spreadsheets.MAX_SHEET_ROWS", 4)
    book = load_workbook(export(night, tmp_path).files[3])
    assert book.sheetnames == ["Tiers", "Tiers 2", "Tiers 3"]
    assert [page.max_row - 1 for page in book.worksheets] == [4, 4, 2]
