"""One moment's leads scored by one model under one policy: rows for the ledger, nothing written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.explanations import handoff_words
from leadscore.serving.lead_facts import expected_amounts, learnt_features, rule_facts
from leadscore.serving.ledger import NightNotes
from leadscore.serving.policy import policy_version
from leadscore.serving.tiers import CutOffs, cut_offs, decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables
    from leadscore.serving.policy import Policy
    from leadscore.training.registry import Registered

EXPLAINED = ("SQL", "MQL")  # whom somebody will act on tonight
COVERED = ("firmographic", "channel")  # facts that can be unknown; no activity is a fact, too
JUDGED = ("lead_id", "p_sql", "p_won", "score", "expected_value", "coverage")  # of the ledger


@dataclass(frozen=True)
class Judged:
    """Leads with their propensities, before the tiers.

    Parameters
    ----------
    frame
        Their features, with `lead_id`, sorted by it.
    leads
        On the same index: `JUDGED`, and what `lead_facts.rule_inputs` finds.
    unseen
        By text column: how many cells are filled in (`filled`), and how many of these hold words
        that the model does not know (`unseen`).
    """

    frame: pd.DataFrame
    leads: pd.DataFrame
    unseen: pd.DataFrame


@dataclass(frozen=True)
class Scored:
    """What one model and one policy say of some leads.

    Parameters
    ----------
    rows
        A row a lead with the ledger's columns.
    cuts
        Where the tiers begin, and on what evidence.
    notes
        What holds for the whole night.
    open_leads
        How many leads were to be scored.
    unseen
        By text column: the share of filled-in cells with words the model does not know.
    """

    rows: pd.DataFrame
    cuts: CutOffs
    notes: NightNotes
    open_leads: int
    unseen: pd.Series[float]


def score_leads(
    tables: Tables,
    snapshots: ir.Table,
    *,
    as_of: datetime,
    champion: Registered,
    policy: Policy,
    previous: pd.DataFrame | None,
    explained: tuple[str, ...] = EXPLAINED,
) -> Scored:
    """Score leads as of one moment.

    Parameters
    ----------
    tables
        The cleaned tables.
    snapshots
        Columns `lead_id`, `as_of`: who is scored.
    as_of
        The moment, UTC without a zone.
    champion
        The version that scores.
    policy
        The tiers' policy.
    previous
        `lead_id` and `tiers.previous_night.REMEMBERED` of the night before; None on the first.
    explained
        The tiers whose leads get reasons.

    Returns
    -------
    Scored

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the model learnt from.
    """
    frame = learnt_features(tables, snapshots, champion)
    propensity = champion.model.predict(frame)
    judged = judge_leads(tables, snapshots, frame, propensity, champion=champion, policy=policy)
    cuts = cut_offs(policy, champion.evidence)
    decided = decide(judged.leads, previous, policy, cuts, as_of=as_of)
    told = handoff_words(
        tables,
        snapshots,
        judged.frame,
        explained=decided.rows["tier"].isin(explained),
        is_sql=judged.leads["is_sql"],
        champion=champion,
    )
    rows = pd.concat([judged.leads[list(JUDGED)], decided.rows, told], axis=1)
    rows = stamped(rows, Stamp.of(as_of, champion, policy, [judged.leads]))
    notes = NightNotes(policy, decided.begins_at)
    unseen = judged.unseen["unseen"] / judged.unseen["filled"].clip(lower=1)
    return Scored(rows, cuts, notes, len(judged.frame), unseen)


def judge_leads(
    tables: Tables,
    snapshots: ir.Table,
    frame: pd.DataFrame,
    propensity: pd.DataFrame,
    *,
    champion: Registered,
    policy: Policy,
) -> Judged:
    """Put all that a lead's tier hangs on beside its propensities.

    Parameters
    ----------
    tables, snapshots, champion, policy
        As for `score_leads`; the leads may be a part of the night's.
    frame, propensity
        Their features, and what the champion predicts from them.

    Returns
    -------
    Judged
    """
    model = champion.model
    leads = pd.concat([frame["lead_id"], propensity], axis=1)
    amounts = expected_amounts(tables, snapshots, by=policy.value.by).set_index("lead_id")
    amount = leads["lead_id"].map(amounts["amount"]).astype("float64")  # text where there is nobody
    worth = leads["p_won"] * amount
    leads["expected_value"] = worth - policy.value.follow_up_cost
    leads["score"] = 100 * propensity[f"p_{model.first_stage}"]
    leads["coverage"] = _coverage(frame, champion)
    leads = leads.merge(rule_facts(tables, snapshots, policy), on="lead_id", validate="1:1")
    return Judged(frame, leads, model.stages_[model.first_stage].encoder_.unseen_cells(frame))


def _coverage(frame: pd.DataFrame, champion: Registered) -> pd.Series[float]:
    """Find the share of a lead's facts that were known."""
    used = set(champion.model.features_)
    names = [each.name for each in champion.catalogue if each.name in used]
    facts = [
        each.name for each in champion.catalogue if each.name in used and each.family in COVERED
    ]
    return frame[facts or names].notna().mean(axis=1)


@dataclass(frozen=True)
class Stamp:
    """What is the same for all leads of a night.

    Parameters
    ----------
    as_of
        The night, UTC without a zone.
    model_version, policy_version
        What scored, and by which policy.
    run_id
        The run's name, which follows from what it said.
    """

    as_of: datetime
    model_version: str
    policy_version: str
    run_id: str

    @property
    def made_by(self) -> tuple[str, str]:
        """The versions of model and policy."""
        return self.model_version, self.policy_version

    @classmethod
    def of(
        cls, as_of: datetime, champion: Registered, policy: Policy, leads: Iterable[pd.DataFrame]
    ) -> Stamp:
        """Name a run after its propensities; `leads` may come in parts."""
        version = policy_version(policy)
        digest = hashlib.sha256(json.dumps([str(as_of), champion.version, version]).encode())
        for part in leads:
            figures = part[["p_sql", "p_won"]].to_numpy("float64")
            digest.update("\x1f".join(part["lead_id"]).encode())
            digest.update(np.ascontiguousarray(figures).tobytes())
        return cls(as_of, champion.version, version, digest.hexdigest()[:16])


def stamped(rows: pd.DataFrame, stamp: Stamp) -> pd.DataFrame:
    """Add to leads what is the same for all of a night, and make its moments UTC.

    Parameters
    ----------
    rows
        The columns of the ledger that differ from lead to lead; moments without a zone.
    stamp
        What does not.

    Returns
    -------
    DataFrame
        With the columns of `ledger.schema.SCHEMA`.
    """
    return rows.assign(
        as_of=pd.Timestamp(stamp.as_of, tz=UTC),
        waiting_since=rows["waiting_since"].dt.tz_localize(UTC),
        facts_changed_at=rows["facts_changed_at"].dt.tz_localize(UTC),
        model_version=stamp.model_version,
        policy_version=stamp.policy_version,
        run_id=stamp.run_id,
        scored_at=pd.Timestamp(datetime.now(UTC)),
    )
