"""The handoff list and all tiers as files that marketing operations open in a spreadsheet.

Cells that a spreadsheet would run as a formula are made plain text by a leading apostrophe, as
OWASP's page on CSV injection advises, in CSV and XLSX alike: what is opened as one is often saved
as the other. A `lead_id` such as "=1" is therefore "'=1" here; the ledger keeps it as it is.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import xlsxwriter

from leadscore.features.core import replacing
from leadscore.serving.ledger import LISTS
from leadscore.serving.tiers import ALREADY_SQL, TIERS, rule_words

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

Kind = Literal["text", "percent", "whole", "amount", "moment"]

REASONS_EACH_WAY = 3
BRIEF_LINES = 3
MAX_SHEET_ROWS = 1_048_575  # Excel's limit, less the heading

# What a spreadsheet takes for the start of a formula, its full-width forms included, behind any
# blank or invisible sign; at the start of a cell, or after what some locales split cells at.
FORMULA = re.compile(
    r"(^|[;\t\r\n])(?=[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠])|^(?=[\t\r\n])"
)


@dataclass(frozen=True)
class SheetColumn:
    """One column of the files: its heading, where it comes from, how it is shown."""

    heading: str
    source: str
    kind: Kind
    width: int


COLUMNS = (
    SheetColumn("Lead", "lead_id", "text", 24),
    SheetColumn("Tier", "tier", "text", 10),
    SheetColumn("Tier before", "previous_tier", "text", 12),
    SheetColumn("Moved", "moved", "text", 9),
    SheetColumn("Score (0-100)", "score", "whole", 14),
    SheetColumn("Chance of SQL", "p_sql", "percent", 14),
    SheetColumn("Chance of winning", "p_won", "percent", 18),
    *(SheetColumn(f"For, reason {n + 1}", f"for_{n}", "text", 52) for n in range(REASONS_EACH_WAY)),
    *(
        SheetColumn(f"Against, reason {n + 1}", f"against_{n}", "text", 52)
        for n in range(REASONS_EACH_WAY)
    ),
    *(SheetColumn(f"Brief, line {n + 1}", f"brief_{n}", "text", 60) for n in range(BRIEF_LINES)),
    SheetColumn("Worth asking for", "missing", "text", 52),
    SheetColumn("Expected value", "expected_value", "amount", 16),
    SheetColumn("Known of the lead", "coverage", "percent", 18),
    SheetColumn("Rule", "rule", "text", 34),
    SheetColumn("Model alone", "model_tier", "text", 12),
    SheetColumn("Team", "team", "text", 14),
    SheetColumn("Place in line", "waiting", "whole", 12),
    SheetColumn("As of", "as_of", "moment", 18),
    SheetColumn("Model", "model_version", "text", 16),
    SheetColumn("Policy", "policy_version", "text", 16),
)

SCORE_COLUMNS = (
    "lead_id",
    "as_of",
    "p_sql",
    "p_won",
    "score",
    "tier",
    "model_tier",
    "rule",
    "reasons_for",
    "reasons_against",
    "brief",
    "missing_facts",
    "expected_value",
    "coverage",
    "model_version",
    "policy_version",
)
LIST_COLUMNS = ("row", "why_not_scored", "cells_not_used")  # of a list's row, behind its score

XLSX_FORMATS: dict[Kind, str] = {
    "text": "@",
    "percent": "0.0%",
    "whole": "0",
    "amount": "#,##0",
    "moment": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    files
        The files, handoff list first.
    handoffs, leads
        How many leads the handoff list and the list of all tiers hold.
    """

    files: tuple[Path, ...]
    handoffs: int
    leads: int


def export(night: pd.DataFrame, out: Path, *, timezone: str = "UTC") -> Exported:
    """Write the handoff list and all tiers of a night, each as CSV and XLSX.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns, as `read_night` gives them.
    out
        The folder the files go to; made where it does not exist. Files of the same night are
        written anew.
    timezone
        The zone whose dates the readers live by.

    Returns
    -------
    Exported
        The files, and how many leads they hold.
    """
    out.mkdir(parents=True, exist_ok=True)
    handoff, everyone = handoffs(night), _ranked(night)
    files = []
    for name, leads in (("handoff", handoff), ("tiers", everyone)):
        sheet = _sheet(leads, timezone)
        stem = f"{name}_{_day(night, timezone)}"
        files += [_write_csv(sheet, out / f"{stem}.csv")]
        files += [_write_xlsx(sheet, out / f"{stem}.xlsx", title=name.capitalize())]
    return Exported(tuple(files), handoffs=len(handoff), leads=len(everyone))


def handoffs(night: pd.DataFrame) -> pd.DataFrame:
    """Keep the leads that go to sales this night and did not the night before, best first.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.

    Returns
    -------
    pd.DataFrame
        Those of tier SQL that were not SQL before; leads that sales itself qualified are not
        handed to it.
    """
    newly = (night["tier"] == "SQL") & (night["previous_tier"].fillna("") != "SQL")
    return _ranked(night[newly & (night["rule"].fillna("") != ALREADY_SQL)])


def neutralised(text: str) -> str:
    """Make a cell plain text where a spreadsheet would run it.

    Examples
    --------
    >>> neutralised("=1+1"), neutralised("  @cmd"), neutralised("Pages: 4")
    ("'=1+1", "'  @cmd", 'Pages: 4')
    """
    return FORMULA.sub(lambda match: f"{match.group(1) or ''}'", text)


def _ranked(night: pd.DataFrame) -> pd.DataFrame:
    place = night["tier"].map({tier: position for position, tier in enumerate(TIERS)})
    ranked = night.assign(place=place).sort_values(
        ["place", "score", "p_sql", "p_won", "lead_id"], ascending=[True, False, False, False, True]
    )
    return ranked.drop(columns="place")


def _day(night: pd.DataFrame, timezone: str) -> str:
    if night.empty:
        return "empty"
    local: datetime = night["as_of"].iloc[0].astimezone(ZoneInfo(timezone))
    at_midnight = (local.hour, local.minute) == (0, 0)
    return f"{local:%Y-%m-%d}" if at_midnight else f"{local:%Y-%m-%dT%H-%M}"


def _sheet(leads: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Lay a night out as the files show it: a reason a cell, plain text, local time."""
    sheet = leads.assign(
        as_of=leads["as_of"].dt.tz_convert(timezone).dt.tz_localize(None),
        rule=leads["rule"].map(rule_words, na_action="ignore"),
    )
    for side in ("for", "against"):
        for turn in range(REASONS_EACH_WAY):
            sheet[f"{side}_{turn}"] = [
                reasons[turn] if len(reasons) > turn else None
                for reasons in leads[f"reasons_{side}"]
            ]
    for line in range(BRIEF_LINES):
        sheet[f"brief_{line}"] = [
            brief[line] if len(brief) > line else None for brief in leads["brief"]
        ]
    sheet["missing"] = ["; ".join(facts) or None for facts in leads["missing_facts"]]
    texts = [column.source for column in COLUMNS if column.kind == "text"]
    sheet[texts] = sheet[texts].astype(object)
    for source in texts:
        sheet[source] = sheet[source].map(neutralised, na_action="ignore")
    shown = sheet[[column.source for column in COLUMNS]].astype(object)
    return shown.where(shown.notna(), None)


def _write_csv(sheet: pd.DataFrame, file: Path) -> Path:
    # utf-8-sig: without the mark Excel takes the file for the local 8-bit code page.
    with (
        replacing(file, sync=True) as part,
        part.open("w", encoding="utf-8-sig", newline="") as handle,
    ):
        writer = csv.writer(handle, quoting=csv.QUOTE_ALL)
        writer.writerow([column.heading for column in COLUMNS])
        kinds = [column.kind for column in COLUMNS]
        for row in sheet.itertuples(index=False, name=None):
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


def _write_xlsx(sheet: pd.DataFrame, file: Path, *, title: str) -> Path:
    with replacing(file, sync=True) as part:
        options = {"constant_memory": True, "default_date_format": XLSX_FORMATS["moment"]}
        with xlsxwriter.Workbook(str(part), options) as workbook:
            for start in range(0, max(len(sheet), 1), MAX_SHEET_ROWS):
                turn = start // MAX_SHEET_ROWS
                name = title if turn == 0 else f"{title} {turn + 1}"
                _fill(workbook, name, sheet.iloc[start : start + MAX_SHEET_ROWS])
    return file


def _fill(workbook: xlsxwriter.Workbook, name: str, sheet: pd.DataFrame) -> None:
    page = workbook.add_worksheet(name)
    heading = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = [workbook.add_format({"num_format": XLSX_FORMATS[column.kind]}) for column in COLUMNS]
    for place, column in enumerate(COLUMNS):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.heading, heading)
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, len(sheet), len(COLUMNS) - 1)
    page.set_landscape()
    page.repeat_rows(0)
    for row, cells in enumerate(sheet.itertuples(index=False, name=None), start=1):
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


def write_scores(rows: pd.DataFrame, file: Path) -> Path:
    """Write the scores of a one-off list as CSV, for programs and spreadsheets alike.

    Parameters
    ----------
    rows
        A row a row of the list: the ledger's columns and `LIST_COLUMNS`.
    file
        Where to; replaced whole or not at all. Parquet where its name ends in `.parquet`.

    Returns
    -------
    Path
    """
    named = rows[[*SCORE_COLUMNS, *LIST_COLUMNS]].copy()
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file, sync=True) as part:
        if file.suffix == ".parquet":
            named.to_parquet(part, index=False)
            return file
        for name in LISTS:
            named[name] = ["; ".join(each) for each in named[name]]
        for column in ("lead_id", *LISTS, *LIST_COLUMNS[1:]):
            named[column] = named[column].map(neutralised, na_action="ignore")
        named.to_csv(part, index=False)
    return file
