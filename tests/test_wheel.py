"""What `pip install` brings: everything under the one name `leadscore`, with its data files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("features", "training", "serving", "simulation")
SOURCES = ("leadscore", *FOLDERS, "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE")


def can_build() -> bool:
    try:
        return int(version("setuptools").split(".")[0]) >= 77
    except PackageNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not can_build(), reason="the build needs setuptools 77")


def build(source: Path, kind: str, target: Path) -> Path:
    """A wheel or an sdist of a source tree, built in a process of its own and fetching nothing."""
    code = f"from setuptools import build_meta; build_meta.build_{kind}({str(target)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, capture_output=True)
    [built] = target.iterdir()
    return built


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The sources as a clone has them, links and all, without what a build leaves behind."""
    target = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    return zipfile.ZipFile(build(checkout, "wheel", tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    target = tmp_path_factory.mktemp("installed")
    wheel.extractall(target)  # noqa: S202 - built here
    return target


def test_nothing_but_leadscore_stands_at_the_top(unpacked):
    assert {each.name for each in unpacked.iterdir() if each.suffix != ".dist-info"} == {
        "leadscore"
    }


def test_every_file_of_the_product_is_in_the_wheel(unpacked):
    ours = {
        Path("leadscore") / file.relative_to(parent)
        for folder, parent in [
            ("leadscore", ROOT / "leadscore"),
            *((each, ROOT) for each in FOLDERS),
        ]
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {str(file) for file in ours if not (unpacked / file).is_file()} == set()


def test_the_wheel_of_an_sdist_holds_the_same_files(checkout, wheel, tmp_path):
    for name in ("sdist", "source", "wheel"):
        (tmp_path / name).mkdir()
    with tarfile.open(build(checkout, "sdist", tmp_path / "sdist")) as packed:
        packed.extractall(tmp_path / "source", filter="data")
    [source] = (tmp_path / "source").iterdir()
    again = zipfile.ZipFile(build(source, "wheel", tmp_path / "wheel"))
    assert sorted(again.namelist()) == sorted(wheel.namelist())


def test_the_installed_command_answers(unpacked, tmp_path):
    answered = subprocess.run(
        [sys.executable, "-m", "leadscore", "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "score" in answered.stdout
