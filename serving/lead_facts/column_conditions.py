"""Whether a condition on a column of the leads holds, as an Ibis expression."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from leadscore.features.cells import EMAIL_PATTERN
from leadscore.features.core import ContractError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables
    from leadscore.serving.policy import Condition


def holds(tables: Tables, joined: ir.Table, condition: Condition) -> ir.BooleanValue:
    """Test a column of the leads.

    Parameters
    ----------
    tables
        Whose attributes say what the user's column is called inside.
    joined
        Has the attributes as columns.
    condition
        A condition on a column.

    Returns
    -------
    ir.BooleanValue
        Null where that cannot be said of a missing cell.

    Raises
    ------
    ContractError
        Where a number is asked of a text.
    """
    attribute = next(each for each in tables.attributes if each.column == condition.column)
    cell = joined[attribute.name]
    if condition.missing is not None:
        return cell.isnull() if condition.missing else cell.notnull()
    if condition.at_least is not None or condition.at_most is not None:
        if attribute.type != "number":
            raise ContractError(
                f"tiers.toml asks for a number of the column {condition.column!r}, which is text. "
                'Give it the type number in leadscore.toml ("…:number"), or use `one_of`.'
            )
        return _within_bounds(cell, condition)
    text = cell.cast("string").lower()
    if condition.valid is not None:
        matches = text.fill_null("").re_search(EMAIL_PATTERN)
        return matches if condition.valid else ~matches
    return _on_text(text, condition)


def _on_text(text: ir.StringValue, condition: Condition) -> ir.BooleanValue:
    if condition.one_of is not None:
        return text.isin([word.lower() for word in condition.one_of])
    if condition.none_of is not None:
        return text.isnull() | text.notin([word.lower() for word in condition.none_of])
    if condition.domain is not None:
        domain = text.re_extract(r"@([^@\s]+)$", 1)
        asked = [word.lower().lstrip("@") for word in condition.domain]
        return reduce(or_, [(domain == each) | domain.endswith(f".{each}") for each in asked])
    return reduce(or_, [text.contains(word.lower()) for word in condition.contains or ()])


def _within_bounds(cell: ir.Value, condition: Condition) -> ir.BooleanValue:
    tests = []
    if condition.at_least is not None:
        tests.append(cell >= condition.at_least)
    if condition.at_most is not None:
        tests.append(cell <= condition.at_most)
    return reduce(and_, tests)
