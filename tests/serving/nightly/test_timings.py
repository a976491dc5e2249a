from __future__ import annotations

import logging
import time

import pytest

from leadscore.serving.nightly.timings import Progress, Stages


def test_pieces_of_a_stage_add_up_even_where_one_fails() -> None:
    stages = Stages()
    with stages.timed("features"):
        time.sleep(0.01)
    first = stages.seconds["features"]

    @stages.timed("features")
    def fail() -> None:
        time.sleep(0.01)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert stages.seconds["features"] > first >= 0.01
    assert list(stages.seconds) == ["features"]


def test_progress_says_how_far_and_how_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 30.0, 60.0, 600.0])
    monkeypatch.setattr("leadscore.serving.nightly.timings.time.perf_counter", lambda: next(now))
    progress = Progress("words", 3, _began=next(now))
    with caplog.at_level(logging.INFO, logger="leadscore.serving"):
        for _turn in range(3):
            progress.add(1_500)
    first, second, last = caplog.messages
    assert first == "words: bucket 1 of 3, 1,500 leads, 50 a second, 60 s left"
    assert second == "words: bucket 2 of 3, 3,000 leads, 50 a second, 30 s left"
    assert last == "words: bucket 3 of 3, 4,500 leads, 8 a second"


def test_seconds_of_workers_side_by_side_pass_the_sooner() -> None:
    stages = Stages({"features": 1.0})
    stages.share({"features": 4.0, "keep": 1.0}, 2)
    stages.share({"features": 6.0}, 2)
    assert stages.seconds == {"features": 6.0, "keep": 0.5}


def test_peak_memory_is_that_of_this_process_and_its_workers() -> None:
    alone, stages = Stages().peak_memory_mb, Stages()
    assert 50 < alone < 100_000
    for worker, peak in ((7, 1_000.0), (8, 500.0), (7, 900.0)):
        stages.saw(worker, peak)
    assert stages.peak_memory_mb - alone == pytest.approx(1_500, abs=50)
