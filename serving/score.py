"""One moment's leads scored by one model under one policy: rows for the ledger, nothing written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.build import build_features
from features.errors import ModelMismatch, nearest
from serving.amounts import expected_amounts
from serving.handoff import handoff_words
from serving.notes import NightNotes
from serving.policy import policy_version
from serving.promises import CutOffs, cut_offs
from serving.rule_facts import rule_facts
from serving.tiers import decide

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.tables import Tables
    from serving.policy import Policy
    from training.tracking import Registered

EXPLAINED = ("SQL", "MQL")  # whom somebody will act on tonight
COVERED = ("firmographic", "channel")  # facts that can be unknown; no activity is a fact, too


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
        `lead_id` and `serving.tiers.REMEMBERED` of the night before; None on the first.
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
    model = champion.model
    frame = learnt_features(tables, snapshots, champion)
    propensity = model.predict(frame)
    leads = pd.concat([frame["lead_id"], propensity], axis=1)
    leads["expected_value"] = _expected_values(tables, snapshots, leads, policy)
    leads = leads.merge(rule_facts(tables, snapshots, policy), on="lead_id", validate="1:1")
    cuts = cut_offs(policy, champion.evidence)
    decided = decide(leads, previous, policy, cuts, as_of=as_of)
    told = handoff_words(
        tables,
        snapshots,
        frame,
        explained=decided.rows["tier"].isin(explained),
        is_sql=leads["is_sql"],
        champion=champion,
    )
    rows = pd.concat(
        [leads[["lead_id", "p_sql", "p_won", "expected_value"]], decided.rows, told], axis=1
    )
    rows["score"] = 100 * propensity[f"p_{model.first_stage}"]
    rows["coverage"] = _coverage(frame, champion)
    unseen = model.stages_[model.first_stage].encoder_.unseen(frame)
    notes = NightNotes(policy, decided.begins_at)
    return Scored(_stamped(rows, as_of, champion, policy), cuts, notes, len(frame), unseen)


def learnt_features(tables: Tables, snapshots: ir.Table, champion: Registered) -> pd.DataFrame:
    """Build the features that one version learnt from, and no others.

    Parameters
    ----------
    tables
        The cleaned tables; columns that the version did not know are left out.
    snapshots
        Columns `lead_id`, `as_of`: who is scored.
    champion
        The version whose `model.predict` shall take them.

    Returns
    -------
    DataFrame
        A row a snapshot: `lead_id`, `as_of`, and the features (float64 and string).

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the version learnt from.
    """
    known = _as_learnt(tables, champion)
    kinds = tuple(champion.model.kinds_)
    frame = build_features(known, snapshots, kinds=kinds).to_pandas()
    _refuse_other_features(frame, champion)
    return frame


def _as_learnt(tables: Tables, champion: Registered) -> Tables:
    """Show the features only the columns that the model was built from."""
    wanted = set(champion.model.attributes_)
    have = {each.column for each in tables.attributes}
    absent = sorted(wanted - have)
    if absent:
        raise ModelMismatch(
            f"{champion.name} version {champion.version} learnt from the column {absent[0]!r}, "
            f"which leadscore.toml no longer gives. {nearest(absent[0], sorted(have))} Restore it, "
            "or train again with `leadscore train`."
        )
    return tables.without(have - wanted)


def _refuse_other_features(frame: pd.DataFrame, champion: Registered) -> None:
    absent = [name for name in champion.model.features_ if name not in frame.columns]
    if absent:
        raise ModelMismatch(
            f"{champion.name} version {champion.version} needs the feature {absent[0]!r} and "
            f"{len(absent) - 1} others, which today's leadscore.toml does not give. "
            f"{nearest(absent[0], frame.columns)} Restore the tables and groups it was trained "
            "with, or train again with `leadscore train`."
        )


def _expected_values(
    tables: Tables, snapshots: ir.Table, leads: pd.DataFrame, policy: Policy
) -> pd.Series[float]:
    """Weigh what each lead is worth by its chance of being won, less what following it up costs."""
    amounts = expected_amounts(tables, snapshots, by=policy.value.by).set_index("lead_id")
    return leads["p_won"] * leads["lead_id"].map(amounts["amount"]) - policy.value.follow_up_cost


def _coverage(frame: pd.DataFrame, champion: Registered) -> pd.Series[float]:
    """Find the share of a lead's facts that were known."""
    used = set(champion.model.features_)
    names = [each.name for each in champion.catalogue if each.name in used]
    facts = [
        each.name for each in champion.catalogue if each.name in used and each.family in COVERED
    ]
    return frame[facts or names].notna().mean(axis=1)


def _stamped(
    rows: pd.DataFrame, as_of: datetime, champion: Registered, policy: Policy
) -> pd.DataFrame:
    """Add what is the same for the whole night; the run's name follows from what it said."""
    version = policy_version(policy)
    digest = hashlib.sha256(json.dumps([str(as_of), champion.version, version]).encode())
    figures = rows[["p_sql", "p_won"]].to_numpy("float64")
    digest.update("\x1f".join(rows["lead_id"]).encode())
    digest.update(np.ascontiguousarray(figures).tobytes())
    return rows.assign(
        as_of=pd.Timestamp(as_of, tz=UTC),
        waiting_since=rows["waiting_since"].dt.tz_localize(UTC),
        facts_changed_at=rows["facts_changed_at"].dt.tz_localize(UTC),
        model_version=champion.version,
        policy_version=version,
        run_id=digest.hexdigest()[:16],
        scored_at=pd.Timestamp(datetime.now(UTC)),
    )
