"""Settings files read whole: every fault at once, with its place and the nearest valid name."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from leadscore.features.core.errors import ContractError, nearest

if TYPE_CHECKING:
    from pathlib import Path

Fault = tuple[tuple[int | str, ...], str]  # place below the section, and what is wrong


class Settings(BaseModel):
    """Frozen settings in which an unknown key is a fault, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:  # noqa: ARG003
        """Find faults between raw settings; for sections to override.

        pydantic's validators of mode "after" run only once each setting is valid: a user would
        learn of these faults in a second round.
        """
        return []

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults_at_once(
        cls, raw: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        own = cls.faults_between(raw, info.context) if isinstance(raw, dict) else []
        if not own:
            return handler(raw)
        faults = [_detail("value_error", place, message) for place, message in own]
        try:
            handler(raw)
        except ValidationError as error:
            single = error.errors(include_url=False)
            faults = [_detail(e["type"], e["loc"], e["msg"], e["input"]) for e in single] + faults
        raise ValidationError.from_exception_data(cls.__name__, faults)


def _detail(
    kind: str, place: tuple[int | str, ...], message: str, given: object = None
) -> InitErrorDetails:
    error = PydanticCustomError(kind, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=place, input=given)


SettingsT = TypeVar("SettingsT", bound=Settings)


def read_settings(file: Path, kind: type[SettingsT], *, context: object = None) -> SettingsT:
    """Read a TOML file into typed settings; validators may look at `context`.

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
    """Validate settings that were read from `place`, as `read_settings` does."""
    try:
        return kind.model_validate(raw, context=context)
    except ValidationError as error:
        faults = [_described(kind, detail) for detail in error.errors(include_url=False)]
        raise ContractError.from_faults(place, faults) from error


def _described(kind: type[Settings], detail: ErrorDetails) -> str:
    """Describe one pydantic error to whoever edits the file."""
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
    """List the settings that the section at `path` may hold."""
    section: type[BaseModel] = kind
    named = False  # whether the next part is the name of a section in a table of sections
    for part in path:
        if named or part.isdigit():  # or the place in a list of sections
            named = False
            continue
        field = section.model_fields.get(part)
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        nested = next((each for each in kinds if _is_section(each)), None)
        if nested is None:
            return []
        section, named = nested, get_origin(field.annotation) is dict if field else False
    return [field.alias or name for name, field in section.model_fields.items()]


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
