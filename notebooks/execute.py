"""Run the notebooks anew and keep their outputs: `python notebooks/execute.py [01 02 03]`."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
LONGEST_SECONDS = 600  # a cell that takes longer on a busy machine hangs


def main() -> None:
    """Execute the notebooks whose names begin as asked for; without an argument, all."""
    wanted = tuple(sys.argv[1:]) or ("",)
    for file in sorted(FOLDER.glob("*.ipynb")):
        if file.name.startswith(wanted):
            notebook = nbformat.read(file, as_version=4)
            nbformat.write(execute(notebook, folder=FOLDER), file)


def execute(notebook: nbformat.NotebookNode, *, folder: Path) -> nbformat.NotebookNode:
    """Run every cell in order in a fresh kernel.

    Parameters
    ----------
    notebook
        The notebook; it is changed.
    folder
        Where it runs.

    Returns
    -------
    NotebookNode
        With outputs, and without what only this run or this machine has.

    Raises
    ------
    CellExecutionError
        Where a cell fails.
    """
    client = NotebookClient(
        notebook,
        timeout=LONGEST_SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


if __name__ == "__main__":
    main()
