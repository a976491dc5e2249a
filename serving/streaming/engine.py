"""Where a night's leads are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.buckets import open_buckets
from serving.streaming.run import judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from features.buckets import Buckets
    from serving.checks import NightFault
    from serving.streaming.night import Night


@dataclass(frozen=True)
class Engine:
    """What looks at a night's leads.

    Parameters
    ----------
    name
        What unfinished work of it is known by: no other engine goes on with it.
    open
        Opens a project's tables, as `features.buckets.open_buckets` does.
    judge
        Keeps features and propensities of all leads, as `serving.streaming.run.judge` does.
    """

    name: str
    open: Callable[..., AbstractContextManager[Buckets]]
    judge: Callable[[Night], list[NightFault]]


HERE = Engine("duckdb", open_buckets, judge)
