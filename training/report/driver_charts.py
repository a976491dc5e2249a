"""Charts of a model's drivers: which facts, in which direction, and from which value on."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from leadscore.features.core import percent
from leadscore.training.report.chart_style import (
    BLUE,
    VERMILION,
    Figure,
    across,
    data_of,
    intervals,
    layers,
    odds_axis,
    tooltips,
    upright,
)

if TYPE_CHECKING:
    from leadscore.training.evaluation import Drivers

FACTS_SHOWN = 12
ROW_HEIGHT, STRIP_HEIGHT, WORD_HEIGHT = 24, 34, 20  # pixels
SMALL_HEIGHT = 190
FACTOR_TITLE = "typical factor on the odds, before calibration"
UNKNOWN = -1  # the level of text and missing values, as Vega leaves out what is null
MANY_TIMES = 20  # the largest value over the median: a straight scale would hide all others


def driver_figures(drivers: Drivers) -> list[Figure]:
    """Draw the strongest facts, the strips of the strongest features, and their dependence."""
    if drivers.strip.empty:
        return []
    return [
        Figure(
            "What the model looks at most",
            "How far a fact typically moves the odds, up or down: ×2 doubles or halves them.",
            _facts(drivers.by_fact),
            is_wide=True,
        ),
        Figure(
            "Which way each feature pushes",
            "Each dot is a held-out lead: to the right the feature raised its odds, to the left it "
            "lowered them. Orange dots have a high value, blue dots a low one, grey dots a word "
            "or nothing known.",
            _strips(drivers.strip),
            is_wide=True,
        ),
        *_dependence(drivers),
    ]


def _facts(by_fact: pd.Series[float]) -> alt.Chart:
    table = by_fact.head(FACTS_SHOWN).rename("moved").rename_axis("fact").reset_index()
    table = table[table["moved"] > 0]
    bars: alt.Chart = alt.Chart(data_of(table)).transform_calculate(factor=_factor("moved"))
    axis = odds_axis(FACTOR_TITLE, furthest=float(table["moved"].max()))
    bars = bars.mark_bar(color=BLUE, opacity=0.75, height={"band": 0.65}).encode(
        x=alt.X("moved:Q", axis=axis),
        y=alt.Y("fact:N", sort=None, axis=alt.Axis(title=None, labelLimit=260)),
        tooltip=tooltips("fact", "factor", factor="typical factor on the odds"),
    )
    return bars.properties(width="container", height=alt.Step(ROW_HEIGHT))


def _factor(log_odds: str) -> str:
    """Write the expression that shows a column of log-odds as a factor on the odds."""
    return f"'×' + format(exp(datum.{log_odds}), '.2f')"


def _odds(table: pd.DataFrame, title: str) -> alt.Axis:
    return odds_axis(title, furthest=float(table["contribution"].abs().max()), labelOverlap=True)


def _strips(strip: pd.DataFrame) -> alt.LayerChart:
    # The page holds each feature's name once, not with each dot.
    number, names = pd.factorize(strip["feature"])
    features = names.tolist()
    short = strip.assign(f=number, height=strip["height"].round(2))
    short["level"] = strip["level"].fillna(UNKNOWN)
    legend = alt.Legend(
        title="value",
        orient="top",
        values=[0, 1],
        labelExpr="datum.value == 0 ? 'lowest' : 'highest'",
        gradientLength=120,
    )
    colours = alt.Scale(domain=[0, 0.5, 1], range=[BLUE, "#d9d9d9", VERMILION])
    level = alt.Color("level:Q", scale=colours, legend=legend)
    dots = (
        alt.Chart(data_of(short.drop(columns="feature")))
        .transform_calculate(
            feature=f"{json.dumps(features, ensure_ascii=False)}[datum.f]",
            factor=_factor("contribution"),
        )
        .mark_circle(size=18, opacity=0.8)
        .encode(
            x=alt.X("contribution:Q", axis=_odds(strip, "factor on the lead's odds")),
            y=alt.Y("feature:N", sort=features, axis=alt.Axis(title=None, labelLimit=360)),
            yOffset=alt.YOffset("height:Q", scale=alt.Scale(domain=[-0.5, 0.5])),
            color=alt.condition(f"datum.level > {UNKNOWN}", level, alt.value("#9aa0a8")),
            tooltip=tooltips("feature", "value", "factor", factor="factor on the odds"),
        )
    )
    return layers(upright(0), dots, height=alt.Step(STRIP_HEIGHT))


def _dependence(drivers: Drivers) -> list[Figure]:
    """Draw one picture a feature, the strongest first."""
    numbers = dict(list(drivers.numbers.groupby("feature", sort=False)))
    words = dict(list(drivers.words.groupby("feature", sort=False)))
    found = []
    for feature, unit in drivers.units.items():
        title = f"{feature[0].upper()}{feature[1:]}"
        if feature in numbers:
            rows = numbers[feature]
            note = f"Each dot is a held-out lead.{_unknown(rows)}"
            found.append(Figure(title, note, _scatter(rows.dropna(), unit)))
        elif feature in words:
            note = "Dots: the mean of the leads with that word; lines: the middle half of them."
            found.append(Figure(title, note, _levels(words[feature])))
    return found


def _unknown(rows: pd.DataFrame) -> str:
    unknown = rows["value"].isna()
    if not unknown.any():
        return ""
    factor = math.exp(float(rows.loc[unknown, "contribution"].mean()))
    return f" Not known for {percent(float(unknown.mean()))} of them: typically ×{factor:.2f}."


def _scatter(rows: pd.DataFrame, unit: str) -> alt.LayerChart:
    values = rows["value"].abs()
    skewed = values.max() > MANY_TIMES * max(float(values.median()), 1.0)
    scale = alt.Scale(type="symlog", nice=False) if skewed else alt.Scale(zero=False, padding=8)
    x_axis = alt.Axis(title=unit or "value", tickCount=6, labelOverlap="greedy")
    y_axis, y_scale = _odds(rows, "factor on the odds"), alt.Scale(zero=False, padding=8)
    dots = alt.Chart(data_of(rows[["value", "contribution"]])).mark_circle(
        color=BLUE, size=22, opacity=0.45
    )
    dots = dots.transform_calculate(factor=_factor("contribution")).encode(
        x=alt.X("value:Q", scale=scale, axis=x_axis),
        y=alt.Y("contribution:Q", scale=y_scale, axis=y_axis),
        tooltip=[
            alt.Tooltip("value:Q", title=unit or "value", format=",.4~g"),
            alt.Tooltip("factor:N", title="factor on the odds"),
        ],
    )
    return layers(across(0), dots, height=SMALL_HEIGHT)


def _levels(rows: pd.DataFrame) -> alt.LayerChart:
    base = (
        alt.Chart(data_of(rows.drop(columns="feature")))
        .transform_calculate(factor=_factor("contribution"))
        .encode(
            y=alt.Y("value:N", sort=None, axis=alt.Axis(title=None, labelLimit=170)),
            tooltip=tooltips("value", "factor", "rows", factor="mean factor on the odds"),
        )
    )
    axis = _odds(rows, "factor on the odds")
    marks = intervals(base, "x", "contribution", scale=alt.Scale(), axis=axis)
    return layers(upright(0), *marks, height=alt.Step(WORD_HEIGHT))
