"""The leads table without deleted rows and older versions; the versions, where they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells import flag_cell, text_cell, time_cell
from leadscore.features.core import DataError
from leadscore.features.shaping.lead_ids import own_id
from leadscore.features.shaping.local_times import reading_of, with_utc
from leadscore.features.sources import own_columns, place_of, row_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from leadscore.features.contract import Contract, Source

ROW_OF = "(row of the version)"


def require(rows: ir.Table, columns: Mapping[str, str], contract: Contract, source: Source) -> None:
    """Raise `DataError` where a column is missing; `columns` are names by the setting."""
    for setting, column in columns.items():
        if column not in rows.columns:
            raise DataError.from_missing_column(
                place_of(contract, source), column, own_columns(rows), setting=setting
            )


def rows_that_count(rows: ir.Table, source: Source, contract: Contract, *, name: str) -> ir.Table:
    """Leave out rows that a column marks as deleted; fill empty cells from other columns."""
    marks = {"deleted": source.deleted, "deleted_at": source.deleted_at}
    for setting, columns in marks.items():
        require(rows, {f"{name}.{setting}": each for each in columns}, contract, source)
    for column in source.deleted:
        rows = rows.filter(~flag_cell(rows[column], contract.reading).fill_null(False))
    for column in source.deleted_at:
        rows = rows.filter(text_cell(rows[column], contract.reading).isnull())
    for column, others in source.otherwise.items():
        wanted = {f"{name}.otherwise": each for each in (column, *others)}
        require(rows, wanted, contract, source)
        cells = [text_cell(rows[each], contract.reading) for each in (column, *others)]
        rows = rows.mutate(**{column: ibis.coalesce(*cells)})
    return rows


def lead_versions(rows: ir.Table, contract: Contract) -> ir.Table:
    """Return the rows of the leads table that count, each as it was written, with plain ids."""
    source = contract.leads
    kept = rows_that_count(rows, source, contract, name="leads")
    if source.lead_id is None:
        return with_utc(kept, [source.created_at], source, contract)
    require(kept, {"leads.lead_id": source.lead_id}, contract, source)
    if source.merged_into is not None:
        require(kept, {"leads.merged_into": source.merged_into}, contract, source)
        kept = kept.filter(text_cell(kept[source.merged_into], contract.reading).isnull())
    plain = kept.mutate(**{source.lead_id: own_id(kept[source.lead_id], contract)})
    times = [source.created_at or "created_at", source.valid_from]
    return with_utc(plain, times, source, contract)


def newest_leads(rows: ir.Table, contract: Contract) -> ir.Table:
    """Keep the newest row of each lead, where there may be several."""
    source = contract.leads
    by = source.valid_from or source.newest_by
    if by is None or source.lead_id is None:
        return rows
    setting = "leads.valid_from" if source.valid_from else "leads.newest_by"
    require(rows, {setting: by}, contract, source)
    reading = reading_of(source, contract)
    text = text_cell(rows[by], reading)
    # Moments, numbers such as of a version, or texts that sort as they are.
    order = [time_cell(rows[by], reading), text.try_cast("float64"), text, row_number(rows)]
    latest = [ibis.desc(key, nulls_first=False) for key in order]
    place = ibis.row_number().over(group_by=source.lead_id, order_by=latest)
    placed = rows.mutate(**{ROW_OF: place})
    is_one = (placed[ROW_OF] == 0) | placed[source.lead_id].isnull()
    return placed.filter(is_one).drop(ROW_OF)
