"""Feature frames: what a model's `predict` takes, made of one's own tables as of a moment."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from leadscore.features.core import moment_of, naive
from leadscore.features.families import feature_frame as compute_features
from leadscore.features.point_in_time import listed_snapshots, nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.frame_contract import contract_in, frame_contract
from leadscore.serving.lead_facts import learnt_features
from leadscore.serving.nightly import default_night

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from leadscore.features.core import Moment
    from leadscore.features.tables import Tables
    from leadscore.frame_contract import Given
    from leadscore.frames import Frame
    from leadscore.model import Model
    from leadscore.training.registry import Registered


def feature_frame(
    leads: Frame,
    events: Frame | None = None,
    outcomes: Frame | None = None,
    *,
    as_of: Moment,
    contract: Given = None,
    model: Model | None = None,
) -> pd.DataFrame:
    """Make the features of leads from what was known before a moment.

    Parameters
    ----------
    leads, events, outcomes
        The tables of the contract: pandas, Polars, Arrow or Ibis.
    as_of
        The moment; without a zone UTC.
    contract
        What the columns mean: `project.contract`, a `leadscore.toml` by path or text, or a dict
        of changes to what is drafted from the frames.
    model
        Give the features that this model learnt from; by default all that the tables yield.

    Returns
    -------
    DataFrame
        A row a lead that was created before `as_of` and neither won nor lost by then; all leads
        of a flat frame. Columns `lead_id` (str), `as_of` (UTC, without a zone) and the features
        (float64 or str).

    Raises
    ------
    LeadScoreError
        Where contract or tables cannot be used, or do not give what the model needs.

    Examples
    --------
    >>> import pandas as pd
    >>> leads = pd.DataFrame({"country": ["NL", "DE"] * 20, "Converted": [1, 0] * 20})
    >>> feature_frame(leads, as_of="2026-07-01")["country"].head(2).tolist()
    ['NL', 'DE']
    """
    frames = {"leads": leads, "events": events, "outcomes": outcomes}
    with tempfile.TemporaryDirectory(prefix="leadscore-") as name:
        folder = Path(name)
        described = contract_in(folder, frame_contract(folder, frames, contract))
        with open_tables(described, known_by=moment_of(as_of)) as tables:
            version = None if model is None else model.registered
            return features_as_of(tables, moment_of(as_of), version)


def features_as_of(
    tables: Tables, as_of: datetime | None, version: Registered | None
) -> pd.DataFrame:
    """Make the features of the open leads; by default as of the next night, and all features."""
    moment = naive(as_of) or default_night(tables)
    chosen = listed_snapshots if tables.contract.is_flat else nightly_snapshots
    snapshots = chosen(tables, as_of=moment)
    if version is not None:
        return learnt_features(tables, snapshots, version)
    frame, _built = compute_features(tables, snapshots)
    return frame
