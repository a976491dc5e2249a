"""What winning a lead is worth: its own amount, or what its segment's wins have brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.tables import Tables

EXACT = "decimal(38, 4)"  # decimals add up to the same sum in any order


def expected_amounts(tables: Tables, snapshots: ir.Table, *, by: tuple[str, ...]) -> pd.DataFrame:
    """Say what winning each lead is worth.

    Parameters
    ----------
    tables
        The cleaned tables.
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
    segment = _segment(tables, by)
    leads = tables.leads.select(own_id="lead_id", segment=segment, own=_own(tables))
    joined = snapshots.left_join(leads, snapshots.lead_id == leads.own_id)
    frame = joined.select("lead_id", "segment", "own").order_by("lead_id").to_pandas()
    wins = _wins(tables, snapshots, segment)
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


def _wins(tables: Tables, snapshots: ir.Table, segment: ir.Value) -> pd.DataFrame:
    """Count and sum the wins with an amount that were known by the night, a row a segment."""
    if tables.outcomes is None:
        return pd.DataFrame(columns=["n", "total", "squares"])
    outcomes = tables.outcomes
    night = snapshots.aggregate(as_of=snapshots.as_of.max()).to_pyarrow().to_pylist()[0]["as_of"]
    if night is None:
        return pd.DataFrame(columns=["n", "total", "squares"])
    moment = ibis.literal(night.replace(tzinfo=None)).cast("timestamp")
    won = outcomes.filter(
        outcomes.stage == "won",
        # Nor is an amount one whose square has more digits than a decimal holds.
        (outcomes.amount * outcomes.amount).try_cast(EXACT).notnull(),  # noqa: PD004 - Ibis's name
        outcomes.occurred_at < moment,
        outcomes.recorded_at < moment,
    )
    leads = tables.leads.select(won_id="lead_id", segment=segment.fill_null(""))
    joined = won.join(leads, won.lead_id == leads.won_id)
    exact = joined.amount.try_cast(EXACT)
    summed = joined.group_by("segment").aggregate(
        n=exact.count(),
        total=exact.sum(),
        squares=(joined.amount * joined.amount).try_cast(EXACT).sum(),
    )
    found: pd.DataFrame = summed.order_by("segment").to_pandas()
    return found.set_index("segment").astype("float64")
