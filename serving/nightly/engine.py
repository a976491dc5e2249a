"""Where a night's leads are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.buckets.bucketed_tables import open_buckets
from leadscore.serving.nightly.bucket_passes import judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from leadscore.features.buckets.bucketed_tables import Buckets
    from leadscore.serving.ledger.score_checks import NightFault
    from leadscore.serving.nightly.night_context import Night


@dataclass(frozen=True)
class Engine:
    """What looks at a night's leads.

    Parameters
    ----------
    name
        What unfinished work of it is known by: no other engine goes on with it.
    open
        Opens a project's tables, as `buckets.bucketed_tables.open_buckets` does.
    judge
        Keeps features and propensities of all leads, as `nightly.bucket_passes.judge` does.
    """

    name: str
    open: Callable[..., AbstractContextManager[Buckets]]
    judge: Callable[[Night], list[NightFault]]


HERE = Engine("duckdb", open_buckets, judge)
