"""What a measurement was made on: the lines that stand under every table of results."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "leadscore",
    "duckdb",
    "ibis-framework",
    "lightgbm",
    "mlflow",
    "pandas",
    "scikit-learn",
)


def circumstances(command: str, *, remark: str = "", also: tuple[str, ...] = ()) -> str:
    """Say how, when and on what figures were measured, in Markdown.

    Parameters
    ----------
    command
        What makes the figures again.
    remark
        What else a reader must know.
    also
        Libraries beside `LIBRARIES` whose versions count.

    Returns
    -------
    str
    """
    versions = ", ".join(f"{name} {_version(name)}" for name in (*LIBRARIES, *also))
    machine = f"{os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()}"
    lines = [
        f"- Command: `{command}`",
        f"- Machine: {machine} ({platform.machine()}), Python {platform.python_version()}",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}",
        f"- Versions: {versions}, code of commit {_commit()}",
    ]
    return "\n".join([*lines, *([f"- {remark}"] if remark else [])])


def markdown_table(head: list[str], rows: list[list[str]], *, words: int) -> str:
    """Lay out a Markdown table.

    Parameters
    ----------
    head, rows
        The cells.
    words
        How many columns, from the left, hold words; the others are figures, to the right.

    Returns
    -------
    str
    """
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _commit() -> str:
    """Name the commit, and say whether files differ from it; unknown outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
