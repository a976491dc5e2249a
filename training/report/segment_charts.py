"""Charts of how the model does by month, channel and company size, and how the rate moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from leadscore.training.report.chart_style import (
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    Figure,
    across,
    data_of,
    diagonal,
    layers,
    share_axis,
    upright,
)
from leadscore.training.report.narrative import REACHED, month_words, with_group_words
from leadscore.training.report.stage_charts import reliability_marks, reliability_top

if TYPE_CHECKING:
    from leadscore.training.evaluation.conversion_drift import PriorShift
    from leadscore.training.report.report_data import StageFacts

ROW_HEIGHT = 27  # pixels of one group
SHIFT_HEIGHT = 240
SMALL_WIDTH, SMALL_HEIGHT = 196, 165  # pixels of one of the small pictures
SMALL_IN_A_ROW = 4


def segment_figures(facts: StageFacts) -> list[Figure]:
    """Draw ranking and kept promises by group; none where there is nothing to group by."""
    table = with_group_words(facts.segments)
    if table.empty:
        return []
    dimensions = list(dict.fromkeys(table["dimension"]))
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
    tooltip = [
        alt.Tooltip("segment:N", title="group"),
        alt.Tooltip("auc:Q", title="AUC", format=".3f"),
        alt.Tooltip("auc_low:Q", title="95 % interval from", format=".3f"),
        alt.Tooltip("auc_high:Q", title="to", format=".3f"),
        alt.Tooltip("leads:Q", title="held-out leads", format=","),
        alt.Tooltip("reached:Q", title="conversions", format=","),
    ]
    base = _grouped(table).encode(tooltip=tooltip)
    interval = base.mark_rule(color=BLUE, strokeWidth=1.5).encode(
        x=alt.X("auc_low:Q", scale=scale, axis=alt.Axis(title="AUC", tickCount=5)), x2="auc_high:Q"
    )
    point = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(
        x=alt.X("auc:Q", scale=scale)
    )
    # Every group has its line, in the same order as in the chart beside it.
    told = (
        _grouped(table)
        .transform_calculate(told="isValid(datum.auc) ? '' : 'too few outcomes'")
        .mark_text(align="left", color=GREY, fontSize=11)
        .encode(x=alt.X(datum=0.5, scale=scale), text="told:N")
    )
    return _by_dimension(layers(told, upright(0.5, scale=scale), interval, point), dimension)


def _promise(table: pd.DataFrame, dimension: str, reached: str) -> alt.LayerChart:
    tooltip = [
        alt.Tooltip("segment:N", title="group"),
        alt.Tooltip("promised:Q", format=".1%"),
        alt.Tooltip("realised:Q", format=".1%"),
        alt.Tooltip("realised_low:Q", title="95 % interval from", format=".1%"),
        alt.Tooltip("realised_high:Q", title="to", format=".1%"),
        alt.Tooltip("leads:Q", title="held-out leads", format=","),
    ]
    base = _grouped(table).encode(tooltip=tooltip)
    interval = base.mark_rule(color=BLUE, strokeWidth=1.5).encode(
        x=alt.X("realised_low:Q", axis=share_axis(reached), scale=alt.Scale(zero=True)),
        x2="realised_high:Q",
    )
    realised = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(x="realised:Q")
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
    table = with_group_words(facts.reliability)
    dimensions = list(dict.fromkeys(table["dimension"]))
    place = {name: at for at, name in enumerate(dict.fromkeys(table["segment"]))}
    data = data_of(table.assign(place=table["segment"].map(place)))
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
        "Is the word kept in each group?",
        "As above, for the groups of one kind; the fewer conversions, the fewer and wider the "
        "points. Score bands stand for tiers: they are cut from the same ranking.",
        chart,
        is_wide=True,
        dimensions=[dimensions[-1], *dimensions[:-1]],
    )


def shift_figures(facts: StageFacts) -> list[Figure]:
    """Draw the rate month by month against the promise, and the rate estimated for now."""
    if facts.shift is None or facts.shift.by_month.empty:
        return []
    reached, shift = REACHED[facts.stage], facts.shift
    estimated = pd.notna(shift.rate_now)
    note = (
        "Blue: what came true, with 95 % intervals. Orange line: what was promised on held-out "
        "leads. Dashed: the rate it learnt from."
    )
    if estimated:
        note += (
            " Orange band: the rate now, estimated from the newest leads without knowing their "
            "outcomes."
        )
    chart = layers(
        *([_now(shift)] if estimated else []),
        across(shift.learnt_rate),
        *_months(shift.by_month, reached),
        height=SHIFT_HEIGHT,
    )
    return [Figure(f"Leads that {reached}, by month of creation", note, chart, is_wide=True)]


def _now(shift: PriorShift) -> alt.Chart:
    ends = [{"low": shift.rate_now_low, "high": shift.rate_now_high, "rate": shift.rate_now}]
    band: alt.Chart = alt.Chart(alt.InlineData(values=ends)).mark_rect(color=ORANGE, opacity=0.22)
    return band.encode(
        y="low:Q",
        y2="high:Q",
        tooltip=[
            alt.Tooltip("rate:Q", title="estimated now", format=".1%"),
            alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )


def _months(by_month: pd.DataFrame, reached: str) -> tuple[alt.Chart, alt.Chart, alt.Chart]:
    tooltip = [
        alt.Tooltip("month:N"),
        alt.Tooltip("realised:Q", format=".1%"),
        alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("promised:Q", format=".1%"),
        alt.Tooltip("leads:Q", format=","),
    ]
    table = by_month.assign(month=by_month["month"].map(month_words))
    base = alt.Chart(data_of(table)).encode(
        x=alt.X("month:O", sort=None, axis=alt.Axis(title=None, labelAngle=-45)), tooltip=tooltip
    )
    interval = base.mark_rule(color=BLUE).encode(
        y=alt.Y("low:Q", axis=share_axis(reached), scale=alt.Scale(zero=True)),
        y2="high:Q",
    )
    point = base.mark_point(color=BLUE, filled=True, size=50, opacity=1).encode(y="realised:Q")
    promised = base.mark_line(color=VERMILION, strokeWidth=2).encode(y="promised:Q")
    return interval, promised, point
