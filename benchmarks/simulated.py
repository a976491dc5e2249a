"""Made-up companies as projects, and fresh leads of them whose true propensities are known.

A made-up company's outcomes are drawn from propensities that its tables determine. Whoever knows
these need not wait for outcomes: what a model's AUC and log loss are to be expected at on any
snapshots follows from its propensities and the true ones alone, without the luck of the draw.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.tables import open_tables
from leadscore.serving.jobs import start_project
from leadscore.simulation import AGES_DAYS, HORIZON_DAYS, SimulatedCompany, simulate
from leadscore.training.dataset import parts_of_stage, prepare
from leadscore.training.evaluation import logistic_regression, rank, weighed
from leadscore.training.model import FunnelModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from leadscore.training.dataset import Prepared

    Predict = Callable[[pd.DataFrame, str], pd.Series[float]]  # of features and a stage

MODELS = ("leadscore", "regression")
FRESH_LEADS = 60_000  # their later quarter is some 60,000 snapshots: AUC is then sure to 0.0015
FRESH_SEED = 9_000_001  # no company that teaches has it


@dataclass(frozen=True)
class FreshStage:
    """Later leads of a company that nobody has learnt from.

    Parameters
    ----------
    frame
        Their features.
    true
        The propensities that outcomes are drawn from, aligned with the frame.
    """

    frame: pd.DataFrame
    true: pd.Series[float]


def simulated_project(
    directory: Path,
    *,
    leads: int,
    seed: int = 7,
    drift: float = 0.0,
    account_effect: float = 0.0,
    contract: Path | None = None,
    ages_days: Sequence[int] = AGES_DAYS,
    truth_nights: int = 1,
) -> SimulatedCompany:
    """Simulate a company and make a project of its tables.

    Parameters
    ----------
    directory
        The project folder; the tables go to `raw` in it.
    leads, seed, drift, account_effect
        As `simulate.simulate` takes them.
    contract
        A `leadscore.toml` of another such company to use; by default one is drafted, which looks
        at every table and takes longer than to simulate it.
    ages_days, truth_nights
        The ages, and how many of the last nights, at which a lead's truth is written.

    Returns
    -------
    SimulatedCompany
    """
    company = simulate(
        directory / "raw",
        leads=leads,
        seed=seed,
        drift=drift,
        account_effect=account_effect,
        ages_days=ages_days,
        truth_nights=truth_nights,
    )
    if contract is not None:
        shutil.copyfile(contract, directory / CONTRACT_FILE)
        return company
    start_project(
        directory,
        str(company.leads_file),
        events=str(company.events_glob),
        outcomes=str(company.outcomes_file),
    )
    _look_as_far_as_the_truth(directory / CONTRACT_FILE)
    return company


def _look_as_far_as_the_truth(contract: Path) -> None:
    """Set the horizons that the true propensities have, should the draft guess others."""
    head, found, horizons = contract.read_text(encoding="utf-8").partition("[horizon_days]")
    for stage in ("sql", "won"):
        days = getattr(HORIZON_DAYS, stage)
        horizons = re.sub(rf"(?m)^{stage} = \d+", f"{stage} = {days}", horizons)
    contract.write_text(head + found + horizons, encoding="utf-8")


def prepared_project(directory: Path, *, known_by: datetime | None = None) -> Prepared:
    """Open a project's tables and prepare them for learning, as `leadscore train` does.

    Parameters
    ----------
    directory
        The project folder.
    known_by
        Train on what was known before this moment; None takes everything.

    Returns
    -------
    Prepared
    """
    with open_tables(load_contract(directory), known_by=known_by) as tables:
        return prepare(tables)


def learnt(prepared: Prepared, model: str) -> Predict:
    """Learn from the earlier leads of a project.

    Parameters
    ----------
    prepared
        The rows that teach, and those held out.
    model
        One of `MODELS`: the whole of `leadscore`, or `regression`, which is quicker.

    Returns
    -------
    callable
        Of a feature frame and a stage; gives the propensities, indexed as the frame.
    """
    return _funnel(prepared) if model == MODELS[0] else _regression(prepared)


def _funnel(prepared: Prepared) -> Predict:
    model = FunnelModel().fit(
        prepared.frame,
        prepared.labels,
        prepared.split,
        catalogue=prepared.catalogue,
        kinds=prepared.kinds,
    )
    return lambda frame, stage: model.predict(frame)[f"p_{stage}"]


def _regression(prepared: Prepared) -> Predict:
    names = [each.name for each in prepared.catalogue]
    taught = {}
    for stage in prepared.labels.stages:
        part = parts_of_stage(prepared.labels, prepared.split, stage)
        learn = prepared.frame.loc[part == "learn", names]
        taught[stage] = learn, prepared.labels.frame.loc[learn.index, f"y_{stage}"]
    return lambda frame, stage: pd.Series(
        logistic_regression(*taught[stage], frame[names]), frame.index
    )


def true_propensities(company: SimulatedCompany) -> pd.DataFrame:
    """Read `lead_id`, `as_of`, `p_sql`, `p_won` of a made-up company."""
    parts = sorted(company.truth_glob.parent.glob(company.truth_glob.name))
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def fresh_leads(leads: int = FRESH_LEADS, *, seed: int = FRESH_SEED) -> Mapping[str, FreshStage]:
    """Simulate leads of the same company and period that no model has seen.

    Parameters
    ----------
    leads
        How many; the later quarter of those that have matured is returned.
    seed
        Another than that of the companies which teach.

    Returns
    -------
    dict of str to FreshStage
        By stage, the snapshots that would be held out were the company trained on.
    """
    with tempfile.TemporaryDirectory() as scratch:
        company = simulated_project(Path(scratch), leads=leads, seed=seed)
        prepared = prepared_project(Path(scratch))
        truth = true_propensities(company)
    keys = ["lead_id", "as_of"]
    known = prepared.frame[keys].merge(truth, on=keys, how="left", validate="one_to_one")
    found = {}
    for stage in prepared.labels.stages:
        test = (parts_of_stage(prepared.labels, prepared.split, stage) == "test").to_numpy()
        true = pd.Series(known.loc[test, f"p_{stage}"].to_numpy(), prepared.frame.index[test])
        found[stage] = FreshStage(prepared.frame[test], true)
    return found


def expected_metrics(
    true: pd.Series[float], propensity: NDArray[np.float64] | pd.Series[float]
) -> dict[str, float]:
    """Compute what the metrics of some propensities are in the mean over all outcomes.

    Parameters
    ----------
    true
        The propensities that outcomes are drawn from.
    propensity
        What a model says of the same snapshots.

    Returns
    -------
    dict of str to float
        By metric. Log loss and Brier score are exact; AUC, average precision and lift are ratios
        of two such means, which on many thousand snapshots is the same.
    """
    said = pd.Series(np.asarray(propensity, dtype="float64"), true.index)
    each_alone = pd.Series(np.arange(len(true)).astype("str"), true.index)
    found = weighed(rank(true, said, each_alone), np.ones(len(true)))
    found["brier"] += float((true * (1 - true)).mean())  # the spread of outcomes around the truth
    return found
