"""What `import leadscore` gives, and that it lives beside anybody's own folders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import leadscore

ROOT = Path(__file__).parents[2]


def run(code: str, folder: Path) -> str:
    """Run Python in a folder, as in a notebook beside it."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize("name", leadscore.__all__)
def test_every_public_name_is_there(name):
    assert getattr(leadscore, name) is not None
    assert name in dir(leadscore)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Projekt'"):
        leadscore.Projekt  # noqa: B018


def test_importing_loads_nothing_heavy(tmp_path):
    heavy = {"pandas", "ibis", "sklearn", "mlflow", "lightgbm"}
    code = f"import leadscore, sys; print({heavy} & set(sys.modules))"
    assert run(code, tmp_path) == "set()"


def test_folders_of_the_users_own_and_ours_do_not_meet(tmp_path):
    for folder in ("features", "serving"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("mine = True\n", encoding="utf-8")
    (tmp_path / "training.py").write_text("mine = True\n", encoding="utf-8")
    code = (
        "import features, serving, training, leadscore\n"
        "assert features.mine and serving.mine and training.mine\n"
        "print(leadscore.Project.__name__, leadscore.LeadScorer.__name__)\n"
        "from leadscore.features.core.errors import LeadScoreError"
    )
    assert run(code, tmp_path) == "Project LeadScorer"
