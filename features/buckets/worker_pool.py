"""Processes that work on buckets; each opens its tables once.

joblib replaces a process whose memory has grown, and with it what it had opened; these stay.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from ctypes import c_bool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import joblib

from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

Opened_co = TypeVar("Opened_co", covariant=True)
Value = TypeVar("Value")

DEFAULT_WORKERS = 2  # each takes some 2 GB
POLL_SECONDS = 0.5  # how long a worker may outlive its parent
KB_A_MB = 1024


class Opening(Protocol[Opened_co]):
    """How a worker opens what it works on; sent to it by pickle."""

    @property
    def token(self) -> str:
        """Identifies it: a worker that has opened it already does not open it again."""

    def open(self) -> AbstractContextManager[Opened_co]:
        """Open it, until another is wanted."""


@dataclass(frozen=True)
class TaskResult(Generic[Value]):
    """What a task returned, the number of its process, and the most memory that this has held."""

    value: Value
    worker: int
    peak_memory_mb: float


def default_workers() -> int:
    """Return how many processes work by default: one a core, up to two."""
    return min(int(joblib.cpu_count()), DEFAULT_WORKERS)


class WorkerPool:
    """Processes that work on buckets until the `with` block ends; 1 is this process itself."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None
        if count > 1:
            context = get_context("spawn")  # a fork would share DuckDB's threads, which it cannot
            # No Event: setting one waits for each process that waits for it, and one may have died.
            self._over = context.RawValue(c_bool, False)
            self._pool = ProcessPoolExecutor(
                count, context, initializer=_begin, initargs=(self._over,)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Shut down; cancel pending tasks."""
        if self._pool is not None:
            self._over.value = True
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def map(
        self,
        task: Callable[..., Value],
        buckets: Iterable[int],
        opening: Opening[Any],
        *arguments: object,
    ) -> Iterator[TaskResult[Value]]:
        """Run a task for each bucket, and yield the results in the order of the buckets.

        `task` is a function of a module's top level, called with what `opening` opens (once a
        process), the bucket's number and `arguments`.

        Raises
        ------
        LeadScoreError
            Where one of the processes died.
        """
        if self._pool is None:
            with opening.open() as opened:
                for bucket in buckets:
                    value = task(opened, bucket, *arguments)
                    yield TaskResult(value, os.getpid(), peak_memory_mb())
            return
        try:
            futures = [self._pool.submit(work, opening, task, each, arguments) for each in buckets]
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise LeadScoreError(
                f"one of {self.count} worker processes ended in the midst of its work; perhaps "
                "memory ran out. What they finished is kept: run it again, with `--workers 1` "
                "where memory is short."
            ) from error


class _Worker:
    """What this process has open."""

    stack: ExitStack | None = None
    token = ""
    opened: Any = None
    is_busy = False


def _begin(over: c_bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it
    Finalize(None, _close, exitpriority=1)
    threading.Thread(target=_leave_when, args=(over,), daemon=True).start()


def work(
    opening: Opening[Any], task: Callable[..., Value], bucket: int, arguments: tuple[object, ...]
) -> TaskResult[Value]:
    """Run a task in this process, which keeps open what the task needs."""
    _Worker.is_busy = True
    try:
        if _Worker.token != opening.token:
            _close()
            stack = ExitStack()
            _Worker.opened = stack.enter_context(opening.open())
            _Worker.stack, _Worker.token = stack, opening.token
        value = task(_Worker.opened, bucket, *arguments)
    finally:
        _Worker.is_busy = False
    return TaskResult(value, os.getpid(), peak_memory_mb())


def _close() -> None:
    if _Worker.stack is not None:
        _Worker.stack.close()
    _Worker.stack, _Worker.token, _Worker.opened = None, "", None


def _leave_when(over: c_bool) -> None:
    """End this process once its work is over or its parent gone: the next run may have begun."""
    parent = parent_process()
    while parent is not None and parent.is_alive():
        time.sleep(POLL_SECONDS)
        if over.value and not _Worker.is_busy:
            return  # the pool itself ends a process that waits for work
        if over.value:
            break
    os._exit(1)


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KB_A_MB if sys.platform != "darwin" else peak / KB_A_MB**2
