"""What only many cells together tell: the decimal mark, and whether the day comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from leadscore.features.contract import mentions
from leadscore.features.onboarding.profiles.vocabulary import vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from leadscore.features.onboarding.profiles.column_profile import ColumnProfile

Value = TypeVar("Value", bool, Literal[".", ","])

TELLING_SHARE = 0.1  # of a column's cells with a comma or point; fewer are typing errors

_CORE = r"([0-9.,][0-9.,' \u2019\u00a0\u2009\u202f]*[0-9])"
# Numbers with a decimal comma, and with a point; 1.234 and 1,234 are ambiguous and in neither.
_GROUPS = r"[1-9]\d{{0,2}}(?:{0}\d{{3}})"
_SHORT = r"(?:\d+|{groups}+){mark}(?:\d{{1,2}}|\d{{4,}})"
_FORM = _SHORT + r"|(?:0|\d{{4,}}|{groups}+){mark}\d+|{groups}{{2,}}"
COMMA_FORM = _FORM.format(groups=_GROUPS.format(r"\."), mark=",")
POINT_FORM = _FORM.format(groups=_GROUPS.format(","), mark=r"\.")
AMBIGUOUS = r"[1-9]\d{0,2}[.,]\d{3}"


@dataclass(frozen=True)
class Choice(Generic[Value]):
    """A setting of `[reading]`, why it was chosen, and whether the cells told it."""

    value: Value
    reason: str = ""  # empty where no cell depends on it
    told: bool = True


def choose_day_order(
    columns: Collection[ColumnProfile], created_at: str | None, *, delimiter: str = ","
) -> Choice[bool]:
    """Choose whether days come first: by the creation dates, else by the others, else by habit."""
    dates = [each for each in columns if each.kind == "date" and each.day_order is not None]
    if not dates:
        return Choice(value=False)
    orders = [(each.name, each.day_order.first) for each in dates if each.day_order is not None]
    own = {first for name, first in orders if name == created_at} - {None}
    told = own or {first for _, first in orders} - {None}
    if told == {True}:
        return Choice(value=True, reason="days above 12 stand first in the dates")
    if told == {False}:
        return Choice(value=False)
    if told:
        reason = "some columns write the day first, others the month; check created_at"
        return Choice(value=False, reason=reason, told=False)
    named = ", ".join(repr(each.name) for each in dates[:3])
    if any(each.day_order is not None and each.day_order.dotted for each in dates):
        return Choice(value=True, reason="dots part the dates; no day above 12 tells for sure")
    habit = delimiter == ";" or _names_say_day_first(columns)
    read, other = ("day", "false") if habit else ("month", "true")
    reason = f"no day above 12 in {named}: 3/4 is read {read} first; if wrong, write {other}"
    return Choice(value=habit, reason=reason, told=False)


def _names_say_day_first(columns: Collection[ColumnProfile]) -> bool:
    return any(mentions(each.words, vocabulary().leads.day_first) for each in columns)


def decimal_mark(
    columns: Collection[ColumnProfile], *, delimiter: str = ","
) -> Choice[Literal[".", ","]]:
    """Find the decimal mark of tables that are read alike.

    It is the comma only where some column shows it and none shows the point, or where nothing
    tells and semicolons part the cells, as they do where the comma is the decimal mark.
    """
    numbers = [each for each in columns if each.kind == "number"]
    marks = {each.name: _mark(each) for each in numbers}
    found = set(marks.values()) - {None}
    if found == {","}:
        return Choice(",", "so 1.234 is a thousand and more")
    unsure = [each.name for each in numbers if marks[each.name] is None and _is_ambiguous(each)]
    if not unsure or found == {"."}:
        return Choice(".")
    named = ", ".join(map(repr, unsure[:3]))
    if found:
        reason = f"some columns have a comma, others a point; this decides for {named}"
        return Choice(".", reason, told=False)
    if delimiter == ";":
        reason = (
            f"as semicolons part the cells: nothing else tells whether 1.234 in {named} is more "
            'than a thousand; if not, write "."'
        )
        return Choice(",", reason, told=False)
    reason = (
        f"nothing tells it: 1,234 in {named} is read as a thousand, 1.234 as little more than 1; "
        'if that is wrong, write ","'
    )
    return Choice(".", reason, told=False)


def _mark(column: ColumnProfile) -> str | None:
    marked = _marked(column)
    if marked.empty:
        return None
    by_comma = marked.str.fullmatch(COMMA_FORM).mean()
    by_point = marked.str.fullmatch(POINT_FORM).mean()
    if max(by_comma, by_point) < TELLING_SHARE:
        return None
    return "," if by_comma > by_point else "."


def _is_ambiguous(column: ColumnProfile) -> bool:
    return bool(_marked(column).str.fullmatch(AMBIGUOUS).any())


def _marked(column: ColumnProfile) -> pd.Series[str]:
    """Return the digits and marks of the cells that have a mark between digits."""
    cells = column.counts.index.astype("str").to_series().str.extract(_CORE)[0].dropna()
    cells = cells.str.replace(r"[^0-9.,]", "", regex=True)
    return cells[cells.str.contains("[.,]")]
