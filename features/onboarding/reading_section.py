"""The section `[reading]` of a drafted contract: how the cells of all tables are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract import Reading
from leadscore.features.core import DataError
from leadscore.features.onboarding.contract_writer import setting_line
from leadscore.features.onboarding.profiles import choose_day_order, decimal_mark

if TYPE_CHECKING:
    from leadscore.features.onboarding.contract_writer import SpecialColumns
    from leadscore.features.onboarding.export_plan import Export
    from leadscore.features.onboarding.profiles import Sample


def reading_section(export: Export, special: SpecialColumns) -> tuple[list[str], list[str]]:
    """Choose how all tables are read; return what differs from the default, and what is guessed."""
    tables = [profile for _plan, profile in export.every]
    samples = [table.sample for table in tables if table.sample.is_text]
    encodings = {each.encoding for each in samples} - {"ascii"}
    if {"utf-8", "utf-8-sig"} <= encodings:
        encodings.remove("utf-8")
    columns = [each for table in tables for each in table.columns.values()]
    delimiter = _one_of({each.delimiter for each in samples}, "delimiters", samples) or ","
    day_first = choose_day_order(columns, special.created_at, delimiter=delimiter)
    decimal = decimal_mark(columns, delimiter=delimiter)
    reading = Reading(
        delimiter=delimiter,
        encoding=_one_of(encodings, "encodings", samples) or "utf-8",
        missing=tuple(export.missing),
        day_first=day_first.value,
        decimal=decimal.value,
    )
    reasons = {
        "delimiter": "splits most lines as the header",
        "encoding": "how the file's bytes read as text",
        "missing": "found in cells; they say that nothing is known",
        "day_first": day_first.reason,
        "decimal": decimal.reason,
    }
    guessed = {"day_first": not day_first.told, "decimal": not decimal.told}
    given, usual = reading.model_dump(), Reading().model_dump()
    differ = [key for key in reasons if given[key] != usual[key] or guessed.get(key)]
    lines = [setting_line(key, given[key], reasons[key]) for key in differ]
    unsure = [key for key, is_guess in guessed.items() if is_guess]
    notes = [f"{key} under [reading]: {reasons[key]}." for key in unsure]
    return (["[reading]", *lines] if lines else []), notes


def _one_of(found: set[str], what: str, samples: list[Sample]) -> str | None:
    """Return the setting that all files share, as one contract has one."""
    if len(found) > 1:
        files = ", ".join(f"{each.path} ({getattr(each, what[:-1])!r})" for each in samples)
        raise DataError(f"The files have different {what}: {files}. Save all of them alike.")
    return next(iter(found), None)
