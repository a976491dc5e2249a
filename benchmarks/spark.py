"""A night on Spark beside the same night on DuckDB: seconds by stage, and what a lead costs.

Run as `python benchmarks/spark.py`; writes `benchmarks/results/spark.md`. `--leads` and `--events`
take several sizes: what is fixed and what grows with the leads is told apart by two of them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.nightly import NIGHT, _take_over, make_base  # noqa: E402
from benchmarks.nightly_company import grow  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.nightly_company import Grown

RESULT = Path(__file__).parent / "results" / "spark.md"
SPARK, DUCKDB = "Spark", "DuckDB"
WHOLE, WORK = "whole", "work of all processors"
SAMPLES_A_SECOND = 5
BILLION = 1_000_000_000
INTRODUCTION = """\
`leadscore score --engine spark --master {master}` of a made-up company's night, from Parquet files
to the ledger, in a process of its own; and `leadscore score` on DuckDB, of the same tables on the
same machine. Both ledgers are compared. The company is that of `benchmarks/nightly.py`."""


@dataclass(frozen=True)
class Measured:
    """The night of one size.

    Parameters
    ----------
    grown
        The company.
    seconds
        By engine and stage; the whole, and what all processors worked together.
    """

    grown: Grown
    seconds: Mapping[str, Mapping[str, float]]


def main() -> None:
    """Measure each size asked for, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[60_000, 200_000])
    parser.add_argument("--events", type=int, nargs="+", default=[1_200_000, 4_000_000])
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--driver-memory", default="4g", help="of Spark's Java process")
    parser.add_argument("--base-leads", type=int, default=60_000)
    parser.add_argument("--base", type=Path, help="a trained project to use again, or to make")
    parser.add_argument("--folder", type=Path, help="where the company is made")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-memory {asked.driver_memory} pyspark-shell"
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        base = asked.base or Path(scratch) / "base"
        make_base(base, leads=asked.base_leads)
        found = [
            measure(base, Path(scratch), leads=leads, events=events, master=asked.master)
            for leads, events in zip(asked.leads, asked.events, strict=True)
        ]
    sizes = " ".join(map(str, asked.leads)), " ".join(map(str, asked.events))
    command = f"python benchmarks/spark.py --leads {sizes[0]} --events {sizes[1]}"
    text = report(found, command, master=asked.master)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def measure(base: Path, scratch: Path, *, leads: int, events: int, master: str) -> Measured:
    """Make a company of one size, and measure its night on both engines.

    Raises
    ------
    RuntimeError
        Where a night fails, or the ledgers differ.
    """
    folders = {SPARK: scratch / "on spark", DUCKDB: scratch / "on duckdb"}
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)
    folders[SPARK].mkdir(parents=True)
    _take_over(base, folders[SPARK])
    raw = folders[SPARK] / "raw"
    grown = grow(base / "raw", raw, open_leads=leads, events=events, night=NIGHT)
    shutil.copytree(folders[SPARK], folders[DUCKDB])
    options = {SPARK: ["--engine", "spark", "--master", master], DUCKDB: []}
    seconds = {engine: _night(folders[engine], options[engine]) for engine in folders}
    _refuse_other_ledger(folders[SPARK], folders[DUCKDB])
    return Measured(grown, seconds)


def _night(folder: Path, options: list[str]) -> dict[str, float]:
    night = ["score", "-C", str(folder), "--as-of", f"{NIGHT:%Y-%m-%d}", *options]
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "leadscore/cli/app.py"), *night]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment) as run:
        work = _Work(run.pid)
        code = run.wait()
        whole = time.perf_counter() - began
        work.stop()
    if code:
        raise RuntimeError(f"{' '.join(night)} ended with {code}")
    newest = max((folder / "runs").glob("*.json"), key=lambda file: file.stat().st_mtime)
    stages: dict[str, float] = json.loads(newest.read_text(encoding="utf-8"))["seconds"]
    return {**stages, WHOLE: whole, WORK: sum(work.seconds.values())}


class _Work(threading.Thread):
    """Looks again and again how long processors have worked for a process and its children.

    Seconds of work do not depend on what else a machine has to do, as those on the wall do.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.seconds: dict[int, float] = {}
        self._process, self._over = psutil.Process(pid), threading.Event()
        self.start()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._over.wait(1 / SAMPLES_A_SECOND):
            with contextlib.suppress(psutil.Error):
                for each in (self._process, *self._process.children(recursive=True)):
                    self._look_at(each)

    def _look_at(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.Error):  # it may be over by now
            times = process.cpu_times()
            self.seconds[process.pid] = times.user + times.system

    def stop(self) -> None:
        """Stop sampling."""
        self._over.set()
        self.join()


def _refuse_other_ledger(one: Path, other: Path) -> None:
    import pandas as pd

    found, expected = (
        pd.read_parquet(folder / "ledger").sort_values("lead_id", ignore_index=True)
        for folder in (one, other)
    )
    about_the_run = ["run_id", "scored_at"]
    frames = (each.drop(columns=about_the_run) for each in (found, expected))
    pd.testing.assert_frame_equal(*frames, rtol=1e-8, atol=1e-8)


def report(found: list[Measured], command: str, *, master: str) -> str:
    """Write the tables: a column a size, a row a stage; and what a billion leads would take.

    Returns
    -------
    str
        Markdown.
    """
    head = ["", *(f"{each.grown.open_leads:,} leads" for each in found)]
    sizes = [["events", *(f"{each.grown.events:,}" for each in found)]]
    introduction = INTRODUCTION.format(master=master)
    parts = ["# A night on Spark", introduction, markdown_table(head, sizes, words=1)]
    for engine in (SPARK, DUCKDB):
        stages = list(found[0].seconds[engine])
        rows = [
            [stage, *(f"{each.seconds[engine].get(stage, 0.0):,.1f} s" for each in found)]
            for stage in stages
        ]
        parts += [f"## {engine}", markdown_table(head, rows, words=1)]
    if len(found) > 1:
        parts += ["## A billion leads, extrapolated", _billion(found[0], found[-1])]
    remark = "One run of each size and engine, one after the other."
    return "\n\n".join([*parts, circumstances(command, remark=remark, also=("pyspark",))]) + "\n"


def _billion(small: Measured, large: Measured) -> str:
    """Tell what is fixed from what grows, and carry the latter on to a billion leads."""
    more = large.grown.open_leads - small.grown.open_leads
    rows = []
    for engine in (SPARK, DUCKDB):
        first, last = small.seconds[engine], large.seconds[engine]
        each = (last[WORK] - first[WORK]) / more
        fixed = first[WORK] - each * small.grown.open_leads
        rows.append(
            [
                engine,
                f"{fixed:,.0f} s",
                f"{each * 1e6:,.0f} µs",
                f"{each * BILLION / 3600:,.0f} h",
            ]
        )
    head = ["", "fixed work", "work a lead", "a billion leads, core hours"]
    said = (
        "From the work of all processors at the smallest and the largest size. The last column is "
        "the one before times a billion: nobody has measured it."
    )
    return said + "\n\n" + markdown_table(head, rows, words=1)


if __name__ == "__main__":
    main()
