"""Feature rows made up for a model: of typical values, and empty; nothing in them is anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from leadscore.training.model.funnel_model import FunnelModel


def typical_row(model: FunnelModel) -> pd.DataFrame:
    """Make up one feature row of typical values; no lead's own, so nothing personal.

    Parameters
    ----------
    model
        The fitted funnel.

    Returns
    -------
    DataFrame
        A row with the model's `features_`: numbers as float64, text as str.
    """
    row = {
        name: pd.Series(
            [model.typical_.get(name)], dtype="str" if name in model.text_ else "float64"
        )
        for name in model.features_
    }
    return pd.DataFrame(row)


def typical_and_empty(model: FunnelModel) -> pd.DataFrame:
    """Give the typical row, and below it one where nothing is known."""
    typical = typical_row(model)
    empty = typical.copy()
    for column in empty.columns:
        empty[column] = pd.Series([None], dtype=empty[column].dtype)
    return pd.concat([typical, empty], ignore_index=True)
