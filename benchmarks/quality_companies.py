"""The companies that models are compared on: real ones, simulated ones, and any that are given."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.changed_companies import KINDS, Recipe, make, recipes
from benchmarks.quality_kept import file_digest
from benchmarks.quality_walk import CUT_SHARES, SPLITS, Flat, Funnel
from leadscore.features.contract import CONTRACT_FILE, load_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DATA = Path(os.environ.get("LEADSCORE_DATA", "data"))
REAL = {
    "edtech_channels": ("app_complete_flag", "created_date"),
    "loan_funnel": None,
    "x_education": ("Converted", None),
}
SIMULATED = 30
SIZES = (400, 10_000)
STRENGTHS = (1.0, 0.85)  # with less, few leads convert
FIRST_SEED = 31_001  # companies of other benchmarks have others
SIMULATED_CUT = 0.7  # late enough to have learnt, early enough to see who was won


@dataclass(frozen=True)
class Company:
    """A company and where it is cut.

    Parameters
    ----------
    name, group
        What the tables call it, alone and with others of its kind.
    fingerprint
        Changes whenever its files do.
    cuts
        As `quality_walk.walk` takes them.
    files
        Makes its files in a folder, or says where they are.
    """

    name: str
    group: str
    fingerprint: str
    cuts: tuple[float, ...]
    files: Callable[[Path], Flat | Funnel]


def real_companies(names: Sequence[str], data: Path) -> list[Company]:
    """List those of the names of `REAL` that the folder has."""
    found = []
    for name in names:
        flat, folder = REAL[name], data / name
        if folder.is_dir() and flat is not None:
            found.append(flat_company(folder / "leads.csv", *flat, name=name))
        elif folder.is_dir():
            found.append(project_company(folder))
    return found


def simulated_companies(count: int, sizes: tuple[int, int] = SIZES) -> list[Company]:
    """List simulated companies of all kinds in turn."""
    every = recipes(KINDS, count, sizes=sizes, first_seed=FIRST_SEED, strengths=STRENGTHS)
    return [
        Company(
            each.name, f"simulated, {each.kind}", repr(each), (SIMULATED_CUT,), partial(_make, each)
        )
        for each in every
    ]


def flat_company(file: Path, target: str, date: str | None = None, *, name: str = "") -> Company:
    """Describe a file with a target column, cut by its date or at random where it has none."""
    cuts = CUT_SHARES if date else tuple(float(number) for number in range(SPLITS))
    flat = Flat(file.resolve(), target, date)
    found = f"{file_digest(file)} {target} {date}"
    return Company(name or file.stem, name or file.stem, found, cuts, lambda _: flat)


def project_company(folder: Path) -> Company:
    """Describe a folder with `leads`, `events` and `outcomes`, or with a `leadscore.toml`."""
    files = sorted(each for each in folder.rglob("*") if each.suffix in {".csv", ".parquet"})
    if (folder / CONTRACT_FILE).exists():
        contract = load_contract(folder)
        leads = contract.leads
        if leads.path is not None and leads.target is not None:
            file = folder / leads.path
            return flat_company(file, leads.target, leads.created_at, name=contract.name)
        files.append(folder / CONTRACT_FILE)
    name = folder.resolve().name
    return Company(name, name, file_digest(*files), CUT_SHARES, lambda _: Funnel(folder.resolve()))


def _make(recipe: Recipe, scratch: Path) -> Funnel:
    make(recipe, scratch)
    return Funnel(scratch)
