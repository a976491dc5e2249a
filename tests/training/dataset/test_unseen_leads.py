from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset.data_sufficiency import Viability
from leadscore.training.dataset.labels import Labels
from leadscore.training.dataset.splits import Split
from leadscore.training.dataset.training_data import Prepared
from leadscore.training.dataset.unseen_leads import traces, unseen_by

if TYPE_CHECKING:
    from tests.training.conftest import Funnel

DAYS = pd.to_datetime(["2026-01-01", "2026-01-10", "2026-02-01", "2026-02-10", "2026-03-01"])
NOTHING = pd.DataFrame()
VIABLE = Viability((), None, ())


def leads(*accounts: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": list("abcde"),
            "created_at": DAYS,
            "as_of": DAYS + pd.Timedelta(days=1),
            "account": pd.Series(accounts or [None] * 5, dtype="str"),
        }
    )


def since(moment: str, until: str = "") -> dict[str, str]:
    return {"held_out_from": moment, "known_until": until}


def test_leads_created_after_what_a_version_learnt_from_are_unseen() -> None:
    frame = leads()
    assert unseen_by(since("2026-02-01"), NOTHING, frame, frame).tolist() == [0, 0, 1, 1, 1]


def test_a_lead_of_an_account_it_learnt_from_is_not_unseen() -> None:
    frame = leads("x", None, None, None, "x")
    told = since("2026-02-01", "2026-02-15T00:00:00+00:00")
    assert unseen_by(told, NOTHING, frame, frame).tolist() == [0, 0, 1, 1, 0]


def test_an_account_that_stood_on_the_test_side_then_is_unseen() -> None:
    sides = {}
    for account in "pqrstuvw":  # whose side hangs on a hash of the name
        frame = leads(account, None, account, None, account)
        told = since("2026-02-01", "2026-02-15T00:00:00+00:00")
        found = unseen_by(told, NOTHING, frame, frame)
        assert found[2] == found[4]
        sides[account] = bool(found[2])
    assert set(sides.values()) == {True, False}


def test_only_the_rows_asked_for_are_told() -> None:
    frame = leads()
    assert unseen_by(since("2026-02-01"), NOTHING, frame[3:], frame).index.tolist() == [3, 4]


def undated(funnel: Funnel, side: list[str]) -> Prepared:
    rows = funnel.frame.iloc[: len(side)]
    labels = Labels(funnel.labels.frame.iloc[: len(side)], funnel.labels.stages)
    split = Split(pd.Series(side, dtype="str"), by_time=False, test_from=None, caution="")
    return Prepared(rows, labels, split, [], funnel.catalogue, (), [], [], [], [], VIABLE)


def test_a_random_split_is_known_again_by_ids_and_by_rows(funnel: Funnel) -> None:
    prepared = undated(funnel, ["learn", "learn", "test", "test"])
    learnt = traces(prepared)
    assert len(learnt) == 2
    now = funnel.frame.iloc[:4]
    assert unseen_by({}, learnt, now, prepared.labels.frame).tolist() == [0, 0, 1, 1]
    renamed = now.assign(lead_id=["n1", "n2", "n3", "n4"])
    assert unseen_by({}, learnt, renamed, prepared.labels.frame).tolist() == [0, 0, 1, 1]
    changed = now.assign(visits=99.0)
    assert unseen_by({}, learnt, changed, prepared.labels.frame).tolist() == [0, 0, 1, 1]


def test_an_undated_version_without_traces_may_have_seen_everybody(funnel: Funnel) -> None:
    frame = funnel.frame.iloc[:4]
    assert not unseen_by({}, NOTHING, frame, funnel.labels.frame).any()


def test_a_split_by_time_leaves_no_traces(funnel: Funnel) -> None:
    prepared = undated(funnel, ["learn", "test"])
    assert traces(replace(prepared, split=funnel.split)).empty
