"""Processes that share buckets out among them; each opens what it works on once.

joblib's own pool replaces a process whose memory has grown, and with it what it had opened; these
stay until the work is done.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import joblib

from leadscore.features.core.errors import LeadScoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.synchronize import Event

Opened_co = TypeVar("Opened_co", covariant=True)
Found = TypeVar("Found")

USUAL_WORKERS = 2  # each holds some 2 GB; who has more room asks for more
LOOKS_EVERY = 0.5  # seconds; how long a worker may outlive whom it works for
KB_A_MB = 1024


class Opening(Protocol[Opened_co]):
    """How a worker gets what it works on; it goes to another process by pickle."""

    @property
    def token(self) -> str:
        """What names it: a worker that has this one open goes on with it."""

    def open(self) -> AbstractContextManager[Opened_co]:
        """Open it, until another is wanted."""


@dataclass(frozen=True)
class Piece(Generic[Found]):
    """What a worker made of one bucket.

    Parameters
    ----------
    found
        What the task returned.
    worker
        The number of its process.
    peak_memory_mb
        The most memory that this process has held so far.
    """

    found: Found
    worker: int
    peak_memory_mb: float


def usual_workers() -> int:
    """Say how many processes work where nobody says otherwise: one a core, up to two."""
    return min(int(joblib.cpu_count()), USUAL_WORKERS)


class Workers:
    """Some processes that work on buckets, until `close` is called.

    Parameters
    ----------
    count
        How many. One is the calling process itself.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        if count > 1:
            context = get_context("spawn")  # a fork would share DuckDB's threads, which it cannot
            self._over = context.Event()
            self._pool = ProcessPoolExecutor(
                count, context, initializer=_begin, initargs=(self._over,)
            )

    @classmethod
    @contextmanager
    def employed(cls, count: int) -> Iterator[Workers]:
        """Have some for the length of a `with` block."""
        workers = cls(count)
        try:
            yield workers
        finally:
            workers.close()

    def each(
        self,
        task: Callable[..., Found],
        buckets: Iterable[int],
        opening: Opening[Any],
        *arguments: object,
    ) -> Iterator[Piece[Found]]:
        """Let them work on buckets.

        Parameters
        ----------
        task
            Called with what was opened, a bucket's number and `arguments`; of a module's top
            level.
        buckets
            Their numbers.
        opening
            Opens what the task works on, once a process.
        arguments
            Passed on.

        Yields
        ------
        Piece
            In the order of the buckets.

        Raises
        ------
        LeadScoreError
            Where one of the processes ended in the midst of its work.
        """
        if self._pool is None:
            with opening.open() as opened:
                for bucket in buckets:
                    yield Piece(task(opened, bucket, *arguments), os.getpid(), peak_memory_mb())
            return
        try:
            found = [
                self._pool.submit(work, opening, task, bucket, arguments) for bucket in buckets
            ]
            for piece in found:
                yield piece.result()
        except BrokenProcessPool as error:
            raise LeadScoreError(
                f"one of {self.count} worker processes ended in the midst of its work; perhaps "
                "memory ran out. What they finished is kept: run it again, with `--workers 1` "
                "where memory is short."
            ) from error

    def close(self) -> None:
        """Send them home; what they are at work on is given up."""
        if self._pool is not None:
            self._over.set()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


class _Held:
    """What this process has open."""

    stack: ExitStack | None = None
    token = ""
    value: Any = None
    is_at_work = False


def _begin(over: Event) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whom it works for says when it is over
    Finalize(None, _close, exitpriority=1)
    threading.Thread(target=_leave_when, args=(over,), daemon=True).start()


def work(
    opening: Opening[Any],
    task: Callable[..., Found],
    bucket: int,
    arguments: tuple[object, ...],
) -> Piece[Found]:
    """Do a piece of work in this process, which keeps open what it has opened for it."""
    _Held.is_at_work = True
    try:
        if _Held.token != opening.token:
            _close()
            stack = ExitStack()
            _Held.value = stack.enter_context(opening.open())
            _Held.stack, _Held.token = stack, opening.token
        found = task(_Held.value, bucket, *arguments)
    finally:
        _Held.is_at_work = False
    return Piece(found, os.getpid(), peak_memory_mb())


def _close() -> None:
    if _Held.stack is not None:
        _Held.stack.close()
    _Held.stack, _Held.token, _Held.value = None, "", None


def _leave_when(over: Event) -> None:
    """Give the work up once it is over, or nobody wants it: the next run may have begun."""
    boss = parent_process()
    while boss is not None and boss.is_alive():
        if over.wait(LOOKS_EVERY) and not _Held.is_at_work:
            return  # the pool itself ends a process that waits for work
        if over.is_set():
            break
    os._exit(1)


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KB_A_MB if sys.platform != "darwin" else peak / KB_A_MB**2
