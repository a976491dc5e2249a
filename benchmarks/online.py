"""One lead at a time over HTTP: how long `mlflow models serve` takes for a feature row."""

from __future__ import annotations

import argparse
import os
import queue
import shlex
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import circumstances, markdown_table
from benchmarks.online_server import Client, Server, as_request, serving
from benchmarks.simulated import simulated_project
from leadscore.features.contract import load_contract
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.features.tables import open_tables
from leadscore.serving.lead_facts import learnt_features
from leadscore.training.registry import Registry
from leadscore.training.workflow import train

LEADS, SEED = 8_000, 61  # a company that no other benchmark uses
A_SECOND, SECONDS = 50, 60
CONNECTIONS = 16  # more than can wait at once while p99 is below 300 ms
ROWS = 500  # different ones, in turn
HEAD = ["run", "requests", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "load"]
RESULT = Path(__file__).parent / "results" / "online.md"
INTRODUCTION = """\
A made-up company of {leads:,} leads trains a model of {features} features. Its champion is served
by `mlflow models serve --env-manager local`, one worker, and asked for one feature row a request,
{a_second} requests a second for {seconds} seconds over loopback, from another process on the same
machine, by {rows} different rows in turn. Requests are due at even intervals whether or not earlier
ones were answered, and a time counts from when its request was *due* to when the whole answer was
there: who waits in a queue is counted with the waiting. Every answer is compared with what the
model says of all rows at once; {equal} of {checked} rows are equal to the last bit. The server
answered {started:.1f} s after it was started; its very first answer took {first:.0f} ms. *Load* is
the machine's mean number of running processes in the minute before."""


@dataclass(frozen=True)
class Timed:
    """What one run took.

    Parameters
    ----------
    milliseconds
        Of each request, from when it was due.
    failed
        How many had no answer.
    equal
        How many rows came back as the model says, of those that were asked.
    load
        The machine's load before.
    """

    milliseconds: list[float]
    failed: int
    equal: dict[int, bool]
    load: float


@dataclass(frozen=True)
class Measured:
    """All runs, and what they were run on.

    Parameters
    ----------
    runs
        In order.
    features
        How many columns a row has.
    started_seconds, first_milliseconds
        Until the server answered at all, and what its first row took.
    """

    runs: list[Timed]
    features: int
    started_seconds: float
    first_milliseconds: float


def main() -> None:
    """Train, serve, ask, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--a-second", type=int, default=A_SECOND, help="requests a second")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--project", type=Path, help="one with a champion, in place of a new one")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = asked.project or trained_project(Path(scratch), leads=asked.leads)
        measured = measure(project, runs=asked.runs, a_second=asked.a_second, seconds=asked.seconds)
    command = shlex.join(["python", "benchmarks/online.py", *sys.argv[1:]])
    page = report(
        measured,
        leads=asked.leads,
        a_second=asked.a_second,
        seconds=asked.seconds,
        below=circumstances(command),
    )
    asked.out.write_text(page, encoding="utf-8")
    print(page)


def trained_project(directory: Path, *, leads: int) -> Path:
    """Simulate a company and train its champion."""
    simulated_project(directory, leads=leads, seed=SEED)
    train(directory)
    registry = Registry(directory, load_contract(directory).name)
    if registry.version_of("champion") is None:
        registry.promote("1", who="benchmark", why="whoever it is, it is served")
    return directory


def measure(project: Path, *, runs: int, a_second: int, seconds: int) -> Measured:
    """Serve a project's champion and ask it."""
    contract = load_contract(project)
    champion = Registry(project, contract.name).champion()
    with open_tables(contract) as tables:
        as_of = tables.data_end
        frame = learnt_features(tables, nightly_snapshots(tables, as_of=as_of), champion)
    rows = frame[champion.model.features_].head(ROWS)
    said = champion.model.predict(rows).to_dict("records")
    bodies = [as_request(rows.iloc[[place]]) for place in range(len(rows))]
    with (
        tempfile.TemporaryDirectory() as logs,
        serving(project, contract.name, log=Path(logs) / "server.log") as server,
    ):
        start = time.perf_counter()
        with Client(server) as client:
            client.ask(bodies[0])
        first = (time.perf_counter() - start) * 1000
        timed = [ask_on_time(server, bodies, said, a_second, seconds) for _ in range(runs)]
        return Measured(timed, rows.shape[1], server.started_seconds, first)


def ask_on_time(
    server: Server,
    bodies: list[bytes],
    said: list[dict[str, float]],
    a_second: int,
    seconds: int,
) -> Timed:
    """Ask at even intervals, whether or not earlier requests were answered."""
    due: queue.Queue[tuple[int, float] | None] = queue.Queue()
    times: list[float] = []
    equal: dict[int, bool] = {}
    failed: list[int] = []

    def work() -> None:
        with Client(server) as client:
            while (each := due.get()) is not None:
                number, at = each
                place = number % len(bodies)
                answer = client.ask(bodies[place])
                times.append((time.perf_counter() - at) * 1000)
                if answer.status != 200:
                    failed.append(number)
                elif place not in equal:
                    equal[place] = answer.predictions == [said[place]]

    load = os.getloadavg()[0]
    workers = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    begin = time.perf_counter() + 0.1
    for number in range(a_second * seconds):
        at = begin + number / a_second
        time.sleep(max(at - time.perf_counter(), 0.0))
        due.put((number, at))
    for _ in workers:
        due.put(None)
    for worker in workers:
        worker.join()
    return Timed(times, len(failed), equal, load)


def report(measured: Measured, *, leads: int, a_second: int, seconds: int, below: str) -> str:
    """Lay out the page."""
    rows = []
    for number, run in enumerate(measured.runs, 1):
        marks = np.percentile(run.milliseconds, [50, 95, 99, 100])
        figures = [f"{len(run.milliseconds):,}", *(f"{mark:.1f}" for mark in marks)]
        rows.append([str(number), *figures, str(run.failed), f"{run.load:.2f}"])
    checked: dict[int, bool] = {}
    for run in measured.runs:
        checked |= {place: checked.get(place, True) and own for place, own in run.equal.items()}
    introduction = INTRODUCTION.format(
        leads=leads,
        features=measured.features,
        a_second=a_second,
        seconds=seconds,
        rows=len(checked),
        equal=sum(checked.values()),
        checked=len(checked),
        started=measured.started_seconds,
        first=measured.first_milliseconds,
    )
    table = markdown_table(HEAD, rows, words=1)
    return f"# One lead at a time over HTTP\n\n{introduction}\n\n{table}\n\n{below}\n"


if __name__ == "__main__":
    main()
