"""What winning a lead is worth: its own amount, or what its segment's wins have brought."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from leadscore.features.core import naive
from leadscore.features.tables import known_before

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from leadscore.features.tables import Tables

WINS = "wins by segment"  # how the wins of every bucket of leads are asked for
NEVER = datetime(1, 1, 1)
NO_WINS = {
    "segment": "string",
    "n": "int64",
    "total": "decimal(38, 4)",
    "squares": "decimal(38, 4)",
}
EXACT = "decimal(38, 4)"  # decimals add up to the same sum in any order


def expected_amounts(tables: Tables, snapshots: ir.Table, *, by: tuple[str, ...]) -> pd.DataFrame:
    """Say what winning each lead is worth.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of`: one night's leads.
    by
        Columns of the leads table, by the user's names, whose values have different amounts.

    Returns
    -------
    DataFrame
        A row a snapshot, sorted by `lead_id`: `amount` (float64), in the currency of the amounts:
        the lead's own where its table has one, otherwise the average of the wins known by the
        night in its segment, shrunk; NaN where nothing was ever won.
    """
    frame = tables.to_frame("amounts", lambda: _own_amounts(tables, snapshots, by))
    if tables.totals is not None:
        wins = _as_wins(tables.totals.answers[WINS])
    else:
        wins = _as_wins(wins_by_segment(tables, by=by, as_of=_night(snapshots)).to_pyarrow())
    means = shrunk_means(wins)
    overall = float(wins["total"].sum() / wins["n"].sum()) if len(wins) else float("nan")
    expected = frame["segment"].map(means).astype("float64").fillna(overall)
    amount = frame["own"].astype("float64").fillna(expected)
    return pd.DataFrame({"lead_id": frame["lead_id"], "amount": amount})


def shrunk_means(wins: pd.DataFrame) -> pd.Series[float]:
    """Average the amounts of each segment, drawn towards the average of all where wins are few.

    The weight of a segment's own average is n / (n + k), k being the variance within segments over
    that between them (Bühlmann and Straub, Glaubwürdigkeit für Schadensätze, 1970; with the usual
    unbiased estimates). Where segments do not differ beyond chance, all get the average of all.

    Parameters
    ----------
    wins
        A row a segment, which is its index: `n`, `total`, `squares` (sum of squared amounts).

    Returns
    -------
    Series of float64
        The expected amount of a win, on the index of `wins`.

    Examples
    --------
    >>> alike = pd.DataFrame({"n": [9, 1], "total": [90.0, 11.0], "squares": [909.0, 121.0]})
    >>> shrunk_means(alike).round(2).tolist()
    [10.1, 10.1]
    """
    n = wins["n"].to_numpy(dtype=np.float64)
    if not len(n):
        return pd.Series(dtype="float64")
    own = wins["total"].to_numpy(dtype=np.float64) / n
    overall = float(n @ own / n.sum())
    between = _variance_between(n, own, overall, wins["squares"].to_numpy(dtype=np.float64))
    return pd.Series(overall + between * (own - overall), index=wins.index)


def _variance_between(
    n: np.ndarray, own: np.ndarray, overall: float, squares: np.ndarray
) -> np.ndarray:
    """Weigh each segment's own average between 0 and 1."""
    segments, rows = len(n), n.sum()
    if segments < 2 or rows <= segments:
        return np.zeros(segments)
    within = max(float((squares - n * own**2).sum()), 0.0) / (rows - segments)
    spread = float(n @ (own - overall) ** 2) - (segments - 1) * within
    between = spread / (rows - float(n @ n) / rows)
    return n / (n + within / between) if between > 0 else np.zeros(segments)


def _segment(tables: Tables, by: tuple[str, ...]) -> ir.Value:
    """Name each lead's segment; a lead of which a part is unknown has none."""
    names = {each.column: each.name for each in tables.attributes}
    cells = [tables.leads[names[column]].cast("string") for column in by]
    if not cells:
        return ibis.null("string")
    name = cells[0]
    for cell in cells[1:]:
        name = name + " · " + cell
    return name


def _own(tables: Tables) -> ir.Value:
    if any(each.term == "amount" for each in tables.attributes):
        return tables.leads.amount
    return ibis.null("float64")


def _own_amounts(tables: Tables, snapshots: ir.Table, by: tuple[str, ...]) -> ir.Table:
    leads = tables.leads.select(own_id="lead_id", segment=_segment(tables, by), own=_own(tables))
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id)
    return joined.select("lead_id", "segment", "own").order_by("lead_id")


def _night(snapshots: ir.Table) -> datetime | None:
    night: datetime | None = snapshots.as_of.max().to_pyarrow().as_py()
    return naive(night)


def wins_by_segment(tables: Tables, *, by: tuple[str, ...], as_of: datetime | None) -> ir.Table:
    """Count and sum the wins with an amount that were known by a night.

    Parameters
    ----------
    as_of
        The night, UTC without a zone; None where no lead is looked at, and no win either.

    Returns
    -------
    ir.Table
        A row a segment: `segment` (text, empty where it is not known), `n` (int64), `total`,
        `squares` (decimals, so that sums of parts add up to the sum of the whole).
    """
    segment = _segment(tables, by)
    if tables.outcomes is None:
        return ibis.memtable([], schema=NO_WINS)
    outcomes = tables.outcomes
    won = known_before(outcomes, as_of or NEVER).filter(
        outcomes.stage == "won",
        # Nor is an amount one whose square has more digits than a decimal holds.
        (outcomes.amount * outcomes.amount).try_cast(EXACT).notnull(),  # noqa: PD004 - Ibis's name
    )
    leads = tables.leads.select(won_id="lead_id", segment=segment.fill_null(""))
    joined = won.join(leads, won.lead_id == leads.won_id)
    exact = joined.amount.try_cast(EXACT)
    return joined.group_by("segment").aggregate(
        n=exact.count(),
        total=exact.sum(),
        squares=(joined.amount * joined.amount).try_cast(EXACT).sum(),
    )


def _as_wins(found: pa.Table) -> pd.DataFrame:
    """Add up the wins of each segment, in the order of the segments."""
    names = ["n", "total", "squares"]
    totals = found.group_by("segment").aggregate([(name, "sum") for name in names])
    ordered = totals.sort_by("segment").to_pandas().set_index("segment")
    ordered.columns = [name.removesuffix("_sum") for name in ordered.columns]
    wins: pd.DataFrame = ordered[names].astype("float64")
    return wins
