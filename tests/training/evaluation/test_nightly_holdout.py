from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.point_in_time.closings import still_open
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.evaluation import nightly_holdout as module
from leadscore.training.evaluation.evaluate import evidence_of
from leadscore.training.evaluation.nightly_holdout import nightly_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadscore.features.tables.tables import Tables
    from leadscore.training.dataset.training_data import Prepared
    from tests.conftest import Project

SOME = 120  # held-out leads that are looked at on every night


@pytest.fixture(scope="module")
def tables(project: Project) -> Iterator[Tables]:
    with open_tables(load_contract(project.directory)) as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(project: Project) -> Prepared:
    """The company's rows, with only some of the leads held out."""
    whole = project.trained.prepared
    test = whole.labels.frame.loc[whole.split.side == "test", "lead_id"].unique()[:SOME]
    kept = whole.labels.frame["lead_id"].isin(test) | (whole.split.side != "test")
    return replace(whole, split=replace(whole.split, side=whole.split.side.where(kept, "unused")))


def predict(frame: pd.DataFrame) -> pd.DataFrame:
    """Score by what makes a chance rise and fall: how much of late, and how long ago."""
    p = 1 / (
        1 + np.exp(3 - frame["activity_7d"] / 4 + frame["activity_days_since_latest"].fillna(9) / 9)
    )
    return pd.DataFrame({"p_sql": p, "p_won": p / 4})


def first_seen(evidence: pd.DataFrame, cut_off: float) -> int:
    there = evidence[(evidence["p_sql"] >= cut_off) & evidence["y_sql"].notna()]
    return int(there["lead"].nunique())


def test_every_outcome_of_it_is_known(tables: Tables, prepared: Prepared) -> None:
    evidence = nightly_evidence(tables, prepared, predict)
    horizon = pd.Timedelta(days=tables.contract.horizon_days.sql)
    known = evidence[evidence["y_sql"].notna()]
    assert (known["as_of"] + horizon <= tables.data_end).all()
    assert set(evidence) == {"lead", "as_of", "p_sql", "y_sql", "p_won", "y_won"}
    assert not evidence.duplicated(["lead", "as_of"]).any()
    assert evidence["lead"].nunique() <= SOME


def test_leads_are_met_as_often_as_on_every_single_night(
    tables: Tables, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_news = nightly_evidence(tables, prepared, predict)
    at_ages = evidence_of(prepared, predict(prepared.frame))

    def every_night(tables: Tables, prepared: Prepared) -> ibis.Table:
        test = prepared.labels.frame.loc[prepared.split.side == "test", ["lead_id"]]
        leads = tables.leads.semi_join(ibis.memtable(test.drop_duplicates()), "lead_id")
        days = leads.cross_join(ibis.memtable({"age": range(1, 150)}))
        night = days.created_at.truncate("D") + days.age.as_interval("D")
        spine = still_open(tables, days.select("lead_id", as_of=night))
        last = ibis.literal(module._last_night(tables, prepared)).cast("timestamp")
        return spine.filter(spine.as_of <= last)

    monkeypatch.setattr(module, "_nights", every_night)
    every = nightly_evidence(tables, prepared, predict)
    assert len(after_news) < len(every) / 2
    for cut_off in (0.1, 0.2, 0.3):
        met = first_seen(every, cut_off)
        assert met > 5
        assert abs(first_seen(after_news, cut_off) - met) <= 0.05 * met
        assert first_seen(at_ages, cut_off) < 0.9 * met  # so it matters


def test_there_is_an_end_to_it(tables: Tables, prepared: Prepared) -> None:
    evidence = nightly_evidence(tables, prepared, predict, most=400)
    again = nightly_evidence(tables, prepared, predict, most=400)
    assert 100 < len(evidence) < 800
    assert evidence.equals(again)


def test_undated_leads_have_one_snapshot_each(tables: Tables, prepared: Prepared) -> None:
    undated = replace(prepared, split=replace(prepared.split, by_time=False))
    expected = evidence_of(undated, predict(undated.frame))
    assert nightly_evidence(tables, undated, predict).equals(expected)
