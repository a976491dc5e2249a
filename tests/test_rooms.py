"""The direction of the house: features → training → serving, and each dear library in its place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    file
    for name in ("features", "training", "serving", "verbs")
    for file in (ROOT / name).rglob("*.py")
)
MAY_IMPORT = {
    "features": {"features"},
    "training": {"features", "training"},
    "serving": {"features", "training", "serving"},
    "verbs": {"features", "training", "serving", "verbs"},
}
OWN = {"features", "training", "serving", "verbs", "leadscore", "tests", "benchmarks"}
TRACKING = ("tracking", "tracking_model", "tracking_online", "tracking_run", "tracking_store")
# Reasons are computed by LightGBM itself, from the booster that the estimator hands on.
HOMES = {
    "mlflow": {f"training/{name}.py" for name in TRACKING},
    "adbc_driver_postgresql": {"serving/export/postgres/connection.py"},
    "lightgbm": {
        "training/model/stage_model.py",
        "training/model/boosting.py",
        "serving/explanations/reasons.py",
    },
}


def imports(file: Path) -> set[str]:
    """The top-level packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(file.relative_to(ROOT).parts[0] if node.level else node.module.split(".")[0])
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_imports_its_own_package_and_those_before_it(file):
    package = file.relative_to(ROOT).parts[0]
    assert imports(file) & OWN <= MAY_IMPORT[package]


@pytest.mark.parametrize("library", HOMES)
def test_a_dear_library_is_imported_in_its_home_alone(library):
    importers = {str(file.relative_to(ROOT)) for file in FILES if library in imports(file)}
    assert importers
    assert importers <= HOMES[library]
