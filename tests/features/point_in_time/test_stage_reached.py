from dataclasses import replace

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.point_in_time.stage_reached import reached_at


@pytest.mark.parametrize(("stage", "stages"), [("sql", ["sql", "won"]), ("won", ["won"])])
def test_a_stage_is_reached_once_first_and_by_whoever_has_won(tables, stage, stages):
    rows = tables.outcomes.to_pandas().query("stage in @stages")
    known_at = rows[["occurred_at", "recorded_at"]].max(axis=1)
    expected = pd.DataFrame(
        {
            "reached_at": rows.groupby("lead_id")["occurred_at"].min(),
            "known_at": known_at.groupby(rows["lead_id"]).min(),
        }
    )
    found = reached_at(tables, stage).order_by("reached_id").to_pandas().set_index("reached_id")
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def test_a_contract_without_outcomes_reaches_nothing(tables):
    with pytest.raises(DataError, match=r"describes no \[outcomes\]"):
        reached_at(replace(tables, outcomes=None), "sql")
