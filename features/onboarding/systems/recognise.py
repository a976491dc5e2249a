"""Which system a table comes from and what its columns are, by their names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from leadscore.features.core import ContractError, nearest
from leadscore.features.onboarding.systems.preset import NEEDED
from leadscore.features.onboarding.systems.spellings import match_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leadscore.features.onboarding.systems.preset import Handles, System, SystemObject


@dataclass(frozen=True)
class Attribute:
    """What a column of a leads table is: a short form of the contract, and why."""

    spec: str
    reason: str


@dataclass(frozen=True)
class Recognised:
    """A table of a system: which object it is, and the user's columns for what we ask."""

    system: System
    name: str  # of the object within its system
    matches: dict[str, tuple[str, ...]]  # columns by handle, the one that is meant first
    others: tuple[str, ...] = ()  # `system.object` of those that fit as well

    @cached_property
    def columns(self) -> dict[str, str]:
        """The user's column by handle."""
        return {handle: columns[0] for handle, columns in self.matches.items()}

    @property
    def object(self) -> SystemObject:
        """The preset of the table."""
        return self.system.objects[self.name]

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The user's columns by contract key, best first: a cell of the next fills an empty one."""
        found = {key: self._found(handles) for key, handles in self.object.contract.keys.items()}
        return {key: columns for key, columns in found.items() if columns}

    @property
    def contract(self) -> dict[str, str]:
        """The user's column by contract key: the best of `choices`."""
        return {key: columns[0] for key, columns in self.choices.items()}

    @property
    def aliases(self) -> tuple[str, ...]:
        """Columns with other ids under which events and outcomes name the lead."""
        return self._found(self.object.contract.aliases)

    @property
    def deleted(self) -> tuple[str, ...]:
        """Columns in which a true word means that the row is none."""
        return self._found(self.object.contract.deleted)

    @property
    def deleted_at(self) -> tuple[str, ...]:
        """Columns in which any value means that the row is none."""
        return self._found(self.object.contract.deleted_at)

    @property
    def dates(self) -> dict[str, str]:
        """The column with the date of each stage."""
        found = {stage: self._found(each) for stage, each in self.object.contract.dates.items()}
        return {stage: columns[0] for stage, columns in found.items() if columns}

    @property
    def stages(self) -> dict[str, tuple[str, ...]]:
        """The words of the stage column by stage; empty where the table has no such column."""
        return self.object.contract.stages if "stage" in self.contract else {}

    @property
    def kind(self) -> str | None:
        """The kind of every event of a table that has no column of kinds."""
        return None if "kind" in self.contract else self.object.kind

    @property
    def missing(self) -> tuple[str, ...]:
        """Contract keys that the table should tell and does not."""
        known = self.contract
        absent = [key for key in NEEDED[self.object.holds] if key not in known]
        staged = "stage" in known and "occurred_at" in known
        if self.object.holds == "outcomes" and not staged and not self.dates:
            absent += [key for key in ("stage", "occurred_at") if key not in known]
        if self.object.holds == "events" and "kind" not in known and self.kind is None:
            absent.append("kind")
        return tuple(absent)

    @property
    def attributes(self) -> dict[str, Attribute]:
        """What the columns of a leads table are, and why; unknown ones are left out."""
        if self.object.holds != "leads":
            return {}
        forms = self.object.attributes
        title = f"{self.system.title}'s {self.object.title}"
        found = {
            self.columns[handle]: Attribute(form, f"{title} calls it so")
            for handle, form in forms.items()
            if handle in self.columns
        }
        for handle, reason in self.object.of_today.items():
            if handle in self.columns:
                found[self.columns[handle]] = Attribute("ignored", reason)
        for column, reason in self._bookkeeping():
            found.setdefault(column, Attribute("ignored", reason))
        return found

    def _bookkeeping(self) -> Iterable[tuple[str, str]]:
        """Yield the columns that the contract reads and that describe no lead."""
        for stage, column in self.dates.items():
            yield column, f"the moment that {stage} was reached"
        for column in self.aliases:
            yield column, "another id of the lead"
        for column in (*self.deleted, *self.deleted_at):
            yield column, "marks rows that were deleted"
        whole = {"lead_id", "created_at", "account"}
        for key, columns in self.choices.items():
            if key not in whole:
                yield from ((column, f"read as {key}") for column in columns)
        for meant, *twins in self.matches.values():
            yield from ((column, f"says what {meant!r} says") for column in twins)

    def _found(self, handles: Handles) -> tuple[str, ...]:
        return tuple(self.columns[each] for each in handles if each in self.columns)


def recognise(
    columns: Sequence[str], systems: Iterable[System], *, only: str | None = None
) -> Recognised | None:
    """Recognise a table by the names of its columns; None where they are no system's.

    Parameters
    ----------
    columns
        The names, in any order.
    systems
        The presets to look in, as `load_systems` reads them.
    only
        A system, or `system.object`, that the user named: then its `all` is proof enough.

    Returns
    -------
    Recognised or None
        The object that knows most of the columns; `others` names those that know as many.

    Raises
    ------
    ContractError
        Where no preset is called as `only` says.
    """
    candidates = list(_candidates(columns, _chosen(tuple(systems), only), told=only is not None))
    if not candidates:
        return None
    scores = [_score(each) for each in candidates]
    best, *equals = [
        each for each, score in zip(candidates, scores, strict=True) if score == max(scores)
    ]
    others = tuple(f"{each.system.name}.{each.name}" for each in equals)
    return Recognised(best.system, best.name, best.matches, others)


def _chosen(systems: tuple[System, ...], only: str | None) -> list[tuple[System, str]]:
    every = {
        f"{system.name}.{name}": (system, name) for system in systems for name in system.objects
    }
    if only is None:
        return list(every.values())
    chosen = [each for full, each in every.items() if only in {full, full.split(".")[0]}]
    if not chosen:
        names = [system.name for system in systems]
        known = names if "." not in only else every
        raise ContractError(f"{only!r} is no system that is known. {nearest(only, known)}")
    return chosen


def _candidates(
    columns: Sequence[str], objects: Iterable[tuple[System, str]], *, told: bool
) -> Iterable[Recognised]:
    for system, name in objects:
        preset = system.objects[name]
        prefixes = (*system.prefixes, *preset.prefixes)
        matches = match_columns(columns, preset.columns, prefixes=prefixes)
        marks = preset.recognise
        fits = set(marks.all) <= matches.keys() and not set(marks.none) & matches.keys()
        if fits and (told or _is_proven(preset, matches, prefixes)):
            yield Recognised(system, name, matches)


def _is_proven(
    preset: SystemObject, matches: dict[str, tuple[str, ...]], prefixes: tuple[str, ...]
) -> bool:
    marks = preset.recognise
    if not marks.any and not marks.own and marks.enough is None:
        return True
    if any(handle in matches for handle in marks.any):
        return True
    if marks.enough is not None and len(matches) >= marks.enough:
        return True
    columns = [column for each in matches.values() for column in each]
    return bool(match_columns(columns, {"own": marks.own}, prefixes=prefixes))


def _score(found: Recognised) -> int:
    """Count the known columns, those that tell objects apart twice."""
    return len(found.matches) + sum(each in found.matches for each in found.object.recognise.any)
