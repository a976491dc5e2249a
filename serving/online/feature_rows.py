"""Feature rows of single leads, for whoever asks a served model over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract import load_contract
from leadscore.features.core import LeadScoreError, naive
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.serving.lead_facts import learnt_features
from leadscore.serving.nightly import default_night
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    import pandas as pd


def feature_rows(
    directory: Path, lead_ids: Sequence[str], *, as_of: datetime | None = None
) -> pd.DataFrame:
    """Build some open leads' features, as the project's champion takes them.

    Parameters
    ----------
    directory
        The project folder.
    lead_ids
        The leads.
    as_of
        The moment, UTC: only what was known before it counts. By default as for a night.

    Returns
    -------
    DataFrame
        Indexed by `lead_id`, sorted; a column for each of the champion's `features_`, float64 or
        str.

    Raises
    ------
    LeadScoreError
        Where a lead is not there or not open as of the moment, or no version is champion.
    """
    contract = load_contract(directory)
    champion = Registry(directory, contract.name).champion()
    with open_tables(contract, known_by=as_of) as tables:
        moment = naive(as_of) or default_night(tables)
        wanted = tables.of_leads(nightly_snapshots(tables, as_of=moment), lead_ids)
        frame = learnt_features(tables, wanted, champion).set_index("lead_id")
    absent = sorted(set(lead_ids) - set(frame.index))
    if absent:
        share = f"{len(absent)} of {len(set(lead_ids))}"
        raise LeadScoreError(f"{share} leads are not open as of {moment}, as {absent[0]}")
    return frame[champion.model.features_]
