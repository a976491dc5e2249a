"""Which column of the leads is the id: by its name, and by the ids of the other tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.core import DataError
from leadscore.features.onboarding.guesses.column_roles import guess_lead_id, may_identify, says_key
from leadscore.features.onboarding.guesses.table_columns import ID_OVERLAP
from leadscore.features.onboarding.profiles import LOOKED_UP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.onboarding.profiles import ColumnProfile, TableProfile


def choose_lead_id(
    tables: Mapping[str, TableProfile], candidates: Mapping[str, ColumnProfile]
) -> str | None:
    """Choose the id among `candidates`; with other tables, the one that their rows use.

    None where the leads stand alone and only the row number identifies them.

    Raises
    ------
    DataError
        Where no column of the leads has the ids of the other tables once each.
    """
    others = [table for name, table in tables.items() if name != "leads"]
    if not others:
        return guess_lead_id(candidates)
    leads = tables["leads"]
    found = _by_name(leads, others, candidates) or _by_cells(leads, others, candidates)
    if found is None:
        raise DataError(_why_none(leads, others, candidates))
    return found


def _by_name(
    leads: TableProfile, others: list[TableProfile], candidates: Mapping[str, ColumnProfile]
) -> str | None:
    """Among the ids by name or form, find the one that is commonest in the other tables."""
    left, shares = dict(candidates), {}
    while (found := guess_lead_id(left)) is not None:
        shares[found] = _share_known(leads, others, found)
        del left[found]
    best = max(shares, key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] > 0 else None


def _by_cells(
    leads: TableProfile, others: list[TableProfile], candidates: Mapping[str, ColumnProfile]
) -> str | None:
    """Find a column of any name that differs in every row and that the other tables use."""
    shares = {
        name: _share_known(leads, others, name)
        for name, column in candidates.items()
        if may_identify(column)
    }
    best = max(shares, key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] > ID_OVERLAP else None


def _why_none(
    leads: TableProfile, others: list[TableProfile], candidates: Mapping[str, ColumnProfile]
) -> str:
    """Say what is wrong: ids that repeat, or none that the tables share."""
    path, other = leads.sample.path, others[0].sample.path
    for name, column in candidates.items():
        repeats = column.filled - column.distinct
        if repeats and says_key(column) and _share_known(leads, others, name) > ID_OVERLAP:
            return (
                f"{path}: {name!r} holds the ids that {other} uses, but {repeats:,} of its "
                f"{column.rows:,} rows repeat an earlier one. Keep one row a lead."
            )
    return (
        f"{path}: no column names each lead once with the ids that {other} uses. "
        "Name that column lead_id in both files, and write the ids alike in both."
    )


def _share_known(leads: TableProfile, others: list[TableProfile], column: str) -> float:
    """Return the largest share of ids in a column of each other table; of these the smallest."""
    return min(_best_share(table, leads.known_ids(column, table)) for table in others)


def _best_share(table: TableProfile, ids: set[str]) -> float:
    """Return the largest share of a column's different cells that are ids of leads."""
    filled = [each for each in table.columns.values() if each.filled]
    shares = (float(each.drawn_cells(LOOKED_UP).index.isin(ids).mean()) for each in filled)
    return max(shares, default=0.0)
