"""Compiled queries, which serve one bucket of leads after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import ibis

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import pyarrow as pa

Built = TypeVar("Built")


class QueryCache:
    """Compiled queries and built objects by key.

    Building an expression and compiling it to SQL takes seconds. Tables of buckets keep their
    names and change their rows, so that it is done once.
    """

    def __init__(self) -> None:
        self._queries: dict[str, tuple[ir.Table, pa.Schema, str]] = {}
        self._built: dict[str, Any] = {}

    def get_or_build(self, key: str, build: Callable[[], Built]) -> Built:
        """Return what was built under this key; the first call builds it."""
        if key not in self._built:
            self._built[key] = build()
        built: Built = self._built[key]
        return built

    def to_arrow(self, key: str, build: Callable[[], ir.Table]) -> pa.Table:
        """Run this key's query on the rows that its tables hold now."""
        if key not in self._queries:
            expression = build()
            found = expression.to_pyarrow()  # which also registers tables in memory
            query = ibis.get_backend(expression).compile(expression)
            self._queries[key] = (expression, found.schema, query)
            return found
        expression, schema, query = self._queries[key]
        return ibis.get_backend(expression).con.sql(query).to_arrow_table().cast(schema)
