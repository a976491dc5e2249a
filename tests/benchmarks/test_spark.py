from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.nightly_company import Grown
from benchmarks.spark import DUCKDB, SPARK, WHOLE, WORK, Measured, _Work, report

BUSY = "import time\nwhile time.process_time() < 0.6: pass"


def measured(leads: int, *, work: float) -> Measured:
    seconds = {"sort and screen": 5.0, WHOLE: work / 2, WORK: work}
    grown = Grown(leads, leads, events=20 * leads, new_events=0, outcomes=leads)
    return Measured(grown, {SPARK: seconds, DUCKDB: {**seconds, WORK: work / 4}})


def test_what_is_fixed_and_what_a_lead_costs_are_told_apart() -> None:
    small = measured(100_000, work=100.0)
    large = measured(300_000, work=200.0)
    text = report([small, large], "the command", master="local[2]")
    assert "| sort and screen | 5.0 s | 5.0 s |" in text
    row = re.search(r"\| Spark \| (.*) \|", text)
    assert row is not None
    assert row[1] == "50 s | 500 µs | 139 h"
    assert "nobody has measured it" in text


def test_the_work_of_a_process_is_counted() -> None:
    command = [sys.executable, "-c", f"{BUSY}\nimport time; time.sleep(0.5)"]
    with subprocess.Popen(command) as run:
        work = _Work(run.pid)
        run.wait()
        work.stop()
    assert 0.5 < sum(work.seconds.values()) < 2.0
