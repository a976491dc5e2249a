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
from serving.policy import policy_version
from serving.promises import CutOffs, cut_offs
from serving.reasons import reasons
from serving.tiers import assign_tiers, moves
from training.funnel import SINCE_SQL

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.tables import Tables
    from serving.policy import Policy
    from training.tracking import Registered

EXPLAINED = ("SQL", "MQL")  # whom somebody will act on tonight
COVERED = ("firmographic", "channel")  # facts that can be unknown; no activity is a fact, too
PRIOR_WINS = 20  # until then the overall amount speaks for the average deal


@dataclass(frozen=True)
class Scored:
    """What one model and one policy say of some leads.

    Parameters
    ----------
    rows
        A row a lead with the ledger's columns.
    cuts
        Where the tiers begin, and on what evidence.
    open_leads
        How many leads were to be scored.
    unseen
        By text column: the share of filled-in cells with words the model does not know.
    """

    rows: pd.DataFrame
    cuts: CutOffs
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
        `lead_id`, `tier` of the night before; None on the first.
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
    known = _as_learnt(tables, champion)
    frame = build_features(known, snapshots, kinds=tuple(model.kinds_)).to_pandas()
    _refuse_other_features(frame, champion)
    propensity = model.predict(frame)
    is_sql = (
        frame[SINCE_SQL].notna() if SINCE_SQL in frame.columns else pd.Series(False, frame.index)
    )
    scores = pd.concat([frame["lead_id"], propensity], axis=1).assign(is_sql=is_sql)
    cuts = cut_offs(policy, champion.evidence)
    tiers = assign_tiers(scores, cuts)
    current = pd.concat([frame["lead_id"], tiers["tier"]], axis=1)
    told = _reasons(frame, tiers, champion, explained)
    rows = pd.concat(
        [scores[["lead_id", "p_sql", "p_won"]], tiers, told, moves(current, previous)], axis=1
    )
    rows["score"] = 100 * propensity[f"p_{model.first_stage}"]
    rows["expected_value"] = propensity["p_won"] * _amounts(tables, frame["lead_id"], as_of)
    rows["coverage"] = _coverage(frame, champion)
    unseen = model.stages_[model.first_stage].encoder_.unseen(frame)
    return Scored(_stamped(rows, as_of, champion, policy), cuts, len(frame), unseen)


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


def _reasons(
    frame: pd.DataFrame, tiers: pd.DataFrame, champion: Registered, explained: tuple[str, ...]
) -> pd.DataFrame:
    """Reasons for the leads that somebody acts on; empty lists for the others."""
    model = champion.model.stages_[champion.model.first_stage]
    columns = model.encoder_.columns_
    chosen = tiers["tier"].isin(explained) & tiers["rule"].isna()
    told = pd.DataFrame(
        {side: [[] for _ in range(len(frame))] for side in ("reasons_for", "reasons_against")},
        index=frame.index,
    )
    if not chosen.any():
        return told
    part = frame.loc[chosen, columns]
    contributions, _base = model.contributions(part)
    known = tuple(each for each in champion.catalogue if each.name in columns)
    found = reasons(part, contributions, known, champion.model.typical_)
    for side in told.columns:
        told[side] = found[side].reindex(frame.index).where(chosen, told[side])
    return told


def _amounts(tables: Tables, lead_ids: pd.Series[str], as_of: datetime) -> pd.Series[float]:
    """Say what winning each lead is worth: its own stated amount, or the average of wins so far."""
    average = _average_won(tables, as_of)
    if not any(each.term == "amount" for each in tables.attributes):
        return pd.Series(average, index=lead_ids.index)
    own = tables.leads.select("lead_id", "amount").to_pandas().set_index("lead_id")["amount"]
    return lead_ids.map(own).fillna(average)


def _average_won(tables: Tables, as_of: datetime) -> float:
    if tables.outcomes is None:
        return float("nan")
    outcomes = tables.outcomes
    won = outcomes.filter(
        outcomes.stage == "won",
        outcomes.amount.notnull(),  # noqa: PD004 - Ibis has no other name for it
        outcomes.occurred_at < as_of,
        outcomes.recorded_at < as_of,
    )
    # Decimals add up to the same sum in any order.
    total = won.aggregate(n=won.count(), total=won.amount.try_cast("decimal(38, 4)").sum())
    found = total.to_pyarrow().to_pylist()[0]
    return float(found["total"]) / found["n"] if found["n"] else float("nan")


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
        model_version=champion.version,
        policy_version=version,
        run_id=digest.hexdigest()[:16],
        scored_at=pd.Timestamp(datetime.now(UTC)),
    )
