"""Faults between settings, told together with the faults of single settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ModelWrapValidatorHandler, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.core.settings import SettingsT

Fault = tuple[tuple[int | str, ...], str]  # place below the section, and what is wrong

OWN_FAULT = "policy"  # the error type by which pydantic hands our own faults back


def with_faults(
    kind: type[SettingsT],
    raw: object,
    handler: ModelWrapValidatorHandler[SettingsT],
    faults: Sequence[Fault],
) -> SettingsT:
    """Validate a section, and tell our own faults together with pydantic's.

    Parameters
    ----------
    kind, raw, handler
        What a validator of mode "wrap" is given.
    faults
        What we found wrong between its settings.

    Returns
    -------
    SettingsT
        The valid section.

    Raises
    ------
    ValidationError
        Where there is any fault, with all of them.
    """
    details = [_custom(place, message) for place, message in faults]
    try:
        valid = handler(raw)
    except ValidationError as error:
        details = [*(_again(each) for each in error.errors(include_url=False)), *details]
    else:
        if not faults:
            return valid
    raise ValidationError.from_exception_data(kind.__name__, details)


def _custom(place: tuple[int | str, ...], message: str) -> InitErrorDetails:
    error = PydanticCustomError(OWN_FAULT, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=place, input=None)


def _again(detail: ErrorDetails) -> InitErrorDetails:
    """Return a fault that was told once as one that can be raised again."""
    if detail["type"] == OWN_FAULT:
        return _custom(detail["loc"], detail["msg"])
    again = InitErrorDetails(type=detail["type"], loc=detail["loc"], input=detail["input"])
    if "ctx" in detail:
        again["ctx"] = detail["ctx"]
    return again
