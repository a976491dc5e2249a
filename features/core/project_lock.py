"""One run at a time in a project."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leadscore.features.core.file_lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = ".leadscore/lock"


@contextmanager
def project_lock(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the project's lock for the length of a `with` block.

    Its file says who holds it: `command` is what the next one in line is told.

    Raises
    ------
    RunLocked
        Where another run holds the lock: which, since when, and under what process number.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with project_lock(pathlib.Path(tempfile.mkdtemp()), command="score"):
    ...     pass
    """
    file = directory / LOCK_FILE
    with locked(file, busy=lambda: _who_holds(directory, file)) as handle:
        _rewrite(handle.fileno(), _me(command))
        try:
            yield
        finally:
            _rewrite(handle.fileno(), "")


def _me(command: str) -> str:
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return json.dumps({"pid": os.getpid(), "since": since, "command": command})


def _rewrite(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, text.encode())  # the file is opened to append: after 0 bytes, at 0


def _who_holds(directory: Path, file: Path) -> str:
    try:
        holder = json.loads(file.read_text(encoding="utf-8"))
        who = f"`{holder['command']}` (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):  # caught between taking the lock and signing it
        who = "one that has only just begun"
    return f"Another run works in {directory}: {who}. Wait until it ends, then try again."
