"""Whether a file's numbers have a decimal point or a decimal comma, by the cells that tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.onboarding.column_profile import ColumnFacts

CURRENCY = r"[\s'’€$£¥%]"
# Forms that are a number in one way of writing alone; 1.234 and 1,234 are one in both.
COMMA_FORM = r"[+-]?((\d+|[1-9]\d{0,2}(\.\d{3})+),(\d{1,2}|\d{4,})|[1-9]\d{0,2}(\.\d{3})+,\d+)"
POINT_FORM = r"[+-]?((\d+|[1-9]\d{0,2}(,\d{3})+)\.(\d{1,2}|\d{4,})|[1-9]\d{0,2}(,\d{3})+\.\d+)"
TELLING_SHARE = (
    0.1  # of a column's cells with a mark; fewer are typing errors, not a way of writing
)


def decimal_mark(columns: Iterable[ColumnFacts]) -> Literal[".", ","]:
    """Find which mark stands before the decimals.

    Parameters
    ----------
    columns
        Facts of the columns of all tables, which are read alike.

    Returns
    -------
    "." or ","
        The comma only where some column tells it and none tells the point.
    """
    found = {_mark(facts) for facts in columns if facts.kind == "number"}
    return "," if "," in found and "." not in found else "."


def _mark(facts: ColumnFacts) -> str | None:
    cells = facts.counts.index.astype("str").str.replace(CURRENCY, "", regex=True)
    marked = cells[cells.str.contains("[.,]")]
    if marked.empty:
        return None
    by_comma = marked.str.fullmatch(COMMA_FORM).mean()
    by_point = marked.str.fullmatch(POINT_FORM).mean()
    if max(by_comma, by_point) < TELLING_SHARE:
        return None
    return "," if by_comma > by_point else "."
