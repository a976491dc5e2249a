"""Whether a tier keeps its promise on later leads, and what happens to it when leads change.

Run as `python benchmarks/promises.py`; writes `benchmarks/results/promises.md`.

Each made-up company trains, finds its cut-offs on its own held-out leads, and is judged on many
fresh leads whose true propensities are known, so that only the luck of the evidence is left. A
lead is judged when it first reaches the cut-off, as sales would meet it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from benchmarks.machine import circumstances  # noqa: E402
from benchmarks.promises_companies import KNOWN_BY, Kind, trained_companies  # noqa: E402
from benchmarks.promises_kept import Kept  # noqa: E402
from benchmarks.promises_report import AFTER, NIGHTS, SAME, report  # noqa: E402
from benchmarks.promises_rules import NAIVE, OURS, rules  # noqa: E402
from benchmarks.simulated import MODELS  # noqa: E402
from leadscore.serving.policy import MQL_MIN_PRECISION, SQL_MIN_PRECISION  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from benchmarks.promises_companies import Company

RESULT = Path(__file__).parent / "results" / "promises.md"
COMPANIES = 200
LEADS = 4_000  # some 700 of them are evidence
FRESH_LEADS = 4_000  # of each period
MAPIE_COMPANIES = 40  # it is slow, and enough to see whether it finds the same
DRIFTS = (-0.5, -1.0)  # in spreads of fit over the 18 months
DRIFT_COMPANIES = 40
FIRST_SEED = 20_001  # companies of other benchmarks have smaller ones
FIRST_DRIFT_SEED = 21_001
# The default promises, and one between them that more of these companies can give.
PROMISES = {"SQL": SQL_MIN_PRECISION, "between": 0.20, "MQL": MQL_MIN_PRECISION}


def main() -> None:
    """Train the companies, judge their cut-offs, and write the tables."""
    asked = _asked()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        found = kept_promises(asked, asked.kept or Path(scratch))
    minutes = (time.perf_counter() - start) / 60
    command = shlex.join(["python", "benchmarks/promises.py", *sys.argv[1:]])
    remark = f"The model is {asked.model}; all of it took {minutes:.0f} minutes"
    below = circumstances(command, remark=remark, also=("MAPIE",))
    text = report(found, leads=asked.leads, below=below)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--fresh", type=int, default=FRESH_LEADS, help="leads of each period")
    parser.add_argument("--drift", type=float, nargs="*", default=DRIFTS)
    parser.add_argument("--drift-companies", type=int, default=DRIFT_COMPANIES)
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--mapie", type=int, default=MAPIE_COMPANIES, help="companies it judges")
    parser.add_argument("--jobs", type=int, default=-1, help="companies at a time")
    parser.add_argument("--kept", type=Path, help="keep what was trained here, to judge it again")
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser.parse_args()


def kept_promises(asked: argparse.Namespace, kept: Path) -> list[Kept]:
    """Train all companies that were asked for and judge each rule's cut-offs.

    Parameters
    ----------
    asked
        The options of the command line.
    kept
        The folder in which companies are kept.

    Returns
    -------
    list of Kept
        What came of each promise.
    """
    plans = [(0.0, FIRST_SEED, asked.companies)]
    plans += [(drift, FIRST_DRIFT_SEED, asked.drift_companies) for drift in asked.drift]
    found: list[Kept] = []
    for drift, first, count in plans:
        companies, rows = trained_companies(
            Kind(asked.leads, drift, asked.model),
            range(first, first + count),
            fresh=asked.fresh,
            nightly=count,
            kept=kept,
            jobs=asked.jobs,
        )
        for number, company in enumerate(companies):
            found += judged(company, drift, rows, peers=number < asked.mapie and not drift)
    return found


def judged(company: Company, drift: float, rows: pd.DataFrame, *, peers: bool = True) -> list[Kept]:
    """Find a company's cut-offs by every rule and judge them on the later leads.

    Parameters
    ----------
    company
        Its evidence, and what its model says of the later leads.
    drift
        How much its leads change.
    rows
        The later leads' snapshots, as `promises_companies.LaterLeads.rows`.
    peers
        Whether MAPIE is asked, too.

    Returns
    -------
    list of Kept
    """
    periods = _periods(company, rows)
    found = []
    for name, rule in rules().items():
        if not (peers or name in {OURS, NAIVE}):
            continue
        for tier, promised in PROMISES.items():
            cut_off = rule(company.evidence, promised)
            for judged_on, period in periods.items():
                figures = _figures(rows[period], company.said[period], cut_off)
                found.append(
                    Kept(company.seed, drift, tier, promised, name, judged_on, cut_off, *figures)
                )
    return found


def _periods(company: Company, rows: pd.DataFrame) -> Mapping[str, NDArray[np.bool_]]:
    """Mark the snapshots of each period; every night only where the model was asked."""
    at_age, nightly = rows["at_age"].to_numpy(), rows["nightly"].to_numpy()
    after = (rows["created_at"] >= KNOWN_BY).to_numpy()
    since = (rows["created_at"] >= company.test_from).to_numpy()
    found = {SAME: at_age & since & ~after, AFTER: at_age & after}
    if not np.isnan(company.said[nightly]).any():
        found[NIGHTS] = nightly
    return found


def _figures(
    rows: pd.DataFrame, said: NDArray[np.float64], cut_off: float | None
) -> tuple[float, float, float, float]:
    """Compute precision at first sight and in the tier, share handed over, share of SQLs."""
    if cut_off is None:
        return (float("nan"),) * 4
    there = rows[said >= cut_off]  # rows are by lead and time
    first = there.drop_duplicates("lead")
    return (
        float(first["true"].mean()),
        float(there["true"].mean()),
        len(first) / rows["lead"].nunique(),
        float(there["true"].sum() / rows["true"].sum()),
    )


if __name__ == "__main__":
    main()
