"""The features that one lead would have had: what was known then, as of then and as of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.tables import open_tables
from leadscore.serving.explanations.score_change import Stops
from leadscore.serving.lead_facts import learnt_features

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables
    from leadscore.training.registry import Registered


def retrace(
    tables: Tables, lead_id: str, *, since: datetime, as_of: datetime, version: Registered
) -> Stops:
    """Build one lead's features at the stops between two moments.

    Parameters
    ----------
    tables
        Today's tables.
    lead_id
        Whose features.
    since, as_of
        The two moments, UTC without a zone.
    version
        The version whose features they are.

    Returns
    -------
    Stops

    Raises
    ------
    ModelMismatch
        Where the contract no longer gives what the version learnt from.
    """
    now = learnt_features(tables, _looked_at(tables, lead_id, as_of), version)
    with open_tables(tables.contract, known_by=since) as earlier:
        both = ibis.union(*(_looked_at(earlier, lead_id, when) for when in (since, as_of)))
        frame = learnt_features(earlier, both, version)
    return Stops(frame[frame["as_of"] == since], frame[frame["as_of"] == as_of], now, version)


def _looked_at(tables: Tables, lead_id: str, as_of: datetime) -> ir.Table:
    """One snapshot of one lead, whether or not it was open."""
    own = tables.leads.filter(tables.leads.lead_id == lead_id)
    return own.select("lead_id", as_of=ibis.literal(as_of).cast("timestamp"))
