from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.serving.export.scored_list import LIST_COLUMNS, SCORE_COLUMNS, write_scores

if TYPE_CHECKING:
    from pathlib import Path


def test_the_scores_of_a_list_hold_what_people_act_on(tmp_path: Path, night: pd.DataFrame) -> None:
    night.loc[9, "lead_id"] = "=1"
    night.loc[8, "lead_id"] = None
    listed = night.assign(row=range(10), why_not_scored="=x: missing", cells_not_used="")
    file = write_scores(listed, tmp_path / "x.csv")
    written = pd.read_csv(file, keep_default_na=False).to_dict("records")
    assert list(written[0]) == [*SCORE_COLUMNS, *LIST_COLUMNS]
    assert written[9]["lead_id"] == "'=1"
    assert written[8]["lead_id"] == ""
    assert written[0]["why_not_scored"] == "'=x: missing"
    assert written[0]["reasons_for"] == "Pricing page views: 4 (typical lead: 0); Trial: yes"
    assert written[0]["brief"] == "Last: pricing view on 28 Jun."
