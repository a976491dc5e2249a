"""When each lead reached a stage, and when that became known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.core import DataError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.contract import Stage
    from leadscore.features.tables import Tables


def reached_at(tables: Tables, stage: Stage) -> ir.Table:
    """Find when each lead first reached a stage; a won lead was an SQL by then at the latest.

    Returns
    -------
    ir.Table
        Columns `reached_id`, `reached_at` (when it happened), `known_at` (when it was also
        recorded); leads that never reached it are absent.
    """
    if tables.outcomes is None:
        raise DataError("the contract describes no [outcomes]")
    stages = ("sql", "won") if stage == "sql" else ("won",)
    rows = tables.outcomes.filter(_.stage.isin(stages))
    return rows.group_by(reached_id=_.lead_id).aggregate(
        reached_at=_.occurred_at.min(), known_at=ibis.greatest(_.occurred_at, _.recorded_at).min()
    )
