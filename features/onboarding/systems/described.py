"""Which systems are known, as data that a screen can list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.onboarding.systems.preset import Holds, System


@dataclass(frozen=True)
class ObjectSummary:
    """One table of a system: what it holds, and by which columns it is recognised."""

    name: str  # `system.object`, as `recognise(only=…)` takes it
    title: str
    holds: Holds
    needs: tuple[str, ...]  # columns that must be there, as the system spells them first
    export: str | None  # how to export it


@dataclass(frozen=True)
class SystemSummary:
    """One system and its tables."""

    name: str
    title: str
    objects: tuple[ObjectSummary, ...]


def describe_systems(systems: Iterable[System]) -> tuple[SystemSummary, ...]:
    """Summarise presets, as `load_systems` reads them, for people."""
    return tuple(
        SystemSummary(
            name=system.name,
            title=system.title,
            objects=tuple(
                ObjectSummary(
                    name=f"{system.name}.{name}",
                    title=preset.title,
                    holds=preset.holds,
                    needs=tuple(preset.columns[each][0] for each in preset.recognise.all),
                    export=system.advice.get(name),
                )
                for name, preset in system.objects.items()
            ),
        )
        for system in systems
    )
