"""Errors that a user can mend, each in one sentence that says what to do."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class LeadScoreError(Exception):
    """Base of every error a user can mend; the command line prints it and exits with 2."""


class ContractError(LeadScoreError):
    """`leadscore.toml` or `tiers.toml` cannot be used as written."""

    @classmethod
    def from_faults(cls, file: object, faults: Sequence[str]) -> ContractError:
        """Name every fault of a settings file at once, a line each."""
        noun = "fault" if len(faults) == 1 else "faults"
        lines = [f"{file}: {len(faults)} {noun}", *(f"  - {line}" for line in faults)]
        return cls("\n".join(lines))


class DataError(LeadScoreError):
    """The user's tables cannot be used as they are."""

    @classmethod
    def from_missing_column(
        cls, file: object, column: str, available: Iterable[str], *, setting: str
    ) -> DataError:
        """Name a missing column and the nearest that the table has.

        `setting` is where the contract names it, as `leads.lead_id`.
        """
        return cls(
            f"{file} has no column {column!r}, which `{setting}` names. "
            f"{nearest(column, available)}"
        )


class TooLittleData(LeadScoreError):  # noqa: N818
    """There is not enough matured data to learn or to judge from; the command line exits with 1."""


class ModelMismatch(LeadScoreError):  # noqa: N818
    """A registered model does not fit the contract it is asked to score."""


class RunLocked(LeadScoreError):  # noqa: N818
    """Another run works in this project; the command line exits with 3."""


def nearest(name: str, available: Iterable[str]) -> str:
    """Suggest the closest valid names, or list a few where none is close.

    Examples
    --------
    >>> nearest("Convertd", ["Converted", "Country"])
    "Did you mean 'Converted'?"
    """
    names = list(available)
    by_lower = {known.lower(): known for known in names}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {by_lower[close[0]]!r}?"
    shown = ", ".join(repr(known) for known in names[:12])
    return f"It has: {shown}{', …' if len(names) > 12 else ''}."
