"""A night's second pass: every lead's tier, by what was kept of it and of the night before.

Each bucket is worked on by itself, but for two things that need all leads: where a tier begins
that a share of them gets, and the places that sales has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.serving.ledger import NightNotes, as_today, night_file
from leadscore.serving.nightly.checkpoint_store import LEADS, OFFERS, PLACES, TIERS
from leadscore.serving.nightly.scoring import Stamp
from leadscore.serving.tiers import (
    REMEMBERED,
    Allocation,
    CutOffs,
    ProvisionalTiers,
    cut_offs,
    find_bars,
    offer,
    remembered,
    settle,
    share_places,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import pandas as pd

    from leadscore.serving.nightly.night_context import Night
    from leadscore.serving.tiers import Bar, Queue

BEFORE = "before_{:%Y%m%dT%H%M%S%f}"  # what is sorted of it; a run gone on with may find another
SAID = ("lead_id", *REMEMBERED)  # what of it is wanted
TEXTS = ("hand_raiser", "disqualifier", "team", "setback_reason", "facts_digest")


@dataclass(frozen=True)
class Tiered:
    """A night whose tiers are decided."""

    cuts: CutOffs
    notes: NightNotes
    stamp: Stamp


def decide_tiers(night: Night, *, before: datetime | None) -> Tiered:
    """Decide every lead's tier, and keep it on the workbench.

    `before` is the night before, which the ledger holds; None on the first.
    """
    if before is not None:
        file = night_file(night.directory, before)
        night.buckets.sort_beside(BEFORE.format(before), file, SAID)
    cuts = cut_offs(night.policy, night.champion.evidence)

    def parts() -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        for bucket in night.numbers:
            yield _leads_of(night, bucket, before)

    bars = find_bars(parts, cuts, night.policy.hysteresis)
    queues = list(night.each(_offer_bucket, cuts, bars, before))
    shared, chance = share_places(queues, night.policy)
    for bucket, got in enumerate(shared):
        night.work.keep(PLACES, bucket, got.to_frame())
    for bucket, _settled in enumerate(night.each(_settle_bucket, chance)):
        for part in (OFFERS, PLACES):  # not sooner: Spark may do a task twice
            night.work.drop(part, bucket)
    scores = (night.work.take(LEADS, bucket) for bucket in night.numbers)
    begins_at = {tier: bar.begins_at for tier, bar in bars.items()}
    stamp = Stamp.of(night.as_of, night.champion, night.policy, scores)
    return Tiered(cuts, NightNotes(night.policy, begins_at), stamp)


def _offer_bucket(
    night: Night, bucket: int, cuts: CutOffs, bars: Mapping[str, Bar], night_before: datetime | None
) -> Queue:
    leads, before = _leads_of(night, bucket, night_before)
    offered, queue = offer(leads, before, night.policy, cuts, bars, as_of=night.as_of)
    night.work.keep(OFFERS, bucket, offered.to_frame())
    return queue


def _settle_bucket(night: Night, bucket: int, chance: float) -> None:
    offered = ProvisionalTiers.from_frame(night.work.take(OFFERS, bucket))
    got = Allocation.from_frame(night.work.take(PLACES, bucket))
    night.work.keep(TIERS, bucket, settle(offered, got, probability=chance, as_of=night.as_of))


def tier_parts(night: Night) -> Iterator[pd.DataFrame]:
    """Give each bucket's `tier`, `p_sql` and `p_won`."""
    for bucket in night.numbers:
        tier = night.work.take(TIERS, bucket)["tier"]
        yield night.work.take(LEADS, bucket)[["p_sql", "p_won"]].assign(tier=tier)


def _leads_of(
    night: Night, bucket: int, night_before: datetime | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take up a bucket's leads, and what the night before said of them."""
    leads = night.work.take(LEADS, bucket)
    texts = list(TEXTS)
    leads[texts] = leads[texts].astype(object).where(leads[texts].notna(), None)
    if night_before is None:
        return leads, remembered(leads, None)
    said = as_today(night.buckets.beside(BEFORE.format(night_before), bucket), SAID)
    return leads, remembered(leads, said.to_pandas())
