"""What a lead is handed over with: reasons for and against, a brief, and what to ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.serving.explanations.missing_information import missing_facts
from leadscore.serving.explanations.reasons import reasons
from leadscore.serving.explanations.sales_brief import handoff_briefs
from leadscore.serving.ledger import LISTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables
    from leadscore.training.registry import Registered


def handoff_words(
    tables: Tables,
    snapshots: ir.Table,
    frame: pd.DataFrame,
    *,
    explained: pd.Series[bool],
    is_sql: pd.Series[bool],
    champion: Registered,
) -> pd.DataFrame:
    """Tell what people want to know of the leads that they act on tonight.

    Parameters
    ----------
    tables
        The cleaned tables.
    snapshots
        Columns `lead_id`, `as_of`: the night's leads.
    frame
        Their features, with `lead_id`.
    explained
        Of whom anything is told, on the index of `frame`.
    is_sql
        Whom sales has qualified already: their reasons are those of being won.
    champion
        The version that scores.

    Returns
    -------
    DataFrame
        `reasons_for`, `reasons_against`, `brief`, `missing_facts` (lists of str, an empty tuple
        where nothing is told), on the index of `frame`.
    """
    nothing = np.empty(len(frame), dtype=object)
    nothing.fill(())
    told = pd.DataFrame({name: nothing.copy() for name in LISTS}, index=frame.index)
    model, rows = champion.model, frame[explained]
    if rows.empty:
        return told
    for stage, part in (
        (model.first_stage, rows[~is_sql[explained]]),
        (list(model.stages_)[-1], rows[is_sql[explained]]),
    ):
        if len(part):
            found = _reasons(part, champion, stage)
            told.loc[part.index, list(found.columns)] = found
    told.loc[rows.index, "brief"] = _briefs(tables, snapshots, rows)
    told.loc[rows.index, "missing_facts"] = missing_facts(rows, model, champion.catalogue)
    return told


def _reasons(part: pd.DataFrame, champion: Registered, stage: str) -> pd.DataFrame:
    model = champion.model.stages_[stage]
    columns = model.encoder_.columns_
    contributions, _base = model.contributions(part[columns])
    known = tuple(each for each in champion.catalogue if each.name in columns)
    return reasons(part[columns], contributions, known, champion.model.typical_)


def _briefs(tables: Tables, snapshots: ir.Table, rows: pd.DataFrame) -> pd.Series[str]:
    chosen = tables.of_leads(snapshots, rows["lead_id"].tolist())
    briefs = handoff_briefs(tables, chosen)
    found = rows["lead_id"].map(briefs.set_index("lead_id")["brief"])
    return found.astype(object)
