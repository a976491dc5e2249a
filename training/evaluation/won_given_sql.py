"""Calibration of the propensity of being won given SQL, on held-out SQLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset import stage_part
from leadscore.training.evaluation.curves import reliability_table

if TYPE_CHECKING:
    from leadscore.training.dataset import Prepared
    from leadscore.training.model import FunnelModel

MOST_PARTS = 5
WINS_A_PART = 5  # with fewer a part's realised share is mostly chance


def calibration_given_sql(
    model: FunnelModel, prepared: Prepared, rows: pd.DataFrame
) -> pd.DataFrame:
    """Compare promised with realised wins among held-out SQLs.

    Parameters
    ----------
    rows
        The held-out snapshots of `won`, with `cluster` and `outcome`.

    Returns
    -------
    DataFrame
        A row a part of the SQLs, lowest propensities first: `snapshots`, `promised` and its 95 %
        interval `promised_low`, `promised_high` (the calibrator's uncertainty),
        `realised` and its `low`, `high`. Empty for a model that has not both stages.
    """
    if list(model.stages_) != ["sql", "won"]:
        return pd.DataFrame()
    part = stage_part(prepared.labels, prepared.split, "won").loc[rows.index]
    sqls = rows[part == "test"]
    predicted = model.won_given_sql(prepared.frame.loc[sqls.index])
    parts = int(min(max(sqls["outcome"].sum() // WINS_A_PART, 1), MOST_PARTS))
    table = reliability_table(sqls["outcome"], predicted["p"], sqls["cluster"], bins=parts)
    order = predicted["p"].rank(method="average", pct=True)
    part_of = ((order * parts - 1e-9).astype("int64")).clip(upper=parts - 1)
    bounds = predicted[["low", "high"]].groupby(part_of).mean().reset_index(drop=True)
    table = table.rename(columns={"leads": "snapshots"}).drop(columns="part")
    return table.assign(promised_low=bounds["low"], promised_high=bounds["high"])
