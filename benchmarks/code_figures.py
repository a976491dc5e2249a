"""How large the code is, how it is divided, and what repeats in it.

Run as `python benchmarks/code_figures.py [--against REV]`; writes `benchmarks/results/code.md`.
"""

from __future__ import annotations

import argparse
import ast
import io
import shlex
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.code_graph import (  # noqa: E402
    body_lines,
    circles,
    docstring_lines,
    functions,
    import_graph,
    product_files,
)
from benchmarks.code_repeats import repeats  # noqa: E402
from benchmarks.machine import circumstances, markdown_table  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT = ROOT / "benchmarks" / "results" / "code.md"
PARTS = ("features", "training", "serving", "leadscore", "simulation")
COMMAND_LINE = {"leadscore.py", "verbs"}  # where it stood before it moved to leadscore/cli
INTRODUCTION = """\
Lines are those of Python files, with comments, docstrings and empty lines. A room is a folder of
the product that has code beside its `__init__`, which does not count. A function's lines are those
without its docstring. A circle is a group of files that import each other, directly or by way of
others, be it for types alone or within a function. A repeat is a block of more than eight lines of
code that stood before, in the same file or another; comments, docstrings and imports do not count.
"""


def main() -> None:
    """Measure this checkout, and an earlier commit beside it if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, nargs="?", default=ROOT, help="a checkout")
    parser.add_argument("--against", metavar="REV", help="a commit to compare with")
    parser.add_argument("--where", action="store_true", help="list circles and repeats")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    now = figures(asked.root)
    columns = {"now": now}
    if asked.against:
        with tempfile.TemporaryDirectory() as scratch:
            _unpack(asked.root, asked.against, Path(scratch))
            columns = {asked.against: figures(Path(scratch)), **columns}
    rows = [[name, *(each.get(name, "–") for each in columns.values())] for name in now]
    table = markdown_table(["", *columns], rows, words=1)
    command = shlex.join(["python", "benchmarks/code_figures.py", *sys.argv[1:]])
    parts = ["# The code in figures", INTRODUCTION.strip(), table, circumstances(command)]
    asked.out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(table)
    if asked.where:
        _print_places(asked.root)


def _unpack(root: Path, revision: str, target: Path) -> None:
    packed = subprocess.run(["git", "archive", revision], cwd=root, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(target, filter="data")


def _print_places(root: Path) -> None:
    for circle in circles(import_graph(root, product_files(root))):
        print("circle:", ", ".join(circle))
    for texts in (_product(root), _tests(root)):
        for each in repeats(texts):
            print(f"repeat: {each.file.relative_to(root)}:{each.start}, {each.lines} lines")


def figures(root: Path) -> dict[str, str]:
    """Measure the product and the tests of a checkout.

    Parameters
    ----------
    root
        The checkout, in rooms or flat.

    Returns
    -------
    dict of str to str
        By what was measured.
    """
    product, tests = _product(root), _tests(root)
    groups = circles(import_graph(root, product_files(root)))
    return {
        **_sizes(product, root),
        "lines of tests": f"{sum(map(_lines, tests.values())):,}",
        **_division(product, root),
        **_functions(product),
        "circles of imports": f"{len(groups)} ({sum(map(len, groups))} files)",
        "repeats in the product": _repeated(product),
        "repeats in tests": _repeated(tests),
    }


def _product(root: Path) -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in product_files(root)}


def _tests(root: Path) -> dict[Path, str]:
    files = sorted((root / "tests").rglob("*.py"))
    return {file: file.read_text(encoding="utf-8") for file in files}


def _lines(text: str) -> int:
    return len(text.splitlines())


def _sizes(product: Mapping[Path, str], root: Path) -> dict[str, str]:
    lines: Counter[str] = Counter()
    for file, text in product.items():
        lines[_part(file, root)] += _lines(text)
    texts = (ast.parse(text) for text in product.values())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = sum(
        docstring_lines(node)
        for tree in texts
        for node in ast.walk(tree)
        if isinstance(node, documented)
    )
    return {
        **{f"lines of {part}": f"{lines[part]:,}" for part in PARTS},
        "lines of the product": f"{lines.total():,}",
        "of these docstrings": f"{docstrings:,} ({docstrings / lines.total():.0%})",
    }


def _part(file: Path, root: Path) -> str:
    """Name the part of the product that a file belongs to, in either layout."""
    part = file.relative_to(root).parts[0]
    if part in COMMAND_LINE:
        return "leadscore"
    return "simulation" if file.stem.startswith("simulat") else part


def _division(product: Mapping[Path, str], root: Path) -> dict[str, str]:
    rooms = Counter(file.parent for file in product if file.name != "__init__.py")
    smallest, largest = min(rooms.values()), max(rooms.values())
    longest = max(product, key=lambda file: _lines(product[file]))
    return {
        "files": f"{len(product)}",
        "rooms": f"{len(rooms)}",
        "files a room": f"{smallest} to {largest}",
        "longest file": f"{_lines(product[longest])} ({longest.relative_to(root)})",
    }


def _functions(product: Mapping[Path, str]) -> dict[str, str]:
    lengths = [
        (body_lines(each), f"{file.stem}.{each.name}")
        for file, text in product.items()
        for each in functions(ast.parse(text))
    ]
    return {
        "functions": f"{len(lengths):,}",
        "median function": f"{median(length for length, _ in lengths):g}",
        "longest function": "{} ({})".format(*max(lengths)),
        "functions over 40 lines": f"{sum(length > 40 for length, _ in lengths)}",
    }


def _repeated(texts: Mapping[Path, str]) -> str:
    found = repeats(texts)
    return f"{len(found)} ({sum(each.lines for each in found):,} lines)"


if __name__ == "__main__":
    main()
