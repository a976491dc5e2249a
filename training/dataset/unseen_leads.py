"""Which leads a registered version cannot have learnt from, so that they may compare it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset.splits import sides_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.training.dataset.training_data import Prepared

DIGESTS = ["lead", "content"]  # a lead is recognised by its id or by what its row holds
NOT_CONTENT = ["lead_id", "as_of"]


def traces(prepared: Prepared) -> pd.DataFrame:
    """Compute digests by which the training leads of a random split are recognised.

    They hold no lead's data. Columns `lead` and `content` (uint64), a row a training snapshot;
    empty where the split is by time, whose date is enough.
    """
    if prepared.split.by_time:
        return pd.DataFrame(columns=DIGESTS, dtype="uint64")
    return _digests(prepared.frame[(prepared.split.side != "test").to_numpy()])


def unseen_by(
    tags: Mapping[str, str], learnt_from: pd.DataFrame, frame: pd.DataFrame, leads: pd.DataFrame
) -> pd.Series[bool]:
    """Mark the rows whose lead and account a version cannot have learnt from.

    Parameters
    ----------
    tags, learnt_from
        The version's: `held_out_from` is the creation date of its first held-out lead, empty
        after a random split, whose `learnt_from` holds the traces; `known_until` is the end of
        the data it was trained on.
    frame
        Features of the rows, as the version sees them, with `lead_id` and `as_of`.
    leads
        `as_of`, `created_at`, `account` of all snapshots; the index of `frame` is part of its
        index.
    """
    if tags.get("held_out_from"):
        return _later(tags, leads).loc[frame.index]
    if learnt_from.empty:
        return pd.Series(data=False, index=frame.index)
    digests = _digests(frame)
    by_lead, by_content = (digests[name].isin(learnt_from[name]) for name in DIGESTS)
    return ~(by_lead | by_content)


def _later(tags: Mapping[str, str], leads: pd.DataFrame) -> pd.Series[bool]:
    """Repeat the version's split on what was known then: it learnt from whole accounts."""
    since = pd.Timestamp(tags["held_out_from"])
    earlier = leads
    if tags.get("known_until"):
        earlier = leads[leads["as_of"] < pd.Timestamp(tags["known_until"]).tz_localize(None)]
    learnt = earlier.loc[sides_from(since, earlier) == "learn", "account"].dropna()
    return (leads["created_at"] >= since) & ~leads["account"].isin(learnt)


def _digests(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead": pd.util.hash_pandas_object(frame["lead_id"], index=False),
            "content": pd.util.hash_pandas_object(frame.drop(columns=NOT_CONTENT), index=False),
        },
        index=frame.index,
    )
