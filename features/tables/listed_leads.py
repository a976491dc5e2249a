"""A one-off list of leads: all its rows, and which rows or cells cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.cells import unreadable_numbers
from leadscore.features.core import DataError
from leadscore.features.shaping import shaped_list
from leadscore.features.sources import (
    dialect_of,
    is_csv,
    open_source,
    own_columns,
    split_lines,
)
from leadscore.features.tables.attributes import MEASURED
from leadscore.features.tables.clean_leads import (
    HELPERS,
    reserved_columns,
    typed_leads,
    with_copies,
)
from leadscore.features.tables.quarantine import AS_MISSING, NOT_A_DATE
from leadscore.features.tables.screening import WHOLE_LINE, fit_to_show, unreadable_cells

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract, Reading
    from leadscore.features.tables.attributes import Attribute

UNICODE = {"utf-8", "utf-8-sig", "utf-16"}
CELL = "cell"  # the kind of a fault that costs a cell and not its row


@dataclass(frozen=True)
class ListedLeads:
    """A one-off list as it was given."""

    # `row`, `lead_id`, `created_at` (UTC), null where missing: every row, in order
    rows: pd.DataFrame
    faults: pd.DataFrame  # columns of `listed_faults`
    columns: dict[str, str]  # the user's names of `lead_id` and `created_at`


def clean_list(
    connection: Backend, contract: Contract, attributes: tuple[Attribute, ...], leads_file: Path
) -> tuple[ir.Table, ListedLeads]:
    """Open a list, which has the contract's columns but need not have a target.

    Returns
    -------
    leads : ir.Table
        The rows that can be used, one a lead, with the columns of `screen_leads`: an unreadable
        cell is missing, and of rows with the same id the earliest is kept.
    listed : ListedLeads

    Raises
    ------
    DataError
        Where the file lacks a column or cannot be read at all.
    """
    raw, broken = _open(connection, contract, leads_file)
    for each in attributes:
        if each.column not in raw.columns:
            setting = f'leads.columns."{each.column}"'
            raise DataError.from_missing_column(
                leads_file, each.column, own_columns(raw), setting=setting
            )
    names = reserved_columns(raw, contract, place=str(leads_file), with_target=False)
    raw = shaped_list(raw, contract)
    measures = {each.column for each in attributes if each.term in MEASURED}
    wanted = measures | {each.column for each in attributes if each.type == "number"}
    numbers = {column: _as_text(raw[column]) for column in raw.columns if column in wanted}
    unreadable = unreadable_numbers(numbers, contract.reading, measures=measures)
    typed = typed_leads(raw, contract, attributes, names, unreadable=unreadable)
    table = connection.create_table("listed_leads", with_copies(typed))
    leads = table.filter(table["copy"] == 0).drop_null("lead_id").drop(*HELPERS)
    personal = {each.column for each in attributes if each.role == "personal"}
    return leads, _listed(table, broken, names, personal)


def listed_faults(
    rows: pd.Series[int],
    column: pd.Series[str] | str,
    reason: pd.Series[str] | str,
    *,
    kind: pd.Series[str] | str,
    value: pd.Series[str] | str = "",
) -> pd.DataFrame:
    """Return faults of a list: the quarantine's columns, and `kind`, by which they are counted."""
    faults = pd.DataFrame(
        {"table": "list", "row": rows.astype("int64"), "column": column, "value": value}
    ).assign(reason=reason, kind=kind)
    return faults.assign(value=fit_to_show(faults["value"]))


def _open(
    connection: Backend, contract: Contract, leads_file: Path
) -> tuple[ir.Table, pd.DataFrame]:
    given = {"path": str(leads_file.resolve()), "address": None, "table": None}
    source = contract.leads.model_copy(update=given)
    contract = contract.model_copy(update={"reading": _reading_of(leads_file, contract.reading)})
    raw = open_source(connection, source, contract=contract, name="listed")
    rejects = "broken_listed"
    if rejects not in connection.list_tables() or not connection.table(rejects).count().execute():
        return raw, pd.DataFrame({"row": pd.Series(dtype="int64"), "reason": ""})
    rows, broken = split_lines(leads_file, own_columns(raw), contract.reading)
    return connection.create_table("split_list", rows), broken


def _reading_of(leads_file: Path, reading: Reading) -> Reading:
    """Read a list as it was written: it need not come from where the project's tables do."""
    if not leads_file.is_file() or not is_csv(leads_file):
        return reading
    dialect = dialect_of([leads_file])
    # Bytes tell Unicode from the code pages surely, one code page from another by guessing.
    tells = dialect.encoding in UNICODE or (
        dialect.encoding != "ascii" and reading.encoding.lower() in UNICODE
    )
    encoding = dialect.encoding if tells else reading.encoding
    return reading.model_copy(update={"delimiter": dialect.delimiter, "encoding": encoding})


def _as_text(column: ir.Column) -> ir.StringValue:
    """Return a number column's cells as text; of stored numbers only the infinite ones."""
    if column.type().is_string():
        return column
    return ibis.ifelse(column.cast("float64").isinf(), "infinity", ibis.null("string"))


def _listed(
    table: ir.Table, broken: pd.DataFrame, names: dict[str, str], personal: set[str]
) -> ListedLeads:
    columns = ["row", "lead_id", "copy", "created_at", "raw_created_at", "unreadable"]
    cells = table.select(columns).to_pandas()
    lead_id, created_at = names.get("lead_id", "lead_id"), names.get("created_at", "created_at")
    no_id = cells.loc[cells["lead_id"].isna(), "row"]
    named = cells.dropna(subset="lead_id")
    again, first = named[named["copy"] > 0], named[named["copy"] == 0].set_index("lead_id")["row"]
    same = "the same lead as row " + again["lead_id"].map(first).astype("Int64").astype("str")
    dated = cells[cells["created_at"].isna() & cells["raw_created_at"].notna()]
    numbers = unreadable_cells(cells[cells["unreadable"].notna()])
    shown = numbers["value"].mask(numbers["column"].isin(personal), "")
    no_date = f"{NOT_A_DATE}; {AS_MISSING}"
    faults = [
        listed_faults(broken["row"], WHOLE_LINE, broken["reason"], kind="broken line"),
        listed_faults(no_id, lead_id, "missing", kind="no id"),
        listed_faults(again["row"], lead_id, same, kind="repeated"),
        listed_faults(dated["row"], created_at, no_date, kind=CELL, value=dated["raw_created_at"]),
        listed_faults(numbers["row"], numbers["column"], numbers["reason"], kind=CELL, value=shown),
    ]
    rows = pd.concat([cells[["row", "lead_id", "created_at"]], broken[["row"]]])
    return ListedLeads(
        rows.sort_values("row", ignore_index=True),
        pd.concat(faults, ignore_index=True),
        {"lead_id": lead_id, "created_at": created_at},
    )
