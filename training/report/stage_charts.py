"""Charts of one stage: ranking and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from leadscore.training.evaluation import (
    NOT_REACHED,
    REACHED,
    decile_table,
    gains_table,
    method_words,
    ranking_table,
    reliability_table,
    spread_table,
)
from leadscore.training.report.chart_style import (
    BLUE,
    HEIGHT,
    METHOD_MARKS,
    PALE,
    VERMILION,
    Figure,
    across,
    data_of,
    diagonal,
    intervals,
    layers,
    share_axis,
    tooltips,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadscore.training.report.report_data import StageFacts

CALIBRATION_FIELDS = ("promised", "realised", "low", "high", "leads")
STRETCHED_BELOW = 0.15  # of a linear axis; half the points would lie below


def ranking_figures(facts: StageFacts) -> list[Figure]:
    """Draw ROC, precision-recall, gains and lift of every method."""
    return [*_curve_figures(facts), *_gains_figures(facts)]


def _curve_figures(facts: StageFacts) -> list[Figure]:
    reached, missed = REACHED[facts.stage], NOT_REACHED[facts.stage]
    ranked, rate = _by_method(facts, ranking_table), float(facts.rows["outcome"].mean())
    found = ("found", f"leads that {reached}, found")
    false_alarms = ("false_alarms", f"leads that {missed}, listed")
    precision = ("precision", f"of those listed, {reached}")
    listed = ranked.dropna(subset="precision")
    return [
        Figure(
            "ROC: converting leads found, at the price of false alarms",
            "Further to the upper left is better; the dashed line is chance.",
            _curves(diagonal(1.0), ranked, x=false_alarms, y=found),
        ),
        Figure(
            "Precision and recall",
            "How pure a list is that finds so many of the converting leads; the dashed line is "
            "the overall rate.",
            _curves(across(rate), listed, x=found, y=precision),
        ),
    ]


def _gains_figures(facts: StageFacts) -> list[Figure]:
    gains, best = _by_method(facts, gains_table), ("leads", "best leads by propensity")
    conversions = ("conversions", f"of all that {REACHED[facts.stage]}, found")
    lift = ("lift", "times the overall rate")
    return [
        Figure(
            "Gains: conversions found among the best leads",
            "Take the best so many leads: what share of all conversions is among them? The dashed "
            "line is a list in random order.",
            _curves(diagonal(1.0), gains, x=best, y=conversions),
        ),
        Figure(
            "Lift: how much better than a list in random order",
            "Conversion among the best so many leads over conversion among all.",
            _curves(across(1.0), gains[gains["leads"] > 0], x=best, y=lift),
        ),
    ]


def _by_method(
    facts: StageFacts, table_of: Callable[[pd.Series[float], pd.Series[float]], pd.DataFrame]
) -> pd.DataFrame:
    """Stack one table a method, the model's first; the overall rate ranks nobody."""
    parts = []
    for name in facts.metrics:
        if name in METHOD_MARKS:
            propensity = facts.rows["propensity" if name == "model" else name].dropna()
            table = table_of(facts.rows.loc[propensity.index, "outcome"], propensity)
            parts.append(table.assign(method=method_words(name)))
    return pd.concat(parts, ignore_index=True)


def _curves(
    chance: alt.Chart, table: pd.DataFrame, *, x: tuple[str, str], y: tuple[str, str]
) -> alt.LayerChart:
    """Draw one line a method, with its figures under the pointer, over that of chance."""
    (x_field, x_title), (y_field, y_title) = x, y
    methods = list(dict.fromkeys(table["method"]))
    marks = {method_words(name): mark for name, mark in METHOD_MARKS.items()}
    colours, dashes = zip(*(marks[name] for name in methods), strict=True)
    legend = alt.Legend(title=None, orient="bottom", columns=2, symbolType="stroke")
    y_axis, y_scale, y_format = share_axis(y_title), alt.Scale(domain=[0, 1]), ".1%"
    if y_field == "lift":
        y_axis, y_scale, y_format = (
            alt.Axis(title=y_title, tickCount=5),
            alt.Scale(zero=True),
            ".2f",
        )
    base = alt.Chart(data_of(table[["method", x_field, y_field]])).encode(
        x=alt.X(f"{x_field}:Q", axis=share_axis(x_title), scale=alt.Scale(domain=[0, 1])),
        y=alt.Y(f"{y_field}:Q", axis=y_axis, scale=y_scale),
        tooltip=[
            alt.Tooltip("method:N", title="scored by"),
            alt.Tooltip(f"{x_field}:Q", title=x_title, format=".1%"),
            alt.Tooltip(f"{y_field}:Q", title=y_title, format=y_format),
        ],
    )
    colour, dash = alt.Scale(domain=methods, range=colours), alt.Scale(domain=methods, range=dashes)
    line = base.mark_line(strokeWidth=2).encode(
        color=alt.Color("method:N", scale=colour, legend=legend),
        strokeDash=alt.StrokeDash("method:N", scale=dash, legend=legend),
    )
    hover = base.mark_point(size=90, opacity=0, filled=True)
    return layers(chance, line, hover, height=HEIGHT)


def calibration_figures(facts: StageFacts) -> list[Figure]:
    """Draw reliability, conversion by tenth, and the spread of propensities by outcome."""
    stage, rows = facts.stage, facts.rows
    outcome, propensity, cluster = rows["outcome"], rows["propensity"], rows["cluster"]
    return [
        Figure(
            "Reliability",
            "Each point is a tenth of the held-out leads, with its 95 % interval; on the dashed "
            "line, what was promised came true. "
            "Where most propensities are small, the axes are stretched near 0.",
            _reliability(reliability_table(outcome, propensity, cluster)),
        ),
        Figure(
            "Conversion by tenth of the leads",
            "Bars: what came true, with 95 % intervals. Ticks: what was promised. Dashed: the "
            "overall rate.",
            _deciles(decile_table(outcome, propensity, cluster), stage, float(outcome.mean())),
        ),
        Figure(
            "Propensities by what came of the leads",
            "The further apart the two are, the better the model tells leads apart. The last band "
            "holds all above it.",
            _spread(spread_table(outcome, propensity), stage),
            is_wide=True,
        ),
    ]


def _reliability(table: pd.DataFrame) -> alt.LayerChart:
    marks = reliability_marks(alt.Chart(data_of(table)), table)
    return layers(diagonal(reliability_top(table)), *marks, height=HEIGHT)


def reliability_top(table: pd.DataFrame) -> float:
    """Return the end of both axes of a reliability chart."""
    return min(1.0, 1.05 * float(table[["promised", "high"]].to_numpy().max()))


def reliability_marks(base: alt.Chart, table: pd.DataFrame) -> tuple[alt.Chart, alt.Chart]:
    """Draw the intervals and points of a reliability table on equal axes.

    Where most propensities are small, both are stretched near 0.
    """
    top = reliability_top(table)
    stretched = float(table["promised"].median()) < STRETCHED_BELOW * top
    scale = alt.Scale(domain=[0, top], nice=False, type="sqrt" if stretched else "linear")
    placed = base.encode(
        x=alt.X("promised:Q", axis=share_axis("promised"), scale=scale),
        tooltip=tooltips(*CALIBRATION_FIELDS, leads="held-out snapshots"),
    )
    return intervals(placed, "y", "realised", scale=scale, axis=share_axis("realised"))


def _deciles(table: pd.DataFrame, stage: str, rate: float) -> alt.LayerChart:
    title = "tenths of the leads by propensity, best first"
    base = alt.Chart(data_of(table)).encode(
        x=alt.X("tenth:O", axis=alt.Axis(title=title, labelAngle=0)),
        tooltip=tooltips(
            "tenth", *CALIBRATION_FIELDS, tenth="tenth, best first", leads="held-out snapshots"
        ),
    )
    bar = base.mark_bar(color=BLUE, opacity=0.45).encode(
        y=alt.Y("realised:Q", axis=share_axis(REACHED[stage]))
    )
    interval = base.mark_rule(color=BLUE, strokeWidth=1.5).encode(y="low:Q", y2="high:Q")
    promise = base.mark_tick(color=VERMILION, thickness=2.5, width={"band": 0.7})
    return layers(bar, interval, promise.encode(y="promised:Q"), across(rate), height=HEIGHT)


def _spread(table: pd.DataFrame, stage: str) -> alt.Chart:
    names = {0: NOT_REACHED[stage], 1: REACHED[stage]}
    named = table.assign(outcome=table["outcome"].map(names))
    colours = alt.Scale(domain=list(names.values()), range=[PALE, VERMILION])
    ends = alt.Scale(domain=[0, float(table["high"].max())])
    titles = {"low": "propensity from", "leads": "held-out snapshots"}
    legend = alt.Legend(title=None, orient="bottom")
    bars: alt.Chart = alt.Chart(data_of(named)).mark_bar(opacity=0.65, binSpacing=0)
    return bars.encode(
        x=alt.X("low:Q", axis=share_axis("propensity"), bin="binned", scale=ends),
        x2="high:Q",
        y=alt.Y("share:Q", stack=None, axis=share_axis("of the leads with that outcome")),
        color=alt.Color("outcome:N", scale=colours, legend=legend),
        tooltip=tooltips("outcome", "low", "high", "leads", "share", **titles),
    ).properties(width="container", height=220)
