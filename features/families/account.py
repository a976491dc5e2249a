"""What a lead's colleagues, the other leads of its account, have done so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.catalogue import (
    OF_A_LEAD,
    OF_A_SNAPSHOT,
    Feature,
    FeatureSet,
    Lookup,
)
from leadscore.features.core import SECONDS_A_DAY
from leadscore.features.families.account_members import (
    ACTIVITY,
    MOST_MEMBERS,
    STAGES,
    account_members,
    account_totals,
    is_active,
    member_columns,
    windows,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.catalogue import EventGroup, Kind, Measure
    from leadscore.features.tables import Tables

STAGE_WORDS = ("MQL", "accepted by sales", "SQL", "won")  # as `STAGES`
KEYS = ("account", "as_of")
CLOSING_TIMES = {"latest_won", "latest_lost"}
CLOSINGS = (
    ("won", "the account is or was a customer", "latest win of a colleague"),
    ("lost", "the account was lost", "latest loss of a colleague"),
)


def account_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Count the lead's colleagues and what they did, as known before the snapshot.

    All is null where the lead has no account, or one of more than `MOST_MEMBERS` leads.
    """
    if tables.accounts is not None:
        members, totals = tables.accounts.members, tables.accounts.totals
    elif tables.cache is not None:
        raise ValueError("a bucket has not all colleagues: `Buckets.look_at_accounts` comes first")
    else:
        members = account_members(tables, snapshots)
        totals = account_totals(members, tables.contract)
    own = {f"own_{each}": each for each in member_columns(tables) if each not in CLOSING_TIMES}
    every = {f"all_{each}": each for each in totals.columns if each not in KEYS}
    lookups = (
        Lookup(tables.leads.select("lead_id", account_key="account"), OF_A_LEAD),
        Lookup(members.select("lead_id", "as_of", own_account="account", **own), OF_A_SNAPSHOT),
        Lookup(totals.select(*KEYS, **every), {"account": "account_key", "as_of": "as_of"}),
    )
    values = [(_colleagues(), (_.all_members - _.own_account.notnull().cast("int64")).fill_null(0))]
    values += [_active(group, days) for group, days in windows(tables.contract)]
    if tables.events is not None:
        values.append(_days_since_activity())
    if tables.outcomes is not None:
        values.append(_highest_stage())
        values += [pair for closing in CLOSINGS for pair in _closing(*closing)]
    is_group = _.account_key.notnull() & (_.all_members.fill_null(0) <= MOST_MEMBERS)
    known = tuple((feature, ibis.ifelse(is_group, value, None)) for feature, value in values)
    return FeatureSet(snapshots, lookups, known)


def _feature(  # noqa: PLR0917 - as the record has them
    name: str, fact: str, measure: Measure, unit: str, words: str, kind: Kind = "number"
) -> Feature:
    return Feature(name, "account", kind, unit, words, fact, measure)


def _colleagues() -> Feature:
    return _feature("colleagues", "colleagues", "count", "colleagues", "colleagues known so far")


def _active(group: EventGroup, days: int) -> tuple[Feature, ir.Value]:
    """Count the colleagues with events of a group; the first group is activity of any kind."""
    is_any = f"latest_{group.name}" == ACTIVITY
    fact = f"colleagues_{'active' if is_any else group.name}"
    what = "active" if is_any else f"with {group.several}"
    words = f"colleagues {what} in the last {days} days"
    feature = _feature(f"{fact}_{days}d", fact, "count", "colleagues", words)
    own = is_active(_[f"own_latest_{group.name}"], _.as_of, days)
    counted = (_[f"all_{group.name}_{days}d"] - own).fill_null(0)
    return replace(feature, window_days=days), counted


def _days_since_activity() -> tuple[Feature, ir.Value]:
    """Count the days since the latest of the colleagues' activity: the second where it is own."""
    is_own = (_[f"own_{ACTIVITY}"] == _[f"all_{ACTIVITY}"]).fill_null(False)
    latest = ibis.ifelse(is_own, _.all_second_activity, _[f"all_{ACTIVITY}"])
    since = "latest activity of a colleague"
    return _days_since("colleague_active", "colleagues_active", latest, since)


def _days_since(
    what: str, fact: str, at: ir.TimestampValue, since: str
) -> tuple[Feature, ir.Value]:
    words = f"days since the {since}"
    feature = _feature(f"days_since_{what}", fact, "days_since_latest", "days", words)
    seconds = _.as_of.epoch_seconds() - at.epoch_seconds()
    return replace(feature, since=since), seconds / float(SECONDS_A_DAY)


def _highest_stage() -> tuple[Feature, ir.Value]:
    what = "highest stage of a colleague"
    feature = _feature("colleagues_stage", "colleagues_stage", "latest", "", what, "text")
    reached = [
        (_[f"all_reached_{stage}"] > (_.own_stage >= rank).fill_null(False).cast("int64"), words)
        for (stage, rank), words in zip(STAGES.items(), STAGE_WORDS, strict=True)
    ]
    return feature, ibis.cases(*reversed(reached), else_=None)


def _closing(stage: str, words: str, since: str) -> tuple[tuple[Feature, ir.Value], ...]:
    """Tell whether and when a colleague was won or lost: its own end closes a lead for good."""
    name = f"account_{stage}"
    at = _[f"all_latest_{stage}"]
    flag = _feature(name, name, "attribute", "", words, "flag")
    return (flag, at.notnull().cast("float64")), _days_since(name, name, at, since)
