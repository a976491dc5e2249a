from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.serving.export.list_columns import handoffs

if TYPE_CHECKING:
    import pandas as pd


def test_the_handoff_list_holds_who_newly_goes_to_sales_best_first(night: pd.DataFrame) -> None:
    assert list(handoffs(night)["lead_id"]) == ["L9", "L7"]
