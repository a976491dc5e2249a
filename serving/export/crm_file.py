"""A night as a file that a CRM's importer takes: its own ids, its own names of fields.

What the fields are called stands in the system's preset. An importer passes over an empty cell and
leaves what the record said before, so texts that say nothing are a dash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import ibis
import pandas as pd

from leadscore.features.core import NOTHING, ContractError, nearest, replacing
from leadscore.features.onboarding.systems import load_systems
from leadscore.features.shaping import salesforce_id
from leadscore.serving.export.spreadsheets import day_of, neutralised
from leadscore.serving.ledger import LISTS, latest_before, read_night

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.onboarding.systems import ExportField, ExportFields, System

NUMBERS = {"p_sql", "p_won", "score", "expected_value"}
BETWEEN = {"brief": " "}  # whole sentences; reasons are parted by semicolons


@dataclass(frozen=True)
class CrmFile:
    """The file that was written.

    Parameters
    ----------
    file
        Where it is.
    table, importer
        The system's table that the rows go to, and where its import begins.
    rows
        How many leads it holds.
    unchanged
        How many were left out, as their row is that of the night before; None where all were
        asked for, or no earlier night stands in the ledger.
    """

    file: Path
    table: str
    importer: str
    rows: int
    unchanged: int | None


def export_for(
    directory: Path,
    system: str,
    *,
    as_of: datetime,
    out: Path | None = None,
    only_changed: bool = False,
) -> CrmFile:
    """Write a night of the ledger as CSV for the importer of a CRM.

    Parameters
    ----------
    directory
        The project folder; a preset in its folder `systems` replaces ours.
    system
        The preset's name, such as `salesforce`.
    as_of
        The night.
    out
        The folder for the file; by default `exports` of the project.
    only_changed
        Whether to leave out the leads whose row is that of the ledger's night before, but for
        the date of the night.

    Raises
    ------
    ContractError
        Where no preset of the name says how to export.
    LedgerError
        Where the ledger has no such night.
    """
    chosen, fields = _chosen(directory, system)
    wanted = [field.of for field in fields.fields.values() if field.of is not None]

    def rows_of(night: datetime) -> pd.DataFrame:
        said = read_night(directory, night, columns=list(dict.fromkeys([*wanted, "lead_id"])))
        return crm_rows(said, fields, ids=chosen.ids)

    rows = everyone = rows_of(as_of)
    before = latest_before(directory, as_of) if only_changed else None
    if before is not None:
        rows = _changed(everyone, rows_of(before), fields)
    stem = f"{chosen.name}{'_changed' if only_changed else ''}_{day_of(as_of)}"
    file = (out or directory / "exports") / f"{stem}.csv"
    # No mark of UTF-8: importers would take it for a part of the first heading.
    with replacing(file, sync=True) as part:
        rows.to_csv(part, index=False, encoding="utf-8")
    unchanged = None if before is None else len(everyone) - len(rows)
    return CrmFile(file, fields.table, fields.importer, len(rows), unchanged)


def _chosen(directory: Path, name: str) -> tuple[System, ExportFields]:
    systems = {each.name: each for each in load_systems(directory)}
    told = {each.name: each.export for each in systems.values() if each.export is not None}
    if name not in told:
        whose = f"the preset of {systems[name].title}" if name in systems else "no preset"
        verb = "has no" if name in systems else "of this name has a"
        raise ContractError(f"--for {name}: {whose} {verb} section [export]. {nearest(name, told)}")
    return systems[name], told[name]


def crm_rows(
    night: pd.DataFrame, fields: ExportFields, *, ids: Literal["salesforce"] | None = None
) -> pd.DataFrame:
    """Lay a night out in the fields of a system's importer, every cell a text.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns, as `read_night` returns them.
    fields
        The section `[export]` of a preset.
    ids
        `salesforce`: ids of 15 characters get the 3 that make them 18.

    Returns
    -------
    DataFrame
        Columns as the preset names them, in its order.
    """
    cells = {heading: _cells(night, field) for heading, field in fields.fields.items()}
    rows = pd.DataFrame(cells, index=night.index, dtype=object)
    if ids == "salesforce":
        (heading,) = (name for name, field in fields.fields.items() if field.of == "lead_id")
        rows[heading] = _long_ids(rows[heading])
    return rows


def _cells(night: pd.DataFrame, field: ExportField) -> list[str]:
    if field.of is None:
        return [str(field.always)] * len(night)
    column = night[field.of]
    if field.of == "lead_id":
        return list(column)
    if field.of == "as_of":
        return list(column.dt.strftime("%Y-%m-%d"))
    if field.of in NUMBERS:
        scaled = column * field.scale
        return ["" if pd.isna(each) else f"{each:.{field.decimals}f}" for each in scaled]
    if field.of in LISTS:
        between = BETWEEN.get(field.of, "; ")
        texts = [between.join(each) for each in column]
    else:
        texts = ["" if pd.isna(each) else str(each) for each in column]
    return [_text(each, field) for each in texts]


def _text(text: str, field: ExportField) -> str:
    told = neutralised(field.words.get(text, text)) or NOTHING
    return told if field.longest is None else cut_at_word(told, field.longest)


def cut_at_word(text: str, longest: int) -> str:
    """Cut a text that a field does not hold, behind a word where there is one.

    Examples
    --------
    >>> cut_at_word("Pricing views: 4", 16), cut_at_word("Pricing views: 4", 12)
    ('Pricing views: 4', 'Pricing…')
    """
    if len(text) <= longest:
        return text
    head = text[:longest]  # one too many: where the last is a blank, a word ends just before it
    whole = head[: head.rfind(" ")] if " " in head.rstrip() else head[:-1]
    return f"{whole.rstrip()}…"


def _long_ids(ids: pd.Series) -> list[str]:
    frame = pd.DataFrame({"place": range(len(ids)), "id": list(ids)})
    listed = ibis.memtable(frame, schema={"place": "int64", "id": "string"})
    table = listed.select("place", id=salesforce_id(listed.id)).order_by("place")
    return list(table.to_pandas()["id"])


def _changed(now: pd.DataFrame, before: pd.DataFrame, fields: ExportFields) -> pd.DataFrame:
    """Keep the rows that say something else than the night before, but for its date."""
    compared = [name for name, field in fields.fields.items() if field.of != "as_of"]
    both = now.merge(before[compared], on=compared, how="left", indicator=True)
    return now[(both["_merge"] == "left_only").to_numpy()]
