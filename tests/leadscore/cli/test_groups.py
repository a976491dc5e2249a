"""Options of a group of verbs hold for the verb that follows, wherever they stand."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from leadscore.cli import app
from leadscore.features.contract.contract import load_contract
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Project, Ran

    Run = Callable[..., Ran]

ELSEWHERE = "elsewhere"  # a folder without a project


@dataclass(frozen=True)
class Case:
    """A group's option, and a verb of the group."""

    group: str
    verb: str
    arguments: tuple[str, ...]
    option: tuple[str, ...]
    is_known: bool  # to the verb, too

    def __str__(self) -> str:
        return f"{self.group}-{self.verb}{self.option[0]}"


def cases() -> Iterator[Case]:
    """Every option of every group, with every verb of that group."""
    verbs: Any = get_command(app)
    for group_name, group in verbs.commands.items():
        for name, verb in getattr(group, "commands", {}).items():
            known = {each.name for each in verb.params}
            arguments = ("1",) * sum(each.param_type_name == "argument" for each in verb.params)
            for option in group.params:
                value = () if option.is_flag else (ELSEWHERE,)
                given = (option.opts[0], *value)
                yield Case(group_name, name, arguments, given, option.name in known)


CASES = list(cases())
KNOWN = [case for case in CASES if case.is_known]


@pytest.fixture(scope="module")
def company(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the company, in which verbs may write."""
    target = tmp_path_factory.mktemp("groups") / "company"
    left_out = shutil.ignore_patterns("truth", "ledger", "mlartifacts")
    shutil.copytree(project.directory, target, ignore=left_out)
    return target


@pytest.fixture(autouse=True)
def _at_work(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(company)


def test_every_group_of_verbs_is_looked_at() -> None:
    assert {case.group for case in CASES} >= {"models", "tiers"}
    assert {case.option[0] for case in CASES} >= {"-C", "--json"}


@pytest.mark.parametrize("case", KNOWN, ids=str)
def test_an_option_before_the_verb_does_what_it_does_after_it(run_cli: Run, case: Case) -> None:
    before = run_cli(case.group, *case.option, case.verb, *case.arguments)
    after = run_cli(case.group, case.verb, *case.arguments, *case.option)
    assert (before.code, before.out) == (after.code, after.out)
    assert before != run_cli(case.group, case.verb, *case.arguments)


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_known], ids=str)
def test_an_option_that_the_verb_does_not_have_is_refused(run_cli: Run, case: Case) -> None:
    ran = run_cli(case.group, *case.option, case.verb, *case.arguments)
    assert ran.code == 2
    told = f"{case.group} {case.verb}` has no option {case.option[0]}; leave it out"
    assert told in " ".join(ran.err.split())
    assert run_cli(case.group, case.verb, *case.arguments, *case.option).code == 2


@pytest.mark.parametrize("case", [case for case in KNOWN if case.option[0] == "-C"], ids=str)
@pytest.mark.parametrize("folders", [(ELSEWHERE, "."), (".", ELSEWHERE)])
def test_two_folders_are_refused(run_cli: Run, case: Case, folders: tuple[str, str]) -> None:
    first, second = folders
    ran = run_cli(case.group, "-C", first, case.verb, *case.arguments, "-C", second)
    assert ran.code == 2
    told = f"-C is given twice, as {first} and as {second}; give it once"
    assert told in " ".join(ran.err.split())


def test_the_same_folder_twice_is_no_contradiction(run_cli: Run, company: Path) -> None:
    ran = run_cli("models", "-C", ".", "history", "-C", company, "--json")
    assert ran.code == 0
    assert ran == run_cli("models", "history", "--json")


def test_a_rollback_in_another_folder_leaves_this_one(run_cli: Run, own_project: Path) -> None:
    registry = Registry(own_project, load_contract(own_project).name)
    one = registry.champion()
    registry.register(
        Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, dict(one.tags), {})
    )
    here = run_cli("models", "history", "--json").out
    assert run_cli("models", "-C", own_project, "promote", "2").code == 0
    assert registry.version_of("champion") == "2"
    assert run_cli("models", "-C", own_project, "rollback").code == 0
    assert registry.version_of("champion") == "1"
    assert run_cli("models", "history", "--json").out == here
