"""What a night is made with, and how several processes share its buckets out."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from leadscore.features.buckets import BucketStore
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.serving.nightly.checkpoint_store import Workbench
from leadscore.serving.nightly.timings import Stages
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.buckets import BucketOpening, Buckets, Opening
    from leadscore.serving.policy import Policy
    from leadscore.training.registry import Registered

Found = TypeVar("Found")


@dataclass(frozen=True)
class Night:
    """What a night is made with."""

    directory: Path  # the project folder
    as_of: datetime  # UTC without a zone
    champion: Registered
    policy: Policy
    buckets: Buckets
    work: Workbench
    stages: Stages

    @cached_property
    def snapshots(self) -> ir.Table:
        """Columns `lead_id`, `as_of`: the open leads of the bucket at hand."""
        return nightly_snapshots(self.buckets.tables, as_of=self.as_of)

    @property
    def numbers(self) -> range:
        """The buckets' numbers."""
        return range(self.buckets.count)

    def each(self, task: Callable[..., Found], *arguments: object) -> Iterator[Found]:
        """Run a task for each bucket on all workers; yield what it returns, in their order.

        It is a function of a module's top level, called with the night, a bucket's number and
        `arguments`.
        """
        workers = self.buckets.workers
        for result in workers.map(_timed, self.numbers, self.opening, task, arguments):
            found, seconds = result.value
            if workers.count > 1:
                self.stages.share(seconds, workers.count)
                self.stages.saw(result.worker, result.peak_memory_mb)
            yield found

    @cached_property
    def opening(self) -> Opening[Night]:
        """How another process works on the same night."""
        buckets = self.buckets
        if not isinstance(buckets, BucketStore) or buckets.workers.count == 1:
            return _AsItIs(self)
        return _NightOpening(
            self.directory,
            self.as_of,
            self.champion.name,
            self.champion.version,
            self.policy,
            buckets.with_totals(),
            self.work.folder,
        )


def _timed(
    night: Night, bucket: int, task: Callable[..., Found], arguments: tuple[object, ...]
) -> tuple[Found, dict[str, float]]:
    """Do a task, and say how long its stages took."""
    before = dict(night.stages.seconds)
    found = task(night, bucket, *arguments)
    after = night.stages.seconds
    return found, {stage: after[stage] - before.get(stage, 0.0) for stage in after}


@dataclass(frozen=True)
class _AsItIs:
    """A night that needs no opening."""

    night: Night
    token: str = ""

    def open(self) -> AbstractContextManager[Night]:
        return nullcontext(self.night)


@dataclass(frozen=True)
class _NightOpening:
    """How another process works on the same night."""

    directory: Path
    as_of: datetime
    name: str
    version: str
    policy: Policy
    buckets: BucketOpening
    work: Path

    @property
    def token(self) -> str:
        return self.buckets.token

    @contextmanager
    def open(self) -> Iterator[Night]:
        champion = Registry(self.directory, self.name).load(self.version)
        with self.buckets.open() as buckets:
            work, stages = Workbench(self.work), Stages()
            yield Night(self.directory, self.as_of, champion, self.policy, buckets, work, stages)
