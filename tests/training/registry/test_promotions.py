from __future__ import annotations

import json
import multiprocessing
import shutil
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from leadscore.features.core.errors import LeadScoreError, RunLocked
from leadscore.training.registry import promotions as promotion
from leadscore.training.registry.promotions import (
    CHALLENGER,
    CHAMPION,
    PROMOTIONS,
    ChampionChanged,
    history,
    one_at_a_time,
    promote,
    roll_back,
    settle_challenger,
)
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.training.registry.mlflow_run import Trained


@dataclass
class InMemory:
    """Versions as a registry keeps them, which can be killed before a write."""

    by_version: dict[str, dict[str, str]] = field(
        default_factory=lambda: {version: {"gate": "passed"} for version in "4321"}
    )
    by_alias: dict[str, str] = field(default_factory=dict)
    killed_before: str = ""

    def tags(self) -> dict[str, dict[str, str]]:
        return {version: dict(own) for version, own in self.by_version.items()}

    def aliases(self) -> dict[str, str]:
        return dict(self.by_alias)

    def set_tag(self, version: str, key: str, value: str) -> None:
        self.by_version[version][key] = value

    def set_alias(self, alias: str, version: str) -> None:
        if self.killed_before == alias:
            raise KeyboardInterrupt
        self.by_alias[alias] = version

    def drop_alias(self, alias: str) -> None:
        del self.by_alias[alias]


def promoted(*order: str) -> InMemory:
    versions = InMemory()
    for version in order:
        promote(versions, version, who="ann", why=f"for {version}")
    return versions


def champions(versions: InMemory) -> list[tuple[str, str]]:
    return [(each.before, each.version) for each in history(versions)]


def test_a_promotion_keeps_who_when_why_and_what_the_gate_said() -> None:
    versions = InMemory()
    versions.by_version["2"]["gate"] = "refused: better than the champion"
    made = promote(versions, "2", who="ann", why="agreed with sales")
    assert history(versions) == (made,)
    assert (made.number, made.version, made.before) == (1, "2", "")
    assert (made.who, made.why) == ("ann", "agreed with sales")
    assert made.gate == "refused: better than the champion"
    assert made.at.endswith("+00:00")


def test_a_version_promoted_twice_keeps_both() -> None:
    versions = promoted("1", "2", "1")
    assert champions(versions) == [("", "1"), ("1", "2"), ("2", "1")]
    assert len(json.loads(versions.by_version["1"][PROMOTIONS])) == 2


def test_each_rollback_goes_one_step_further_back() -> None:
    versions = promoted("1", "2", "3")
    assert [roll_back(versions, who="bob", why="").version for _ in "ab"] == ["2", "1"]
    assert versions.by_alias[CHAMPION] == "1"
    with pytest.raises(LeadScoreError, match="version 1 had no predecessor"):
        roll_back(versions, who="bob", why="")


def test_after_a_rollback_the_next_promotion_counts_from_where_it_returned_to() -> None:
    versions = promoted("1", "2")
    roll_back(versions, who="bob", why="it lost")
    promote(versions, "3", who="ann", why="")
    assert roll_back(versions, who="bob", why="").version == "1"


def test_without_a_champion_there_is_nothing_to_roll_back() -> None:
    with pytest.raises(LeadScoreError, match="nothing to roll back"):
        roll_back(InMemory(), who="bob", why="")


def test_neither_the_champion_nor_an_unknown_version_can_be_promoted() -> None:
    with pytest.raises(LeadScoreError, match="version 2 is the champion already"):
        promote(promoted("1", "2"), "2", who="ann", why="")
    with pytest.raises(LeadScoreError, match="no version 9; `leadscore models` lists"):
        promote(promoted("1"), "9", who="ann", why="")


def test_who_was_compared_with_another_champion_is_not_promoted() -> None:
    versions = promoted("1", "2")
    with pytest.raises(ChampionChanged, match=r"compared with version 1, but.*version 2 scores"):
        promote(versions, "3", who="ann", why="", instead_of="1")
    with pytest.raises(ChampionChanged, match="compared with no champion"):
        promote(versions, "3", who="ann", why="", instead_of="")
    assert versions.by_alias[CHAMPION] == "2"
    assert promote(versions, "3", who="ann", why="", instead_of="2").before == "2"


def test_a_promotion_that_was_killed_leaves_champion_and_history_as_they_were() -> None:
    versions = replace(promoted("1", "2"), killed_before=CHAMPION)
    with pytest.raises(KeyboardInterrupt):
        promote(versions, "3", who="ann", why="")
    assert versions.by_alias[CHAMPION] == "2"
    assert champions(versions) == [("", "1"), ("1", "2")]
    versions.killed_before = ""
    promote(versions, "4", who="ann", why="")
    assert champions(versions) == [("", "1"), ("1", "2"), ("2", "4")]
    assert json.loads(versions.by_version["3"][PROMOTIONS]) == []
    assert roll_back(versions, who="bob", why="").version == "2"


def test_a_rollback_that_was_killed_can_be_done_again() -> None:
    versions = replace(promoted("1", "2"), killed_before=CHAMPION)
    with pytest.raises(KeyboardInterrupt):
        roll_back(versions, who="bob", why="")
    versions.killed_before = ""
    assert roll_back(versions, who="bob", why="").version == "1"
    assert champions(versions) == [("", "1"), ("1", "2"), ("2", "1")]


def test_a_champion_set_by_other_means_is_a_predecessor_like_any_other() -> None:
    versions = promoted("1")
    versions.by_alias[CHAMPION] = "2"
    promote(versions, "3", who="ann", why="")
    assert roll_back(versions, who="bob", why="").version == "2"
    assert roll_back(versions, who="bob", why="").version == "1"


def test_the_challenger_is_the_newest_version_unless_it_has_been_champion() -> None:
    versions = InMemory()
    settle_challenger(versions)
    assert versions.by_alias == {CHALLENGER: "4"}
    promote(versions, "1", who="ann", why="")
    assert versions.by_alias == {CHALLENGER: "4", CHAMPION: "1"}
    promote(versions, "4", who="ann", why="")
    assert versions.by_alias == {CHAMPION: "4"}
    roll_back(versions, who="ann", why="")
    assert versions.by_alias == {CHAMPION: "1"}


def test_waiting_too_long_for_another_promotion_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "PATIENCE_SECONDS", 0.1)
    with (
        one_at_a_time(tmp_path),
        pytest.raises(RunLocked, match="another run has been changing the champion"),
        one_at_a_time(tmp_path),
    ):
        pass
    with one_at_a_time(tmp_path):
        pass


@pytest.fixture(scope="module")
def template(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with three versions, the first of them champion. Read only."""
    found = Registry(tmp_path_factory.mktemp("template"), "acme")
    for gate in ("passed", "passed", "refused: better than the champion"):
        found.register(replace(trained, tags={**trained.tags, "gate": gate}))
    found.promote("1", who="ann", why="the first")
    return found


@pytest.fixture
def registry(template: Registry, tmp_path: Path) -> Registry:
    shutil.copy(template.directory / "mlflow.db", tmp_path)
    return Registry(tmp_path, "acme")


def promote_together(directory: Path, version: str, start: threading.Barrier) -> None:
    found = Registry(directory, "acme")
    found.versions()  # MLflow is loaded by now, so that all are equally quick
    start.wait()
    found.promote(version, who=f"run {version}", why="at once")


SPAWN = multiprocessing.get_context("spawn")


@pytest.mark.parametrize(
    ("barrier", "run"),
    [(threading.Barrier, threading.Thread), (SPAWN.Barrier, SPAWN.Process)],
    ids=["threads", "processes"],
)
def test_two_promotions_at_once_end_with_one_champion_and_one_line_of_predecessors(
    registry: Registry, barrier: Callable[..., Any], run: Callable[..., Any]
) -> None:
    start = barrier(2)
    runs = [
        run(target=promote_together, args=(registry.directory, version, start)) for version in "23"
    ]
    for each in runs:
        each.start()
    for each in runs:
        each.join(timeout=60)
    made = registry.promotions()
    assert made["number"].tolist() == [1, 2, 3]
    assert set(made["version"][1:]) == {"2", "3"}
    assert made["before"].tolist() == ["", *made["version"][:-1]]
    assert made["who"][1:].tolist() == [f"run {version}" for version in made["version"][1:]]
    assert registry.version_of(CHAMPION) == made["version"].iloc[-1]
    assert registry.rollback(who="ann", why="").version == made["version"].iloc[1]
    assert registry.rollback(who="ann", why="").version == "1"


def test_a_refused_version_can_be_promoted_by_hand_and_its_record_says_so(
    registry: Registry,
) -> None:
    assert registry.refusal_of("2") == ""
    assert registry.refusal_of("3") == "refused: better than the champion"
    assert registry.promote("3", who="ann", why="fresher").gate == registry.refusal_of("3")
    assert registry.promotions()["gate"].tolist() == ["passed", registry.refusal_of("3")]


def test_a_version_that_was_champion_is_challenger_no_more(registry: Registry) -> None:
    assert registry.version_of(CHALLENGER) == "3"
    registry.promote("3", who="ann", why="")
    assert registry.version_of(CHALLENGER) is None
    assert registry.versions()["aliases"].tolist() == ["champion", "", ""]
