from __future__ import annotations

import ibis
import pandas as pd
import pytest

from leadscore.features.tables.query_cache import QueryCache


def test_a_query_is_built_once_and_sees_the_rows_of_now():
    connection = ibis.duckdb.connect()
    connection.create_table("leads", pd.DataFrame({"n": [1, 2]}))
    cache = QueryCache()
    first = cache.to_arrow("total", lambda: connection.table("leads").aggregate(n=ibis._.n.sum()))
    connection.create_table("leads", pd.DataFrame({"n": [3, 4]}), overwrite=True)
    again = cache.to_arrow("total", lambda: pytest.fail("it is built a second time"))
    assert (first["n"].to_pylist(), again["n"].to_pylist()) == ([3], [7])
    assert again.schema == first.schema


def test_each_key_is_built_once():
    cache = QueryCache()
    assert cache.get_or_build("a", object) is cache.get_or_build("a", object)
    assert cache.get_or_build("a", object) is not cache.get_or_build("b", object)
