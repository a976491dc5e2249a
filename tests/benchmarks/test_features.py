"""The benchmark of features gives every contender the same columns, and finds the same values."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.features import (  # noqa: E402
    CONTENDERS,
    ONE_PASS,
    OUR_QUERY,
    OURS,
    TWO_STAGES,
    compared,
    result_file,
    run_contender,
)
from benchmarks.features_data import write_company  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a company, and our features of its night."""
    company = tmp_path_factory.mktemp("features")
    leads, events = write_company(company, leads=300, events_a_lead=20)
    assert (leads, events > 300) == (300, True)
    run_contender(OURS, company, ["night"])
    return company


@pytest.mark.parametrize("name", [each for each in CONTENDERS if each != OURS])
def test_every_contender_finds_our_values(folder: Path, name: str) -> None:
    if name == "Polars, streaming":
        pytest.importorskip("polars", reason="Polars is compared with where it is installed")
    assert run_contender(name, folder, ["night"]).columns > 100
    told = compared(folder, name, ["night"], ["night"])
    exact = name in {OUR_QUERY, ONE_PASS, TWO_STAGES}
    assert told == ("equal to the last bit" if exact else "equal to 1e-09")


def test_one_age_after_another_gives_the_values_of_all_at_once(folder: Path) -> None:
    ages = sorted(file.stem for file in folder.glob("training-*.parquet"))
    assert len(ages) > 1
    run_contender(OURS, folder, ["training"])
    run_contender(OURS, folder, ages)
    assert compared(folder, OURS, ages, ["training"]) == "equal to the last bit"


def test_a_wrong_value_is_found(folder: Path) -> None:
    rows = pd.read_parquet(result_file(folder, OURS, "night"))
    rows.loc[rows["activity_ever"].idxmax(), "activity_ever"] += 1
    rows.to_parquet(result_file(folder, TWO_STAGES, "night"))
    with pytest.raises(AssertionError, match="activity_ever"):
        compared(folder, TWO_STAGES, ["night"], ["night"])
