"""Companies that train as one does, and later leads whose true propensities are known.

A company knows its tables up to `KNOWN_BY` and learns from them; its held-out leads are the
evidence for a cut-off. Later leads are those of one large company of the same kind that nobody
learns from: in the months of the evidence, where what a promise assumes is met exactly, and in the
two months after `KNOWN_BY`, in which the company would use its cut-off.
"""

from __future__ import annotations

import pickle
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.simulated import MODELS, learnt, simulated_project, true_propensities
from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.core import TooLittleData
from leadscore.features.families import common_kinds, feature_frame
from leadscore.features.tables import open_tables
from leadscore.simulation import AGES_DAYS, HORIZON_DAYS
from leadscore.training.dataset import prepare
from leadscore.training.evaluation import nightly_evidence
from leadscore.training.model import Search
from leadscore.training.workflow import fit_funnel, refit_funnel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.simulated import Predict
    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Prepared
    from leadscore.training.model import FunnelModel

KNOWN_BY = datetime(2026, 5, 1)  # two months before the simulation ends: a model is used as long
NIGHTS = range(61)
LATER_SHARE = 0.13  # of the leads of 18 months come in the last two, as the company grows
EVIDENCE_FROM = datetime(2025, 10, 1)  # no company's held-out leads are older
NIGHTLY_LEADS = 2_000  # looked at every night, they are as many snapshots as all the others
FRESH_SEED = 9_000_001  # no company that teaches has it
DRAFTED_FROM = 4_000  # leads that the common contract is drafted from

COUNTS = ("_ever", "_times")  # features that grow with every event and every verdict that came


@dataclass(frozen=True)
class Kind:
    """What some companies have in common.

    Parameters
    ----------
    leads, drift
        As `simulate.simulate` takes them.
    model
        One of `benchmarks.simulated.MODELS`.
    """

    leads: int
    drift: float
    model: str


@dataclass(frozen=True)
class Company:
    """What a company has to find its cut-offs by, and what its model says of later leads.

    Parameters
    ----------
    seed
        Its number.
    test_from
        The creation date of its first held-out lead.
    evidence
        As `evaluation.nightly_holdout.nightly_evidence` gives it.
    said
        Propensity (float64) of each snapshot of the later leads; NaN where nobody asked.
    """

    seed: int
    test_from: pd.Timestamp | None
    evidence: pd.DataFrame
    said: NDArray[np.float64]


@dataclass(frozen=True)
class LaterLeads:
    """Leads that judge: what a model may know of them, and what is true.

    Parameters
    ----------
    features
        A row a snapshot, by lead and time.
    rows
        Aligned: `lead` (int), `created_at`, `as_of`, `true` (float64: the propensity to be SQL
        within the horizon), `at_age` (bool: of an age that evidence is made of), `nightly` (bool:
        of a lead that is looked at every night).
    """

    features: pd.DataFrame
    rows: pd.DataFrame


def trained_companies(
    kind: Kind, seeds: Sequence[int], *, fresh: int, nightly: int, kept: Path, jobs: int
) -> tuple[list[Company], pd.DataFrame]:
    """Simulate companies, let them learn, and ask their models about the same later leads.

    Parameters
    ----------
    kind
        What the companies are like.
    seeds
        Their numbers.
    fresh
        How many later leads judge in the months of the evidence, and as many after them.
    nightly
        How many of the companies, the first ones, are asked about every night of some of them.
    kept
        A folder in which each company is kept, so that nothing need be trained twice.
    jobs
        How many processes work at a time.

    Returns
    -------
    companies : list of Company
        Without those that have too few leads to learn from.
    rows : DataFrame
        The snapshots of the later leads, as `LaterLeads.rows` has them.
    """
    drafted = kept / "drafted"
    if not (drafted / CONTRACT_FILE).exists():
        simulated_project(drafted, leads=DRAFTED_FROM, seed=FRESH_SEED)
    judge = kept / f"later-{fresh}-drift{kind.drift:+g}.pkl"
    if not judge.exists():
        later = _later_leads(fresh, drift=kind.drift, contract=drafted / CONTRACT_FILE)
        judge.write_bytes(pickle.dumps(later))
    found = Parallel(n_jobs=jobs)(
        delayed(_kept_company)(kind, seed, judge, nightly=number < nightly)
        for number, seed in enumerate(seeds)
    )
    return [each for each in found if each is not None], _read(judge).rows


@lru_cache(maxsize=1)
def _read(judge: Path) -> LaterLeads:
    found: LaterLeads = pickle.loads(judge.read_bytes())  # noqa: S301 - our own
    return found


def _kept_company(kind: Kind, seed: int, judge: Path, *, nightly: bool) -> Company | None:
    """Train a company, or read what became of it; None where it has too few leads."""
    name = f"{kind.model}-{kind.leads}-{judge.stem}-{'nightly' * nightly}-{seed}.pkl"
    file = judge.with_name(name)
    if file.exists():
        kept: Company | None = pickle.loads(file.read_bytes())  # noqa: S301 - our own
        return kept
    contract = judge.parent / "drafted" / CONTRACT_FILE
    try:
        with threadpool_limits(1):  # the other companies have the other cores
            company = _trained(kind, seed, contract, _read(judge), nightly=nightly)
    except TooLittleData:
        company = None
    file.write_bytes(pickle.dumps(company))
    return company


def _trained(kind: Kind, seed: int, contract: Path, later: LaterLeads, *, nightly: bool) -> Company:
    with tempfile.TemporaryDirectory() as scratch:
        simulated_project(
            Path(scratch), leads=kind.leads, seed=seed, drift=kind.drift, contract=contract
        )
        with open_tables(load_contract(Path(scratch)), known_by=KNOWN_BY) as tables:
            prepared = _to_sql(prepare(tables))
            judged, scoring = _models(kind, tables, prepared)
            evidence = nightly_evidence(
                tables, prepared, lambda frame: judged(frame, "sql").to_frame("p_sql")
            )
    asked = later.rows["at_age"].to_numpy() | nightly
    said = np.full(len(asked), np.nan)
    said[asked] = scoring(later.features[asked], "sql")
    return Company(seed, prepared.split.test_from, evidence, said)


def _models(kind: Kind, tables: Tables, prepared: Prepared) -> tuple[Predict, Predict]:
    """Return the model that evidence is of, and the one that scores; of a regression the same."""
    if kind.model != MODELS[0]:
        return (learnt(prepared, kind.model),) * 2
    judged = fit_funnel(tables, prepared, Search(seconds=0.0))
    scoring = refit_funnel(tables, prepared, judged)
    return tuple(_of_stage(each) for each in (judged, scoring))


def _of_stage(model: FunnelModel) -> Predict:
    return lambda frame, stage: model.predict(frame)[f"p_{stage}"]


def _to_sql(prepared: Prepared) -> Prepared:
    """Leave the stage won aside."""
    return replace(prepared, labels=replace(prepared.labels, stages=("sql",)))


def _later_leads(leads: int, *, drift: float, contract: Path) -> LaterLeads:
    """Simulate a large company and look at its leads of the later months."""
    with tempfile.TemporaryDirectory() as scratch:
        company = simulated_project(
            Path(scratch),
            leads=round(leads / LATER_SHARE),
            seed=FRESH_SEED,
            drift=drift,
            contract=contract,
            ages_days=sorted({*AGES_DAYS, *NIGHTS}),
        )
        with open_tables(load_contract(Path(scratch))) as tables:
            created = tables.leads.select("lead_id", "created_at").to_pandas()
            truth = true_propensities(company).merge(created, on="lead_id")
            rows = _looked_at(truth, leads).sort_values(["lead_id", "as_of"], ignore_index=True)
            spine = ibis.memtable(rows[["lead_id", "as_of"]])
            frame, _ = feature_frame(tables, spine, kinds=common_kinds(tables))
    if not frame[["lead_id", "as_of"]].equals(rows[["lead_id", "as_of"]]):
        raise ValueError("the features of the later leads are not in the order of their truth")
    rows["lead"] = pd.factorize(rows["lead_id"])[0]
    kept = rows["at_age"] | _has_news(frame, rows["lead"])
    rows = rows.drop(columns=["lead_id", "p_won"])[kept]
    return LaterLeads(frame[kept].reset_index(drop=True), rows.reset_index(drop=True))


def _has_news(frame: pd.DataFrame, lead: pd.Series[int]) -> pd.Series[bool]:
    """Mark a lead's nights after something became known of it; on the others its chance fades."""
    counts = frame[[name for name in frame.columns if name.endswith(COUNTS)]]
    since = frame[[name for name in frame.columns if name.startswith("hours_since_")]]
    grown = counts.sum(axis=1).groupby(lead).diff().ne(0)  # the first night of a lead, too
    reached = (since.diff().lt(0) | (since.notna() & since.shift().isna())).any(axis=1)
    return grown | reached


def _looked_at(truth: pd.DataFrame, leads: int) -> pd.DataFrame:
    """Choose the snapshots: those that evidence would have, and every night of a few leads."""
    rows = truth[truth["p_sql"] < 1].rename(columns={"p_sql": "true"})  # who is SQL is not scored
    first_night = rows["created_at"].dt.floor("D") + timedelta(days=1)
    at_age = (rows["as_of"] - first_night).dt.days.isin(AGES_DAYS)
    after = rows["created_at"] >= KNOWN_BY
    known = rows["as_of"] + timedelta(days=HORIZON_DAYS.sql) <= KNOWN_BY
    evidence_like = (rows["created_at"] >= EVIDENCE_FROM) & known
    used = _some(rows.loc[after, "lead_id"], leads)
    nightly = after & rows["lead_id"].isin(_some(used, NIGHTLY_LEADS))
    early = evidence_like & rows["lead_id"].isin(_some(rows.loc[evidence_like, "lead_id"], leads))
    late = after & rows["lead_id"].isin(used)
    chosen = (at_age & (early | late)) | nightly
    return rows.assign(at_age=at_age, nightly=nightly)[chosen]


def _some(ids: pd.Series[str], count: int) -> pd.Series[str]:
    """Take about so many leads, evenly over the months: ids follow the creation dates."""
    every = pd.Series(sorted(ids.unique()))
    return every.iloc[:: max(len(every) // count, 1)]
