"""How fast leads are scored and explained: compiled against LightGBM, XGBoost, CatBoost, shap."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import circumstances, markdown_table
from benchmarks.scorer_peers import AS_GOOD, Problem, explainers, grow, make_problem, scorers
from leadscore.features.contract import load_contract
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.serving.jobs import start_project
from leadscore.serving.lead_facts import learnt_features
from leadscore.simulation import simulate
from leadscore.training.encoding import FeatureColumns
from leadscore.training.fast_scoring import dispatch as scorer
from leadscore.training.registry import Registry
from leadscore.training.workflow import train

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from leadscore.training.model import FunnelModel

    Work = Callable[[], object]

RESULT = Path(__file__).parent / "results" / "scorer.md"
THREADS = (1, 2)
LAST_NIGHT = datetime(2026, 5, 31)  # of the simulated company
NOTE = """\
All figures are rows a second, medians of {repeats} rounds in which everybody takes one turn, so
that a busy moment of the machine falls on all. LightGBM, leadscore and the libraries that compile
LightGBM's models score the same {trees} trees of up to {leaves} leaves over 60 columns (30 numbers
with 20 % gaps, 10 without, 10 counts, 10 columns of 40 categories), taught by {teach:,} rows.
XGBoost and CatBoost grow their own (CatBoost the symmetric trees of depth 6 that it scores
fastest) and use as few of them as come within {as_good} of LightGBM's AUC; CatBoost's rows are
put into its own form before the clock starts. *Same* says how near raw scores are to LightGBM's."""
NOTE_SHAP = """\
The same trees; *same* is the largest difference from LightGBM. `shap.TreeExplainer` hands
LightGBM's models back to LightGBM, as its own code knows no categories."""
NOTE_MODEL = """\
The whole of `FunnelModel.predict` (text to codes, the layout, the trees, the regression beside
them, the calibrator, both stages) and of `StageModel.contributions`, for a champion of a simulated
company, on rows of its last night, repeated; as many threads as the product takes for so many rows.
*By LightGBM* is the same with LightGBM in place of the compiled trees. *Text to
codes* is done for both stages at once; its share is that of the compiled propensities' time."""


@dataclass(frozen=True)
class Speed:
    """One line of a table.

    Parameters
    ----------
    name
        Who.
    cells
        What is told between the name and the speeds.
    seconds
        By number of threads; empty where it does not run.
    rows
        How many rows that was for.
    """

    name: str
    cells: list[str]
    seconds: dict[int, float]
    rows: int

    def line(self, first: Speed) -> list[str]:
        """Write the line, compared with the first."""
        speeds = [
            f"{self.rows / self.seconds[threads]:,.0f}" if self.seconds else "-"
            for threads in THREADS
        ]
        ratios = [
            f"{first.seconds[threads] / self.seconds[threads] * self.rows / first.rows:.2f}"
            if self.seconds
            else "-"
            for threads in THREADS
        ]
        return [self.name, *self.cells, *speeds, *ratios]


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teach", type=int, default=20_000, help="teaching rows")
    parser.add_argument("--rows", type=int, default=50_000, help="rows to score")
    parser.add_argument("--explained", type=int, default=2_000, help="rows to explain")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--leads", type=int, default=4_000, help="of the simulated company")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    problem = make_problem(teach=asked.teach, judge=asked.rows)
    booster = grow(problem, trees=asked.trees, leaves=asked.leaves)
    with tempfile.TemporaryDirectory() as folder:
        model, frame = trained_champion(Path(folder), leads=asked.leads, rows=asked.rows)
    parts = [
        score_table(problem, booster, leaves=asked.leaves, repeats=asked.repeats),
        shap_table(booster, problem.judge[: asked.explained], repeats=asked.repeats),
        model_table(model, frame, explained=asked.explained, repeats=asked.repeats),
    ]
    command = shlex.join(["python", "benchmarks/scorer.py", *sys.argv[1:]])
    also = ("numba", "xgboost", "catboost", "shap", "lleaves", "treelite", "tl2cgen")
    note = NOTE.format(**vars(asked), as_good=AS_GOOD)
    # Ratios hold on a busy machine, rows a second do not: the reader must know.
    busy = f"Processes that wanted a core at the end, this one included: {os.getloadavg()[1]:.1f}"
    text = report(note, parts, circumstances(command, remark=busy, also=also))
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def trained_champion(folder: Path, *, leads: int, rows: int) -> tuple[FunnelModel, pd.DataFrame]:
    """Train a simulated company's champion; repeat its last night's features to so many rows."""
    raw = folder / "raw"
    simulate(raw, leads=leads)
    start_project(
        folder,
        str(raw / "leads.csv"),
        events=str(raw / "events" / "*.parquet"),
        outcomes=str(raw / "outcomes.csv"),
    )
    train(folder, budget_seconds=0)
    contract = load_contract(folder)
    champion = Registry(folder, contract.name).champion()
    with open_tables(contract) as tables:
        frame = learnt_features(tables, nightly_snapshots(tables, as_of=LAST_NIGHT), champion)
    return champion.model, pd.concat([frame] * -(-rows // len(frame)), ignore_index=True)[:rows]


def score_table(problem: Problem, booster: object, *, leaves: int, repeats: int) -> str:
    """Compare raw scores, and how fast they are.

    Parameters
    ----------
    problem
        The rows.
    booster
        LightGBM's model of them.
    leaves
        The most leaves of a tree.
    repeats
        Rounds.

    Returns
    -------
    str
        A Markdown table.
    """
    contenders = scorers(problem, booster, leaves=leaves)
    running = {each.name: each.score for each in contenders if each.score is not None}
    seconds = timed(running, repeats=repeats)
    said = running[contenders[0].name](1)
    lines = []
    for each in contenders:
        cells = ["-", "-", each.remark]
        if each.score is not None:
            margin = np.asarray(each.score(1))
            same = "" if "oost" in each.name else _same(margin, said)
            cells = [str(each.trees), f"{problem.auc(margin):.4f}", same]
        lines.append(Speed(each.name, cells, seconds.get(each.name, {}), len(problem.judge)))
    head = ["scorer", "trees", "AUC", "same", *_speeds_head("LightGBM")]
    return markdown_table(head, [each.line(lines[0]) for each in lines], words=1)


def shap_table(booster: object, rows: NDArray[np.float64], *, repeats: int) -> str:
    """Compare exact SHAP values, and how fast they are.

    Parameters
    ----------
    booster
        LightGBM's model.
    rows
        The rows to explain.
    repeats
        Rounds.

    Returns
    -------
    str
        A Markdown table.
    """
    contenders = explainers(booster, rows)
    running = {name: explain for name, explain in contenders.items() if explain is not None}
    seconds = timed(running, repeats=repeats)
    said = next(iter(running.values()))(1)
    lines = []
    for name, explain in contenders.items():
        cells = ["not installed" if explain is None else _same(np.asarray(explain(1)), said)]
        lines.append(Speed(name, cells, seconds.get(name, {}), len(rows)))
    head = ["exact SHAP", "same", *_speeds_head("LightGBM")]
    return markdown_table(head, [each.line(lines[0]) for each in lines], words=1)


def model_table(model: FunnelModel, frame: pd.DataFrame, *, explained: int, repeats: int) -> str:
    """Compare a champion whose trees LightGBM scores with one whose trees are compiled.

    Parameters
    ----------
    model
        The champion.
    frame
        Rows to score.
    explained
        How many of them to explain.
    repeats
        Rounds.

    Returns
    -------
    str
        A Markdown table.
    """
    stage = model.stages_[model.first_stage]
    some = frame[:explained]
    works: dict[str, tuple[Work, int]] = {
        "propensities": (lambda: model.predict(frame), len(frame)),
        "contributions": (lambda: stage.contributions(some)[0], len(some)),
    }
    lines = []
    for name, (work, rows) in works.items():
        turns = {
            f"{name}, by LightGBM": lambda _threads, work=work: _uncompiled(work),
            f"{name}, compiled": lambda _threads, work=work: work(),
        }
        seconds = timed(turns, repeats=repeats, threads=(1,))
        before, compiled = (np.asarray(turn(1)) for turn in turns.values())
        (first, slow), (second, fast) = ((each, taken[1]) for each, taken in seconds.items())
        lines.append([first, "", f"{rows / slow:,.0f}", "1.00"])
        same = _same(compiled, before)
        lines.append([second, same, f"{rows / fast:,.0f}", f"{slow / fast:.2f}"])
    lines.insert(2, ["of these: text to codes", "", *_encoding(model, frame, repeats=repeats)])
    return markdown_table(["champion", "same", "rows/s", "against LightGBM"], lines, words=1)


def _encoding(model: FunnelModel, frame: pd.DataFrame, *, repeats: int) -> list[str]:
    """Time the reading of text into every stage's codes, as a share of the propensities'."""

    def encode(_threads: int) -> None:
        columns = FeatureColumns.of(frame)
        for stage in model.stages_.values():
            stage.encoder_.columns_of(columns)

    turns = {"codes": encode, "whole": lambda _threads: model.predict(frame)}
    seconds = {
        name: taken[1] for name, taken in timed(turns, repeats=repeats, threads=(1,)).items()
    }
    share = seconds["codes"] / seconds["whole"]
    return [f"{len(frame) / seconds['codes']:,.0f}", f"{share:.0%} of the time"]


def timed(
    works: Mapping[str, Callable[[int], object]],
    *,
    repeats: int,
    threads: tuple[int, ...] = THREADS,
) -> dict[str, dict[int, float]]:
    """Let everybody work in turns.

    Parameters
    ----------
    works
        By name, what to do on so many threads.
    repeats
        Rounds, after one that does not count.
    threads
        On how many threads.

    Returns
    -------
    dict
        By name and number of threads the median seconds.
    """
    taken: dict[str, dict[int, list[float]]] = {name: {n: [] for n in threads} for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            for count in threads:
                start = time.perf_counter()
                work(count)
                if turn:
                    taken[name][count].append(time.perf_counter() - start)
    return {name: {n: median(each) for n, each in of.items()} for name, of in taken.items()}


def report(note: str, parts: list[str], below: str) -> str:
    """Lay the tables out in Markdown."""
    scores, values, champion = parts
    return (
        f"# How fast leads are scored and explained\n\n{note}\n\n{scores}\n\n## Reasons\n\n"
        f"{NOTE_SHAP}\n\n{values}\n\n## A champion\n\n{NOTE_MODEL}\n\n{champion}\n\n{below}\n"
    )


def _uncompiled(work: Work) -> object:
    """Work as where the compiler does not know the trees."""
    with patch.object(scorer, "_compiled", return_value=None):
        return work()


def _same(found: NDArray[np.float64], said: NDArray[np.float64]) -> str:
    if np.array_equal(found, said, equal_nan=True):
        return "to the last bit"
    return f"to {np.nanmax(np.abs(found - said)):.0e}"


def _speeds_head(first: str) -> list[str]:
    return [f"rows/s, {threads} thread{'s' * (threads > 1)}" for threads in THREADS] + [
        f"against {first}, {threads}" for threads in THREADS
    ]


if __name__ == "__main__":
    main()
