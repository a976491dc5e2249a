from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.core.errors import ContractError, LeadScoreError
from leadscore.serving.jobs.policy_what_if import WhatIf, what_if
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.tiers.cutoffs import leads_in

if TYPE_CHECKING:
    from pathlib import Path

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
DECIDED = [
    *("lead_id", "tier", "model_tier", "rule", "team", "waiting", "nights_below"),
    *("handoff_probability", "previous_tier", "moved", "expected_value", "facts_digest"),
]


@pytest.fixture(scope="module")
def unchanged(scored_project: Path) -> WhatIf:
    return what_if(scored_project, {})


@pytest.fixture(scope="module")
def twentieth(scored_project: Path) -> WhatIf:
    return what_if(scored_project, {"sql.share": "0.05", "capacity.reps": "1",
                                    "capacity.leads_a_day": "4"})  # fmt: skip


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """The cells as objects, None where nothing is known."""
    return rows.astype(object).where(rows.notna(), None).reset_index(drop=True)


def contents(directory: Path) -> dict[str, bytes]:
    files = [*directory.glob("ledger*/**/*.parquet"), *directory.glob("*.toml")]
    return {str(file): file.read_bytes() for file in files}


def test_without_a_change_nobody_moves_and_the_tiers_are_the_ledgers(
    scored_project: Path, unchanged: WhatIf
) -> None:
    assert unchanged.movers.empty
    ledger = plain(read_night(scored_project, NIGHT, columns=DECIDED))
    for outcome in (unchanged.now, unchanged.then):
        pd.testing.assert_frame_equal(plain(outcome.rows[DECIDED]), ledger)
    assert unchanged.as_of == datetime(2026, 6, 1)
    assert unchanged.model_version == unchanged.champion == "1"


def test_nothing_is_written(scored_project: Path) -> None:
    before = contents(scored_project)
    names = {str(file) for file in scored_project.rglob("*")}
    what_if(scored_project, {"sql.min_propensity": "0.1"})
    assert contents(scored_project) == before
    assert {str(file) for file in scored_project.rglob("*")} == names


def test_a_share_takes_that_many_of_those_the_model_is_asked_about(twentieth: WhatIf) -> None:
    rows = twentieth.then.rows
    asked = rows["model_tier"].notna()
    best = rows[rows["model_tier"] == "SQL"]
    assert len(best) == leads_in(0.05, int(asked.sum())) > 0
    rest = rows[asked & (rows["model_tier"] != "SQL")]
    was = twentieth.now.rows["previous_tier"]  # who has the tier gets a head start
    assert best["p_sql"].min() >= rest.loc[was != "SQL", "p_sql"].max() * 0.8


def test_other_places_are_kept_to(twentieth: WhatIf) -> None:
    rows = twentieth.then.rows
    newly = (rows["tier"] == "SQL") & (rows["previous_tier"] != "SQL")
    assert (newly & (rows["rule"] != "already_sql")).sum() <= 4


def test_the_movers_are_those_with_another_tier_best_first(twentieth: WhatIf) -> None:
    movers = twentieth.movers
    assert not movers.empty
    assert (movers["now"] != movers["then"]).all()
    differing = twentieth.now.rows["tier"] != twentieth.then.rows["tier"]
    assert set(movers["lead_id"]) == set(twentieth.now.rows.loc[differing, "lead_id"])
    assert movers["p_sql"].dropna().is_monotonic_decreasing


def test_a_mode_takes_the_place_of_another_and_of_what_goes_with_it(
    scored_project: Path, twentieth: WhatIf, tmp_path: Path
) -> None:
    then = twentieth.then.policy.sql
    assert (then.mode, then.share, then.min_precision) == ("share", 0.05, None)
    assert twentieth.now.policy.sql.mode == "min_precision"
    other = tmp_path / "other.toml"
    other.write_text("[sql]\nshare = 0.1\n[mql]\nshare = 0.5\n", encoding="utf-8")
    changes = {"sql.min_precision": "0.25", "sql.confidence": "0.9"}
    back = what_if(scored_project, changes, policy_file=other).then.policy
    assert (back.sql.mode, back.sql.threshold, back.sql.confidence) == ("min_precision", 0.25, 0.9)
    assert back.mql.share == 0.5


def test_rules_of_another_policy_apply(scored_project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    rule = '[[disqualifier]]\nname = "all"\nwhen = [{ event = "email_sent", times = 1 }]\n'
    other.write_text(rule, encoding="utf-8")
    found = what_if(scored_project, {}, policy_file=other)
    rows = found.then.rows
    barred = rows["rule"] == "disqualified: all"
    assert 0 < barred.sum() < len(rows)
    assert (rows.loc[barred, "tier"] == "Disqualified").all()
    assert set(found.movers.loc[found.movers["then"] == "Disqualified", "lead_id"]) == set(
        rows.loc[barred, "lead_id"]
    )


def test_groups_stand_beside_the_leads_and_are_not_personal(unchanged: WhatIf) -> None:
    assert list(unchanged.groups.columns) == ["source", "industry"]
    assert unchanged.groups.index.equals(unchanged.now.rows.index)
    assert unchanged.groups.notna().all(axis=None)


# ---- faults


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"sql.min_precision": "1.2"}, r"--sql.min_precision 1.2.*input should be less than 1"),
        ({"sql.min_precison": "0.3"}, "Did you mean 'min_precision'"),
        ({"sqll.share": "0.3"}, "Did you mean 'sql'"),
        ({"sql.share": "a few"}, "a valid number, got 'a few'"),
        ({"mql.min_precision": "0.9"}, "0.9 is stricter than sql.min_precision"),
        ({"capacity.reps": "-1"}, "`capacity.reps`: input should be greater than or equal to 0"),
        ({"hand_raiser.name": "x"}, "`hand_raiser` is a list; give a whole policy with --policy"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_as_in_the_file(
    scored_project: Path, changes: dict[str, str], fault: str
) -> None:
    with pytest.raises(ContractError, match=f"(?s){fault}"):
        what_if(scored_project, changes)


def test_all_faults_are_told_at_once(scored_project: Path) -> None:
    with pytest.raises(ContractError, match="3 faults"):
        what_if(scored_project, {"sql.min_precision": "1.2", "mql.x": "1", "sqll.share": "0.1"})


def test_another_policy_that_is_not_there_or_no_toml_is_named(
    scored_project: Path, tmp_path: Path
) -> None:
    file = tmp_path / "other.toml"
    with pytest.raises(ContractError, match=r"other\.toml does not exist"):
        what_if(scored_project, {}, policy_file=file)
    file.write_text("[sql", encoding="utf-8")
    with pytest.raises(ContractError, match=r"other\.toml is not valid TOML"):
        what_if(scored_project, {}, policy_file=file)


def test_without_a_night_there_is_nothing_to_try_it_on(own_project: Path) -> None:
    with pytest.raises(LeadScoreError, match="holds no night yet; run `leadscore score`"):
        what_if(own_project, {})
