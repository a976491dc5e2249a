"""Locks on files, which end with their process: the kernel holds them (`flock`)."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from leadscore.features.core.errors import RunLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK_FILE = ".leadscore/lock"
POLL_SECONDS = 0.05


@contextmanager
def locked(file: Path, *, busy: Callable[[], str], wait_seconds: float = 0.0) -> Iterator[TextIO]:
    """Hold a file's lock for the length of a `with` block, which gets the file open to append.

    The file stays: removing it would let two runs lock two different files of one name. Where
    another process or thread holds the lock for longer than `wait_seconds`, `RunLocked` is
    raised with the message of `busy`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    give_up = time.monotonic() + wait_seconds
    with file.open("a+", encoding="utf-8") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= give_up:
                    raise RunLocked(busy()) from error
                time.sleep(POLL_SECONDS)
        yield handle


@contextmanager
def project_lock(directory: Path, *, command: str) -> Iterator[None]:
    """Hold the project's lock for the length of a `with` block; its file names `command`.

    Raises
    ------
    RunLocked
        Where another run holds the lock: which, since when, and under what process number.
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
    except (ValueError, KeyError, TypeError):  # the lock is taken, its file not yet written
        who = "one that has only just begun"
    return f"Another run works in {directory}: {who}. Wait until it ends, then try again."
