from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.buckets.open_buckets import BucketLimits
from leadscore.features.core.errors import DataError
from leadscore.serving.ledger.reader import read_night
from leadscore.serving.nightly import bucket_passes as run
from leadscore.serving.nightly import tier_pass as tiering
from leadscore.serving.nightly.checkpoint_store import WORK
from leadscore.serving.nightly.run_night import score_night

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.slow
NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
EVENING_BEFORE = NIGHT - timedelta(days=1)
SMALL = BucketLimits(leads=900, events=10**9)  # the small company's leads in three or four buckets
POLICY = """
[capacity]
reps = 15
leads_a_day = 2
"""


@pytest.fixture(scope="module")
def company(scored_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the scored company little capacity and a lot, so that its places matter."""
    directory = tmp_path_factory.mktemp("streamed") / "company"
    shutil.copytree(scored_project, directory, ignore=shutil.ignore_patterns("ledger", "truth"))
    policy = directory / "tiers.toml"
    text = policy.read_text(encoding="utf-8").replace("\nshare = 0.02", "\nshare = 0.2")
    for line in ("min_precision = 0.30", "confidence = 0.95", "fallback_share = 0.0"):
        text = text.replace(f"\n{line}", "\nshare = 0.1" if "precision" in line else "", 1)
    policy.write_text(text + POLICY, encoding="utf-8")
    part = next((directory / "raw/events").glob("*.parquet"))
    events = pd.read_parquet(part)
    strangers = events.head(40).assign(lead_id=[f"nobody-{number}" for number in range(40)])
    pd.concat([events, strangers]).to_parquet(part)
    score_night(directory, as_of=EVENING_BEFORE)
    score_night(directory, as_of=NIGHT)
    return directory


@pytest.fixture
def without_night(company: Path, tmp_path: Path) -> Path:
    directory = tmp_path / "company"
    shutil.copytree(company, directory)
    shutil.rmtree(directory / "ledger" / f"night={NIGHT:%Y-%m-%d}")
    return directory


def same_verdicts(directory: Path, company: Path) -> None:
    run_only = ["run_id", "scored_at"]
    many, one = (read_night(each, NIGHT).drop(columns=run_only) for each in (directory, company))
    pd.testing.assert_frame_equal(many, one, check_exact=True)


def same_quarantine(directory: Path, company: Path) -> None:
    told = (pd.read_csv(each / "quarantine/rows.csv") for each in (directory, company))
    many, one = (rows.sort_values(["table", "row"], ignore_index=True) for rows in told)
    pd.testing.assert_frame_equal(many, one)


@pytest.mark.parametrize("workers", [1, 2])
def test_in_buckets_a_night_says_what_it_says_as_a_whole(
    without_night: Path, company: Path, workers: int
) -> None:
    result = score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=workers)
    assert result.written is not None
    same_verdicts(without_night, company)
    same_quarantine(without_night, company)
    rule = read_night(company, NIGHT)["rule"].fillna("")
    assert {"waiting", "exploration"} <= set(rule)
    lists = [each / f"accounts/{NIGHT:%Y-%m-%d}.csv" for each in (without_night, company)]
    assert [file.exists() for file in lists] in ([False, False], [True, True])
    if lists[0].exists():  # a small company's accounts may be too few to learn from
        pd.testing.assert_frame_equal(*map(pd.read_csv, lists))
    assert not (without_night / WORK).exists()


def test_in_some_buckets_nobody_may_be_open(
    without_night: Path, company: Path, tmp_path: Path
) -> None:
    outcomes = without_night / "raw/outcomes.csv"
    rows = pd.read_csv(outcomes, dtype=str, keep_default_na=False)
    closed = read_night(company, NIGHT)["lead_id"].iloc[3:]
    moment = (NIGHT - timedelta(seconds=1)).isoformat()
    lost = pd.DataFrame({"lead_id": closed, "stage": "lost", "occurred_at": moment})
    pd.concat([rows, lost]).to_csv(outcomes, index=False)
    whole = tmp_path / "whole"
    shutil.copytree(without_night, whole)
    score_night(whole, as_of=NIGHT, accept=True)
    result = score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1, accept=True)
    assert result.written is not None
    manifest = max((without_night / "runs").glob("*.json"))
    assert result.written.rows < json.loads(manifest.read_text())["counts"]["buckets"]
    same_verdicts(without_night, whole)


def test_a_night_that_died_goes_on_where_it_ended(
    without_night: Path, company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    judging = run.judge_leads

    def dying(*args: object, **options: object) -> run.Judged:
        if len(judged) == 2:
            raise KeyboardInterrupt
        judged.append(1)
        return judging(*args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(run, "judge_leads", dying)
        with pytest.raises(KeyboardInterrupt):
            score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)
    buckets = len(list((without_night / WORK / "raw/leads").glob("*=*")))
    later: list[int] = []

    def counting(*args: object, **options: object) -> run.Judged:
        later.append(1)
        return judging(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "judge_leads", counting)
    score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)
    assert len(judged) + len(later) == buckets > 2
    same_verdicts(without_night, company)
    manifests = [max((each / "runs").glob("*.json")) for each in (without_night, company)]
    gone_on, at_once = (json.loads(file.read_text())["counts"] for file in manifests)
    assert gone_on["dropped events"] == at_once["dropped events"] > 0


def test_a_night_that_is_gone_on_with_looks_at_the_night_before_anew(
    without_night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes a night out of the ledger, or puts one back, before it goes on."""
    earlier = EVENING_BEFORE - timedelta(days=30)
    score_night(without_night, as_of=earlier, accept=True)

    def dying(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tiering, "find_bars", dying)
        with pytest.raises(KeyboardInterrupt):
            score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)
    shutil.rmtree(without_night / "ledger" / f"night={EVENING_BEFORE:%Y-%m-%d}")
    score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1, accept=True)
    said = read_night(without_night, NIGHT).set_index("lead_id")["previous_tier"]
    then = read_night(without_night, earlier).set_index("lead_id")["tier"].reindex(said.index)
    pd.testing.assert_series_equal(said, then, check_names=False)


def test_work_on_other_tables_is_not_gone_on_with(
    without_night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(*_args: object, **_options: object) -> run.Judged:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run, "judge_leads", dying)
        with pytest.raises(KeyboardInterrupt):
            score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)
    leads = without_night / "raw/leads.csv"
    rows = pd.read_csv(leads, dtype=str, keep_default_na=False)
    gone = read_night(without_night, EVENING_BEFORE)["lead_id"].iloc[:40]
    rows[~rows["lead_id"].isin(gone)].to_csv(leads, index=False)
    score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)
    assert not read_night(without_night, NIGHT)["lead_id"].isin(gone).any()


def test_in_buckets_too_many_faulty_events_stop_the_night(without_night: Path) -> None:
    part = next((without_night / "raw/events").glob("*.parquet"))
    events = pd.read_parquet(part)
    events.assign(occurred_at=pd.NaT).to_parquet(part)
    for other in (without_night / "raw/events").glob("*.parquet"):
        if other != part:
            other.unlink()
    with pytest.raises(DataError, match=r"events: .* cannot be used .* × occurred_at"):
        score_night(without_night, as_of=NIGHT, at_once=SMALL, workers=1)


def test_a_night_unlike_the_one_before_is_held_back_until_somebody_accepts_it(
    without_night: Path, run_cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = without_night / "raw/leads.csv"
    rows = pd.read_csv(leads, dtype=str, keep_default_na=False)
    rows.assign(industry="Falconry").to_csv(leads, index=False)
    ran = run_cli("score", "-C", without_night, "--as-of", "2026-06-01")
    assert ran.code == 1
    assert "held back: 100% of the words in 'industry' are such as the model never saw" in ran.err
    assert not (without_night / "ledger" / f"night={NIGHT:%Y-%m-%d}").exists()

    def again(*_args: object, **_options: object) -> run.Judged:
        raise AssertionError("what was worked out before is worked out again")

    monkeypatch.setattr(run, "judge_leads", again)
    ran = run_cli("score", "-C", without_night, "--as-of", "2026-06-01", "--accept")
    assert ran.code == 0, ran.err
    assert not (without_night / WORK).exists()
    assert "accepted: 100% of the words in 'industry'" in ran.err
