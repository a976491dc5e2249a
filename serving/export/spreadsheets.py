"""The handoff list and all tiers as files that marketing operations open in a spreadsheet.

Cells that a spreadsheet would run as a formula are made plain text by a leading apostrophe, as
OWASP's page on CSV injection advises, in CSV and XLSX alike: what is opened as one is often saved
as the other. A `lead_id` such as "=1" is therefore "'=1" here; the ledger keeps it as it is.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import xlsxwriter

from leadscore.features.core import replacing
from leadscore.serving.export.list_columns import COLUMNS, handoffs, ranked, sheet

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from leadscore.serving.export.list_columns import Kind

MAX_SHEET_ROWS = 1_048_575  # Excel's limit, less the heading

# What a spreadsheet takes for the start of a formula, its full-width forms included, behind any
# blank or invisible sign; at the start of a cell, or after what some locales split cells at.
FORMULA = re.compile(
    r"(^|[;\t\r\n])(?=[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠])|^(?=[\t\r\n])"
)

XLSX_FORMATS: dict[Kind, str] = {
    "text": "@",
    "percent": "0.0%",
    "whole": "0",
    "amount": "#,##0",
    "moment": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True)
class Exported:
    """The files that were written, and how many leads are handed over and in all."""

    files: tuple[Path, ...]  # the handoff list first
    handoffs: int
    leads: int


def export(night: pd.DataFrame, out: Path, *, timezone: str = "UTC") -> Exported:
    """Write the handoff list and all tiers of a night, each as CSV and XLSX.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns, as `read_night` returns them.
    out
        A folder, made where it does not exist; files of the same night are replaced.
    timezone
        Of the dates in the files and their names.
    """
    out.mkdir(parents=True, exist_ok=True)
    handoff, everyone = handoffs(night), ranked(night)
    day = "empty" if night.empty else day_of(night["as_of"].iloc[0], timezone)
    files = []
    for name, leads in (("handoff", handoff), ("tiers", everyone)):
        shown = _neutral(sheet(leads, timezone))
        stem = f"{name}_{day}"
        files += [_write_csv(shown, out / f"{stem}.csv")]
        files += [_write_xlsx(shown, out / f"{stem}.xlsx", title=name.capitalize())]
    return Exported(tuple(files), handoffs=len(handoff), leads=len(everyone))


def day_of(as_of: datetime, timezone: str = "UTC") -> str:
    """Name a night in the name of a file: its date, with the time where it is not midnight."""
    local = as_of.astimezone(ZoneInfo(timezone))
    at_midnight = (local.hour, local.minute) == (0, 0)
    return f"{local:%Y-%m-%d}" if at_midnight else f"{local:%Y-%m-%dT%H-%M}"


def neutralised(text: str) -> str:
    """Make a cell plain text where a spreadsheet would run it.

    Examples
    --------
    >>> neutralised("=1+1"), neutralised("  @cmd"), neutralised("Pages: 4")
    ("'=1+1", "'  @cmd", 'Pages: 4')
    """
    return FORMULA.sub(lambda match: f"{match.group(1) or ''}'", text)


def _neutral(shown: pd.DataFrame) -> pd.DataFrame:
    texts = [column.source for column in COLUMNS if column.kind == "text"]
    cells = {name: shown[name].map(neutralised, na_action="ignore") for name in texts}
    safe = shown.assign(**cells).astype(object)
    return safe.where(safe.notna(), None)


def _write_csv(shown: pd.DataFrame, file: Path) -> Path:
    # utf-8-sig: without the mark Excel takes the file for the local 8-bit code page.
    with (
        replacing(file, sync=True) as part,
        part.open("w", encoding="utf-8-sig", newline="") as handle,
    ):
        writer = csv.writer(handle, quoting=csv.QUOTE_ALL)
        writer.writerow([column.heading for column in COLUMNS])
        kinds = [column.kind for column in COLUMNS]
        for row in shown.itertuples(index=False, name=None):
            writer.writerow([_as_text(value, kind) for value, kind in zip(row, kinds, strict=True)])
    return file


def _as_text(value: object, kind: Kind) -> str:
    if value is None:
        return ""
    if kind == "moment":
        return f"{value:%Y-%m-%d %H:%M}"
    if kind == "text":
        return str(value)
    return format(value, {"percent": ".1%", "whole": ".0f", "amount": ".2f"}[kind])


def _write_xlsx(shown: pd.DataFrame, file: Path, *, title: str) -> Path:
    with replacing(file, sync=True) as part:
        options = {"constant_memory": True, "default_date_format": XLSX_FORMATS["moment"]}
        with xlsxwriter.Workbook(str(part), options) as workbook:
            for start in range(0, max(len(shown), 1), MAX_SHEET_ROWS):
                turn = start // MAX_SHEET_ROWS
                name = title if turn == 0 else f"{title} {turn + 1}"
                _fill(workbook, name, shown.iloc[start : start + MAX_SHEET_ROWS])
    return file


def _fill(workbook: xlsxwriter.Workbook, name: str, shown: pd.DataFrame) -> None:
    page = workbook.add_worksheet(name)
    heading = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = [workbook.add_format({"num_format": XLSX_FORMATS[column.kind]}) for column in COLUMNS]
    for place, column in enumerate(COLUMNS):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.heading, heading)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, len(shown), len(COLUMNS) - 1)
    page.set_landscape()
    page.repeat_rows(0)
    for row, cells in enumerate(shown.itertuples(index=False, name=None), start=1):
        for place, value in enumerate(cells):
            kind = COLUMNS[place].kind
            if value is None:
                continue
            if kind == "text":
                page.write_string(row, place, str(value), formats[place])
            elif kind == "moment":
                page.write_datetime(row, place, value, formats[place])
            else:
                page.write_number(row, place, value, formats[place])
