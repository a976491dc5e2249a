from __future__ import annotations

import pandas as pd

from leadscore.training.evaluation.display_names import figure, with_interval, with_month_words

LIFT = pd.Series({"value": 5.731, "low": 4.2, "high": 7.45})


def test_months_are_written_as_text_and_other_groups_unchanged() -> None:
    table = pd.DataFrame({"dimension": ["month", "size"], "segment": ["2026-05", "10-49"]})
    assert with_month_words(table)["segment"].tolist() == ["May 2026", "10-49"]


def test_lift_has_two_decimals_and_every_other_metric_three() -> None:
    assert with_interval(LIFT, "lift_10") == "5.73 (4.20–7.45)"
    assert figure(0.84912, "auc") == "0.849"


def test_a_metric_that_is_not_known_is_a_dash_without_interval() -> None:
    unknown = LIFT * float("nan")
    assert with_interval(unknown, "auc") == "–"
