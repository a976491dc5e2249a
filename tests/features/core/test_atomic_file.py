from __future__ import annotations

import pytest

from leadscore.features.core.atomic_file import replacing, write_text


@pytest.mark.parametrize("sync", [False, True])
def test_a_file_is_replaced_once_the_block_is_done(tmp_path, *, sync):
    file = tmp_path / "new folder" / "scores.csv"
    write_text(file, "old")
    with replacing(file, sync=sync) as part:
        part.write_text("new", encoding="utf-8")
        assert file.read_text(encoding="utf-8") == "old"
    assert file.read_text(encoding="utf-8") == "new"
    assert list(file.parent.iterdir()) == [file]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "scores.csv"
    write_text(file, "old")

    def write_half():
        with replacing(file) as part:
            part.write_text("half", encoding="utf-8")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text(encoding="utf-8") == "old"
