"""`leadscore explain`: everything the ledger and the model say of one lead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from features.contract import load_contract
from features.errors import LeadScoreError
from features.snapshots import nightly_snapshots
from features.tables import open_tables
from serving.ledger import history
from serving.nightly import default_night
from serving.policy import load_policy
from serving.score import score_leads
from training.tracking import Registry

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

EVERY_TIER = ("SQL", "MQL", "Nurture", "Disqualified")


@dataclass(frozen=True)
class Explained:
    """One lead as of one moment.

    Parameters
    ----------
    row
        The lead's row, with the ledger's columns.
    history
        What the ledger said of it on earlier nights, oldest first.
    """

    row: pd.Series[str]
    history: pd.DataFrame


def explain(directory: Path, lead_id: str, *, as_of: datetime | None = None) -> Explained:
    """Score one open lead as of a moment, with its reasons, beside what was said of it before.

    Parameters
    ----------
    directory
        The project folder.
    lead_id
        Whose score.
    as_of
        The moment, UTC; by default as for a night.

    Returns
    -------
    Explained

    Raises
    ------
    LeadScoreError
        Where there is no such lead, or it is not open.
    """
    contract = load_contract(directory)
    champion = Registry(directory, contract.name).champion()
    with open_tables(contract, known_by=as_of) as tables:
        moment = as_of or default_night(tables)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        open_leads = nightly_snapshots(tables, as_of=moment)
        snapshot = open_leads.filter(open_leads.lead_id == lead_id)
        if not snapshot.count().to_pyarrow().as_py():
            raise LeadScoreError(_why_absent(tables.leads, lead_id, moment))
        scored = score_leads(
            tables,
            snapshot,
            as_of=moment,
            champion=champion,
            policy=load_policy(directory),
            previous=None,
            explained=EVERY_TIER,
        )
    return Explained(scored.rows.iloc[0], history(directory, lead_id))


def _why_absent(leads: object, lead_id: str, moment: datetime) -> str:
    known = leads.filter(leads.lead_id == lead_id).count().to_pyarrow().as_py()  # type: ignore[attr-defined]
    if known:
        return f"lead {lead_id} is not open as of {moment}: it was won or lost, or came later"
    return f"there is no lead {lead_id!r} as of {moment}; ids are compared letter by letter"
