"""A simulated company whose true propensities are known, for tests, demos and benchmarks.

Outcomes are drawn from chances that depend on nothing but what the tables show at the time, so
no model can rank the leads better than the truth does, unless it leaks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.features.contract import FeatureSettings, HorizonDays
from leadscore.simulation.company import START, make_company
from leadscore.simulation.exported_tables import (
    events_table,
    outcomes_table,
    sales_grades,
    stage_times,
)
from leadscore.simulation.lead_histories import TruthSettings, simulate_histories
from leadscore.simulation.vocabulary import phone_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.simulation.company import Company
    from leadscore.simulation.lead_histories import Truth

DUPLICATE_SHARE = 0.003  # rows that a form submitted twice leaves behind
AGES_DAYS = FeatureSettings().snapshot_ages_days
HORIZON_DAYS = HorizonDays()


@dataclass(frozen=True, slots=True)
class SimulatedCompany:
    """The files of a simulated company, and how many rows they have."""

    leads_file: Path
    events_glob: Path  # a pattern over Parquet parts
    outcomes_file: Path
    truth_glob: Path  # the true propensities, for tests and benchmarks alone
    leads: int = 0  # different leads; the file has `duplicates` rows more
    duplicates: int = 0
    events: int = 0
    outcomes: int = 0
    truths: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    leads: int
    seed: int
    extra_events_per_lead: float
    strength: float
    drift: float
    account_effect: float
    chunk_leads: int
    truth: TruthSettings


class _Tables(NamedTuple):
    leads: pd.DataFrame
    events: pa.Table
    outcomes: pd.DataFrame
    truth: pa.Table


def simulate(
    directory: str | Path,
    *,
    leads: int = 20_000,
    seed: int = 7,
    truth_nights: int = 1,
    ages_days: Sequence[int] = AGES_DAYS,
    sql_horizon_days: int = HORIZON_DAYS.sql,
    won_horizon_days: int = HORIZON_DAYS.won,
    extra_events_per_lead: float = 0.0,
    strength: float = 1.0,
    drift: float = 0.0,
    account_effect: float = 0.0,
    chunk_leads: int = 25_000,
) -> SimulatedCompany:
    """Write 18 months of a made-up company: `leads.csv`, `events/`, `outcomes.csv`, `truth/`.

    Files of an earlier simulation in `directory` are replaced. Settings that are negative or out
    of order raise `ValueError`.

    Parameters
    ----------
    seed
        The same seed, with the same other settings, gives the same bytes.
    truth_nights
        For how many of the last midnights the truth of every open lead is written.
    ages_days
        Days from the first midnight after its creation at which a lead's truth is written.
    sql_horizon_days, won_horizon_days
        How far `p_sql` and `p_won` look ahead.
    extra_events_per_lead
        E-mails and ads on top of the ordinary events, without information; for size alone.
    strength
        How much the tables tell of a lead's propensity; 0 leaves the stage it reached.
    drift
        How much better the last day's leads fit than the first day's, in spreads of fit.
    account_effect
        What a colleague who was active in the last 30 days adds to the log-odds of a lead's steps;
        two at most count. The truth then has `alone_p_sql`, for one who cannot tell colleagues.
    chunk_leads
        Leads simulated at a time; it bounds memory and, like the seed, changes what is drawn.
    """
    plan = _Plan(
        leads=leads,
        seed=seed,
        extra_events_per_lead=extra_events_per_lead,
        strength=strength,
        drift=drift,
        account_effect=account_effect,
        chunk_leads=chunk_leads,
        truth=TruthSettings(
            ages_days=tuple(ages_days),
            nights=truth_nights,
            sql_horizon_days=sql_horizon_days,
            won_horizon_days=won_horizon_days,
        ),
    )
    _check(plan)
    made = _cleared(Path(directory))
    for chunk in range(-(-leads // chunk_leads)):
        made = _append(made, chunk, _make_tables(chunk, plan))
    return made


def _check(plan: _Plan) -> None:
    truth = plan.truth
    if plan.leads < 1 or plan.chunk_leads < 1:
        message = f"leads ({plan.leads}) and chunk_leads ({plan.chunk_leads}) are 1 or more"
        raise ValueError(message)
    if truth.nights < 0 or any(age < 0 for age in truth.ages_days):
        raise ValueError("truth_nights and ages_days are 0 or more")
    if min(plan.strength, plan.extra_events_per_lead, plan.account_effect) < 0:
        raise ValueError("strength, extra_events_per_lead and account_effect are 0 or more")
    if not 1 <= truth.sql_horizon_days <= truth.won_horizon_days:
        raise ValueError("expected 1 <= sql_horizon_days <= won_horizon_days")


def _cleared(directory: Path) -> SimulatedCompany:
    made = SimulatedCompany(
        leads_file=directory / "leads.csv",
        events_glob=directory / "events" / "part-*.parquet",
        outcomes_file=directory / "outcomes.csv",
        truth_glob=directory / "truth" / "part-*.parquet",
    )
    for glob in (made.events_glob, made.truth_glob):
        glob.parent.mkdir(parents=True, exist_ok=True)
        for stale in glob.parent.glob(glob.name):
            stale.unlink()
    for file in (made.leads_file, made.outcomes_file):
        file.unlink(missing_ok=True)
    return made


def _make_tables(chunk: int, plan: _Plan) -> _Tables:
    """Simulate one chunk; with four random generators, so that more events change no outcome."""
    attributes, dynamics, verdicts, touches = np.random.default_rng([plan.seed, chunk]).spawn(4)
    first = chunk * plan.chunk_leads
    size = min(plan.chunk_leads, plan.leads - first)
    company = make_company(
        attributes,
        first=first,
        size=size,
        leads=plan.leads,
        strength=plan.strength,
        drift=plan.drift,
    )
    history = simulate_histories(
        dynamics,
        company,
        strength=plan.strength,
        account_effect=plan.account_effect,
        truth=plan.truth,
    )
    reached_us = stage_times(verdicts, history.moves)
    grades = sales_grades(verdicts, history, size)
    extra = plan.extra_events_per_lead
    return _Tables(
        leads=_with_duplicates(verdicts, company.shown.assign(sales_grade=grades)),
        events=events_table(touches, company, history, reached_us, extra_per_lead=extra),
        outcomes=outcomes_table(verdicts, company, history, reached_us),
        truth=_truth_table(company, history.truth, with_alone=plan.account_effect > 0),
    )


def _append(made: SimulatedCompany, chunk: int, tables: _Tables) -> SimulatedCompany:
    part = f"part-{chunk:05d}.parquet"
    pq.write_table(tables.events, made.events_glob.with_name(part))
    pq.write_table(tables.truth, made.truth_glob.with_name(part))
    _append_rows(made.leads_file, tables.leads, header=chunk == 0)
    _append_rows(made.outcomes_file, tables.outcomes, header=chunk == 0)
    return replace(
        made,
        leads=made.leads + tables.leads["lead_id"].nunique(),
        duplicates=made.duplicates + int(tables.leads["lead_id"].duplicated().sum()),
        events=made.events + tables.events.num_rows,
        outcomes=made.outcomes + len(tables.outcomes),
        truths=made.truths + tables.truth.num_rows,
    )


def _with_duplicates(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Repeat a few leads further down, with other phone numbers."""
    count = round(DUPLICATE_SHARE * len(rows))
    again = rows.iloc[np.sort(rng.choice(len(rows), count, replace=False))]
    return pd.concat([rows, again.assign(phone=phone_numbers(rng, count))], ignore_index=True)


def _truth_table(company: Company, truth: Truth, *, with_alone: bool) -> pa.Table:
    ids = pa.array(company.shown["lead_id"].to_numpy(), pa.string())
    as_of = (START + truth.day.astype("timedelta64[D]")).astype("datetime64[us]")
    order = np.lexsort((truth.day, truth.lead))
    return pa.table(
        {
            "lead_id": ids.take(pa.array(truth.lead[order])),
            "as_of": pa.array(as_of[order], pa.timestamp("us")),
            "p_sql": truth.p_sql[order],
            "p_won": truth.p_won[order],
            **({"alone_p_sql": truth.alone[order]} if with_alone else {}),
        }
    )


def _append_rows(file: Path, rows: pd.DataFrame, *, header: bool) -> None:
    rows.to_csv(file, mode="a", header=header, index=False, encoding="utf-8", lineterminator="\n")
