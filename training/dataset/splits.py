"""Which snapshots train and which test: later leads test earlier ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.core import TooLittleData

if TYPE_CHECKING:
    from leadscore.training.dataset.labels import Labels

TEST_SHARE = 0.25  # of matured leads; enough to see lift at 1 % on a few thousand leads
QUARTERS = 4  # of a file without dates
DEALT_TO = (1, 2, 3, 0, 3, 2, 1, 0)  # there and back; the first to be held out is never the larger
SPREAD_TEST_SHARE = 0.4  # of accounts with leads on both sides; either side loses something


@dataclass(frozen=True)
class Split:
    """Which side each snapshot is on."""

    side: pd.Series[str]  # aligned with the labels' frame: `learn`, `test` or `unused`
    by_time: bool  # whether later leads test earlier ones
    test_from: pd.Timestamp | None  # creation of the first test lead; None if not by time
    caution: str  # what a reader must know about the split; empty where nothing
    quarter: pd.Series[int] | None = None  # without dates: each is held out in turn, 0 here


def split_by_time(labels: Labels) -> Split:
    """Split so that the latest matured leads test what is learnt from earlier leads.

    Leads are ordered by creation; the last quarter of those whose longest horizon has passed,
    and all after them, test. An account's leads are all on one side: accounts with leads on
    both are assigned whole, by a hash of their name.

    Raises
    ------
    TooLittleData
        Where no lead has matured.
    """
    frame = labels.frame
    last_stage = labels.stages[-1]
    matured = frame.loc[frame[f"y_{last_stage}"].notna(), ["lead_id", "created_at"]]
    created = matured.drop_duplicates("lead_id")["created_at"].dropna()
    if created.empty:
        raise TooLittleData(
            f"no lead's {last_stage} horizon has passed by the end of the data. Wait, shorten "
            f"`horizon_days.{last_stage}`, or bring an older export."
        )
    test_from = created.sort_values().iloc[int(np.ceil((1 - TEST_SHARE) * (len(created) - 1)))]
    side = sides_from(test_from, frame)
    return Split(side, by_time=True, test_from=test_from, caution=_set_aside(frame, side))


def _set_aside(frame: pd.DataFrame, side: pd.Series[str]) -> str:
    """Say how many leads neither teach nor test the judged model, for their colleagues' sake."""
    leads = frame.loc[frame["created_at"].notna() & (side == "unused"), "lead_id"].nunique()
    if not leads:
        return ""
    return (
        f"{leads:,} of {frame['lead_id'].nunique():,} leads are set aside while the model is "
        "judged: colleagues of theirs stand on the other side. They teach the model that scores."
    )


def sides_from(test_from: pd.Timestamp, frame: pd.DataFrame) -> pd.Series[str]:
    """Put leads created from a date on the test side, and each account's leads on one side.

    Parameters
    ----------
    frame
        Columns `created_at`, `account`.

    Returns
    -------
    Series of str
        `learn`, `test` or `unused`: undated, or on the side that its account is not on.
    """
    side = _whole_accounts(frame["account"], frame["created_at"] >= test_from)
    return side.mask(frame["created_at"].isna(), "unused")


def all_learn(split: Split, labels: Labels) -> Split:
    """Put every snapshot on the learning side, but for undated ones among dated."""
    is_out = split.by_time & labels.frame["created_at"].isna()
    side = pd.Series(np.where(is_out, "unused", "learn"), index=split.side.index).astype("str")
    return replace(split, side=side, test_from=None)


def split_at_random(labels: Labels, groups: pd.Series[str]) -> Split:
    """Split a file without dates: each outcome in equal shares, rows of the same group together."""
    quarter = _quarters(groups, labels.frame[f"y_{labels.stages[0]}"])
    caution = (
        "The file has no creation dates, so each quarter of the leads is held out in turn from "
        "models that learn from the others, of the same period. That shows how well the model "
        "ranks leads like these, not how it will do next month: expect less. Name a date column "
        "with --created-at to test on later leads."
    )
    side = _sides(quarter, 0)
    return Split(side, by_time=False, test_from=None, caution=caution, quarter=quarter)


def held_out_in_turn(split: Split) -> list[Split]:
    """List the splits that hold out other quarters of a file without dates; none by time."""
    if split.quarter is None:
        return []
    return [replace(split, side=_sides(split.quarter, number)) for number in range(1, QUARTERS)]


def _sides(quarter: pd.Series[int], held_out: int) -> pd.Series[str]:
    side = np.where(quarter == held_out, "test", "learn")
    return pd.Series(side, index=quarter.index).astype("str")


def parts_of_stage(labels: Labels, split: Split, stage: str) -> pd.Series[str]:
    """Give each snapshot its part in one stage: `learn`, `test` or `unused`.

    A label trains only if it was known before the first test snapshot: a gap of one horizon.
    """
    frame = labels.frame
    known = frame[f"y_{stage}"].notna()
    learn = known & (split.side == "learn")
    if split.by_time:
        learn &= ~(frame[f"known_{stage}_at"] > frame.loc[split.side == "test", "as_of"].min())
    part = pd.Series("unused", index=frame.index).astype("str")
    part = part.mask(known & (split.side == "test"), "test")
    return part.mask(learn, "learn")


def _quarters(groups: pd.Series[str], outcome: pd.Series[float]) -> pd.Series[int]:
    """Deal whole groups into quarters of like sizes and rates, at random among like groups."""
    rows = pd.DataFrame({"group": groups.to_numpy(), "outcome": outcome.fillna(-1).to_numpy()})
    by_group = rows.groupby("group")["outcome"]
    dealt = pd.DataFrame({"rate": by_group.mean(), "size": by_group.size()})
    dealt["draw"] = _draw(pd.Series(dealt.index, index=dealt.index))
    dealt = dealt.sort_values(["rate", "size", "draw"], ascending=[True, False, True])
    whole = dealt["rate"].where(dealt["rate"].isin([-1.0, 0.0, 1.0]), 0.5)  # others hold both
    place = whole.groupby(whole).cumcount()
    dealt["quarter"] = np.array(DEALT_TO)[place % len(DEALT_TO)]
    return groups.map(dealt["quarter"]).astype("int64")


def _whole_accounts(account: pd.Series[str], is_late: pd.Series[bool]) -> pd.Series[str]:
    """Split by time; what an account has on its other side is `unused`."""
    side = pd.Series(np.where(is_late, "test", "learn"), index=account.index).astype("str")
    spread = account.notna() & (is_late.groupby(account).transform("nunique") > 1)
    if not spread.any():
        return side
    own = np.where(_draw(account[spread]) < SPREAD_TEST_SHARE, "test", "learn")
    lost = side[spread] != own
    side.loc[lost.index[lost]] = "unused"
    return side


def _draw(keys: pd.Series[str]) -> pd.Series[float]:
    """Draw a number in [0, 1) for each key, the same on every machine."""
    digests = (hashlib.blake2b(str(key).encode(), digest_size=8).digest() for key in keys)
    numbers = [int.from_bytes(digest, "big") / 2**64 for digest in digests]
    return pd.Series(numbers, index=keys.index, dtype="float64")
