"""Answers kept in a folder, so that only what has changed is worked out again."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import joblib
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.quality_walk import Task

Kept = TypeVar("Kept")

ROOT = Path(__file__).resolve().parents[1]
# What our answers depend on; a commit that leaves these alone changes no answer.
CODE = (
    "features",
    "leadscore",
    "serving",
    "simulation",
    "training",
    "benchmarks/changed_companies.py",
    "benchmarks/quality_walk.py",
)


class Keep:
    """A folder of answers by key; None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, key: object, build: Callable[[], Kept]) -> Kept:
        """Return what is kept under a key, or build it; text says what failed and is not kept."""
        if self.folder is None:
            return build()
        file = self.folder / f"{digest(key)}.pkl"
        if file.exists():
            kept: Kept = joblib.load(file)
            return kept
        built = build()
        if not isinstance(built, str):
            self.folder.mkdir(parents=True, exist_ok=True)
            joblib.dump(built, file.with_suffix(".part"), compress=3)
            file.with_suffix(".part").replace(file)  # an interrupted run leaves no half of it
        return built


def digest(key: object) -> str:
    """Return a short hash of what `repr` shows of a key."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:24]


def task_digest(task: Task) -> str:
    """Return a hash of all that a peer is given, but for the last digits, which threads change."""
    found = hashlib.sha256()
    for given in (task.learn, task.outcome.to_frame(), task.test):
        found.update(repr(list(given.columns)).encode())
        rows = given.astype(dict.fromkeys(given.select_dtypes("float64").columns, "float32"))
        found.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return found.hexdigest()[:24]


def file_digest(*files: Path) -> str:
    """Return a hash of what some files hold."""
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()[:24]


@cache
def code_digest() -> str:
    """Return a hash of our code as it was at the start: of the commit, and what differs from it."""
    commands = (["git", "ls-tree", "HEAD", *CODE], ["git", "diff", "HEAD", "--", *CODE])
    said = [subprocess.run(each, cwd=ROOT, capture_output=True, check=True) for each in commands]
    return digest([each.stdout for each in said])
