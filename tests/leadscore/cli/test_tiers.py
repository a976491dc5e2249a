from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran

    Run = Callable[..., Ran]

BROKEN = """
[sql]
min_precision = 1.2

[mql]
min_precision = 0.5
confidense = 0.9

[sqll]
share = 0.1

[capacity]
reps = -1
leads_a_day = 5

[[disqualifier]]
name = "region not served"
when = [{ column = "contry", none_of = ["Germany"] }]
"""
NEW_SECTIONS = """
[capacity]
reps = 3
leads_a_day = 5

[hysteresis]
margin = 0.1
nights = 2

[exploration]
share = 0.03

[value]
follow_up_cost = 20
by = ["industry"]

[[hand_raiser]]
name = "asked for a demo"
when = [{ event = "demo_request", within_days = 7 }]

[[disqualifier]]
name = "free-mailer"
when = [{ column = "email", domain = ["gmail.com"] }]
"""


def words(text: str) -> str:
    """What was said, without the terminal's line breaks."""
    return " ".join(text.split())


def ledger_of(directory: Path) -> dict[str, bytes]:
    files = (file for file in directory.glob("ledger*/**/*") if file.is_file())
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def scored(scored_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the company with its nights, whose policy tests may change."""
    target = tmp_path_factory.mktemp("tiers") / "company"
    shutil.copytree(scored_project, target)
    return target


@pytest.fixture
def policy(scored: Path) -> Iterator[Path]:
    """The policy's file, to write in; it is as it was after the test."""
    file = scored / "tiers.toml"
    agreed = file.read_text(encoding="utf-8")
    yield file
    file.write_text(agreed, encoding="utf-8")


def test_a_broken_policy_is_refused_whole_and_last_nights_tiers_stay(
    run_cli: Run, scored: Path, policy: Path
) -> None:
    before = ledger_of(scored)
    assert before
    policy.write_text(BROKEN, encoding="utf-8")
    ran = run_cli("score", "-C", scored, "--as-of", "2026-06-02")
    assert ran.code == 2
    assert ledger_of(scored) == before
    said = words(ran.err)
    assert "tiers.toml: 5 faults" in said
    assert "`sql.min_precision`: input should be less than 1, got 1.2" in said
    assert "`mql.confidense` is not a setting. Did you mean 'confidence'?" in said
    assert "`sqll` is not a setting. Did you mean 'sql'?" in said
    assert "`capacity.reps`: input should be greater than or equal to 0, got -1" in said
    assert (
        "`disqualifier #1.when #1.column`: leadscore.toml has no column 'contry'. "
        "Did you mean 'country'?" in said
    )


@pytest.mark.parametrize("verb", [["tiers"], ["tiers", "check"], ["tiers", "what-if"], ["score"]])
def test_overlapping_cut_offs_are_refused_by_every_verb(
    run_cli: Run, scored: Path, policy: Path, verb: list[str]
) -> None:
    before = ledger_of(scored)
    policy.write_text("[mql]\nmin_precision = 0.5\n", encoding="utf-8")
    ran = run_cli(*verb, "-C", scored)
    assert ran.code == 2
    told = "`mql.min_precision`: 0.5 is stricter than sql.min_precision (0.3), so no lead could be"
    assert told in words(ran.err)
    assert ledger_of(scored) == before


def test_the_policy_is_told_in_sentences_with_its_new_sections(
    run_cli: Run, scored: Path, policy: Path
) -> None:
    policy.write_text(NEW_SECTIONS, encoding="utf-8")
    for verb in (["tiers"], ["tiers", "check"]):
        ran = run_cli(*verb, "-C", scored)
        assert ran.code in {0, 1}, ran.err
        said = words(ran.err)
        assert "A lead goes to sales (SQL) when" in said
        assert "when it had a demo request in the last 7 days (asked for a demo)" in said
        assert "(Disqualified) when its email is at gmail.com (free-mailer)" in said
        assert "Sales takes 15 new leads a night (3 reps × 5 a day)" in said
        assert "more than 10 % below the cut-off for 2 nights running" in said
        assert "3 % go to sales by lot" in said
        assert "average amount of its industry where it has none, less 20" in said
    assert "earlier leads" in said  # what `check` adds: the evidence


def test_check_needs_a_person_where_a_promise_cannot_be_kept(
    run_cli: Run, scored: Path, policy: Path
) -> None:
    policy.write_text("[sql]\nmin_precision = 0.99\n", encoding="utf-8")
    ran = run_cli("tiers", "check", "-C", scored)
    assert ran.code == 1
    assert "No cut-off keeps the promise of 99 %" in words(ran.err)


@pytest.mark.parametrize("setting", [["--sql.share", "0.05"], ["--sql.share=0.05"]])
def test_what_if_answers_people_and_machines_and_changes_nothing(
    run_cli: Run, scored: Path, setting: list[str]
) -> None:
    before = ledger_of(scored)
    agreed = (scored / "tiers.toml").read_bytes()
    ran = run_cli("tiers", "what-if", *setting, "-C", scored, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    moved = sum(abs(told["tiers"]["then"].get(t, 0) - told["tiers"]["now"].get(t, 0))
                for t in ("SQL", "MQL", "Nurture"))  # fmt: skip
    assert moved > 0
    assert told["cut_offs"]["then"]["SQL"]["share"] == 0.05
    assert told["cut_offs"]["now"]["SQL"]["mode"] == "min_precision"
    assert f"Would move: {len(told['movers']):,}" in ran.err
    assert max(map(len, ran.err.splitlines())) <= 100
    assert ledger_of(scored) == before
    assert (scored / "tiers.toml").read_bytes() == agreed


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (["--sql.min_precision", "1.2"], "`sql.min_precision`: input should be less than 1"),
        (["--share", "0.3"], "'--share': give settings of tiers.toml as --section.name value"),
        (["--sql.share"], "'--sql.share': give settings of tiers.toml as --section.name value"),
        (["sql.share", "0.3"], "give settings of tiers.toml as --section.name value"),
        (["--policy", "nowhere.toml"], "nowhere.toml does not exist"),
    ],
)
def test_a_setting_that_cannot_be_tried_is_explained(
    run_cli: Run, scored: Path, settings: list[str], fault: str
) -> None:
    ran = run_cli("tiers", "what-if", *settings, "-C", scored)
    assert ran.code == 2
    assert fault in words(ran.err)
