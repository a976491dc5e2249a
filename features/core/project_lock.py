"""One run at a time in a project: a lock that a crash cannot leave behind."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leadscore.features.core.errors import RunLocked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_FILE = ".leadscore/lock"


@contextmanager
def project_lock(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the project's lock for the length of a `with` block.

    The kernel holds it (`flock`), so it is free again the moment its process ends, however that
    ends. The file stays: it only says who holds the lock, and removing it would let two runs
    lock two different files of one name.

    Parameters
    ----------
    directory
        The project folder.
    command
        What is running, as the next one in line is told.

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
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunLocked(_who_holds(directory, file)) from error
        _rewrite(handle.fileno(), _me(command))
        try:
            yield
        finally:
            _rewrite(handle.fileno(), "")
            fcntl.flock(handle, fcntl.LOCK_UN)


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
