"""How every chart looks, and how a table becomes a chart's data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

# Okabe and Ito's colours survive colour-blindness and print.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
SKY, PURPLE, ORANGE = "#56B4E9", "#CC79A7", "#E69F00"
BLACK, GREY, PALE = "#1b1f24", "#767b83", "#c9ced6"
# The colour and dashes of each method in every chart; dashes differ in black-and-white print.
METHOD_MARKS: dict[str, tuple[str, list[int]]] = {
    "model": (BLUE, [1, 0]),
    "champion": (BLACK, [1, 0]),
    "logistic_regression": (VERMILION, [6, 3]),
    "points_rules": (PURPLE, [8, 3, 2, 3]),
    "points_table": (GREEN, [2, 2]),
    "recency": (SKY, [10, 4]),
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SIGNIFICANT = 4  # digits of a number in a chart's data: more than any screen shows
# Up to how many log-odds from 0, which factors on the odds an axis names.
FACTORS: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.12, (0.9, 0.95, 1, 1.05, 1.1)),
    (0.35, (0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4)),
    (1.0, (0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 2, 2.5)),
    (2.0, (0.14, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7)),
    (math.inf, (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)),
)
HEIGHT = 270  # pixels
# Title and format of the fields that a pointer shows; others are text, titled by their own name.
SHARE, RATE = ".1%", ".3f"
TOOLTIPS: dict[str, tuple[str, str]] = {
    "promised": ("promised", SHARE),
    "realised": ("realised", SHARE),
    "share": ("share", SHARE),
    "low": ("95 % interval from", SHARE),
    "high": ("to", SHARE),
    "realised_low": ("95 % interval from", SHARE),
    "realised_high": ("to", SHARE),
    "auc": ("AUC", RATE),
    "auc_low": ("95 % interval from", RATE),
    "auc_high": ("to", RATE),
    "leads": ("held-out leads", ","),
    "reached": ("conversions", ","),
    "rows": ("sampled snapshots", ","),
}
LABELS = {
    "labelFontSize": 11,
    "titleFontWeight": "normal",
    "titleColor": "#4a4f57",
    "labelColor": "#4a4f57",
}
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        **LABELS,
        "titleFontSize": 12,
        "gridColor": "#e8eaee",
        "domainColor": "#aab0b8",
        "tickColor": "#aab0b8",
        "titlePadding": 8,
        "labelLimit": 230,
        "labelFlush": False,
    },
    "legend": {**LABELS, "titleFontSize": 11, "labelLimit": 260, "symbolStrokeWidth": 2.5},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold", "labelColor": "#1b1f24"},
}


@dataclass(frozen=True)
class Figure:
    """A chart with its title and a note on how to read it.

    `is_wide` takes the page's whole width; the reader may group by any of `dimensions`, which set
    the chart's parameter `dimension`.
    """

    title: str
    note: str
    chart: alt.TopLevelMixin
    is_wide: bool = False
    dimensions: Sequence[str] = ()

    def spec(self) -> dict[str, Any]:
        """Return the Vega-Lite specification, data included."""
        # Looking each up in the schema takes a tenth of a training; the tests do.
        drawn = self.chart.to_dict(validate=False, context={"pre_transform": False})
        return dict(drawn | {"config": CONFIG})


def data_of(table: pd.DataFrame) -> alt.InlineData:
    """Write a table into a chart: missing values as null, numbers to four digits."""
    rows = table.to_dict("records")
    return alt.InlineData(
        values=[{str(name): _short(value) for name, value in row.items()} for row in rows]
    )


def _short(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.{SIGNIFICANT}g}")
    return value.item() if hasattr(value, "item") else value


def share_axis(title: str, **settings: Any) -> alt.Axis:
    """Make an axis of shares, shown in per cent."""
    return alt.Axis(title=title, format="~%", tickCount=5, **settings)


def odds_axis(title: str, *, furthest: float, **settings: Any) -> alt.Axis:
    """Make an axis of log-odds labelled as factors on the odds, finer where `furthest` is small."""
    factors = next(steps for reach, steps in FACTORS if furthest <= reach)
    return alt.Axis(
        title=title,
        values=[round(math.log(each), 5) for each in factors],
        labelExpr="'×' + format(exp(datum.value), '.3~r')",
        **settings,
    )


def tooltips(*fields: str, **titles: str) -> list[alt.Tooltip]:
    """Show fields under the pointer; `titles` overrides those of `TOOLTIPS`."""
    found = []
    for field in fields:
        title, form = TOOLTIPS.get(field, (field, None))
        settings: dict[str, Any] = {"format": form} if form else {}
        kind = "Q" if form else "N"
        found.append(alt.Tooltip(f"{field}:{kind}", title=titles.get(field, title), **settings))
    return found


def intervals(
    base: alt.Chart,
    along: Literal["x", "y"],
    value: str,
    *,
    ends: tuple[str, str] = ("low", "high"),
    scale: alt.Scale,
    axis: alt.Axis,
) -> tuple[alt.Chart, alt.Chart]:
    """Draw the intervals of a value as lines along a channel, and the value as points on them."""
    channel = alt.X if along == "x" else alt.Y
    low, high = ends
    span = {along: channel(f"{low}:Q", axis=axis, scale=scale), f"{along}2": f"{high}:Q"}
    line = base.mark_rule(color=BLUE, strokeWidth=1.5, opacity=0.7, clip=True).encode(**span)
    point = base.mark_point(color=BLUE, filled=True, size=55, opacity=1)
    return line, point.encode(**{along: channel(f"{value}:Q", scale=scale)})


def layers(*charts: alt.Chart | alt.LayerChart, **settings: Any) -> alt.LayerChart:
    """Layer charts, the last on top, in the width of the page."""
    laid = alt.layer(*charts).properties(**({"width": "container"} | settings))
    if not isinstance(laid, alt.LayerChart):  # only charts that are split into small ones are not
        raise TypeError(f"expected one picture, not {type(laid).__name__}")
    return laid


def across(value: float, **settings: Any) -> alt.Chart:
    """Draw a dashed line across the chart at a height."""
    return _dashed(y=alt.Y(datum=value, **settings))


def upright(value: float, **settings: Any) -> alt.Chart:
    """Draw a dashed line from top to bottom at a value."""
    return _dashed(x=alt.X(datum=value, **settings))


def diagonal(top: float) -> alt.Chart:
    """Draw the dashed line on which both axes are equal, from 0 to the top."""
    return _dashed(x=alt.datum(0), y=alt.datum(0), x2=alt.datum(top), y2=alt.datum(top))


def _dashed(**place: Any) -> alt.Chart:
    line: alt.Chart = alt.Chart(alt.InlineData(values=[{}])).mark_rule(
        color=GREY, strokeDash=[4, 3]
    )
    return line.encode(**place)
