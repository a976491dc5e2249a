"""Settings files read whole: every fault at once, with its place and the nearest valid name."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from leadscore.features.core.errors import ContractError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails


class Settings(BaseModel):
    """Frozen settings in which an unknown key is a fault, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


SettingsT = TypeVar("SettingsT", bound=Settings)


def read_settings(file: Path, kind: type[SettingsT], *, context: object = None) -> SettingsT:
    """Read a TOML file into its typed settings.

    Parameters
    ----------
    file
        The TOML file.
    kind
        The settings class that says what the file may hold.
    context
        What its validators may look at beside the file.

    Returns
    -------
    SettingsT
        The validated settings.

    Raises
    ------
    ContractError
        Where the file is missing, is not TOML, or holds any fault; all faults are named at once.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{file} does not exist. `leadscore init LEADS` drafts it from your files."
        raise ContractError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{file} cannot be read as UTF-8 text: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{file} is not valid TOML: {error}") from error
    return validated(raw, kind, place=file, context=context)


def validated(
    raw: object, kind: type[SettingsT], *, place: object, context: object = None
) -> SettingsT:
    """Validate settings that have been read.

    Parameters
    ----------
    raw
        The settings as nested mappings.
    kind
        The settings class that says what they may be.
    place
        Where they come from, for messages.
    context
        What the validators may look at beside them.

    Returns
    -------
    SettingsT
        The validated settings.

    Raises
    ------
    ContractError
        Where they hold any fault; all faults are named at once.
    """
    try:
        return kind.model_validate(raw, context=context)
    except ValidationError as error:
        faults = [_fault(kind, detail) for detail in error.errors(include_url=False)]
        raise ContractError.from_faults(place, faults) from error


def _fault(kind: type[Settings], detail: ErrorDetails) -> str:
    """One pydantic error in the words of whoever edits the file."""
    path = [str(part) for part in detail["loc"]]
    place = _place(path) or "(whole file)"
    if detail["type"] == "extra_forbidden":
        known = _fields_at(kind, path[:-1])
        return f"`{place}` is not a setting. {nearest(path[-1], known)}"
    if detail["type"] == "missing":
        return f"`{place}` is required"
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    shown = f", got {given!r}" if isinstance(given, str | int | float | bool) else ""
    return f"`{place}`: {message[:1].lower()}{message[1:]}{shown}"


def _place(path: list[str]) -> str:
    """Join the names, counting the sections of a list from 1: `rule #2.when #1.column`."""
    named = "".join(f" #{int(part) + 1}" if part.isdigit() else f".{part}" for part in path)
    return named.removeprefix(".")


def _fields_at(kind: type[BaseModel], path: list[str]) -> list[str]:
    """Which settings the section at `path` may hold."""
    section: type[BaseModel] = kind
    for part in path:
        if part.isdigit():  # the place in a list of sections
            continue
        field = section.model_fields.get(part)
        if field is None:
            return []
        kinds = (field.annotation, *get_args(field.annotation))
        nested = [each for each in kinds if _is_section(each)]
        if not nested:
            return []
        section = nested[0]
    return [field.alias or name for name, field in section.model_fields.items()]


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
