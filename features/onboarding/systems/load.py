"""The presets there are: ours, and those of a project, which add to ours or replace them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from leadscore.features.core import read_settings
from leadscore.features.onboarding.systems.preset import System

PRESETS = Path(__file__).with_name("presets")
SYSTEMS_FOLDER = "systems"  # of a project


def load_systems(directory: Path | None = None) -> tuple[System, ...]:
    """Read every preset, by name; one in the project's `systems` folder replaces ours of its name.

    Parameters
    ----------
    directory
        The project folder; without it, ours alone.

    Raises
    ------
    ContractError
        Where a preset has any fault; all faults of the file are named at once.
    """
    systems = dict(_ours())
    if directory is not None:
        systems |= _read_folder(directory / SYSTEMS_FOLDER)
    return tuple(systems[name] for name in sorted(systems))


@cache
def _ours() -> dict[str, System]:
    return _read_folder(PRESETS)


def _read_folder(folder: Path) -> dict[str, System]:
    return {
        file.stem: read_settings(file, System).named(file.stem)
        for file in sorted(folder.glob("*.toml"))
    }
