from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.catalogue.feature import Feature
from leadscore.training.dataset.labels import Labels
from leadscore.training.evaluation.segments import in_order, measure_segments, segments_of
from tests.training.conftest import prepared_of

if TYPE_CHECKING:
    from leadscore.training.dataset.training_data import Prepared
    from tests.training.conftest import Funnel

SIZES = ["1-9", "10-49", "5,000 and more", None]


@pytest.fixture(scope="module")
def prepared(funnel: Funnel) -> Prepared:
    random = np.random.default_rng(1)
    n = len(funnel.frame)
    frame = funnel.frame.assign(
        wave=pd.Series(random.choice(["spring", "autumn"], n, p=[0.95, 0.05]), dtype="str"),
        size_band=pd.Series(random.choice(np.array(SIZES, dtype=object), n), dtype="str"),
    )
    frame.loc[:3, "source"] = "a stand at one fair"
    catalogue = (
        Feature("wave", "channel", "text", "", "wave", "wave"),
        Feature("source", "channel", "text", "", "source", "source"),
        Feature("visits", "channel", "number", "", "visits", "visits"),
        Feature("size_band", "firmographic", "text", "", "head count band", "company_size"),
    )
    return prepared_of(funnel, frame=frame, catalogue=catalogue)


@pytest.fixture(scope="module")
def rows(funnel: Funnel) -> pd.DataFrame:
    frame = funnel.labels.frame
    held_out = frame[(funnel.split.side == "test") & frame["y_sql"].notna()]
    propensity = 0.3 + 0.2 * held_out["y_sql"]
    return held_out[["lead_id", "as_of"]].assign(
        cluster=held_out["lead_id"], outcome=held_out["y_sql"], propensity=propensity
    )


def test_each_row_falls_into_one_group_of_each_dimension(
    prepared: Prepared, rows: pd.DataFrame
) -> None:
    segments = segments_of(prepared, rows)
    assert list(segments) == ["month", "channel", "company size", "age"]
    assert segments.index.equals(rows.index)
    assert (segments.dtypes == "str").all()
    assert not segments.isna().any(axis=None)


def test_the_channel_is_the_column_that_splits_the_leads_best(
    prepared: Prepared, rows: pd.DataFrame
) -> None:
    assert set(segments_of(prepared, rows)["channel"]) == {"web", "fair", "unknown"}


def test_rare_values_are_folded_into_one(prepared: Prepared) -> None:
    everybody = segments_of(prepared, prepared.labels.frame)
    assert set(everybody["channel"]) == {"web", "fair", "unknown", "other"}
    assert everybody["channel"].iloc[0] == "other"


def test_the_month_is_that_of_creation(prepared: Prepared, rows: pd.DataFrame) -> None:
    created = prepared.labels.frame.loc[rows.index, "created_at"]
    assert segments_of(prepared, rows)["month"].tolist() == created.dt.strftime("%Y-%m").tolist()


def test_what_does_not_exist_is_left_out(funnel: Funnel, rows: pd.DataFrame) -> None:
    labels = Labels(funnel.labels.frame.assign(created_at=pd.NaT), funnel.labels.stages)
    undated = prepared_of(funnel, catalogue=(), labels=labels)
    segments = segments_of(undated, rows)
    assert list(segments) == []
    assert measure_segments(rows, segments).empty


def test_groups_add_up_to_all_rows(prepared: Prepared, rows: pd.DataFrame) -> None:
    table = measure_segments(rows, segments_of(prepared, rows))
    totals = table.groupby("dimension")[["snapshots", "reached"]].sum()
    assert (totals["snapshots"] == len(rows)).all()
    assert (totals["reached"] == rows["outcome"].sum()).all()
    assert table["realised"].between(table["realised_low"], table["realised_high"]).all()


def test_a_group_is_measured_by_its_own_rows(prepared: Prepared, rows: pd.DataFrame) -> None:
    segments = segments_of(prepared, rows)
    table = measure_segments(rows, segments)
    web = table[(table["dimension"] == "channel") & (table["segment"] == "web")].iloc[0]
    own = rows[segments["channel"] == "web"]
    assert web["leads"] == own["lead_id"].nunique()
    assert web["promised"] == pytest.approx(own["propensity"].mean())
    assert web["realised"] == pytest.approx(own["outcome"].mean())
    assert web["auc"] == 1.0


def test_a_group_with_few_outcomes_has_no_auc(rows: pd.DataFrame) -> None:
    few = rows.index[rows["outcome"] == 1][:9].append(rows.index[rows["outcome"] == 0])
    part = rows.loc[few]
    table = measure_segments(part, pd.DataFrame({"all": pd.Series("one", index=part.index)}))
    assert table[["auc", "auc_low", "auc_high"]].isna().all(axis=None)


def test_groups_stand_in_the_order_people_read_them() -> None:
    sizes = pd.Series(["unknown", "5,000 and more", "10-49", "1-9", "1,000-4,999"])
    assert in_order(sizes) == ["1-9", "10-49", "1,000-4,999", "5,000 and more", "unknown"]
    ages = pd.Series(["7-29 days", "30 days and more", "under 1 day", "1-6 days"])
    assert in_order(ages) == ["under 1 day", "1-6 days", "7-29 days", "30 days and more"]
    channels = pd.Series(["other"] * 9 + ["unknown"] * 9 + ["fair"] + ["web"] * 3)
    assert in_order(channels) == ["web", "fair", "other", "unknown"]
