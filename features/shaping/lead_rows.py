"""The leads table without deleted rows and older versions; the versions, where they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells import flag_cell, text_cell, time_cell
from leadscore.features.core import DataError
from leadscore.features.shaping.lead_ids import own_id
from leadscore.features.shaping.local_times import reading_of, with_utc
from leadscore.features.sources import ROW, own_columns, place_of, row_number

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
    return _not_merged(
        rows_that_count(written_leads(rows, contract), contract.leads, contract, name="leads"),
        contract,
    )


def newest_leads(rows: ir.Table, contract: Contract) -> ir.Table:
    """Keep the newest row of each lead that counts: not where that is deleted or merged."""
    newest = _newest(written_leads(rows, contract), contract)
    return _not_merged(rows_that_count(newest, contract.leads, contract, name="leads"), contract)


def merged_leads(rows: ir.Table, contract: Contract) -> ir.Table:
    """Return the newest rows that say which lead a record was merged into."""
    newest = _newest(written_leads(rows, contract), contract)
    into = str(contract.leads.merged_into)
    require(newest, {"leads.merged_into": into}, contract, contract.leads)
    return newest.filter(text_cell(newest[into], contract.reading).notnull())


def older_leads(rows: ir.Table, contract: Contract) -> ir.Table:
    """Return the rows of leads that a newer row of the same lead replaces."""
    written = written_leads(rows, contract)
    return written.anti_join(_newest(written, contract), ROW)


def written_leads(rows: ir.Table, contract: Contract) -> ir.Table:
    """Write the leads' ids in one form, and moments of a time zone of their own in UTC."""
    source = contract.leads
    if source.lead_id is None:
        return with_utc(rows, [source.created_at], source, contract)
    require(rows, {"leads.lead_id": source.lead_id}, contract, source)
    plain = rows.mutate(**{source.lead_id: own_id(rows[source.lead_id], contract)})
    times = [source.created_at or "created_at", source.valid_from, source.valid_to]
    return with_utc(plain, times, source, contract)


def _not_merged(rows: ir.Table, contract: Contract) -> ir.Table:
    into = contract.leads.merged_into
    if into is None:
        return rows
    require(rows, {"leads.merged_into": into}, contract, contract.leads)
    return rows.filter(text_cell(rows[into], contract.reading).isnull())


def _newest(rows: ir.Table, contract: Contract) -> ir.Table:
    """Keep the newest row of each lead, where there may be several, deleted ones included."""
    source = contract.leads
    by = source.valid_from or source.newest_by
    if by is None or source.lead_id is None:
        return rows
    setting = "leads.valid_from" if source.valid_from else "leads.newest_by"
    require(rows, {setting: by}, contract, source)
    order = _order(rows, by, contract)
    place = ibis.row_number().over(group_by=source.lead_id, order_by=order)
    placed = rows.mutate(**{ROW_OF: place})
    is_one = (placed[ROW_OF] == 0) | placed[source.lead_id].isnull()
    return placed.filter(is_one).drop(ROW_OF)


def _order(rows: ir.Table, by: str, contract: Contract) -> list[ir.Value]:
    """Sort moments, numbers such as of a version, or texts that sort as they are; newest first."""
    reading = reading_of(contract.leads, contract)
    text, until = text_cell(rows[by], reading), contract.leads.valid_to
    keys = [time_cell(rows[by], reading), text.try_cast("float64"), text]
    order = [ibis.desc(key, nulls_first=False) for key in keys]
    if until is not None:
        require(rows, {"leads.valid_to": until}, contract, contract.leads)
        # A version without an end is today's.
        order.append(ibis.desc(time_cell(rows[until], reading), nulls_first=True))
    return [*order, ibis.desc(row_number(rows))]
