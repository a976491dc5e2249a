"""Ibis's SQL for Spark, with DuckDB's semantics where the two differ; results are Arrow."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

# RE2's \b knows ASCII letters alone; Java's depends on its version.
EDGE_OF_A_WORD = r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))"
MICROSECONDS_A_SECOND = 1e6


class SparkCompiler(PySparkCompiler):  # type: ignore[misc]
    """Ibis's compiler for Spark, with DuckDB's semantics."""

    __slots__ = ()

    def visit_NonNullLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:  # noqa: N802 - Ibis's
        """Write fractions as doubles: a decimal would round what is divided by it."""
        if dtype.is_floating() and math.isfinite(value):
            return _double(value)
        return super().visit_NonNullLiteral(op, value=value, dtype=dtype)

    def visit_ExtractEpochSeconds(self, _op: Any, *, arg: Any) -> Any:  # noqa: N802
        """Keep the fraction of a second."""
        instant = self.cast(arg, dt.Timestamp("UTC"))
        return self.f.anon.unix_micros(instant) / _double(MICROSECONDS_A_SECOND)

    def visit_ArrayCollect(self, op: Any, *, include_null: bool, **given: Any) -> Any:  # noqa: ARG002, N802
        """Leave nulls out, as Spark's collect_list does; features collect none."""
        return super().visit_ArrayCollect(op, include_null=False, **given)

    def visit_RegexSearch(self, _op: Any, *, arg: Any, pattern: Any) -> Any:  # noqa: N802
        """Search with RE2's word boundaries."""
        return self.f.regexp_like(arg, _for_java(pattern))

    def visit_RegexExtract(self, _op: Any, *, arg: Any, pattern: Any, index: Any) -> Any:  # noqa: N802
        """Extract with RE2's word boundaries."""
        return self.f.regexp_extract(arg, _for_java(pattern), index)

    def visit_RegexReplace(self, _op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:  # noqa: N802
        r"""Replace with RE2's word boundaries; Java writes the group `\1` as `$1`."""
        groups = re.sub(r"\\(\d)", r"$\1", replacement.this)
        return self.f.regexp_replace(arg, _for_java(pattern), sge.convert(groups))


class SparkConnection(Backend):  # type: ignore[misc]
    """Ibis's connection with Spark, without pandas between them.

    PySpark 4.3 does not know the frames of pandas 3.
    """

    compiler = SparkCompiler()

    @classmethod
    def of(cls, session: SparkSession) -> SparkConnection:
        """Connect with a session; Ibis sets its time zone to UTC."""
        cls.register_options()
        connection = cls()
        connection.do_connect(session)
        return connection

    def rows_of(self, expression: ir.Table) -> DataFrame:
        """Return an expression as a lazy Spark DataFrame."""
        self._run_pre_execute_hooks(expression)
        rows: DataFrame = self._session.sql(self.compile(expression))
        return rows

    def to_pyarrow(self, expr: ir.Expr, /, **_options: Any) -> pa.Table:
        """Compute an expression."""
        table = expr.as_table()
        found = self.rows_of(table).toArrow().cast(table.schema().to_pyarrow())
        return expr.__pyarrow_result__(found)

    def _register_in_memory_table(self, op: Any) -> None:
        rows = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(rows).createOrReplaceTempView(op.name)


def _double(value: float) -> sge.Expr:
    return sge.Cast(this=sge.convert(repr(float(value))), to=sge.DataType.build("double"))


def _for_java(pattern: Any) -> sge.Expr:
    return sge.convert(pattern.this.replace(r"\b", EDGE_OF_A_WORD))
