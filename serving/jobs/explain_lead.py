"""`leadscore explain`: everything the ledger and the model say of one lead."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.contract import load_contract
from leadscore.features.core import LeadScoreError, ModelMismatch, naive
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.serving.explanations import (
    Change,
    HistoricalFeatures,
    ScoreRecord,
    change_between,
    historical_features,
)
from leadscore.serving.ledger import history, read_notes
from leadscore.serving.nightly import Scored, default_night, score_leads
from leadscore.serving.policy import load_policy
from leadscore.serving.tiers import ALREADY_SQL
from leadscore.training.registry import Registered, Registry

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.contract import Contract, Stage
    from leadscore.features.tables import Tables
    from leadscore.serving.ledger import NightNotes
    from leadscore.serving.policy import Policy

logger = logging.getLogger(__name__)

EVERY_TIER = ("SQL", "MQL", "Nurture", "Disqualified")
STAGES: tuple[Stage, ...] = ("sql", "won")
TOLD_TO_FEW = ("reasons_for", "reasons_against", "brief", "missing_facts")  # empty for the others
SAME_CHANCE = 1e-9  # figures further apart come from other facts, not from another machine


@dataclass(frozen=True)
class Explained:
    """One lead as of one moment."""

    row: pd.Series[str]  # with the ledger's columns
    history: pd.DataFrame  # the ledger's rows up to that moment, oldest first
    change: Change | None = None  # since the night before; None where the ledger has none
    remark: str = ""  # why the row is not what the ledger said; empty where it is


@dataclass(frozen=True)
class _Night:
    """One lead's model and policy, and what the ledger holds of it."""

    as_of: datetime
    earlier: pd.DataFrame
    said: pd.Series[str] | None
    version: Registered
    notes: NightNotes | None
    policy: Policy


def explain(directory: Path, lead_id: str, *, as_of: datetime | None = None) -> Explained:
    """Explain one open lead as of a moment: its score, its reasons, and what changed.

    A night that the ledger holds is explained by the version and the policy of that night, any
    other moment (by default the next night) by the champion and the policy of today.

    Raises
    ------
    LeadScoreError
        Where there is no such lead, or it is not open.
    """
    contract = load_contract(directory)
    registry = Registry(directory, contract.name)
    with open_tables(contract, known_by=as_of) as tables:
        moment = naive(as_of or default_night(tables))
        snapshot = _snapshot(tables, lead_id, moment)
        told = history(directory, lead_id)
        told = told[told["as_of"] <= _utc(moment)]
        night = _night(directory, contract, registry, told, moment)
        scored = score_leads(
            tables,
            snapshot,
            as_of=moment,
            champion=night.version,
            policy=night.policy,
            previous=None if night.earlier.empty else night.earlier.tail(1),
            explained=EVERY_TIER,
        )
        change = _change(directory, registry, tables, night, scored)
    row, remark = _row(scored.rows.iloc[0], night.said)
    return Explained(row, told, change, remark)


def _snapshot(tables: Tables, lead_id: str, moment: datetime) -> ir.Table:
    """Look at one lead, or say why there is nothing to see."""
    open_leads = nightly_snapshots(tables, as_of=moment)
    snapshot = open_leads.filter(open_leads.lead_id == lead_id)
    if snapshot.count().to_pyarrow().as_py():
        return snapshot
    if tables.leads.filter(tables.leads.lead_id == lead_id).count().to_pyarrow().as_py():
        raise LeadScoreError(
            f"lead {lead_id} is not open as of {moment}: it was won or lost, or came later"
        )
    raise LeadScoreError(
        f"there is no lead {lead_id!r} as of {moment}; ids are compared letter by letter"
    )


def _night(
    directory: Path, contract: Contract, registry: Registry, told: pd.DataFrame, moment: datetime
) -> _Night:
    is_tonight = told["as_of"] == _utc(moment)
    said = told[is_tonight].iloc[0] if is_tonight.any() else None
    version, notes = None, None
    if said is not None:
        version = _version(registry, str(said["model_version"]))
        notes = read_notes(directory, _utc(moment))
    policy = notes.policy if notes is not None else load_policy(directory, contract)
    return _Night(moment, told[~is_tonight], said, version or registry.champion(), notes, policy)


def _version(registry: Registry, version: str) -> Registered | None:
    """Load a version; None where it can no longer be loaded."""
    try:
        return registry.load(version)
    except Exception as error:  # noqa: BLE001 - lost files and old classes fail in ways of their own
        logger.warning("model %s can no longer be loaded: %s", version, error)
        return None


def _change(
    directory: Path, registry: Registry, tables: Tables, night: _Night, scored: Scored
) -> Change | None:
    if night.earlier.empty:
        return None
    last = night.earlier.iloc[-1]
    notes = read_notes(directory, last["as_of"].to_pydatetime())
    began = notes.begins_at.get("SQL") if notes else None
    before = _record(last, notes.policy if notes else None, began)
    begins = night.notes.begins_at.get("SQL") if night.notes else scored.cuts.sql.cut_off
    after = _record(scored.rows.iloc[0], night.policy, begins)
    features = partial(_features, registry, tables, night, before)
    return change_between(before, after, features, night.version.evidence)


def _record(row: pd.Series[str], policy: Policy | None, begins: float | None) -> ScoreRecord:
    return ScoreRecord(
        as_of=pd.Timestamp(row["as_of"]).tz_convert(None).to_pydatetime(),
        chances={
            stage: float(row[f"p_{stage}"]) for stage in STAGES if pd.notna(row[f"p_{stage}"])
        },
        is_sql=row["rule"] == ALREADY_SQL,
        model_version=str(row["model_version"]),
        policy_version=str(row["policy_version"]),
        policy=policy,
        sql_begins=begins,
    )


def _features(
    registry: Registry, tables: Tables, night: _Night, before: ScoreRecord
) -> HistoricalFeatures:
    """Build features for the model of then, or for today's where that one cannot be used."""
    old, why = night.version, ""
    if before.model_version != night.version.version:
        found = _version(registry, before.model_version)
        old, why = (found, "") if found else (old, "can no longer be loaded")
    lead_id = str(night.earlier["lead_id"].iloc[0])
    build = partial(historical_features, tables, lead_id, since=before.as_of, as_of=night.as_of)
    try:
        features = build(version=old)
    except ModelMismatch:
        why = "learnt from columns that leadscore.toml no longer gives"
        features = build(version=night.version)
    if not why:
        return features
    told = f"Model {before.model_version} {why}: what it said differently cannot be told apart"
    return replace(features, substituted=f"{told} from edits.")


def _row(fresh: pd.Series[str], said: pd.Series[str] | None) -> tuple[pd.Series[str], str]:
    """Prefer what the ledger said, where the same is said today; else remark why not."""
    if said is None:
        return fresh, (
            "The ledger does not hold this moment: the tier is the lead's own, before the places "
            "among all leads are given out."
        )
    told = f"The ledger said {float(said['score']):.1f} this night"
    if fresh["model_version"] != said["model_version"]:
        return fresh, f"{told}, by a model that can no longer be loaded."
    columns = ["p_sql", "p_won"]
    now, then = (np.array(row[columns], dtype=np.float64) for row in (fresh, said))
    if not np.allclose(now, then, rtol=0, atol=SAME_CHANCE, equal_nan=True):
        return fresh, f"{told}; the tables have been edited since, and now say this."
    row = said.copy()
    for name in TOLD_TO_FEW:
        if not len(said[name]):
            row[name] = fresh[name]
    return row, ""


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
