from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest

from leadscore.features.buckets.worker_pool import WorkerPool
from leadscore.features.core.errors import LeadScoreError

SLEEPERS = """
import os, sys, time
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from leadscore.features.buckets.worker_pool import WorkerPool

def sleep(folder, bucket):
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(120)

if __name__ == "__main__":
    opening = SimpleNamespace(token="sleep", open=partial(nullcontext, sys.argv[1]))
    with WorkerPool(2) as workers:
        list(workers.map(sleep, range(2), opening))
"""


def opening_of(value):
    """Open nothing but a value; of picklable parts, as it goes to another process."""
    return SimpleNamespace(token=str(value), open=partial(nullcontext, value))


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_buckets(count):
    with WorkerPool(count) as workers:
        results = list(workers.map(operator.add, range(9), opening_of(5)))
        more = list(workers.map(operator.mul, range(3), opening_of(7)))
    assert [result.value for result in results] == list(range(5, 14))
    assert [result.value for result in more] == [0, 7, 14]
    at_work = {result.worker for result in results}
    assert (at_work == {os.getpid()}) if count == 1 else (os.getpid() not in at_work)
    assert all(result.peak_memory_mb > 1 for result in results)


@pytest.mark.parametrize("count", [1, 2])
def test_what_goes_wrong_is_said_as_it_was(count):
    with WorkerPool(count) as workers, pytest.raises(ZeroDivisionError):
        list(workers.map(operator.truediv, [3, 0], opening_of(5)))


def test_a_process_that_dies_is_told_with_what_to_do():
    with (
        WorkerPool(2) as workers,
        pytest.raises(LeadScoreError, match=r"ended in the midst of its work.*--workers 1"),
    ):
        list(workers.map(operator.call, [3], opening_of(os._exit)))


def test_workers_leave_with_whom_they_work_for(tmp_path):
    script, folder = tmp_path / "sleepers.py", tmp_path / "at work"
    folder.mkdir()
    script.write_text(SLEEPERS, encoding="utf-8")
    path = os.pathsep.join(each for each in sys.path if each)
    run = subprocess.Popen(
        [sys.executable, str(script), str(folder)], env={**os.environ, "PYTHONPATH": path}
    )
    _wait_until(lambda: len(list(folder.iterdir())) == 2, seconds=60)
    run.send_signal(signal.SIGKILL)
    run.wait()
    pids = [int(file.name) for file in folder.iterdir()]
    _wait_until(lambda: not any(_is_alive(pid) for pid in pids), seconds=20)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(holds, *, seconds):
    for _turn in range(seconds * 10):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen in {seconds} seconds")
