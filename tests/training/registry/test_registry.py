from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.core.errors import LeadScoreError, ModelMismatch
from leadscore.training.dataset.stage_rows import SINCE_SQL
from leadscore.training.model.reference_values import example_rows
from leadscore.training.registry.mlflow_model import FORMAT
from leadscore.training.registry.mlflow_run import Trained, metrics_for_mlflow
from leadscore.training.registry.mlflow_store import ADDRESS_VARIABLES
from leadscore.training.registry.promotions import CHAMPION
from leadscore.training.registry.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.training.conftest import Funnel


@pytest.fixture(scope="module")
def registry(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with two versions of one model."""
    found = Registry(tmp_path_factory.mktemp("registry"), "acme")
    assert [found.register(trained), found.register(trained)] == ["1", "2"]
    return found


def files_of(registry: Registry) -> list[Path]:
    return [file for file in (registry.directory / "mlartifacts").rglob("*") if file.is_file()]


def test_a_version_comes_back_bit_for_bit(
    registry: Registry, trained: Trained, funnel: Funnel
) -> None:
    loaded = registry.load("1")
    pd.testing.assert_frame_equal(
        loaded.model.predict(funnel.frame), trained.model.predict(funnel.frame), check_exact=True
    )
    pd.testing.assert_frame_equal(
        loaded.judged.predict(funnel.frame), trained.judged.predict(funnel.frame), check_exact=True
    )
    pd.testing.assert_frame_equal(loaded.evidence, trained.evidence.reset_index(drop=True))
    assert loaded.catalogue == trained.catalogue
    assert loaded.tags["fingerprint"] == "abc"
    pd.testing.assert_frame_equal(loaded.learnt_from, trained.learnt_from)


def test_what_belongs_to_a_version_lies_beside_it_and_nothing_is_pickled(
    registry: Registry,
) -> None:
    names = {file.name for file in files_of(registry)}
    assert {"evidence.parquet", "catalogue.json", "model_card.md", "sql.png", "MLmodel"} <= names
    assert any(name.endswith(".skops") for name in names)
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert (registry.directory / "mlflow.db").exists()


def test_the_model_serves_through_mlflow_as_a_plain_function(
    registry: Registry, trained: Trained, funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    for name in ADDRESS_VARIABLES:
        monkeypatch.setenv(name, registry.address)  # and be taken away again
    mlflow.set_tracking_uri(registry.address)
    mlflow.set_registry_uri(registry.address)
    rows = funnel.frame[trained.model.features_].head(20)
    served = mlflow.pyfunc.load_model("models:/acme/1").predict(rows)
    pd.testing.assert_frame_equal(served, trained.model.predict(rows))


def test_the_input_example_is_no_leads_row(trained: Trained, funnel: Funnel) -> None:
    row = example_rows(trained.model.typical_, trained.model.text_).head(1)
    assert list(row) == trained.model.features_
    learn = funnel.frame[funnel.split.side == "learn"]
    assert row["fit"].item() == learn["fit"].median()
    assert row["source"].item() == "web"
    typical = row.iloc[0]
    assert not (funnel.frame[list(row)] == typical).drop(columns=SINCE_SQL).all(axis=1).any()


def test_the_listing_shows_who_promoted_a_version_when_and_why(registry: Registry) -> None:
    registry.promote("1", who="ann", why="first")
    registry.promote("2", who="bob", why="better")
    assert registry.champion().version == "2"
    newest = registry.versions().set_index("version").loc["2"]
    assert (newest["promoted_by"], newest["promoted_because"]) == ("bob", "better")
    assert newest["champion_before"] == "1"
    assert pd.Timestamp(newest["promoted_at"]).tzinfo is not None
    registry.rollback(who="ann", why="it lost")
    assert registry.version_of(CHAMPION) == "1"


def test_versions_come_newest_first_with_their_aliases(registry: Registry) -> None:
    found = registry.versions()
    assert found["version"].tolist() == ["2", "1"]
    assert found["aliases"].tolist() == ["", CHAMPION]


def test_an_unknown_version_cannot_be_loaded(registry: Registry) -> None:
    with pytest.raises(LeadScoreError, match="'acme' has no version 9; `leadscore models` lists"):
        registry.load("9")


def test_a_look_into_an_empty_project_makes_no_store(tmp_path: Path) -> None:
    empty = Registry(tmp_path, "acme")
    assert empty.versions().empty
    assert empty.version_of(CHAMPION) is None
    with pytest.raises(LeadScoreError, match=r"no model of 'acme' is champion.*leadscore train"):
        empty.champion()
    with pytest.raises(LeadScoreError, match="leadscore train"):
        empty.promote("1", who="ann", why="")
    with pytest.raises(LeadScoreError, match="nothing to roll back"):
        empty.rollback(who="ann", why="")
    assert empty.promotions().empty
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("saved", "described"), [("leadscore_format: 2", "format 2"), ("", "an older format")]
)
def test_a_version_of_another_format_is_refused_before_anything_of_it_is_loaded(
    trained: Trained, tmp_path: Path, saved: str, described: str
) -> None:
    registry = Registry(tmp_path, "acme")
    registry.register(trained)
    [metadata] = [file for file in files_of(registry) if file.name == "MLmodel"]
    text = metadata.read_text()
    assert f"leadscore_format: {FORMAT}" in text
    metadata.write_text(text.replace(f"leadscore_format: {FORMAT}", saved))
    (metadata.parent / "model.skops").unlink()
    with pytest.raises(ModelMismatch, match=f"^acme version 1 was saved in {described}.*--again"):
        registry.load("1")


def test_a_version_whose_files_are_gone_is_named(trained: Trained, tmp_path: Path) -> None:
    registry = Registry(tmp_path, "acme")
    registry.register(trained)
    shutil.rmtree(tmp_path / "mlartifacts")
    with pytest.raises(LeadScoreError, match=r"files of acme version 1 .* train --again"):
        registry.load("1")


def test_the_address_in_the_environment_is_respected_and_left_as_it_was(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path}/elsewhere.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.chdir(tmp_path)
    found = Registry(tmp_path / "project", "acme")
    found.register(trained)
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "project" / "mlflow.db").exists()
    assert os.environ["MLFLOW_TRACKING_URI"] == address
    assert "MLFLOW_REGISTRY_URI" not in os.environ


def test_one_projects_store_is_not_left_in_the_environment(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ADDRESS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    registry.versions()
    assert not [name for name in ADDRESS_VARIABLES if name in os.environ]


def test_figures_that_are_none_stay_out_of_mlflow() -> None:
    table = pd.DataFrame({"value": [0.8], "low": [np.nan], "high": [0.9]}, index=["auc"])
    assert metrics_for_mlflow({"sql": table}) == {"sql.auc": 0.8, "sql.auc.high": 0.9}


def test_a_failed_registration_leaves_the_champion(
    registry: Registry, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(trained, metrics={"sql.auc": "no number"})  # type: ignore[dict-item]
    with pytest.raises(Exception, match="no number"):
        registry.register(broken)
    assert registry.version_of(CHAMPION) == "1"
    assert len(registry.versions()) == 2


@pytest.mark.parametrize("address", ["sqlite:///{}/mlflow.db", "foo://user:secret@bar"])
def test_a_store_that_cannot_be_used_is_named_without_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    (tmp_path / "mlflow.db").write_text("no database " * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.format(tmp_path))
    with pytest.raises(LeadScoreError, match=r"the store of models .* cannot be used") as raised:
        Registry(tmp_path, "acme").versions()
    assert "secret" not in str(raised.value)
