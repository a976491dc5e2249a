"""A lock on a file that a crash cannot leave behind: the kernel holds it (`flock`)."""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from leadscore.features.core.errors import RunLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLL_SECONDS = 0.05


@contextmanager
def locked(file: Path, *, busy: Callable[[], str], wait_seconds: float = 0.0) -> Iterator[TextIO]:
    """Hold a file's lock for the length of a `with` block, which gets the file open to append.

    The file stays: removing it would let two runs lock two different files of one name.

    Raises
    ------
    RunLocked
        With the message of `busy`, where another process or thread holds the lock for longer
        than `wait_seconds`.
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
