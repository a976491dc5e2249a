"""What reads a night's leads and computes their features: this machine, or Spark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.buckets import open_buckets
from leadscore.serving.nightly.bucket_passes import judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from leadscore.features.buckets import Buckets
    from leadscore.serving.ledger import NightFault
    from leadscore.serving.nightly.night_context import Night


@dataclass(frozen=True)
class Engine:
    """What reads a night's leads and computes their features.

    Parameters
    ----------
    name
        Names its unfinished work, which no other engine goes on with.
    open
        Opens a project's tables, as `buckets.open_buckets.open_buckets` does.
    judge
        Keeps features and propensities of all leads, as `nightly.bucket_passes.judge` does.
    """

    name: str
    open: Callable[..., AbstractContextManager[Buckets]]
    judge: Callable[[Night], list[NightFault]]


HERE = Engine("duckdb", open_buckets, judge)
