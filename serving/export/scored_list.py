"""The scores of a one-off list, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.core import replacing
from leadscore.serving.export.spreadsheets import neutralised
from leadscore.serving.ledger import LISTS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SCORE_COLUMNS = (
    "lead_id",
    "as_of",
    "p_sql",
    "p_won",
    "score",
    "tier",
    "model_tier",
    "rule",
    "reasons_for",
    "reasons_against",
    "brief",
    "missing_facts",
    "expected_value",
    "coverage",
    "model_version",
    "policy_version",
)
LIST_COLUMNS = ("row", "why_not_scored", "cells_not_used")  # of a list's row, behind its score


def write_scores(rows: pd.DataFrame, file: Path) -> Path:
    """Write the scores of a one-off list as CSV, or as Parquet where the name ends in `.parquet`.

    `rows` has the ledger's columns and `LIST_COLUMNS`. The file is replaced whole or not at all.
    """
    named = rows[[*SCORE_COLUMNS, *LIST_COLUMNS]].copy()
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file, sync=True) as part:
        if file.suffix == ".parquet":
            named.to_parquet(part, index=False)
            return file
        for name in LISTS:
            named[name] = ["; ".join(each) for each in named[name]]
        for column in ("lead_id", *LISTS, *LIST_COLUMNS[1:]):
            named[column] = named[column].map(neutralised, na_action="ignore")
        named.to_csv(part, index=False)
    return file
