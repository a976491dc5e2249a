from __future__ import annotations

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadscore.features.core.errors import DataError
from leadscore.frames import to_arrow, write_frames

ROWS = {"lead_id": ["a", "b"], "staff": [10, None]}


def polars_frame() -> object:
    return pytest.importorskip("polars").DataFrame(ROWS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame(ROWS),
        lambda: pa.table(ROWS),
        lambda: ibis.memtable(pa.table(ROWS)),
        polars_frame,
    ],
    ids=["pandas", "arrow", "ibis", "polars"],
)
def test_a_frame_of_any_library_is_the_same_table(make):
    table = to_arrow(make())
    assert table.column_names == ["lead_id", "staff"]
    assert table.to_pandas()["staff"].fillna(-1).tolist() == [10, -1]


def test_a_named_index_becomes_a_column():
    frame = pd.DataFrame(ROWS).set_index("lead_id")
    assert to_arrow(frame).column_names == ["lead_id", "staff"]


def test_an_index_without_a_name_is_left_out():
    assert to_arrow(pd.DataFrame(ROWS, index=[5, 6])).column_names == ["lead_id", "staff"]


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="leads has two columns 'a'"):
        to_arrow(pd.DataFrame([[1, 2]], columns=["a", "a"]), name="leads")


def test_a_column_of_mixed_types_is_named():
    with pytest.raises(DataError, match="column staff"):
        to_arrow(pd.DataFrame({"staff": pd.Series([1, "many"], dtype=object)}))


def test_what_is_no_frame_is_refused_by_its_type():
    with pytest.raises(DataError, match="events: list is no frame"):
        to_arrow([1, 2], name="events")  # type: ignore[arg-type]


def test_frames_are_written_under_their_names(tmp_path):
    files = write_frames(tmp_path, {"leads": pd.DataFrame(ROWS), "events": None})
    assert files == {"leads": "leads.parquet"}
    assert pq.read_table(tmp_path / "leads.parquet").num_rows == 2


def test_blanks_around_a_name_are_left_out():
    assert to_arrow(pd.DataFrame({" a ": [1]})).column_names == ["a"]
    assert to_arrow(pa.table({" a ": [1]})).column_names == ["a"]
    with pytest.raises(DataError, match="two columns 'a'"):
        to_arrow(pa.table({" a": [1], "a": [2]}))


def test_an_index_that_repeats_a_column_is_left_out():
    frame = pd.DataFrame({"c": [1, 2]})
    assert to_arrow(frame.set_index(frame["c"])).column_names == ["c"]


def test_a_type_that_no_file_holds_is_refused(tmp_path):
    intervals = pd.DataFrame({"band": pd.cut(pd.Series([1, 2, 3]), 2)})
    with pytest.raises(DataError, match=r"leads: .*text"):
        write_frames(tmp_path, {"leads": intervals})
