"""How long each stage of a night takes, and how far it has got."""

from __future__ import annotations

import logging
import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

LATE_ENOUGH = 5.0  # seconds; a shorter stage needs no word about the time left
KB_A_MB = 1024


@dataclass
class Stages:
    """The seconds that each stage has taken; a stage may come in pieces.

    Parameters
    ----------
    seconds
        By stage, in the order in which they began.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time that a `with` block takes to a stage."""
        self.seconds.setdefault(stage, 0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - began


@dataclass
class Progress:
    """How far a stage that goes bucket by bucket has got.

    Parameters
    ----------
    what
        What is being done, for the log.
    buckets
        How many there are.
    """

    what: str
    buckets: int
    leads: int = 0
    _done: int = 0
    _began: float = field(default_factory=time.perf_counter)

    def add(self, leads: int) -> None:
        """Count a bucket as done, and say how fast it goes and how long it will take."""
        self.leads += leads
        self._done += 1
        passed = time.perf_counter() - self._began
        left = passed / self._done * (self.buckets - self._done)
        wait = f", {_minutes(left)} left" if left > LATE_ENOUGH else ""
        logger.info(
            "%s: bucket %d of %d, %s leads, %s a second%s",
            self.what,
            self._done,
            self.buckets,
            f"{self.leads:,}",
            f"{self.leads / max(passed, 1e-3):,.0f}",
            wait,
        )


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def peak_memory_mb() -> float:
    """Return the most memory that this process has held so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / KB_A_MB if sys.platform != "darwin" else peak / KB_A_MB**2
