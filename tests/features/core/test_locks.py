from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leadscore.features.core.errors import RunLocked
from leadscore.features.core.locks import project_lock

HOLD = """
import sys, time
from pathlib import Path
from leadscore.features.core.locks import project_lock
with project_lock(Path(sys.argv[1]), command="leadscore score"):
    print("held", flush=True)
    time.sleep(60)
"""
ROOT = Path(__file__).parents[3]


def test_a_second_run_is_told_who_holds_the_lock(tmp_path):
    who = rf"Another run works in .*: `leadscore score` \(process {os.getpid()}, since 20.* UTC\)"
    with (
        project_lock(tmp_path, command="leadscore score"),
        pytest.raises(RunLocked, match=who),
        project_lock(tmp_path, command="leadscore train"),
    ):
        pass


def test_the_lock_is_free_after_the_block_even_when_it_failed(tmp_path):
    with pytest.raises(ZeroDivisionError), project_lock(tmp_path, command="train"):
        raise ZeroDivisionError
    with project_lock(tmp_path, command="score"):
        pass


def test_projects_do_not_wait_for_each_other(tmp_path):
    with (
        project_lock(tmp_path / "a", command="score"),
        project_lock(tmp_path / "b", command="score"),
    ):
        pass


def test_a_killed_run_leaves_no_lock_behind(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(RunLocked, match=f"process {holder.pid}"),
            project_lock(tmp_path, command="score"),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
    with project_lock(tmp_path, command="score"):
        pass


def test_a_holder_that_has_not_signed_yet_is_no_error(tmp_path):
    with project_lock(tmp_path, command="score"):
        (tmp_path / ".leadscore/lock").write_text("")
        with (
            pytest.raises(RunLocked, match="one that has only just begun"),
            project_lock(tmp_path, command="train"),
        ):
            pass
