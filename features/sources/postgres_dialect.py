"""Ibis's SQL for PostgreSQL, with DuckDB's meaning where the two differ."""

# ruff: noqa: N802, ARG002, D102 - Ibis calls these methods by the names of its operations

from __future__ import annotations

import re
from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler

WORD = "[A-Za-z0-9_]"
# What RE2, DuckDB's engine, means by these is ASCII alone; \b is a backspace to PostgreSQL.
AS_RE2 = {
    r"\b": f"(?:(?<!{WORD})(?={WORD})|(?<={WORD})(?!{WORD}))",
    r"\w": WORD,
    r"\W": "[^A-Za-z0-9_]",
    r"\d": "[0-9]",
    r"\D": "[^0-9]",
}
BRACKETS_OR_ESCAPE = re.compile(r"\[[^\]]*\]|\\.")


class AsDuckDB(PostgresCompiler):  # type: ignore[misc]
    """Ibis's compiler for PostgreSQL, where the two engines would answer differently.

    Regular expressions are RE2's, texts are ordered by their bytes, flags become any kind of
    number, and decimals that do not fit are null.
    """

    __slots__ = ()
    SIMPLE_OPS: ClassVar[dict[Any, str]] = {}  # inherited; named again, they hide what is below

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:
        return self.f.regexp_like(arg, _pattern(pattern))

    def visit_RegexExtract(self, op: Any, *, arg: Any, pattern: Any, index: Any) -> Any:
        return super().visit_RegexExtract(op, arg=arg, pattern=_pattern(pattern), index=index)

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:
        pattern = _pattern(pattern)
        return super().visit_RegexReplace(op, arg=arg, pattern=pattern, replacement=replacement)

    def visit_Max(self, op: Any, *, arg: Any, where: Any) -> Any:
        return self.agg.max(_by_bytes(arg, op.arg), where=where)

    def visit_SortKey(self, op: Any, *, arg: Any, **order: Any) -> Any:
        return super().visit_SortKey(op, arg=_by_bytes(arg, op.arg), **order)

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:
        if op.arg.dtype.is_boolean() and to.is_numeric():
            arg = self.cast(arg, dt.int32)  # the one number PostgreSQL makes of a flag
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_ExtractEpochSeconds(self, op: Any, *, arg: Any) -> Any:
        seconds = super().visit_ExtractEpochSeconds(op, arg=arg)
        return self.cast(seconds, dt.float64)  # exact decimals divide to other last digits

    def visit_HexDigest(self, op: Any, *, arg: Any, how: Any) -> Any:
        return self.f.md5(arg) if how == "md5" else super().visit_HexDigest(op, arg=arg, how=how)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        found = self.cast(arg, to)
        if not to.is_decimal():
            return found
        fits = self.f.abs(arg) < 10.0 ** (to.precision - to.scale)
        return self.if_(fits, found, sge.Null())


def _pattern(pattern: Any) -> Any:
    """Write a regular expression that is a literal as PostgreSQL understands it."""
    if not isinstance(pattern, sge.Literal):
        return pattern
    written = BRACKETS_OR_ESCAPE.sub(lambda found: AS_RE2.get(found[0], found[0]), pattern.this)
    return sge.Literal.string(written)


def _by_bytes(text: Any, value: Any) -> Any:
    """Compare texts byte by byte, whatever language the database sorts by."""
    if not value.dtype.is_string():
        return text
    return sge.Collate(this=text, expression=sge.to_identifier("C", quoted=True))
