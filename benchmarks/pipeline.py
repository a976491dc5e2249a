"""What each stage of the work costs: rows a second and peak memory, every stage by itself.

Run as `python benchmarks/pipeline.py --leads 20000 100000`; writes
`benchmarks/results/pipeline.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The parent stays small: what it holds in memory when it forks counts as its child's peak.
from benchmarks.machine import circumstances, markdown_table  # noqa: E402

RESULT = Path(__file__).parent / "results" / "pipeline.md"
REPEATS = 3  # of the smallest size, whose seconds wander most; larger ones are measured once
HEAD = ["leads", "stage", "a row is", "rows", "seconds", "CPU seconds", "rows a second", "peak MB"]
INTRODUCTION = """\
Made-up companies of `simulation/simulate.py`. Each stage runs in a process of its own, so that its
peak memory is its own too, libraries included (some 150-450 MB of it). Seconds do not count the
start of Python and the loading of libraries; those of the two feature builds leave out opening
the tables, which has a line of its own. `leadscore train` and `leadscore score` are the whole
verbs: opening, features, model, evidence or ledger."""
REMARK = """\
The smallest size is the median of three runs, the others are one run. Other work may have run on
the same cores: CPU seconds leave it out, seconds and rows a second do not. Where seconds are far
above half the CPU seconds, the cores were shared, or the stage uses only one."""


@dataclass(frozen=True)
class Cost:
    """What one run of one stage took.

    Parameters
    ----------
    rows
        How many rows it worked on.
    unit
        What a row is.
    seconds, cpu_seconds
        As in `Spent`.
    peak_mb
        The most memory the process held, libraries included.
    """

    rows: int
    unit: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Spent:
    """What some work took.

    Parameters
    ----------
    seconds
        By the clock on the wall.
    cpu_seconds
        Of all threads of the process; other people's work on the machine is not in it.
    """

    seconds: float
    cpu_seconds: float


class Stopwatch:
    """Starts when it is made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Spent:
        """Say what was spent since."""
        return Spent(time.perf_counter() - self._wall, time.process_time() - self._cpu)


Worked = tuple[int, str, Spent]  # rows, what a row is, what it took


def main() -> None:
    """Measure every stage at the sizes asked for and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--stage", choices=STAGES, help="one stage in this process, as JSON")
    parser.add_argument("--folder", type=Path, help="where the company of --stage lies")
    asked = parser.parse_args()
    if asked.stage:
        cost = measure_stage(asked.stage, asked.folder, leads=asked.leads[0])
        print(json.dumps(asdict(cost)))
        return
    smallest = min(asked.leads)
    costs = {
        leads: company_costs(leads, repeats=REPEATS if leads == smallest else 1)
        for leads in asked.leads
    }
    command = f"python benchmarks/pipeline.py --leads {' '.join(map(str, asked.leads))}"
    text = report(costs, command)
    RESULT.write_text(text, encoding="utf-8")
    print(text)


def company_costs(leads: int, *, repeats: int) -> dict[str, Cost]:
    """Measure every stage for one company, each in a process of its own.

    Parameters
    ----------
    leads
        How many leads the company has.
    repeats
        How often each stage runs; seconds and memory are medians.

    Returns
    -------
    dict of str to Cost
        By stage, in the order of the work.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "company"
        runs = {
            stage: [_in_own_process(stage, folder, leads) for _ in range(repeats)]
            for stage in STAGES
        }
    return {stage: _median(costs) for stage, costs in runs.items()}


def _in_own_process(stage: str, folder: Path, leads: int) -> Cost:
    command = [sys.executable, str(Path(__file__).resolve()), "--stage", stage]
    command += ["--folder", str(folder), "--leads", str(leads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{stage} of {leads:,} leads failed:\n{done.stderr}")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def _median(costs: list[Cost]) -> Cost:
    seconds = median(cost.seconds for cost in costs)
    cpu_seconds = median(cost.cpu_seconds for cost in costs)
    peak_mb = median(cost.peak_mb for cost in costs)
    return Cost(costs[0].rows, costs[0].unit, seconds, cpu_seconds, peak_mb)


def measure_stage(stage: str, folder: Path, *, leads: int) -> Cost:
    """Run one stage in this process and say what it took.

    Parameters
    ----------
    stage
        One of `STAGES`; each needs those before it to have run on the folder.
    folder
        Where the company lies, or will lie.
    leads
        How many leads it has.

    Returns
    -------
    Cost
    """
    rows, unit, spent = STAGES[stage](folder, leads)
    return Cost(rows, unit, spent.seconds, spent.cpu_seconds, _peak_mb())


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # bytes on a Mac, kilobytes elsewhere


def _simulate(folder: Path, leads: int) -> Worked:
    from leadscore.simulation import simulate

    watch = Stopwatch()
    company = simulate(folder / "raw", leads=leads)
    return company.leads, f"lead ({company.events:,} events)", watch.read()


def _draft(folder: Path, leads: int) -> Worked:
    from leadscore.serving.jobs import start_project

    raw = folder / "raw"
    watch = Stopwatch()
    start_project(
        folder,
        str(raw / "leads.csv"),
        events=str(raw / "events" / "*.parquet"),
        outcomes=str(raw / "outcomes.csv"),
        overwrite=True,
    )
    return leads, "lead", watch.read()


def _open(folder: Path, leads: int) -> Worked:  # noqa: ARG001 - every stage is called alike
    from leadscore.features.contract import load_contract
    from leadscore.features.tables import open_tables

    watch = Stopwatch()
    with open_tables(load_contract(folder)) as tables:
        spent = watch.read()
        return int(tables.quarantine.counts["rows"].sum()), "row of the three tables", spent


def _training_features(folder: Path, leads: int) -> Worked:  # noqa: ARG001
    from leadscore.features.contract import load_contract
    from leadscore.features.families import build_features
    from leadscore.features.point_in_time import training_snapshots
    from leadscore.features.tables import open_tables

    with open_tables(load_contract(folder)) as tables:
        watch = Stopwatch()
        ages = tables.contract.features.snapshot_ages_days
        frame = build_features(tables, training_snapshots(tables, ages_days=ages)).to_pandas()
        return len(frame), f"snapshot ({frame.shape[1] - 2} features)", watch.read()


def _night_features(folder: Path, leads: int) -> Worked:  # noqa: ARG001
    from leadscore.features.contract import load_contract
    from leadscore.features.families import build_features
    from leadscore.features.point_in_time import nightly_snapshots
    from leadscore.features.tables import open_tables
    from leadscore.serving.nightly import default_night

    with open_tables(load_contract(folder)) as tables:
        watch = Stopwatch()
        snapshots = nightly_snapshots(tables, as_of=default_night(tables))
        frame = build_features(tables, snapshots).to_pandas()
        return len(frame), "open lead", watch.read()


def _train(folder: Path, leads: int) -> Worked:  # noqa: ARG001
    from leadscore.training.registry import Registry
    from leadscore.training.workflow import TrainingResult, train

    watch = Stopwatch()
    result = train(folder, again=True)
    spent = watch.read()
    if not isinstance(result, TrainingResult):
        raise TypeError("training was asked for and did not happen")
    if not result.promoted:  # a night is to be measured whatever the gate thinks of a small company
        registry = Registry(folder, result.name)
        registry.promote(result.version, who="benchmarks/pipeline.py", why="to measure scoring")
    return len(result.prepared.frame), "snapshot", spent


def _score(folder: Path, leads: int) -> Worked:  # noqa: ARG001
    from leadscore.serving.nightly import score_night

    watch = Stopwatch()
    result = score_night(folder, replace=True)
    return result.written.rows, "open lead", watch.read()


STAGES: dict[str, Callable[[Path, int], Worked]] = {
    "simulate": _simulate,
    "leadscore init": _draft,
    "open and screen": _open,
    "features, training": _training_features,
    "features, a night": _night_features,
    "leadscore train": _train,
    "leadscore score": _score,
}


def report(costs: dict[int, dict[str, Cost]], command: str) -> str:
    """Write the table.

    Parameters
    ----------
    costs
        By number of leads and stage.
    command
        What makes the figures again.

    Returns
    -------
    str
        Markdown.
    """
    rows = [
        _row(leads, stage, cost)
        for leads, by_stage in costs.items()
        for stage, cost in by_stage.items()
    ]
    table = markdown_table(HEAD, rows, words=3)
    below = circumstances(command, remark=REMARK.replace("\n", " "))
    return "\n\n".join(["# What each stage costs", INTRODUCTION, table, below]) + "\n"


def _row(leads: int, stage: str, cost: Cost) -> list[str]:
    speed = f"{cost.rows / cost.seconds:,.0f}"
    figures = [
        f"{cost.rows:,}",
        f"{cost.seconds:.1f}",
        f"{cost.cpu_seconds:.1f}",
        speed,
        f"{cost.peak_mb:,.0f}",
    ]
    return [f"{leads:,}", stage, cost.unit, *figures]


if __name__ == "__main__":
    main()
