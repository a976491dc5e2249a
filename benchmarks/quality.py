"""Ours beside its peers, through the command line: `init`, `train`, `score`, and what became of it.

Run as `python benchmarks/quality.py --keep FOLDER --autogluon PYTHON`; writes
`benchmarks/results/quality.md` anew after each cut. Real companies are read from the folder that
`--data` or the environment variable LEADSCORE_DATA names; `--project` and `--flat` add others.
With `--keep` an interrupted run goes on where it ended, and only what changed runs again.

AutoGluon needs an environment of its own: `python -m venv FOLDER` and
`FOLDER/bin/pip install "autogluon.tabular[lightgbm,catboost,xgboost]"`; PYTHON is its interpreter.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances  # noqa: E402
from benchmarks.quality_companies import (  # noqa: E402
    DATA,
    REAL,
    SIMULATED,
    flat_company,
    project_company,
    real_companies,
    simulated_companies,
)
from benchmarks.quality_kept import Keep, code_digest, task_digest  # noqa: E402
from benchmarks.quality_peers import (  # noqa: E402
    AUTOGLUON_SECONDS,
    FLAML_SECONDS,
    peer_answer,
    peers,
)
from benchmarks.quality_report import judge, report  # noqa: E402
from benchmarks.quality_walk import walk  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.quality_companies import Company
    from benchmarks.quality_peers import Peer
    from benchmarks.quality_report import Judged
    from benchmarks.quality_walk import Walked

RESULT = Path(__file__).parent / "results" / "quality.md"
PEER_LIBRARIES = ("catboost", "flaml", "xgboost")


def main() -> None:
    """Walk with every company asked for and write the tables."""
    asked = _parser().parse_args()
    command = shlex.join(["python", "benchmarks/quality.py", *sys.argv[1:]])
    below = circumstances(command, also=PEER_LIBRARIES)
    found: list[Judged] = []
    failed: list[str] = []
    for one in compared(companies(asked), asked):
        if isinstance(one, str):
            failed.append(one)
        else:
            found.append(one)
        asked.out.write_text(report(found, failed=failed, below=below), encoding="utf-8")
    print(asked.out.read_text(encoding="utf-8"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--sets", nargs="*", default=list(REAL), choices=list(REAL), help="real companies")
    add("--data", type=Path, default=DATA, help="folder of the real companies")
    add("--simulated", type=int, default=SIMULATED, help="how many simulated companies")
    add("--project", type=Path, action="append", default=[], help="a company's folder")
    add("--flat", nargs="+", action="append", default=[], metavar="FILE TARGET [DATE]")
    add("--cuts", type=int, help="only so many of each company's cuts")
    add(
        "--train", nargs="*", default=[], help="options of `leadscore train`, as --train=--budget=0"
    )
    add("--peers", nargs="*", help="beginnings of their names; by default all")
    add("--flaml-seconds", type=float, default=FLAML_SECONDS)
    add("--autogluon", type=Path, metavar="PYTHON", help="interpreter of its environment")
    add("--autogluon-seconds", type=float, default=AUTOGLUON_SECONDS)
    add("--keep", type=Path, metavar="FOLDER", help="keep answers here, and use those kept")
    add("--out", type=Path, default=RESULT)
    return parser


def companies(asked: argparse.Namespace) -> list[Company]:
    """List the companies that were asked for; those whose data is missing are said to be."""
    found = real_companies(asked.sets, asked.data)
    absent = set(asked.sets) - {each.name for each in found}
    if absent:
        print(f"left out, not in {asked.data}: {', '.join(sorted(absent))}", file=sys.stderr)
    found += [flat_company(Path(file), *others) for file, *others in asked.flat]
    found += [project_company(folder) for folder in asked.project]
    return found + simulated_companies(asked.simulated)


def compared(found: Sequence[Company], asked: argparse.Namespace) -> Iterator[Judged | str]:
    """Go through every cut, and let every peer answer; text says what could not be walked."""
    keep = Keep(asked.keep)
    every = peers(
        flaml_seconds=asked.flaml_seconds,
        autogluon_python=asked.autogluon,
        autogluon_seconds=asked.autogluon_seconds,
    )
    wanted = tuple(asked.peers) if asked.peers is not None else ("",)
    chosen = {name: peer for name, peer in every.items() if name.startswith(wanted)}
    for company in found:
        for cut in company.cuts[: asked.cuts]:
            key = ("walk", company.fingerprint, cut, asked.train, code_digest())
            walked = keep.get(key, partial(_walked, company, cut, asked.train))
            if isinstance(walked, str) or not walked:
                yield f"{company.name}, cut {cut:g}: {walked or 'nobody to judge by'}"
                continue
            for each in walked:
                yield _judged(company, each, chosen, keep)


def _walked(company: Company, cut: float, options: Sequence[str]) -> list[Walked] | str:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return walk(company.files(Path(scratch)), cut, options)
        except Exception as error:  # noqa: BLE001 - files that cannot be read are a result
            return f"{type(error).__name__}: {error}"


def _judged(company: Company, walked: Walked, chosen: dict[str, Peer], keep: Keep) -> Judged:
    rows = task_digest(walked.task)
    answers = {
        name: keep.get((name, rows), partial(peer_answer, peer, walked.task))
        for name, peer in chosen.items()
    }
    one = judge(company.name, company.group, walked, answers)
    print(f"{one.company}, {one.when}, {one.stage}\n{one.figures}", file=sys.stderr, flush=True)
    return one


if __name__ == "__main__":
    main()
