from __future__ import annotations

import numpy as np
import pandas as pd

from leadscore.training.calibration.young_rows import young_rows
from leadscore.training.dataset import Labels


def test_young_rows_are_those_not_yet_known_with_the_share_that_can_have_converted() -> None:
    matured, young = 40, 3
    rows_in_all = matured + young + 1  # the last is of a lead that is known already
    days = np.tile([1.0, 2, 3, 4], 10)
    rows = pd.DataFrame(
        {
            "lead_id": [f"L{number:02}" for number in range(matured + young)] + ["L00"],
            "as_of": pd.Timestamp("2026-01-01") + pd.to_timedelta(range(rows_in_all), unit="D"),
            "is_sql": False,
            "weight": 1.0,
            "created_at": pd.Timestamp("2026-01-01"),
            "y_sql": [1.0] * matured + [np.nan] * (young + 1),
            "days_sql": [*days, 0.5, np.nan, np.nan, np.nan],
            "seen_sql": [np.nan] * matured + [1.0, 0.0, 0.0, 0.0],
            "watched_days": [9.0] * matured + [2.5, 1.0, 0.2, 2.0],
        }
    )
    frame = pd.DataFrame({"x": range(rows_in_all)})
    found = young_rows(frame, Labels(rows, ("sql",)), "sql")
    assert found is not None
    assert found.frame["x"].tolist() == [40, 41]  # after 0.2 days none can have converted
    assert found.share.tolist() == [0.5, 0.25]
    assert found.seen.tolist() == [1.0, 0.0]


def test_flat_files_have_none() -> None:
    rows = pd.DataFrame({"lead_id": ["a"], "is_sql": [False], "weight": [1.0], "y_won": [1.0]})
    assert young_rows(pd.DataFrame({"x": [1]}), Labels(rows, ("won",)), "won") is None
