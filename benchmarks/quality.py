"""Ours beside logistic regression, LightGBM, CatBoost and FLAML on the same later leads.

Run as `python benchmarks/quality.py`; writes `benchmarks/results/quality.md`. The real companies
are read from the folder that `--data` or the environment variable LEADSCORE_DATA names; any other
project folder with a `leadscore.toml` joins them by `--project`.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances  # noqa: E402
from benchmarks.quality_peers import PEERS, Answer, flaml, our_answers, peer_answer  # noqa: E402
from benchmarks.quality_report import report  # noqa: E402
from benchmarks.quality_sets import (  # noqa: E402
    DATA,
    SETS,
    SIMULATED_LEADS,
    earlier_cuts,
    facts,
    project_set,
    quality_sets,
    task_of,
)
from benchmarks.quality_table import OURS, contest  # noqa: E402

if TYPE_CHECKING:
    from benchmarks.quality_peers import Peer
    from benchmarks.quality_sets import QualitySet, Task
    from benchmarks.quality_table import Contest

RESULT = Path(__file__).parent / "results" / "quality.md"
SEEDS = 3
BUDGET = 60.0  # seconds; FLAML's own default is to search for ever
PEER_LIBRARIES = ("catboost", "flaml", "xgboost")


@dataclass(frozen=True)
class Round:
    """One company at one date.

    Parameters
    ----------
    data
        The company.
    when
        Which leads judge, in words.
    """

    data: QualitySet
    when: str


def main() -> None:
    """Run every model on every company asked for and write the report."""
    asked = _parser().parse_args()
    rounds = _rounds(asked)
    found = [
        each
        for one in rounds
        for each in contests(one, seeds=asked.seeds, budget=asked.budget, models=asked.models)
    ]
    command = shlex.join(["python", "benchmarks/quality.py", *sys.argv[1:]])
    below = circumstances(command, also=PEER_LIBRARIES, remark=f"Seeds: {asked.seeds} a model")
    text = report(found, budget=asked.budget, below=below)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real companies")
    parser.add_argument("--project", type=Path, action="append", default=[], help="a folder more")
    parser.add_argument("--leads", type=int, default=SIMULATED_LEADS, help="of the simulation")
    parser.add_argument("--cuts", type=int, default=0, help="earlier dates to cut at, too")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds that FLAML has")
    parser.add_argument("--models", nargs="*", default=[*PEERS, "FLAML"], help="peers to run")
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser


def _rounds(asked: argparse.Namespace) -> list[Round]:
    companies = quality_sets(asked.sets, data=asked.data, leads=asked.leads)
    absent = [name for name in asked.sets if not any(name in each.name for each in companies)]
    if absent:
        print(f"left out, not in {asked.data}: {', '.join(absent)}", file=sys.stderr)
    companies += [project_set(each) for each in asked.project]
    rounds = []
    for company in companies:
        rounds.append(Round(company, "latest" if company.split.by_time else "at random"))
        for number, earlier in enumerate(earlier_cuts(company, asked.cuts), start=1):
            rounds.append(Round(earlier, f"earlier cut {number}"))
    return rounds


def contests(one: Round, *, seeds: int, budget: float, models: list[str]) -> list[Contest]:
    """Run every model on one company.

    Parameters
    ----------
    one
        The company and what its split is called.
    seeds
        How often each model runs.
    budget
        Seconds that FLAML has.
    models
        The peers to run: names of `PEERS`, and `FLAML`.

    Returns
    -------
    list of Contest
        One a stage.
    """
    data = one.data
    tasks = {stage: task_of(data, stage) for stage in data.labels.stages}
    answers: dict[str, dict[str, list[Answer | str]]] = {stage: {} for stage in tasks}
    for seed in range(seeds):
        ours = our_answers(data, seed=seed)
        for stage, task in tasks.items():
            seconds = ours[stage].seconds
            said = {OURS: ours[stage], **_peers(task, seed, budget, seconds, models)}
            for name, answer in said.items():
                answers[stage].setdefault(name, []).append(answer)
            _tell(f"{data.name}, {one.when}, {stage}, seed {seed}", said)
    return [
        contest(
            data.name,
            one.when,
            stage,
            facts=facts(data, stage),
            task=task,
            answers=answers[stage],
        )
        for stage, task in tasks.items()
    ]


def _peers(
    task: Task, seed: int, budget: float, seconds: float, models: list[str]
) -> dict[str, Answer | str]:
    found: dict[str, Answer | str] = {}
    for name in models:
        if name in PEERS:
            found[name] = _answer_or_reason(PEERS[name], task, seed, 0.0)
        else:
            found[f"FLAML, {budget:.0f} s"] = _answer_or_reason(flaml, task, seed, budget)
            found["FLAML, as long as ours"] = _answer_or_reason(flaml, task, seed, seconds)
    return found


def _answer_or_reason(peer: Peer, task: Task, seed: int, seconds: float) -> Answer | str:
    try:
        return peer_answer(peer, task, seed=seed, seconds=seconds)
    except ImportError as error:
        return f"{error}; `pip install -e '.[benchmarks]'` brings it"
    except Exception as error:  # noqa: BLE001 - a peer that fails is a row of the table, not the end
        return f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"


def _tell(where: str, said: dict[str, Answer | str]) -> None:
    """Say on standard error how far the run is; it takes an hour."""
    words = [
        f"{name} {answer.seconds:.0f} s" if isinstance(answer, Answer) else f"{name}: {answer}"
        for name, answer in said.items()
    ]
    print(f"{where}: {'; '.join(words)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
