from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.code_figures import figures
from benchmarks.code_graph import body_lines, circles, functions, import_graph, product_files
from benchmarks.code_repeats import SHORTEST, repeats

CODE = [f"value_{number} = {number}" for number in range(SHORTEST)]


@pytest.fixture
def checkout(tmp_path):
    """A product of two rooms whose files import each other, one for types alone."""
    for name, text in {
        "features/__init__.py": '"""Features."""\n',
        "features/core/__init__.py": "from leadscore.features.core.errors import Error\n",
        "features/core/errors.py": (
            "from typing import TYPE_CHECKING\n\n"
            "if TYPE_CHECKING:\n    from leadscore.features.tables.open import open_tables\n"
        ),
        "features/tables/open.py": (
            'def open_tables():\n    """Open."""\n'
            "    from leadscore.features.core import errors\n    return errors\n"
        ),
        "tests/test_open.py": "def test_open():\n    assert open\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def circles_of(root):
    return circles(import_graph(root, product_files(root)))


def test_imports_for_types_and_within_functions_make_a_circle(checkout):
    assert circles_of(checkout) == [["features.core.errors", "features.tables.open"]]


def test_the_same_imports_under_bare_names_make_the_same_circle(checkout):
    for file in checkout.rglob("*.py"):
        file.write_text(file.read_text().replace("leadscore.", ""))
    assert circles_of(checkout) == [["features.core.errors", "features.tables.open"]]


def test_files_that_import_one_way_make_no_circle(checkout):
    (checkout / "features/core/errors.py").write_text("class Error(Exception): ...\n")
    assert circles_of(checkout) == []


def test_lines_of_a_function_are_those_without_its_docstring(checkout):
    tree = ast.parse((checkout / "features/tables/open.py").read_text())
    assert [body_lines(each) for each in functions(tree)] == [3]


def test_figures_count_lines_rooms_and_circles(checkout):
    found = figures(checkout)
    assert found["lines of features"] == "10"
    assert found["lines of tests"] == "2"
    assert found["of these docstrings"] == "2 (20%)"
    assert found["files a room"] == "1 to 1"
    assert found["circles of imports"] == "1 (2 files)"


def test_a_block_that_stood_before_is_a_repeat_at_any_indentation():
    first = "\n".join(CODE)
    second = "def inner():\n" + "\n".join(f"    {line}  " for line in CODE)
    [found] = repeats({Path("a.py"): first, Path("b.py"): second})
    assert (found.file, found.start, found.lines) == (Path("b.py"), 2, SHORTEST)


def test_a_shorter_block_is_no_repeat():
    text = "\n".join(CODE[:-1])
    assert repeats({Path("a.py"): text, Path("b.py"): text}) == []


def test_imports_docstrings_and_comments_are_no_repeat():
    lines = [f"from package import name_{number}" for number in range(SHORTEST)]
    text = '"""' + "\n".join(CODE) + '"""\n' + "\n".join([*lines, *(f"# {x}" for x in CODE)])
    assert repeats({Path("a.py"): text, Path("b.py"): text}) == []
