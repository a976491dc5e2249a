from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from leadscore.serving.nightly.checkpoint_store import Workbench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> Workbench:
    return Workbench.of(tmp_path, {"night": 1})


def test_what_is_kept_is_taken_up_as_it_was(work: Workbench) -> None:
    frame = pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "p": [0.1, None],
            "at": pd.to_datetime(["2026-06-01", None]),
            "is_sql": [True, False],
        }
    ).astype({"lead_id": "str"})
    work.keep("leads", 3, frame)
    assert work.has("leads", 3)
    assert not work.has("leads", 4)
    pd.testing.assert_frame_equal(work.take("leads", 3), frame, check_dtype=False)


def test_the_same_night_goes_on_and_another_begins_anew(work: Workbench, tmp_path: Path) -> None:
    work.keep("leads", 0, pd.DataFrame({"n": [1]}))
    assert Workbench.of(tmp_path, {"night": 1}).has("leads", 0)
    assert not Workbench.of(tmp_path, {"night": 2}).has("leads", 0)
    assert not Workbench.of(tmp_path, {"night": 1}).has("leads", 0)


def test_half_of_a_part_is_no_part(work: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(
            "leadscore.serving.nightly.checkpoint_store.feather.write_feather", full_disk
        )
        with pytest.raises(OSError, match="No space left"):
            work.keep("leads", 0, pd.DataFrame({"n": [1]}))
    assert not work.has("leads", 0)


def test_a_part_may_be_thrown_away_and_the_whole_night(work: Workbench) -> None:
    work.keep("leads", 0, pd.DataFrame({"n": [1]}))
    work.drop("leads", 0)
    assert not work.has("leads", 0)
    work.clear()
    assert not work.folder.exists()


def test_work_that_is_half_thrown_away_is_not_gone_on_with(
    work: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bucket in range(2):
        work.keep("leads", bucket, pd.DataFrame({"n": [1]}))

    def dying(*_args: object, **_options: object) -> None:
        work.drop("leads", 0)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("leadscore.serving.nightly.checkpoint_store.shutil.rmtree", dying)
        with pytest.raises(KeyboardInterrupt):
            work.clear()
    assert not Workbench.of(tmp_path, {"night": 1}).has("leads", 1)
