"""How long each stage of a night takes, and how far it has got."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leadscore.features.buckets import peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)

LATE_ENOUGH = 5.0  # seconds; a shorter stage needs no word about the time left


@dataclass
class Stages:
    """The seconds that each stage has taken; a stage may come in pieces."""

    seconds: dict[str, float] = field(default_factory=dict)  # by stage, in order of their begin
    peaks: dict[int, float] = field(default_factory=dict)  # MB, by the worker's process number

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time that a `with` block takes to a stage."""
        self.seconds.setdefault(stage, 0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - began

    def share(self, seconds: Mapping[str, float], workers: int) -> None:
        """Add what one of several workers took: side by side, they pass the sooner."""
        for stage, taken in seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + taken / workers

    def saw(self, worker: int, peak_memory_mb: float) -> None:
        """Remember how much memory a worker has held."""
        self.peaks[worker] = max(self.peaks.get(worker, 0.0), peak_memory_mb)

    @property
    def peak_memory_mb(self) -> float:
        """The most memory that this process and its workers have held, each at its own peak."""
        return peak_memory_mb() + sum(self.peaks.values())


@dataclass
class Progress:
    """How far a stage that goes bucket by bucket has got."""

    what: str  # is being done, for the log
    buckets: int  # in all
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
