from __future__ import annotations

import errno
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.core.locks import project_lock
from leadscore.serving.nightly import run_night as nightly
from leadscore.training.registry.mlflow_run import Trained
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Project, Ran

    Run = Callable[..., Ran]


def flat_file(folder: Path, *, rows: int = 400, **columns: object) -> Path:
    """A flat file with some signal, and whatever a test puts in."""
    random = np.random.default_rng(3)
    size = random.integers(1, 500, rows)
    converted = (random.random(rows) < 0.2 + 0.4 * (size > 250)).astype(int)
    frame = pd.DataFrame(
        {
            "Lead Number": np.arange(rows) + 1000,
            "Company size": size,
            "Country": random.choice(["NL", "DE", "US"], rows),
            "Converted": converted,
        }
    ).assign(**columns)
    file = folder / "leads.csv"
    frame.to_csv(file, index=False)
    return file


def files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def words(text: str) -> str:
    """What was said, without the terminal's line breaks."""
    return " ".join(text.split())


# ---- help


def test_help_answers_without_loading_what_only_the_work_needs() -> None:
    code = (
        "import sys; sys.argv = ['leadscore', '--help']\n"
        "from leadscore.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'mlflow', 'lightgbm', 'sklearn', 'pandas', 'ibis', 'duckdb', 'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    verbs = "demo init systems check train score snapshot explain export publish models tiers"
    for verb in verbs.split():
        assert verb in ran.stdout


@pytest.mark.parametrize(
    "command",
    [["demo"], ["init"], ["check"], ["train"], ["score"], ["snapshot"], ["explain"], ["export"],
     ["publish"], ["models"], ["models", "promote"], ["models", "rollback"], ["models", "compare"],
     ["models", "history"], ["tiers"], ["tiers", "check"],
     ["tiers", "what-if"]],
)  # fmt: skip
def test_every_command_has_help(run_cli: Run, command: list[str]) -> None:
    ran = run_cli(*command, "--help")
    assert ran.code == 0
    assert "Usage" in ran.out


# ---- bad input: the file, the column, the remedy; exit code 2; nothing half-written


def test_a_missing_file_is_named(run_cli: Run, tmp_path: Path) -> None:
    ran = run_cli("init", tmp_path / "no.csv", "--target", "Converted", "-C", tmp_path / "p")
    assert ran.code == 2
    assert "no.csv" in ran.err
    assert files_in(tmp_path) == set()


def test_an_empty_file_is_named(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("")
    ran = run_cli("init", tmp_path / "leads.csv", "--target", "Converted", "-C", tmp_path / "p")
    assert ran.code == 2
    assert "leads.csv" in ran.err
    assert "empty" in ran.err
    assert files_in(tmp_path) == {"leads.csv"}


def test_a_file_with_a_header_alone_is_named(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("a,b,Converted\n")
    ran = run_cli("init", tmp_path / "leads.csv", "--target", "Converted", "-C", tmp_path / "p")
    assert ran.code == 2
    assert "leads.csv" in ran.err
    assert files_in(tmp_path) == {"leads.csv"}


def test_a_wrong_delimiter_in_the_contract_is_explained(run_cli: Run, tmp_path: Path) -> None:
    project = tmp_path / "p"
    file = flat_file(tmp_path)
    assert run_cli("init", file, "--target", "Converted", "-C", project).code == 0
    contract = project / "leadscore.toml"
    text = contract.read_text()
    contract.write_text(text.replace("[leads]", '[reading]\ndelimiter = ";"\n\n[leads]', 1))
    before = files_in(project)
    ran = run_cli("train", "-C", project)
    assert ran.code == 2
    assert "leads.csv" in ran.err
    assert "delimiter" in ran.err
    assert files_in(project) == before


@pytest.mark.parametrize(("only", "told"), [(0, "no lead converted"), (1, "every known lead")])
def test_a_target_with_one_outcome_only_is_refused(
    run_cli: Run, tmp_path: Path, only: int, told: str
) -> None:
    file, project = flat_file(tmp_path), tmp_path / "p"
    assert run_cli("init", file, "--target", "Converted", "-C", project).code == 0
    flat_file(tmp_path, Converted=only)
    before = files_in(project)
    ran = run_cli("train", "-C", project)
    assert ran.code == 2
    assert "'Converted'" in ran.err
    assert told in words(ran.err)
    assert "leads.csv" in ran.err
    assert files_in(project) == before


@pytest.mark.parametrize("budget", ["soon", "5", "-3m", "2 days"])
def test_a_budget_that_is_no_time_is_refused(run_cli: Run, tmp_path: Path, budget: str) -> None:
    ran = run_cli("train", f"--budget={budget}", "-C", tmp_path)
    assert ran.code == 2
    assert "use a time such as 90s, 5m or 1h" in words(ran.err)


@pytest.mark.parametrize("verb", ["check", "train", "score", "publish", "models", "tiers"])
def test_without_a_contract_init_is_named_and_nothing_made(
    verb: str, run_cli: Run, tmp_path: Path
) -> None:
    ran = run_cli(verb, "-C", tmp_path / "mistyped")
    assert ran.code == 2
    assert "leadscore init" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_init_does_not_overwrite_a_contract_unless_asked(run_cli: Run, tmp_path: Path) -> None:
    file, project = flat_file(tmp_path), tmp_path / "p"
    assert run_cli("init", file, "--target", "Converted", "-C", project).code == 0
    (project / "leadscore.toml").write_text("mine")
    ran = run_cli("init", file, "--target", "Converted", "-C", project)
    assert ran.code == 2
    assert "--overwrite" in ran.err
    assert (project / "leadscore.toml").read_text() == "mine"
    assert run_cli("init", file, "--target", "Converted", "-C", project, "--overwrite").code == 0
    assert (project / "leadscore.toml").read_text() != "mine"


def test_init_refuses_a_stage_it_does_not_know(run_cli: Run, tmp_path: Path) -> None:
    ran = run_cli("init", flat_file(tmp_path), "--target", "Converted", "--stage", "deal")
    assert ran.code == 2
    assert "use sql or won" in ran.err


@pytest.mark.parametrize("verb", ["check", "train", "score"])
def test_a_date_that_is_none_is_explained(run_cli: Run, own_project: Path, verb: str) -> None:
    ran = run_cli(verb, "-C", own_project, "--as-of", "yesterday-ish")
    assert ran.code == 2
    assert "--as-of 'yesterday-ish'" in ran.err
    assert "2026-06-30" in ran.err


def test_a_date_before_all_data_is_explained(run_cli: Run, own_project: Path) -> None:
    ran = run_cli("train", "-C", own_project, "--as-of", "1990-01-01")
    assert ran.code == 2
    assert "leadscore: " in ran.err


def test_a_full_disc_is_one_line_and_the_place(
    run_cli: Run, own_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere/part-0.parquet")

    monkeypatch.setattr(nightly, "write_night", full)
    ran = run_cli("score", "-C", own_project)
    assert ran.code == 2
    assert "leadscore: somewhere/part-0.parquet: No space left on device. Make room" in words(
        ran.err
    )
    assert not (own_project / "ledger").exists()


def test_score_before_train_says_what_to_do(run_cli: Run, tmp_path: Path) -> None:
    project = tmp_path / "p"
    assert run_cli("init", flat_file(tmp_path), "--target", "Converted", "-C", project).code == 0
    ran = run_cli("score", "-C", project)
    assert ran.code == 2
    assert "leadscore train" in ran.err
    assert not (project / "ledger").exists()


def test_export_before_score_says_what_to_do(run_cli: Run, own_project: Path) -> None:
    ran = run_cli("export", "-C", own_project)
    assert ran.code == 2
    assert "leadscore score" in ran.err


def test_a_list_that_is_not_there_is_named(run_cli: Run, own_project: Path) -> None:
    ran = run_cli("score", "-C", own_project, "--leads", own_project / "none.csv")
    assert ran.code == 2
    assert "none.csv does not exist" in words(ran.err)


# ---- exit codes and what goes where


def test_a_second_run_in_a_project_ends_with_3(run_cli: Run, own_project: Path) -> None:
    with project_lock(own_project, command="leadscore score"):
        ran = run_cli("score", "-C", own_project)
    assert ran.code == 3
    assert "Another run works in" in ran.err
    assert not (own_project / "ledger").exists()


def test_json_goes_to_standard_output_alone(run_cli: Run, own_project: Path) -> None:
    ran = run_cli("score", "-C", own_project, "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert told["ledger"] == "written"
    assert sum(told["tiers"].values()) > 1000
    assert "Night of" in ran.err


def test_the_models_are_listed_for_people_and_as_json(run_cli: Run, project: Project) -> None:
    ran = run_cli("models", "-C", project.directory, "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert [(each["version"], each["gate"]) for each in told] == [("1", "passed")]
    assert "champion" in told[0]["aliases"]
    assert "Registered models" in ran.err


def test_a_refused_version_is_promoted_with_a_reason_only(run_cli: Run, own_project: Path) -> None:
    name = load_contract(own_project).name
    registry = Registry(own_project, name)
    one = registry.champion()
    tags = {**one.tags, "gate": "refused: better than the champion"}
    registry.register(Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, tags, {}))
    ran = run_cli("models", "promote", "2", "-C", own_project)
    assert ran.code == 2
    assert "the gate refused: better than the champion" in words(ran.err)
    assert "--why" in ran.err
    assert registry.version_of("champion") == "1"
    ran = run_cli("models", "promote", "2", "--why", "agreed with sales", "-C", own_project)
    assert ran.code == 0
    assert "though the gate refused" in words(ran.err)
    ran = run_cli("models", "rollback", "--why", "it lost", "-C", own_project)
    assert (ran.code, "version 1 is the champion again" in words(ran.err)) == (0, True)
    ran = run_cli("models", "history", "--json", "-C", own_project)
    assert ran.code == 0
    told = [(each["version"], each["why"], each["is_rollback"]) for each in json.loads(ran.out)]
    assert told[1:] == [("2", "agreed with sales", False), ("1", "it lost", True)]
    assert "agreed with sales" in words(ran.err)


def test_two_versions_are_compared_on_the_same_leads(run_cli: Run, own_project: Path) -> None:
    registry = Registry(own_project, load_contract(own_project).name)
    one = registry.champion()
    registry.register(
        Trained(one.model, one.judged, one.catalogue, one.evidence, {}, {}, dict(one.tags), {})
    )
    ran = run_cli("models", "compare", "1", "2", "-C", own_project, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert [stage["stage"] for stage in told["stages"]] == ["sql", "won"]
    sql = told["stages"][0]
    assert sql["difference"]["auc"]["value"] == 0  # they are the same model
    assert (sql["rank_correlation"], sql["new_in_best"]) == (pytest.approx(1), 0)
    assert sql["leads"] > 300
    assert "0% of the best tenth would be other leads" in words(ran.err)
    assert "no telling" in ran.err
    assert max(map(len, ran.err.splitlines())) <= 100
    ran = run_cli("models", "compare", "1", "9", "-C", own_project)
    assert ran.code == 2
    assert "has no version 9" in words(ran.err)


def test_check_reports_what_a_person_should_look_at(run_cli: Run, project: Project) -> None:
    ran = run_cli("check", "-C", project.directory, "--json")
    told = json.loads(ran.out)
    assert {each["stage"] for each in told["stages"]} == {"sql", "won"}
    assert "sales_grade" in {each["column"] for each in told["findings"]}
    needs_a_person = any(
        each["severity"] == "suspect" and each["overruled"] is None for each in told["findings"]
    )
    assert ran.code == int(needs_a_person)


def test_the_whole_walk_of_a_flat_file(run_cli: Run, tmp_path: Path) -> None:
    file, project = flat_file(tmp_path, rows=1500), tmp_path / "p"
    assert run_cli("init", file, "--target", "Converted", "-C", project).code == 0
    ran = run_cli("train", "--budget=0s", "-C", project, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["promoted"]
    assert run_cli("score", "-C", project).code == 0
    ran = run_cli("export", "-C", project)
    assert ran.code == 0
    assert {name.suffix for name in (project / "exports").iterdir()} == {".csv", ".xlsx"}
    assert run_cli("tiers", "-C", project).code == 0
    assert run_cli("tiers", "check", "-C", project).code in {0, 1}
