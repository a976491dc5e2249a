"""Charts of ranking and conversion by month, channel and company size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from leadscore.training.evaluation import REACHED, month_words, with_month_words
from leadscore.training.report.chart_style import (
    GREY,
    VERMILION,
    Figure,
    across,
    data_of,
    diagonal,
    intervals,
    layers,
    share_axis,
    tooltips,
    upright,
)
from leadscore.training.report.stage_charts import reliability_marks, reliability_top

if TYPE_CHECKING:
    from leadscore.training.report.report_data import StageFacts

ROW_HEIGHT = 27  # pixels of one group
SHIFT_HEIGHT = 240
SMALL_WIDTH, SMALL_HEIGHT = 196, 165  # pixels of one of the small pictures
SMALL_IN_A_ROW = 4


def segment_figures(facts: StageFacts) -> list[Figure]:
    """Draw AUC, and promised and realised conversion, by group; none without groups."""
    table = with_month_words(facts.segments)
    if table.empty:
        return []
    dimensions = table["dimension"].unique().tolist()
    return [
        Figure(
            "Ranking within each group",
            "AUC with its 95 % interval; the dashed line at 0.5 is chance.",
            _auc(table, dimensions[0]),
            dimensions=dimensions,
        ),
        Figure(
            "Conversion promised and realised",
            "Blue: what came true, with its 95 % interval. Orange: what was promised.",
            _promise(table, dimensions[0], REACHED[facts.stage]),
            dimensions=dimensions,
        ),
    ]


def _auc(table: pd.DataFrame, dimension: str) -> alt.LayerChart:
    scale = alt.Scale(domain=[min(0.45, float(table["auc_low"].min())), 1], nice=False, clamp=True)
    fields = ("segment", "auc", "auc_low", "auc_high", "leads", "reached")
    marks = intervals(
        _grouped(table).encode(tooltip=tooltips(*fields, segment="group")),
        "x",
        "auc",
        ends=("auc_low", "auc_high"),
        scale=scale,
        axis=alt.Axis(title="AUC", tickCount=5),
    )
    # Every group has a row, in the same order as in the chart beside it.
    few = (
        _grouped(table)
        .transform_calculate(few="isValid(datum.auc) ? '' : 'too few outcomes'")
        .mark_text(align="left", color=GREY, fontSize=11)
        .encode(x=alt.X(datum=0.5, scale=scale), text="few:N")
    )
    return _by_dimension(layers(few, upright(0.5, scale=scale), *marks), dimension)


def _promise(table: pd.DataFrame, dimension: str, reached: str) -> alt.LayerChart:
    fields = ("segment", "promised", "realised", "realised_low", "realised_high", "leads")
    base = _grouped(table).encode(tooltip=tooltips(*fields, segment="group"))
    interval, realised = intervals(
        base,
        "x",
        "realised",
        ends=("realised_low", "realised_high"),
        scale=alt.Scale(zero=True),
        axis=share_axis(reached),
    )
    promised = base.mark_tick(color=VERMILION, thickness=3, height=15).encode(x="promised:Q")
    return _by_dimension(layers(interval, promised, realised), dimension)


def _grouped(table: pd.DataFrame) -> alt.Chart:
    base: alt.Chart = (
        alt.Chart(data_of(table))
        .transform_filter("datum.dimension == dimension")
        .encode(y=alt.Y("segment:N", sort=None, axis=alt.Axis(title=None, labelLimit=150)))
    )
    return base


def _by_dimension(chart: alt.LayerChart, dimension: str) -> alt.LayerChart:
    chosen = alt.param(name="dimension", value=dimension)
    return chart.add_params(chosen).properties(height=alt.Step(ROW_HEIGHT))


def reliability_by_segment(facts: StageFacts) -> Figure:
    """Draw a small reliability picture for each group of the chosen dimension."""
    table = with_month_words(facts.reliability)
    dimensions = table["dimension"].unique().tolist()
    data = data_of(table.assign(place=pd.factorize(table["segment"])[0]))
    marks = reliability_marks(alt.Chart(), table)
    chart = (
        alt.LayerChart(layer=[diagonal(reliability_top(table)), *marks], data=data)
        .properties(width=SMALL_WIDTH, height=SMALL_HEIGHT)
        .facet(
            facet=alt.Facet("segment:N", title=None, sort=alt.EncodingSortField("place", op="min")),
            columns=SMALL_IN_A_ROW,
        )
        .transform_filter("datum.dimension == dimension")
        .resolve_axis(x="independent", y="independent")
        .add_params(alt.param(name="dimension", value=dimensions[-1]))
    )
    return Figure(
        "Reliability by group",
        "As above, for the groups of one kind; the fewer conversions, the fewer and wider the "
        "points. Score bands stand for tiers: they are cut from the same ranking.",
        chart,
        is_wide=True,
        dimensions=[dimensions[-1], *dimensions[:-1]],
    )


def shift_figures(facts: StageFacts) -> list[Figure]:
    """Draw the conversion rate month by month, realised and promised."""
    if facts.shift is None or facts.shift.by_month.empty:
        return []
    reached, shift = REACHED[facts.stage], facts.shift
    note = (
        "Blue: what came true, with 95 % intervals. Orange line: what was promised on held-out "
        "leads. Dashed: the rate it learnt from."
    )
    chart = layers(
        across(shift.learnt_rate), *_months(shift.by_month, reached), height=SHIFT_HEIGHT
    )
    return [Figure(f"Leads that {reached}, by month of creation", note, chart, is_wide=True)]


def _months(by_month: pd.DataFrame, reached: str) -> tuple[alt.Chart, alt.Chart, alt.Chart]:
    table = by_month.assign(month=by_month["month"].map(month_words))
    base = alt.Chart(data_of(table)).encode(
        x=alt.X("month:O", sort=None, axis=alt.Axis(title=None, labelAngle=-45)),
        tooltip=tooltips("month", "realised", "low", "high", "promised", "leads", leads="leads"),
    )
    scale, axis = alt.Scale(zero=True), share_axis(reached)
    interval, point = intervals(base, "y", "realised", scale=scale, axis=axis)
    promised = base.mark_line(color=VERMILION, strokeWidth=2).encode(y="promised:Q")
    return interval, promised, point
