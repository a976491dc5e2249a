"""Sixty nights in a row: how often leads change tier with and without hysteresis, and its price."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import circumstances, markdown_table
from benchmarks.simulated import (
    MODELS,
    learnt,
    prepared_project,
    simulated_project,
    true_propensities,
)
from leadscore.features.contract import load_contract
from leadscore.features.families import build_features
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.serving.policy import MARGIN, NIGHTS, Policy
from leadscore.serving.tiers import ALREADY_SQL, REMEMBERED, cut_offs, decide
from leadscore.simulation import HORIZON_DAYS
from leadscore.training.dataset import SINCE_SQL
from leadscore.training.evaluation import nightly_evidence

if TYPE_CHECKING:
    from leadscore.serving.tiers import CutOffs
    from leadscore.simulation import SimulatedCompany

LEADS, SEED = 12_000, 41  # a company that no other benchmark uses
LAST_NIGHT = datetime(2026, 5, 31)  # after it, one horizon of outcomes is known to the end
NIGHTS_LONG = 60
DAYS_A_MONTH = 30.0
HYSTERESES = ((0.0, 1), (0.0, 3), (0.0, 7), (0.1, 3), (0.2, 3), (0.3, 3), (0.2, 7), (0.3, 7))
OFF, DEFAULT = (0.0, 1), (MARGIN, NIGHTS)
HEAD = [
    "capacity", "margin", "nights", "tier changes a lead and month", "against none",
    "SQL tier alone", "handed over", "precision", "true precision", "SQLs found", "recall",
    "SQLs lost",
]  # fmt: skip
RESULT = Path(__file__).parent / "results" / "steadiness.md"
INTRODUCTION = """\
A made-up company of {leads:,} leads trains on what was known by {start:%d %b %Y} and then scores
its open leads on {nights} nights running, once with each hysteresis and once with each capacity;
the chances are the same for all. A *tier change* is a lead that is open on two nights running and
has another tier on the second (leads that sales has qualified are left out: theirs is no opinion
of the model); a month is 30 nights. *SQL tier alone* counts only changes into and out of it. A
lead is *handed over* when it enters the SQL tier; it counts once, the first time. *Precision* is
the share of them that became SQL within {horizon} days of it, *true precision* their mean true
propensity at that moment. *SQLs found* were handed over before they became SQL and within
{horizon} days of it; *recall* is their share of all leads that became SQL from the first night to
the {horizon}th day after the last. *Against none* and *SQLs lost* compare with no hysteresis
(margin 0, one night) at the same capacity. The promise of the SQL tier: {promise}"""


@dataclass(frozen=True)
class Nights:
    """Chances of every open lead night after night, and what became of them.

    Parameters
    ----------
    chances
        By night: `lead_id`, `p_sql`, `p_won`, `is_sql`, sorted by `lead_id`.
    cuts
        Where the tiers begin by the default policy.
    became_sql
        By lead: when it became SQL.
    truth
        `lead_id`, `as_of`, `p_sql`: the true propensities.
    """

    chances: dict[datetime, pd.DataFrame]
    cuts: CutOffs
    became_sql: pd.Series[pd.Timestamp]
    truth: pd.DataFrame


@dataclass(frozen=True)
class Steadiness:
    """What one policy did over the nights.

    Parameters
    ----------
    capacity
        Places a night; None for as many as wanted.
    margin, nights
        The hysteresis.
    changes, sql_changes
        Tier changes a lead and month, and those into and out of SQL alone.
    handed_over, converted, found, reachable
        Leads that entered the SQL tier; of them those that became SQL in time; leads found; all
        that there were to find.
    true_precision
        Mean true propensity at the handoff.
    most_a_night
        The most leads that entered the SQL tier in one night.
    """

    capacity: int | None
    margin: float
    nights: int
    changes: float
    sql_changes: float
    handed_over: int
    converted: int
    found: int
    reachable: int
    true_precision: float
    most_a_night: int

    @property
    def precision(self) -> float:
        """The share of the leads handed over that became SQL in time."""
        return self.converted / self.handed_over if self.handed_over else float("nan")

    @property
    def recall(self) -> float:
        """The share of all SQLs that were handed over before."""
        return self.found / self.reachable


def main() -> None:
    """Score the nights, try every hysteresis, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--nights", type=int, default=NIGHTS_LONG)
    parser.add_argument("--capacity", type=int, nargs="*", default=None, help="places a night")
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scored = score_nights(
            Path(scratch),
            leads=asked.leads,
            seed=asked.seed,
            nights=asked.nights,
            model=asked.model,
        )
    capacities = asked.capacity or capacities_that_bind(scored)
    found = [
        live(scored, capacity=capacity, margin=margin, nights=nights)
        for capacity in (None, *capacities)
        for margin, nights in HYSTERESES
    ]
    command = shlex.join(["python", "benchmarks/steadiness.py", *sys.argv[1:]])
    text = report(found, scored, leads=asked.leads, below=circumstances(command))
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def score_nights(folder: Path, *, leads: int, seed: int, nights: int, model: str) -> Nights:
    """Train on what was known before the first night, and give every open lead its chances.

    Parameters
    ----------
    folder
        Where the company goes.
    leads, seed
        Of the company.
    nights
        How many nights, to the 31st of May.
    model
        One of `MODELS`.

    Returns
    -------
    Nights
    """
    first = LAST_NIGHT - timedelta(days=nights - 1)
    company = simulated_project(folder, leads=leads, seed=seed, truth_nights=nights + 31)
    prepared = prepared_project(folder, known_by=first)
    predict = learnt(prepared, model)

    def propensities(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({f"p_{s}": predict(frame, s) for s in prepared.labels.stages})

    with open_tables(load_contract(folder), known_by=first) as tables:
        cuts = cut_offs(Policy(), nightly_evidence(tables, prepared, propensities))
    chances = {}
    with open_tables(load_contract(folder)) as tables:
        for turn in range(nights):
            night = first + timedelta(days=turn)
            snapshots = nightly_snapshots(tables, as_of=night)
            frame = build_features(tables, snapshots, kinds=prepared.kinds).to_pandas()
            told = propensities(frame).assign(
                lead_id=frame["lead_id"], is_sql=frame[SINCE_SQL].notna()
            )
            chances[night] = told.reindex(columns=["lead_id", "p_sql", "p_won", "is_sql"])
    return Nights(chances, cuts, _became_sql(company), true_propensities(company))


def _became_sql(company: SimulatedCompany) -> pd.Series[pd.Timestamp]:
    outcomes = pd.read_csv(company.outcomes_file, parse_dates=["occurred_at"])
    reached = outcomes[outcomes["stage"] == "sql"]
    moments = reached.groupby("lead_id")["occurred_at"].min()
    return moments.dt.tz_localize(None)


def capacities_that_bind(scored: Nights) -> list[int]:
    """Give half and a fifth of the places that the first handoffs of a usual night would take."""
    free = live(scored, capacity=None, margin=0.0, nights=1)
    usual = free.handed_over / len(scored.chances)
    return sorted({max(round(usual / 2), 1), max(round(usual / 5), 1)}, reverse=True)


def live(scored: Nights, *, capacity: int | None, margin: float, nights: int) -> Steadiness:
    """Decide the tiers night after night under one policy, and count.

    Parameters
    ----------
    scored
        The chances.
    capacity
        Places a night; None for as many as wanted.
    margin, nights
        The hysteresis.

    Returns
    -------
    Steadiness
    """
    sections: dict[str, Any] = {"hysteresis": {"margin": margin, "nights": nights}}
    if capacity is not None:
        sections["capacity"] = {"reps": capacity, "leads_a_day": 1}
    policy = Policy.model_validate({**sections, "exploration": {"share": 0}})
    before, told = None, []
    for night, chances in scored.chances.items():
        rows = decide(_leads(chances), before, policy, scored.cuts, as_of=night).rows
        before = rows.assign(lead_id=chances["lead_id"])[["lead_id", *REMEMBERED]]
        kept = ["tier", "previous_tier", "moved", "rule"]
        told.append(rows[kept].assign(lead_id=chances["lead_id"], as_of=pd.Timestamp(night)))
    return _counted(pd.concat(told, ignore_index=True), scored, capacity, margin, nights)


def _leads(chances: pd.DataFrame) -> pd.DataFrame:
    """Add what the tiers ask for beside the chances: no rule speaks of anybody."""
    words = dict.fromkeys(
        ["hand_raiser", "disqualifier", "setback_reason", "facts_digest"],
        pd.Series(None, chances.index, dtype=object),
    )
    return chances.assign(
        **words, team="sales", expected_value=float("nan"), setback_at=pd.Series(pd.NaT)
    )


def _counted(
    told: pd.DataFrame, scored: Nights, capacity: int | None, margin: float, nights: int
) -> Steadiness:
    horizon = pd.Timedelta(days=HORIZON_DAYS.sql)
    judged = told[(told["rule"] != ALREADY_SQL) & told["previous_tier"].notna()]
    changed = judged["moved"].isin(["up", "down"])
    sql = changed & ((judged["tier"] == "SQL") | (judged["previous_tier"] == "SQL"))
    entered = told[
        (told["tier"] == "SQL")
        & (told["rule"] != ALREADY_SQL)
        & (told["previous_tier"].fillna("") != "SQL")
    ]
    first = entered.drop_duplicates("lead_id")
    wait = first["lead_id"].map(scored.became_sql) - first["as_of"]
    converted = int(((wait >= pd.Timedelta(0)) & (wait < horizon)).sum())
    start, end = told["as_of"].min(), told["as_of"].max() + horizon
    open_ones = scored.became_sql[scored.became_sql.index.isin(told["lead_id"])]
    truth = first.merge(scored.truth, on=["lead_id", "as_of"])
    return Steadiness(
        capacity=capacity,
        margin=margin,
        nights=nights,
        changes=changed.sum() / len(judged) * DAYS_A_MONTH,
        sql_changes=sql.sum() / len(judged) * DAYS_A_MONTH,
        handed_over=len(first),
        converted=converted,
        found=converted,
        reachable=int(((open_ones >= start) & (open_ones < end)).sum()),
        true_precision=float(truth["p_sql"].mean()),
        most_a_night=int(entered.groupby("as_of").size().max()) if len(entered) else 0,
    )


def report(found: list[Steadiness], scored: Nights, *, leads: int, below: str) -> str:
    """Lay the figures out in Markdown."""
    none = {each.capacity: each for each in found if (each.margin, each.nights) == OFF}
    rows = [_row(each, none[each.capacity]) for each in found]
    introduction = INTRODUCTION.format(
        leads=leads,
        nights=len(scored.chances),
        start=min(scored.chances),
        horizon=HORIZON_DAYS.sql,
        promise=scored.cuts.sql.sentence,
    )
    title = "# How steady the tiers are, and what that costs"
    return f"{title}\n\n{introduction}\n\n{markdown_table(HEAD, rows, words=1)}\n\n{below}\n"


def _row(each: Steadiness, none: Steadiness) -> list[str]:
    chosen = "**" if (each.margin, each.nights) == DEFAULT else ""
    cells = [
        f"{each.capacity} a night" if each.capacity is not None else "none",
        f"{each.margin:.1f}",
        str(each.nights),
        f"{each.changes:.3f}",
        f"{each.changes / none.changes:.0%}" if none.changes else "-",
        f"{each.sql_changes:.3f}",
        f"{each.handed_over:,}",
        f"{each.precision:.1%}",
        f"{each.true_precision:.1%}",
        f"{each.found:,}",
        f"{each.recall:.1%}",
        f"{1 - each.found / none.found:+.1%}" if none.found else "-",
    ]
    return [f"{chosen}{cell}{chosen}" for cell in cells]


if __name__ == "__main__":
    main()
