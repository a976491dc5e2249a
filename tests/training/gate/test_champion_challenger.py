from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import ModelMismatch
from leadscore.features.tables.open_tables import open_tables
from leadscore.training.gate.champion_challenger import Contest, hold_contest, known_to
from leadscore.training.gate.champion_rules import champion_rules
from leadscore.training.registry.registry import Registered, Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.training.dataset.training_data import Prepared
    from tests.conftest import Project

    Meet = Callable[..., Contest | None]


@dataclass(frozen=True)
class OneChampion:
    """A registry that knows one version."""

    only: Registered

    def version_of(self, _alias: str) -> str:
        return self.only.version

    def load(self, _version: str) -> Registered:
        return self.only


@pytest.fixture(scope="module")
def champion(project: Project) -> Registered:
    return Registry(project.directory, project.trained.name).champion()


@pytest.fixture(scope="module")
def meet(project: Project) -> Meet:
    """Compare a champion with the project's own model."""

    def hold(champion: Registered, prepared: Prepared | None = None) -> Contest | None:
        with open_tables(load_contract(project.directory)) as tables:
            own = prepared or project.trained.prepared
            evaluation = project.trained.evaluation
            return hold_contest(OneChampion(champion), tables, own, evaluation)  # type: ignore[arg-type]

    return hold


@pytest.fixture(scope="module")
def itself(meet: Meet, champion: Registered) -> Contest:
    """The contest of the model with itself."""
    found = meet(champion)
    assert found is not None
    return found


def test_without_a_champion_there_is_no_contest(project: Project, tmp_path: Path) -> None:
    with open_tables(load_contract(project.directory)) as tables:
        trained = project.trained
        empty = Registry(tmp_path, "acme")
        assert hold_contest(empty, tables, trained.prepared, trained.evaluation) is None


def test_a_champion_that_can_no_longer_be_read_is_not_compared_with(
    project: Project, meet: Meet, champion: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> Registered:
        raise ModelMismatch("saved in an older format")

    monkeypatch.setattr(OneChampion, "load", load)
    found = meet(champion)
    assert found is not None
    assert (found.version, champion_rules(found)) == (champion.version, [])


def test_a_model_meets_itself_on_every_held_out_lead(project: Project, itself: Contest) -> None:
    assert (itself.version, itself.days_newer) == ("1", 0)
    for stage, rows in itself.rows.items():
        assert rows.index.equals(project.trained.evaluation.held_out[stage].index)
        pd.testing.assert_series_equal(
            rows["champion"], rows["propensity"], check_names=False, check_exact=True
        )
        assert itself.segments[stage].index.equals(rows.index)


def test_only_leads_that_the_champion_cannot_know_count(
    meet: Meet, itself: Contest, champion: Registered
) -> None:
    since = pd.Timestamp(champion.tags["held_out_from"]) + pd.Timedelta(days=40)
    later = replace(champion, tags={**champion.tags, "held_out_from": since.isoformat()})
    found = meet(later)
    assert found is not None
    assert found.days_newer == -40
    assert 0 < len(found.rows["sql"]) < len(itself.rows["sql"])
    assert found.rows["sql"]["as_of"].min() >= since


def test_a_champion_with_other_event_kinds_gets_features_of_its_own(
    project: Project, meet: Meet, itself: Contest, champion: Registered
) -> None:
    prepared = project.trained.prepared
    lost = [name for name in champion.model.features_ if name.startswith(prepared.kinds[0])]
    fewer = replace(prepared, kinds=prepared.kinds[1:], frame=prepared.frame.drop(columns=lost))
    found = meet(champion, fewer)
    assert found is not None
    pd.testing.assert_series_equal(
        found.rows["sql"]["champion"], itself.rows["sql"]["champion"], check_exact=True
    )


def test_a_column_that_the_audit_leaves_out_is_hidden_from_the_champion_too(
    project: Project, meet: Meet, itself: Contest, champion: Registered
) -> None:
    prepared = project.trained.prepared
    hidden = replace(prepared, excluded=[*prepared.excluded, "source"])
    found = meet(champion, hidden)
    assert found is not None
    assert (found.rows["sql"]["champion"] != itself.rows["sql"]["champion"]).any()


def test_a_feature_that_became_another_type_is_unknown(champion: Registered) -> None:
    text = champion.model.text_[0]
    number = next(name for name in champion.model.features_ if name not in champion.model.text_)
    frame = known_to(champion, pd.DataFrame({text: [1.0, 2.0], number: ["a", "b"]}))
    assert list(frame) == champion.model.features_
    assert frame.isna().all(axis=None)
    assert frame[text].dtype == "str"
    assert frame[number].dtype == "float64"
    assert len(champion.model.predict(frame)) == 2
