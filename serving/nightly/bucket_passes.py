"""One night from tables to rows, some leads at a time.

Three passes. The first builds the features of one bucket of leads after another, and their
propensities. The second looks at all leads, but only at what tiers hang on: bars by share, and
the places that sales has. The third writes reasons and briefs for those whom somebody will act on,
and the night goes to the ledger part by part.
"""

from __future__ import annotations

from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING

import pandas as pd
from ibis import _

from leadscore.serving.explanations import handoff_words
from leadscore.serving.export import account_list, account_part
from leadscore.serving.lead_facts import WINS, learnt_features, wins_by_segment
from leadscore.serving.ledger import SCHEMA, NightFault, as_night, count_scores, faults_of
from leadscore.serving.nightly.checkpoint_store import (
    ACCOUNTS,
    DONE,
    FEATURES,
    LEADS,
    ROWS,
    TIERS,
    UNSEEN,
)
from leadscore.serving.nightly.scoring import EXPLAINED, JUDGED, Stamp, judge_leads, stamped
from leadscore.serving.nightly.timings import Progress
from leadscore.training.evaluation import ACCOUNT_TAG, AccountChance

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from leadscore.serving.ledger import ScoreCount
    from leadscore.serving.nightly.night_context import Night
    from leadscore.serving.nightly.tier_pass import Tiered


def judge(night: Night) -> list[NightFault]:
    """First pass: features and propensities, bucket after bucket, kept on the workbench.

    Returns what is wrong with the propensities.
    """
    ask_wins(night)
    with night.stages.timed("accounts"):
        night.buckets.look_at_accounts(night.as_of)
    return judge_buckets(night)


def ask_wins(night: Night) -> None:
    """Ask all leads what wins have brought, where they are looked at in buckets."""
    by = night.policy.value.by
    with night.stages.timed("sort and screen"):
        night.buckets.ask_all(WINS, partial(wins_by_segment, by=by, as_of=night.as_of))


def judge_buckets(night: Night) -> list[NightFault]:
    """Judge the buckets that were not judged yet; say what is wrong with the propensities."""
    progress = Progress("propensities", night.buckets.count)
    open_leads, scores = 0, []
    for count, scored in night.each(_judge_bucket):
        progress.add(count)
        open_leads += count
        scores.append(scored)
    return faults_of(reduce(add, scores), open_leads=open_leads)


def _judge_bucket(night: Night, bucket: int) -> tuple[int, ScoreCount]:
    """Judge a bucket, unless an earlier run did; say how many leads are open, and their scores."""
    if not night.work.has(DONE, bucket):
        _judge_anew(night, bucket)
    count = night.work.take(DONE, bucket)["open_leads"].iloc[0]
    return int(count), count_scores(night.work.take(LEADS, bucket))


def _judge_anew(night: Night, bucket: int) -> None:
    with night.stages.timed("screen events"):
        night.buckets.turn_to(bucket)
    with night.stages.timed("features"):
        frame = learnt_features(night.buckets.tables, night.snapshots, night.champion)
    judge_frame(night, bucket, frame)


def judge_frame(night: Night, bucket: int, frame: pd.DataFrame) -> None:
    """Judge the leads of the current bucket, and keep what comes of it.

    `frame` has their features, as `lead_facts.model_inputs.learnt_features` gives them.
    """
    stages, tables, snapshots = night.stages, night.buckets.tables, night.snapshots
    with stages.timed("propensities"):
        count = tables.to_frame("open leads", lambda: snapshots.aggregate(open_leads=_.count()))
        propensity = night.champion.model.predict(frame)
    with stages.timed("facts for tiers"):
        judged = judge_leads(
            tables, snapshots, frame, propensity, champion=night.champion, policy=night.policy
        )
    with stages.timed("keep"):
        wanted = ["lead_id", *night.champion.model.features_]
        night.work.keep(FEATURES, bucket, judged.frame[wanted])
        night.work.keep(LEADS, bucket, judged.leads)
        if ACCOUNT_TAG in night.champion.tags:
            night.work.keep(ACCOUNTS, bucket, account_part(_with_accounts(night, judged.leads)))
        night.work.keep(UNSEEN, bucket, judged.unseen.rename_axis("column").reset_index())
        night.work.keep(DONE, bucket, count)


def _with_accounts(night: Night, leads: pd.DataFrame) -> pd.DataFrame:
    """Name the accounts of leads that have not reached the first stage, with their propensities."""
    tables, snapshots, first = (
        night.buckets.tables,
        night.snapshots,
        night.champion.model.first_stage,
    )
    own = tables.leads.select("account", own_id="lead_id")
    found = tables.to_frame(
        "accounts of leads",
        lambda: snapshots.inner_join(own, snapshots.lead_id == own.own_id).select(
            "lead_id", "account"
        ),
    )
    open_leads = leads.loc[~leads["is_sql"].astype("bool"), ["lead_id", f"p_{first}"]]
    return open_leads.rename(columns={f"p_{first}": "p"}).merge(found, on="lead_id")


def accounts_of(night: Night) -> pd.DataFrame | None:
    """List the accounts of all open leads; None where the model has no chances of accounts."""
    tag = night.champion.tags.get(ACCOUNT_TAG)
    if tag is None:
        return None
    parts = (night.work.take(ACCOUNTS, bucket) for bucket in night.numbers)
    return account_list(parts, AccountChance.from_json(tag))


def unseen_cells(night: Night) -> pd.DataFrame:
    """Count by text column the filled-in cells, and those with words the model never saw.

    Returns a frame indexed by column: `filled`, `unseen` (int64).
    """
    every = pd.concat([night.work.take(UNSEEN, bucket) for bucket in night.numbers])
    return every.groupby("column").sum()


def told(night: Night, tiered: Tiered) -> Iterator[pa.Table]:
    """Third pass: the ledger's rows, bucket after bucket, with words for those acted on.

    Yields tables of `ledger.schema.SCHEMA`.
    """
    progress = Progress("words", night.buckets.count)
    for bucket, rows in enumerate(night.each(_tell_bucket, tiered.stamp)):
        yield night.work.table(ROWS, bucket)
        night.work.drop(ROWS, bucket)
        progress.add(rows)


def _tell_bucket(night: Night, bucket: int, stamp: Stamp) -> int:
    with night.stages.timed("words"):
        said = _told(night, bucket, stamp)
        rows = as_night(said) if len(said) else SCHEMA.empty_table()  # nobody in it is open
        night.work.keep(ROWS, bucket, rows)
    return len(rows)


def _told(night: Night, bucket: int, stamp: Stamp) -> pd.DataFrame:
    leads, tiers = night.work.take(LEADS, bucket), night.work.take(TIERS, bucket)
    frame = night.work.take(FEATURES, bucket)
    explained = tiers["tier"].isin(EXPLAINED)
    night.buckets.turn_to(bucket, only=frame.loc[explained, "lead_id"].tolist())
    words = handoff_words(
        night.buckets.tables,
        night.snapshots,
        frame,
        explained=explained,
        is_sql=leads["is_sql"],
        champion=night.champion,
    )
    return stamped(pd.concat([leads[list(JUDGED)], tiers, words], axis=1), stamp)
