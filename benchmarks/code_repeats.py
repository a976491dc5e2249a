"""Blocks of code that stand in several places."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHORTEST = 9  # lines: shorter blocks are often the same for no common reason


@dataclass(frozen=True)
class Repeat:
    """A block of `lines` lines of code, from line `start` of `file`, that stood before."""

    file: Path
    start: int
    lines: int


def repeats(texts: Mapping[Path, str]) -> list[Repeat]:
    """Find blocks of at least `SHORTEST` lines that stood before, in the same file or another.

    Parameters
    ----------
    texts
        Python code by file. Indentation, comments, docstrings, imports and empty lines do not
        count.

    Returns
    -------
    list of Repeat
        None is part of another.
    """
    seen: set[tuple[str, ...]] = set()
    found = []
    for file, text in texts.items():
        code = _code_lines(text)
        stood_before = []
        for at in range(len(code) - SHORTEST + 1):
            window = tuple(line for _, line in code[at : at + SHORTEST])
            stood_before.append(window in seen)
            seen.add(window)
        for repeated, run in groupby(range(len(stood_before)), stood_before.__getitem__):
            starts = list(run)
            if repeated:
                found.append(Repeat(file, code[starts[0]][0], len(starts) + SHORTEST - 1))
    return found


def _code_lines(text: str) -> list[tuple[int, str]]:
    """List the lines that count, each with its number from 1, without indentation."""
    passed_over = {
        line
        for node in ast.walk(ast.parse(text))
        if _is_import_or_text(node)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [
        (number, line)
        for number, line in lines
        if line and not line.startswith("#") and number not in passed_over
    ]


def _is_import_or_text(node: ast.AST) -> TypeGuard[ast.stmt]:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)
