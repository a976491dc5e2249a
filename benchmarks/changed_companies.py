"""Simulated companies of several kinds: steady ones, ones that change, and ones without signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from benchmarks.simulated import true_propensities
from leadscore.simulation import SimulatedCompany, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Rng = np.random.Generator

DRIFT = 1.0  # spreads of fit over the 18 months
CHANGE_SHARES = (0.4, 0.75)  # of the leads, in the order of time, come before a change
WEAK = "weak signal, flat file"
FLAT = "without signal, flat file"
UNDATED = "without signal, flat file without dates"
FUNNEL = "without signal, funnel"
NO_SIGNAL = (FLAT, UNDATED, FUNNEL)
RATES = (0.05, 0.5)  # of those that convert in a flat file
SPREADS = (0.3, 1.5)  # of the log-odds of a weak signal: AUC of some 0.58 to 0.82
FUNNEL_DAYS = (20.0, 120.0)  # mean time to the SQL where it comes at random
TEXTS = ("source", "medium", "industry", "landing_page", "country")


@dataclass(frozen=True)
class Recipe:
    """What a simulated company is made by.

    Parameters
    ----------
    kind
        One of `KINDS`, `WEAK` or `NO_SIGNAL`.
    leads
        How many.
    seed
        Of all that is drawn.
    strength
        How much its tables tell, as `simulate` takes it.
    """

    kind: str
    leads: int
    seed: int
    strength: float = 1.0

    @property
    def name(self) -> str:
        """Kind, size, strength and seed, in words."""
        return f"{self.kind}, {self.leads:,} leads, strength {self.strength:g}, seed {self.seed}"


def recipes(
    kinds: Sequence[str],
    count: int,
    *,
    sizes: tuple[int, int],
    first_seed: int,
    strengths: Sequence[float] = (1.0,),
) -> list[Recipe]:
    """List companies of all kinds in turn, whose sizes cover a range evenly on the log scale.

    A larger `count` adds companies and changes none.
    """
    low, high = math.log(sizes[0]), math.log(sizes[1])
    golden = (math.sqrt(5) - 1) / 2  # its multiples cover an interval evenly, however many
    return [
        Recipe(
            kinds[number % len(kinds)],
            round(math.exp(low + (high - low) * ((number + 1) * golden % 1))),
            first_seed + number,
            strengths[number // len(kinds) % len(strengths)],
        )
        for number in range(count)
    ]


def make(recipe: Recipe, directory: Path) -> SimulatedCompany:
    """Write a company's tables.

    Parameters
    ----------
    recipe
        What it is like.
    directory
        Where the files go: `leads.csv`, `events/`, `outcomes.csv` and `truth/`.

    Returns
    -------
    SimulatedCompany
        The files; its counts are those before any change.
    """
    drift = DRIFT if recipe.kind == "drift" else 0.0
    company = simulate(
        directory, leads=recipe.leads, seed=recipe.seed, strength=recipe.strength, drift=drift
    )
    change = CHANGES.get(recipe.kind)
    if change is not None:
        change(company, np.random.default_rng([recipe.seed, 1]))
    return company


def _halve(company: SimulatedCompany, draw: Rng) -> None:
    _thin(company, draw, odds=0.5)


def _double(company: SimulatedCompany, draw: Rng) -> None:
    _thin(company, draw, odds=2.0)


def _thin(company: SimulatedCompany, draw: Rng, *, odds: float) -> None:
    """Change the odds of SQL by leaving out half of the later leads that did or did not get there.

    The truth of those that stay follows from Bayes' rule, but for SQLs beyond the horizon.
    """
    leads, outcomes = _text(company.leads_file), _text(company.outcomes_file)
    later = _later(leads, draw)
    is_sql = np.isin(later, outcomes.loc[outcomes["stage"] == "sql", "lead_id"])
    out = later[(is_sql == (odds < 1)) & (draw.random(len(later)) < 0.5)]
    _write(company.leads_file, leads[~leads["lead_id"].isin(out)])
    _write(company.outcomes_file, outcomes[~outcomes["lead_id"].isin(out)])
    for glob in (company.events_glob, company.truth_glob):
        for file in glob.parent.glob(glob.name):
            rows = pd.read_parquet(file)
            rows = rows[~rows["lead_id"].isin(out)]
            if "p_sql" in rows:
                is_later = rows["lead_id"].isin(later)
                for name in ("p_sql", "p_won"):
                    p = rows[name]
                    rows[name] = p.where(~is_later, odds * p / (1 - p + odds * p))
            rows.to_parquet(file, index=False)


def _new_channels(company: SimulatedCompany, draw: Rng) -> None:
    """Let later leads of two sources come from two that nobody has heard of before."""
    leads = _text(company.leads_file)
    is_later = leads["lead_id"].isin(_later(leads, draw))
    common = leads["source"].value_counts().index[:5]
    for old, new in zip(draw.permutation(common), ("podcast", "community"), strict=False):
        moved = is_later & (leads["source"] == old)
        leads.loc[moved, ["source", "medium"]] = new, "earned"
    _write(company.leads_file, leads)


def _new_relations(company: SimulatedCompany, draw: Rng) -> None:
    """Exchange the words of some columns of later leads: each then goes with other outcomes."""
    leads = _text(company.leads_file)
    is_later = leads["lead_id"].isin(_later(leads, draw))
    for name in TEXTS:
        words = leads.loc[leads[name] != "", name].unique()
        other = dict(zip(words, draw.permutation(words), strict=True))
        leads.loc[is_later, name] = leads.loc[is_later, name].map(other).fillna("")
    _write(company.leads_file, leads)


def _random_target(company: SimulatedCompany, draw: Rng) -> None:
    """Give each lead an outcome that is drawn independently of everything."""
    leads = _text(company.leads_file).drop_duplicates("lead_id")
    converted = draw.random(len(leads)) < draw.uniform(*RATES)
    _write(company.leads_file, leads.assign(converted=converted.astype("int64").astype("str")))


def _weak_target(company: SimulatedCompany, draw: Rng) -> None:
    """Draw outcomes from the first propensity of each lead, much closer to the overall rate."""
    leads = _text(company.leads_file).drop_duplicates("lead_id")
    truth = true_propensities(company).sort_values("as_of").drop_duplicates("lead_id")
    p = truth.set_index("lead_id")["p_sql"].reindex(leads["lead_id"]).to_numpy()
    odds = logit(np.clip(np.nan_to_num(p, nan=np.nanmedian(p)), 1e-6, 1 - 1e-6))
    score = (odds - odds.mean()) / odds.std()
    true = expit(logit(draw.uniform(*RATES)) + draw.uniform(*SPREADS) * score)
    converted = (draw.random(len(leads)) < true).astype("int64").astype("str")
    _write(company.leads_file, leads.assign(converted=converted))
    for file in company.truth_glob.parent.glob(company.truth_glob.name):
        file.unlink()
    known = pd.DataFrame({"lead_id": leads["lead_id"], "p_sql": true})
    known.to_parquet(company.truth_glob.with_name("part-00000.parquet"), index=False)


def _undated_random_target(company: SimulatedCompany, draw: Rng) -> None:
    _random_target(company, draw)
    _write(company.leads_file, _text(company.leads_file).drop(columns="created_at"))


def _random_funnel(company: SimulatedCompany, draw: Rng) -> None:
    """Let leads become SQLs at the same rate on every day, so that not even their age matters."""
    leads = _text(company.leads_file).drop_duplicates("lead_id")
    created = pd.to_datetime(leads["created_at"], utc=True, format="mixed")
    parts = company.events_glob.parent.glob(company.events_glob.name)
    end = max(pd.read_parquet(each, columns=["occurred_at"]).max().iloc[0] for each in parts)
    days = draw.exponential(draw.uniform(*FUNNEL_DAYS), len(leads))
    reached = created + pd.to_timedelta(days, "D").round("s")
    outcomes = pd.DataFrame({"lead_id": leads["lead_id"], "occurred_at": reached, "stage": "sql"})
    _write(company.outcomes_file, outcomes[reached < end].sort_values("occurred_at"))


CHANGES: dict[str, Callable[[SimulatedCompany, Rng], None]] = {
    "rates halved": _halve,
    "rates doubled": _double,
    "new channels": _new_channels,
    "relations changed": _new_relations,
    WEAK: _weak_target,
    FLAT: _random_target,
    UNDATED: _undated_random_target,
    FUNNEL: _random_funnel,
}
KINDS = ("steady", "drift", "rates halved", "rates doubled", "new channels", "relations changed")


def _later(leads: pd.DataFrame, draw: Rng) -> NDArray[np.str_]:
    """Return the ids of the leads after the change; they are numbered in the order of creation."""
    ids = np.sort(leads["lead_id"].unique())
    return ids[int(len(ids) * draw.uniform(*CHANGE_SHARES)) :]


def _text(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype="str", keep_default_na=False)


def _write(file: Path, rows: pd.DataFrame) -> None:
    rows.to_csv(file, index=False)
