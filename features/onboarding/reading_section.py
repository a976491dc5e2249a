"""The section `[reading]` of a drafted contract: how the cells of all tables are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract import Reading
from leadscore.features.core import DataError
from leadscore.features.onboarding.column_profile import decimal_mark
from leadscore.features.onboarding.contract_writer import setting_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.onboarding.column_profile import TableProfile
    from leadscore.features.onboarding.contract_writer import SpecialColumns
    from leadscore.features.onboarding.export_plan import Export
    from leadscore.features.onboarding.file_sample import Sample


def reading_section(export: Export, special: SpecialColumns) -> list[str]:
    """Choose how all tables are read, and write what differs from the default."""
    tables = [profile for _plan, profile in export.every]
    samples = [table.sample for table in tables if table.sample.is_text]
    encodings = {each.encoding for each in samples} - {"ascii"}
    if {"utf-8", "utf-8-sig"} <= encodings:
        encodings.remove("utf-8")
    day_first, day_reason = _day_order(tables, special)
    reading = Reading(
        delimiter=_one_of({each.delimiter for each in samples}, "delimiters", samples) or ",",
        encoding=_one_of(encodings, "encodings", samples) or "utf-8",
        missing=tuple(export.missing),
        day_first=day_first,
        decimal=decimal_mark(each for table in tables for each in table.columns.values()),
    )
    reasons = {
        "delimiter": "splits most lines as the header",
        "encoding": "how the file's bytes read as text",
        "missing": "found in cells; they say that nothing is known",
        "day_first": day_reason,
        "decimal": "so 1.234 is a thousand and more",
    }
    given, usual = reading.model_dump(), Reading().model_dump()
    differ = [
        key for key in reasons if given[key] != usual[key] or (key == "day_first" and day_reason)
    ]
    lines = [setting_line(key, given[key], reasons[key]) for key in differ]
    return ["[reading]", *lines] if lines else []


def _one_of(found: set[str], what: str, samples: list[Sample]) -> str | None:
    """Return the setting that all files share, as one contract has one."""
    if len(found) > 1:
        files = ", ".join(f"{each.path} ({getattr(each, what[:-1])!r})" for each in samples)
        raise DataError(f"The files have different {what}: {files}. Save all of them alike.")
    return next(iter(found), None)


def _day_order(tables: Iterable[TableProfile], special: SpecialColumns) -> tuple[bool, str]:
    """Return whether dates are day first, by the creation dates, else by all others; and why."""
    columns = [each for table in tables for each in table.columns.values()]
    every = {(each.name, each.day_first) for each in columns if each.kind == "date"}
    named = {order for name, order in every if name == special.created_at} - {None}
    orders = named or {order for _, order in every} - {None}
    if orders == {True}:
        return True, "days above 12, or dots, stand first in the dates"
    if len(orders) > 1:
        return False, "some columns write the day first, others the month; check created_at"
    return False, ""
