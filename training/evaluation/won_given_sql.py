"""How likely SQLs are won, and how sure that is where wins are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset.stage_rows import stage_part
from leadscore.training.evaluation.curves import reliability_table

if TYPE_CHECKING:
    from leadscore.training.dataset.training_data import Prepared
    from leadscore.training.model.funnel_model import FunnelModel

MOST_PARTS = 5
WINS_A_PART = 5  # with fewer what came true says nothing about a part


def won_once_sql(model: FunnelModel, prepared: Prepared, rows: pd.DataFrame) -> pd.DataFrame:
    """Compare the propensity of being won once SQL with what came of held-out SQLs.

    Parameters
    ----------
    model
        The fitted funnel.
    prepared
        The rows it learnt from and those held out.
    rows
        The held-out snapshots of `won`, with `cluster` and `outcome`.

    Returns
    -------
    DataFrame
        A row a part of the held-out SQLs, lowest propensities first: `snapshots`, `promised` and
        its 95 % interval `promised_low`, `promised_high` (what the leads that calibrated leave
        open), `realised` and its own `low`, `high`. Empty for a model that has not both stages.
    """
    if list(model.stages_) != ["sql", "won"]:
        return pd.DataFrame()
    part = stage_part(prepared.labels, prepared.split, "won").loc[rows.index]
    sqls = rows[part == "test"]
    said = model.won_given_sql(prepared.frame.loc[sqls.index])
    parts = int(min(max(sqls["outcome"].sum() // WINS_A_PART, 1), MOST_PARTS))
    came = reliability_table(sqls["outcome"], said["p"], sqls["cluster"], bins=parts)
    order = said["p"].rank(method="average", pct=True)
    of = ((order * parts - 1e-9).astype("int64")).clip(upper=parts - 1)
    bounds = said[["low", "high"]].groupby(of).mean().reset_index(drop=True)
    table = came.rename(columns={"leads": "snapshots"}).drop(columns="part")
    return table.assign(promised_low=bounds["low"], promised_high=bounds["high"])
