"""The page docs/python.md runs from top to bottom, and the docstrings' examples with it."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
MODULES = (
    "feature_frames",
    "frame_contract",
    "frames",
    "lead_scorer",
    "project",
    "features.core.times",
)


@pytest.mark.slow
def test_every_snippet_of_the_page_runs():
    snippets = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) > 5
    seen: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, str(PAGE), "exec"), seen)  # noqa: S102


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name):
    found = doctest.testmod(import_module(f"leadscore.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
