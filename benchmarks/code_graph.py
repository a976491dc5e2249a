"""Which file of the product imports which, read from the code without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FOLDERS = ("features", "training", "serving", "simulation")  # all under the one name `leadscore`
PRODUCT = (*FOLDERS, "leadscore", "verbs", "leadscore.py")  # the last two until they moved
NAME = "leadscore."
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported name: `module` as it is written, `name` None for `import module`."""

    module: str
    name: str | None
    line: int


def product_files(root: Path) -> list[Path]:
    """List the product's Python files; links from `leadscore/` are not followed."""
    found: list[Path] = []
    for place in PRODUCT:
        path = root / place
        found += [path] if path.is_file() else path.rglob("*.py")
    return sorted(found)


def module_name(file: Path, root: Path) -> str:
    """Name a file as its place says: `features.core.errors`, `features.core` for `__init__`."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def place_of(module: str) -> str:
    """Name an imported module as its place says: without the `leadscore.` before a folder."""
    inner = module.removeprefix(NAME)
    return inner if inner.split(".")[0] in FOLDERS else module


def imports_of(tree: ast.AST) -> Iterator[Import]:
    """Find all absolute imports, in functions and under `if TYPE_CHECKING`, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield Import(node.module, alias.name, node.lineno)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Find all functions and methods, inner ones, too."""
    return (each for each in ast.walk(tree) if isinstance(each, Function))


def body_lines(function: Function) -> int:
    """Count a function's lines from `def` to its end, without the docstring."""
    return _lines(function) - docstring_lines(function)


def docstring_lines(node: ast.Module | ast.ClassDef | Function) -> int:
    """Count the lines of a docstring; 0 if there is none."""
    return 0 if ast.get_docstring(node) is None else _lines(node.body[0])


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def import_graph(root: Path, files: Iterable[Path]) -> dict[str, set[str]]:
    """Find which of some modules each of them imports.

    Parameters
    ----------
    root
        A checkout, in rooms or flat.
    files
        Python files of it.

    Returns
    -------
    dict of str to set of str
        By `module_name`. `from package import name` leads to the module of that name if there is
        one, else to the package.
    """
    trees = {module_name(file, root): ast.parse(file.read_text(encoding="utf-8")) for file in files}
    graph: dict[str, set[str]] = {module: set() for module in trees}
    for module, tree in trees.items():
        for each in imports_of(tree):
            place = place_of(each.module)
            inner = f"{place}.{each.name}"
            graph[module] |= {inner if inner in trees else place} & trees.keys()
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Find the groups of modules that import each other, directly or by way of others."""
    reached = {module: _reachable(module, graph) for module in graph}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in graph
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += graph[module]
    return found
