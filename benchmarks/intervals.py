"""Whether the interval of AUC that `leadscore train` reports holds the true later value.

Run as `python benchmarks/intervals.py`; writes `benchmarks/results/intervals.md`.

The true later value is that of the very model which the company has fitted, on all the leads that
might have come in the period of the held-out ones: fresh leads of the same company and the same
months, many times as many, judged against the propensities that their outcomes are drawn from.
What the interval must allow for is then the luck of which leads came, and of what became of them;
the model itself is given, as it is for whoever reads the report.
"""

from __future__ import annotations

import argparse
import pickle
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from joblib import Parallel, delayed  # noqa: E402
from scipy.stats import binomtest  # noqa: E402

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.simulated import (  # noqa: E402
    MODELS,
    expected_metrics,
    fresh_leads,
    learnt,
    prepared_project,
    simulated_project,
)
from leadscore.features.contract import CONTRACT_FILE  # noqa: E402
from leadscore.features.core import TooLittleData  # noqa: E402
from leadscore.training.dataset import parts_of_stage  # noqa: E402
from leadscore.training.evaluation import account_or_lead, measure  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from benchmarks.simulated import FreshStage
    from leadscore.training.dataset import Prepared

RESULT = Path(__file__).parent / "results" / "intervals.md"
COMPANIES = 100
LEADS = 4_000
FRESH_LEADS = 30_000  # the true AUC is then known to 0.002, a tenth of what intervals allow for
METRICS = ("auc", "average_precision", "brier", "log_loss", "lift_10")
FEWEST, MOST = 0.90, 0.99  # of 100 intervals of 95 % so many may hold the true value
FIRST_SEED = 1_001  # companies of other benchmarks have smaller ones
HEAD = [
    "stage", "metric", "companies", "holds the true value", "95 % interval of that",
    "true value above", "true value below", "half-width, median", "estimate minus truth, mean",
    "wanted",
]  # fmt: skip
INTRODUCTION = """\
{companies} made-up companies of {leads:,} leads each train a model on their earlier leads and
report its figures on the later ones with an interval of 95 %, by `evaluation.metrics.measure` as
`leadscore train` does. The true later value is what the same model reaches on {snapshots} fresh
later snapshots of the same months, judged against the propensities that outcomes are drawn from.
Wanted is that 90 to 99 of 100 intervals hold it. A stage with too few wins is refused by
`leadscore` and not counted. *Estimate minus truth* shows a bias, if there is one, beside the
half-width; it counts what is reported, so a company that is lucky is not corrected. The interval
of the calibration error is left out: that of few leads is high by chance alone, and no interval
around it can hold the true one."""


@dataclass(frozen=True)
class Reported:
    """One reported interval and the truth.

    Parameters
    ----------
    seed
        The company.
    stage, metric
        What was reported.
    value, low, high
        As the report has it.
    true
        What the model reaches in the long run.
    positives
        Held-out snapshots that reached the stage.
    """

    seed: int
    stage: str
    metric: str
    value: float
    low: float
    high: float
    true: float
    positives: int

    @property
    def holds(self) -> bool:
        """Whether the true value lies in the interval."""
        return self.low <= self.true <= self.high


def main() -> None:
    """Train the companies, count the intervals that hold, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--fresh", type=int, default=FRESH_LEADS, help="leads of the truth")
    parser.add_argument("--model", choices=MODELS, default=MODELS[0])
    parser.add_argument("--jobs", type=int, default=-1, help="companies at a time")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    start = time.perf_counter()
    fresh = fresh_leads(asked.fresh)
    found = reported(
        asked.companies, leads=asked.leads, fresh=fresh, model=asked.model, jobs=asked.jobs
    )
    minutes = (time.perf_counter() - start) / 60
    command = shlex.join(["python", "benchmarks/intervals.py", *sys.argv[1:]])
    remark = f"The model is {asked.model}; all of it took {minutes:.0f} minutes"
    text = report(
        found,
        introduction=INTRODUCTION.format(
            companies=asked.companies,
            leads=asked.leads,
            snapshots=" and ".join(f"{len(each.true):,} ({s})" for s, each in fresh.items()),
        ),
        below=circumstances(command, remark=remark),
    )
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def reported(
    companies: int, *, leads: int, fresh: Mapping[str, FreshStage], model: str, jobs: int = -1
) -> list[Reported]:
    """Train companies and set their intervals beside the truth.

    Parameters
    ----------
    companies, leads
        How many companies, and of what size.
    fresh
        By stage, the leads that the true value is measured on.
    model
        `leadscore`, or `regression`: quicker, and the interval is the metric's, not the model's.
    jobs
        How many processes work at a time.

    Returns
    -------
    list of Reported
    """
    with tempfile.TemporaryDirectory() as scratch:
        judge = Path(scratch) / "fresh.pkl"
        judge.write_bytes(pickle.dumps(dict(fresh)))
        drafted = Path(scratch) / "drafted"
        simulated_project(drafted, leads=leads, seed=FIRST_SEED)
        found = Parallel(n_jobs=jobs)(
            delayed(_one_company)(seed, leads, drafted / CONTRACT_FILE, judge, model)
            for seed in range(FIRST_SEED, FIRST_SEED + companies)
        )
    return [each for company in found for each in company]


def _fresh(judge: Path) -> Mapping[str, FreshStage]:
    """Read the fresh leads that the parent wrote."""
    found: Mapping[str, FreshStage] = pickle.loads(judge.read_bytes())  # noqa: S301 - our own
    return found


def _one_company(seed: int, leads: int, contract: Path, judge: Path, model: str) -> list[Reported]:
    with tempfile.TemporaryDirectory() as scratch:
        simulated_project(Path(scratch), leads=leads, seed=seed, contract=contract)
        try:
            prepared = prepared_project(Path(scratch))
        except TooLittleData:
            return []
    said = _propensities(prepared, _fresh(judge), model)
    found = []
    for stage, (held_out, later) in said.items():
        rows = prepared.labels.frame.loc[held_out.index]
        outcome = rows[f"y_{stage}"]
        table = measure(outcome, held_out, account_or_lead(rows))
        true = expected_metrics(_fresh(judge)[stage].true, later)
        for metric in METRICS:
            value, low, high = (float(table.loc[metric, name]) for name in table.columns)
            found.append(
                Reported(seed, stage, metric, value, low, high, true[metric], int(outcome.sum()))
            )
    return found


def _propensities(
    prepared: Prepared, fresh: Mapping[str, FreshStage], model: str
) -> dict[str, tuple[pd.Series[float], pd.Series[float]]]:
    """Learn, and say propensities of the held-out leads and of the fresh ones."""
    predict = learnt(prepared, model)
    said = {}
    for stage in prepared.labels.stages:
        part = parts_of_stage(prepared.labels, prepared.split, stage)
        held_out = prepared.frame[part == "test"]
        said[stage] = predict(held_out, stage), predict(fresh[stage].frame, stage)
    return said


def report(found: Sequence[Reported], *, introduction: str, below: str) -> str:
    """Write the table.

    Parameters
    ----------
    found
        What was reported, and the truth.
    introduction, below
        What was done, and on what.

    Returns
    -------
    str
        Markdown.
    """
    keys = sorted({(each.stage, METRICS.index(each.metric)) for each in found})
    rows = [
        _row([each for each in found if (each.stage, each.metric) == (stage, METRICS[number])])
        for stage, number in keys
    ]
    table = markdown_table(HEAD, rows, words=2)
    parts = ["# Whether intervals mean what they say", introduction, table, below]
    return "\n\n".join(parts) + "\n"


def _row(of_metric: Sequence[Reported]) -> list[str]:
    count = len(of_metric)
    held = sum(each.holds for each in of_metric)
    sure = binomtest(held, count).proportion_ci(method="exact")
    reached = FEWEST * count <= held <= MOST * count
    first = of_metric[0]
    return [
        first.stage,
        first.metric.replace("_", " "),
        f"{count}",
        f"{held} ({held / count:.0%})",
        f"{sure.low:.0%} to {sure.high:.0%}",
        f"{sum(each.true > each.high for each in of_metric)}",
        f"{sum(each.true < each.low for each in of_metric)}",
        f"{np.median([(each.high - each.low) / 2 for each in of_metric]):.4f}",
        f"{np.mean([each.value - each.true for each in of_metric]):+.4f}",
        "reached" if reached else "**not reached**",
    ]


if __name__ == "__main__":
    main()
