"""`leadscore tiers what-if`: what another policy would have done with last night's leads."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from leadscore.features.contract import load_contract
from leadscore.features.core import ContractError, LeadScoreError, naive, validated
from leadscore.features.tables import open_tables
from leadscore.serving.lead_facts import expected_amounts, rule_facts
from leadscore.serving.ledger import latest_before, nights, read_night
from leadscore.serving.policy import MODES, OF_A_PROMISE, POLICY_FILE, Policy, load_policy
from leadscore.serving.tiers import REMEMBERED, CutOffs, cut_offs, decide
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

FIXED = ("lead_id", "p_sql", "p_won", "model_version")  # of the ledger; what no policy changes


@dataclass(frozen=True)
class Outcome:
    """What one policy does with a night.

    Parameters
    ----------
    policy, cuts
        The policy, and where its tiers begin by the champion's evidence.
    rows
        A row a lead: `lead_id`, `p_sql`, `p_won`, `expected_value` and what `decide` gives.
    """

    policy: Policy
    cuts: CutOffs
    rows: pd.DataFrame


@dataclass(frozen=True)
class WhatIf:
    """Two policies on the same night.

    Parameters
    ----------
    as_of
        The night.
    now, then
        What the policy of `tiers.toml` does, and what the other one would.
    groups
        On the index of both: columns of the leads table (channel, segment) to look at them by.
    model_version, champion
        Who scored the night, and who is champion, whose evidence the cut-offs come from.
    """

    as_of: datetime
    now: Outcome
    then: Outcome
    groups: pd.DataFrame
    model_version: str
    champion: str

    @property
    def movers(self) -> pd.DataFrame:
        """The leads with another tier: `lead_id`, `now`, `then`, `p_sql`, `p_won`, best first."""
        both = self.now.rows[["lead_id", "p_sql", "p_won"]].assign(
            now=self.now.rows["tier"], then=self.then.rows["tier"]
        )
        moved = both[both["now"] != both["then"]]
        return moved.sort_values(["p_sql", "p_won", "lead_id"], ascending=[False, False, True])


def what_if(
    directory: Path, changes: Mapping[str, str], *, policy_file: Path | None = None
) -> WhatIf:
    """Try another policy on the newest night of the ledger; nothing is written.

    Parameters
    ----------
    directory
        The project folder.
    changes
        Settings by their path, such as `sql.min_precision`, and their values as `tiers.toml`
        would have them.
    policy_file
        Another policy to start from; by default the project's.

    Returns
    -------
    WhatIf

    Raises
    ------
    LeadScoreError
        Where the ledger holds no night, or a policy cannot be used.
    """
    contract = load_contract(directory)
    now = load_policy(directory, contract)
    file = policy_file or directory / POLICY_FILE
    then = validated(_changed(file, changes), Policy, place=_place(file, changes), context=contract)
    found = nights(directory)
    if not found:
        raise LeadScoreError(f"the ledger of {directory} holds no night yet; run `leadscore score`")
    night = read_night(directory, found[-1], columns=FIXED)
    before = latest_before(directory, found[-1])
    remembered = ["lead_id", *REMEMBERED]
    previous = None if before is None else read_night(directory, before, columns=remembered)
    champion = Registry(directory, contract.name).champion()
    as_of = naive(found[-1])
    with open_tables(contract, known_by=as_of) as tables:
        spine = ibis.memtable({"lead_id": night["lead_id"].tolist()})
        snapshots = spine.mutate(as_of=ibis.literal(as_of).cast("timestamp"))
        last = _LastNight(tables, snapshots, night, previous, champion.evidence, as_of)
        tried = _outcome(last, now), _outcome(last, then)
        groups = _groups(tables, snapshots)
    model_version = str(night["model_version"].iloc[0])
    return WhatIf(as_of, tried[0], tried[1], groups, model_version, champion.version)


def _changed(file: Path, changes: Mapping[str, str]) -> dict[str, Any]:
    """Read a policy and change settings of it, before it is validated."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContractError(f"{file} does not exist") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"{file} is not valid TOML: {error}") from error
    # The mode of a tier first: it takes what goes with another away.
    modes_first = sorted(changes.items(), key=lambda each: each[0].rsplit(".", 1)[-1] not in MODES)
    for path, text in modes_first:
        *sections, name = path.split(".")
        section = raw
        for each in sections:
            section = section.setdefault(each, {})
            if not isinstance(section, dict):
                message = f"`{path}`: `{each}` is a list; give a whole policy with --policy FILE"
                raise ContractError(message)
        if name in MODES:  # a tier has one meaning: the new one replaces the old
            for other in {*MODES, *OF_A_PROMISE} - {name}:
                if name != "min_precision" or other in MODES:
                    section.pop(other, None)
        section[name] = _value(text)
    return raw


def _value(text: str) -> object:
    """Read a value as TOML would; bare words are text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _place(file: Path, changes: Mapping[str, str]) -> str:
    told = " ".join(f"--{path} {value}" for path, value in changes.items())
    return f"{file} with {told}" if told else str(file)


@dataclass(frozen=True)
class _LastNight:
    """What is the same for every policy."""

    tables: Tables
    snapshots: ir.Table
    night: pd.DataFrame
    previous: pd.DataFrame | None
    evidence: pd.DataFrame
    as_of: datetime


def _outcome(last: _LastNight, policy: Policy) -> Outcome:
    facts = rule_facts(last.tables, last.snapshots, policy)
    amounts = expected_amounts(last.tables, last.snapshots, by=policy.value.by)
    chances = last.night[["lead_id", "p_sql", "p_won"]]
    leads = chances.merge(facts, on="lead_id", validate="1:1").merge(amounts, on="lead_id")
    leads["expected_value"] = leads["p_won"] * leads["amount"] - policy.value.follow_up_cost
    cuts = cut_offs(policy, last.evidence)
    decided = decide(leads, last.previous, policy, cuts, as_of=last.as_of)
    told = leads[["lead_id", "p_sql", "p_won", "expected_value"]]
    return Outcome(policy, cuts, pd.concat([told, decided.rows], axis=1))


def _groups(tables: Tables, snapshots: ir.Table) -> pd.DataFrame:
    """Take the columns that everybody asks about first: where leads come from, what they are."""
    chosen = {}
    for role, terms in (("channel", ("source",)), ("firmographic", ("industry", "company_size"))):
        of_role = [each for each in tables.attributes if each.role == role and each.type == "text"]
        of_role.sort(key=lambda each: (each.term not in terms, each.term != terms[0]))
        if of_role:
            chosen[of_role[0].column] = of_role[0].name
    leads = tables.leads.select(own_id="lead_id", **{c: tables.leads[n] for c, n in chosen.items()})
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id)
    found: pd.DataFrame = joined.order_by("lead_id").select("lead_id", *chosen).to_pandas()
    return found.drop(columns="lead_id").astype(object).fillna("unknown")
