"""`leadscore score --leads`: a one-off list, of which every row comes back."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.core import LeadScoreError, naive
from leadscore.features.point_in_time import listed_closings, listed_snapshots
from leadscore.features.tables import AS_MISSING, CELL, Quarantine, listed_faults, open_tables
from leadscore.serving.ledger import LISTS
from leadscore.serving.nightly.run_night import default_night, project_settings
from leadscore.serving.nightly.scoring import score_leads
from leadscore.serving.policy import Exploration, policy_version

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.features.tables import ListedLeads, Tables
    from leadscore.serving.nightly.scoring import Scored
    from leadscore.serving.policy import Policy

# A list takes nobody's place: capacity and control group are those of a night.
NOBODY = {"capacity": None, "exploration": Exploration(share=0.0)}


@dataclass(frozen=True)
class ScoredList:
    """A one-off list with its scores.

    Parameters
    ----------
    scored
        The leads that could be scored.
    policy
        What was agreed.
    rows
        Every row of the list in its order: the ledger's columns, empty where it could not be
        scored, and `row`, `why_not_scored`, `cells_not_used` (str, empty where all is well).
    faults
        Columns of `tables.listed_leads.listed_faults`.
    quarantine
        The file that holds the faults; None where there are none.
    """

    scored: Scored
    policy: Policy
    rows: pd.DataFrame
    faults: pd.DataFrame
    quarantine: Path | None

    @property
    def not_scored(self) -> dict[str, int]:
        """How many rows were not scored, by kind of reason, commonest first."""
        kinds = self.faults.loc[self.faults["kind"] != CELL, "kind"]
        return {str(kind): int(count) for kind, count in kinds.value_counts().items()}

    @property
    def cells_not_used(self) -> int:
        """How many cells count as missing because they could not be read."""
        return int((self.faults["kind"] == CELL).sum())

    @property
    def counts(self) -> dict[str, object]:
        """The figures of the list, for programs."""
        return {
            "tiers": self.scored.rows["tier"].value_counts().to_dict(),
            "rows": len(self.rows),
            "scored": len(self.scored.rows),
            "not_scored": self.not_scored,
            "cells_not_used": self.cells_not_used,
            "quarantine": self.quarantine,
        }


def score_file(directory: Path, leads_file: Path, *, as_of: datetime | None = None) -> ScoredList:
    """Score a one-off list of leads; the ledger is not touched.

    Its leads get the tiers of the whole policy but for the capacity and the control group. What
    cannot be used of it goes to `quarantine/list.csv`.

    Parameters
    ----------
    directory
        The project folder.
    leads_file
        Leads with the contract's columns; the target may be absent.
    as_of
        The moment, UTC; by default as for a night.

    Returns
    -------
    ScoredList

    Raises
    ------
    LeadScoreError
        Where the file, contract, policy or model cannot be used.
    """
    contract, policy, champion = project_settings(directory)
    if not leads_file.exists():
        raise LeadScoreError(f"{leads_file} does not exist; give --leads a file of leads")
    with open_tables(contract, leads_file=leads_file) as tables:
        moment = naive(as_of) or default_night(tables)
        until = naive(as_of) or datetime.now(UTC).replace(tzinfo=None)
        listed = _with_unscoreable(tables, as_of=moment, created_before=until)
        scored = score_leads(
            tables,
            listed_snapshots(tables, listed.rows.loc[~_is_aside(listed), "lead_id"], as_of=moment),
            as_of=moment,
            champion=champion,
            policy=policy.model_copy(update=NOBODY),
            previous=None,
            explained=("SQL", "MQL", "Nurture"),
        )
    rows = scored.rows.assign(policy_version=policy_version(policy))
    scored = dataclasses.replace(scored, rows=rows)
    aside = Quarantine(listed.faults.drop(columns="kind"), pd.DataFrame()).write(directory, "list")
    return ScoredList(scored, policy, _every_row(listed, rows), listed.faults, aside)


def _with_unscoreable(tables: Tables, *, as_of: datetime, created_before: datetime) -> ListedLeads:
    """Add to a list's faults the leads that are created too late, or closed already.

    `created_before` is later than an `as_of` of last midnight: a list may hold leads of today.
    """
    listed = tables.listed
    if listed is None:
        raise TypeError("these are not the tables of a list")
    usable = listed.rows[~_is_aside(listed)]
    late = usable[usable["created_at"] >= created_before]
    closings = listed_closings(tables, as_of=as_of).to_pandas().sort_values("known_at")
    closed = usable.drop(late.index).merge(closings.drop_duplicates("lead_id"), on="lead_id")
    faults = [
        listed.faults,
        listed_faults(
            late["row"],
            listed.columns["created_at"],
            f"later than {created_before:%Y-%m-%d %H:%M} UTC, so not created yet",
            kind="not created yet",
            value=_day(late["created_at"]),
        ),
        listed_faults(
            closed["row"],
            listed.columns["lead_id"],
            "already " + closed["stage"] + " on " + _day(closed["known_at"]),
            kind=closed["stage"],
        ),
    ]
    together = pd.concat(faults).sort_values(["row", "column"], ignore_index=True)
    return dataclasses.replace(listed, faults=together)


def _day(moments: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return moments.dt.strftime("%Y-%m-%d")


def _is_aside(listed: ListedLeads) -> pd.Series[bool]:
    """Say which rows of a list cannot be scored."""
    faults = listed.faults
    return listed.rows["row"].isin(faults.loc[faults["kind"] != CELL, "row"])


def _every_row(listed: ListedLeads, scores: pd.DataFrame) -> pd.DataFrame:
    """Lay scores beside the rows that were given, with what is wrong with each."""
    lead_id, aside = listed.rows["lead_id"], _is_aside(listed)
    rows = scores.set_index("lead_id").reindex(lead_id.mask(aside)).reset_index(drop=True)
    for name in LISTS:
        rows[name] = [each if isinstance(each, list) else [] for each in rows[name]]
    told = listed.faults.assign(told=_in_words(listed.faults))
    is_cell = told["kind"] == CELL
    return rows.assign(
        lead_id=lead_id,
        row=listed.rows["row"],
        why_not_scored=_by_row(told[~is_cell], listed.rows["row"]),
        cells_not_used=_by_row(told[is_cell], listed.rows["row"]),
    )


def _in_words(faults: pd.DataFrame) -> pd.Series[str]:
    """Say of each fault where it is, what stands there, and what is wrong with it."""
    value = (' "' + faults["value"] + '"').where(faults["value"] != "", "")
    reason = faults["reason"].str.removesuffix(f"; {AS_MISSING}")
    return faults["column"] + value + ": " + reason


def _by_row(told: pd.DataFrame, rows: pd.Series[int]) -> pd.Series[str]:
    by_row = told.groupby("row")["told"].agg("; ".join).to_dict()
    return pd.Series([by_row.get(row, "") for row in rows], index=rows.index, dtype="str")
