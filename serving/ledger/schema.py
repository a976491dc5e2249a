"""One night's rows: their columns, their types, and what must be true before they are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from leadscore.features.core import LeadScoreError
from leadscore.serving.ledger.score_checks import night_faults
from leadscore.serving.tiers import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOMENT = pa.timestamp("us", "UTC")
_WORDS = pa.list_(pa.string())

SCHEMA = pa.schema(
    [
        pa.field("lead_id", pa.string(), nullable=False),
        pa.field("as_of", _MOMENT, nullable=False),
        pa.field("p_sql", pa.float64()),
        pa.field("p_won", pa.float64()),
        pa.field("score", pa.float64()),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("model_tier", pa.string()),
        pa.field("previous_tier", pa.string()),
        pa.field("moved", pa.string(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("team", pa.string()),
        pa.field("waiting", pa.int32()),
        pa.field("waiting_since", _MOMENT),
        pa.field("nights_below", pa.int32()),
        pa.field("handoff_probability", pa.float64()),
        pa.field("reasons_for", _WORDS),
        pa.field("reasons_against", _WORDS),
        pa.field("brief", _WORDS),
        pa.field("missing_facts", _WORDS),
        pa.field("expected_value", pa.float64()),
        pa.field("coverage", pa.float64()),
        pa.field("facts_digest", pa.string()),
        pa.field("facts_changed_at", _MOMENT),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("policy_version", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("scored_at", _MOMENT, nullable=False),
    ]
)

MOVES = ("up", "down", "new", "same")
LISTS = tuple(field.name for field in SCHEMA if field.type == _WORDS)
ONE_A_NIGHT = ("as_of", "model_version", "policy_version", "run_id")
RANGES = {
    "score": (0.0, 100.0),
    "coverage": (0.0, 1.0),
    "handoff_probability": (0.0, 1.0),
}  # propensities have checks of their own
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # a run's name becomes a folder's


class LedgerError(LeadScoreError):
    """A night cannot be written to the ledger, or is not in it."""


def as_night(rows: pd.DataFrame | pa.Table) -> pa.Table:
    """Bring one night's rows into the ledger's shape, or say everything that is wrong with them.

    Parameters
    ----------
    rows
        A row a lead with the columns of `SCHEMA`, in any order; missing is None or NaN.

    Returns
    -------
    pa.Table
        Of `SCHEMA`, sorted by `lead_id`, missing values null.

    Raises
    ------
    LedgerError
        Where a column is missing, unknown or of another type, or a row cannot be true.
    """
    _refuse(list(_column_faults(rows)))
    table = _typed(rows)
    _refuse(list(_table_faults(table)))
    return table.cast(SCHEMA).sort_by("lead_id")


def as_today(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Give an earlier night the columns it did not have yet, empty, and today's order of them.

    Parameters
    ----------
    table
        Rows of a night's file.
    names
        The columns wanted.

    Returns
    -------
    pa.Table
        These columns, typed as `SCHEMA` has them.
    """
    for name in names:
        if name not in table.column_names:
            field = SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))


def _refuse(faults: list[str]) -> None:
    if faults:
        told = "\n".join(f"  - {fault}" for fault in faults)
        raise LedgerError(f"The night is not fit for the ledger, which is unchanged:\n{told}")


def _column_faults(rows: pd.DataFrame | pa.Table) -> Iterator[str]:
    names = list(rows.columns) if isinstance(rows, pd.DataFrame) else rows.column_names
    missing = [name for name in SCHEMA.names if name not in names]
    unknown = [str(name) for name in names if name not in SCHEMA.names]
    if missing:
        yield f"columns are missing: {', '.join(missing)}"
    if unknown:
        yield f"columns are not of the ledger: {', '.join(unknown)}"
    if not isinstance(rows, pd.DataFrame):
        return
    for name in (field.name for field in SCHEMA if field.type == _MOMENT):
        if name in rows and not isinstance(rows[name].dtype, pd.DatetimeTZDtype):
            yield f"{name} is not a timestamp with a time zone"


def _typed(rows: pd.DataFrame | pa.Table) -> pa.Table:
    """Convert to the schema's types, null wherever nothing is known."""
    columns, faults = [], []
    for field in SCHEMA:
        column = rows[field.name]
        try:
            if isinstance(column, pd.Series):
                columns.append(_from_series(column, field.type))
            else:
                columns.append(_null_for_nan(column.cast(field.type)))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            faults.append(f"{field.name} is not of type {field.type}: {error}")
    _refuse(faults)
    return pa.table(columns, pa.schema([field.with_nullable(nullable=True) for field in SCHEMA]))


def _from_series(column: pd.Series, kind: pa.DataType) -> pa.Array:
    if kind != _MOMENT:
        return pa.array(column.to_numpy(), kind, from_pandas=True)
    utc = column.dt.tz_convert(None).to_numpy()
    # A clock's nanoseconds are of no use to the ledger.
    return pa.array(utc.astype("datetime64[us]")).cast(_MOMENT)


def _null_for_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _table_faults(table: pa.Table) -> Iterator[str]:
    frame = table.select(["lead_id", "p_sql", "p_won", "rule"]).to_pandas()
    yield from (fault.message for fault in night_faults(frame))
    for field in SCHEMA:
        nulls = table[field.name].null_count
        if nulls and not field.nullable and field.name != "lead_id":  # which has its own check
            yield f"{field.name} is missing in {nulls:,} rows"
    for name, (least, most) in RANGES.items():
        outside = pc.sum(pc.or_(pc.less(table[name], least), pc.greater(table[name], most))).as_py()
        if outside:
            yield f"{name} of {outside:,} leads is not between {least:g} and {most:g}"
    yield from _word_faults(table, "tier", TIERS)
    yield from _word_faults(table, "model_tier", TIERS)
    yield from _word_faults(table, "previous_tier", TIERS)
    yield from _word_faults(table, "moved", MOVES)
    for name in ONE_A_NIGHT:
        values = pc.count_distinct(table[name]).as_py()
        if values > 1:
            yield f"{name} has {values:,} values; a night has one"
    names = pc.unique(table["run_id"].drop_null()).to_pylist()
    if len(names) == 1 and not SAFE_NAME.fullmatch(names[0]):
        yield f"run_id {names[0]!r} cannot name a folder; use letters, digits, '.', '_' and '-'"


def _word_faults(table: pa.Table, name: str, words: tuple[str, ...]) -> Iterator[str]:
    used = pc.unique(table[name].drop_null()).to_pylist()
    unknown = sorted(word for word in used if word not in words)
    if unknown:
        yield f"{name} may be {', '.join(words)}, not {', '.join(map(repr, unknown[:5]))}"
