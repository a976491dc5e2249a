from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from training.check import Checked, check
from training.leakage import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project


def checked_with(project: Project, **changes: object) -> Checked:
    prepared = replace(project.trained.prepared, **{"findings": [], "cautions": []} | changes)  # type: ignore[arg-type]
    return Checked(project.trained.quarantine, prepared)


def suspect(**changes: object) -> Finding:
    finding = Finding("Profile", "judgement", "suspect", "its name", "ask", 0.7)
    return replace(finding, **changes)  # type: ignore[arg-type]


def test_a_check_counts_what_training_would_learn_from_and_registers_nothing(
    own_project: Path, project: Project
) -> None:
    (own_project / "mlflow.db").unlink()
    checked = check(own_project)
    assert checked.prepared.counts == project.trained.prepared.counts
    assert checked.prepared.excluded == project.trained.prepared.excluded
    assert not (own_project / "mlflow.db").exists()
    assert (own_project / "quarantine").is_dir()


def test_nothing_odd_needs_nobody(project: Project) -> None:
    assert not checked_with(project).needs_a_person


def test_a_suspect_needs_a_person_until_it_is_overruled(project: Project) -> None:
    assert checked_with(project, findings=[suspect()]).needs_a_person
    overruled = suspect(overruled="known on arrival")
    assert not checked_with(project, findings=[overruled]).needs_a_person


def test_a_column_left_out_for_certain_needs_nobody(project: Project) -> None:
    assert not checked_with(project, findings=[suspect(severity="certain")]).needs_a_person


def test_a_stage_left_out_needs_a_person(project: Project) -> None:
    assert checked_with(project, cautions=["Left out for now: won: …"]).needs_a_person
