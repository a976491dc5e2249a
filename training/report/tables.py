"""The tables of the report and the model card, every cell as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from leadscore.features.core import percent
from leadscore.training.evaluation import (
    METRIC_WORDS,
    STAGE_WORDS,
    figure,
    method_words,
    span,
    with_month_words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from leadscore.training.dataset import Prepared
    from leadscore.training.gate import Verdict
    from leadscore.training.report.report_data import StageFacts
    from leadscore.training.scorecard import PointsTable

LOOKUP_STEPS = 12  # a line that fits the page
ALL_BUT_SURE = 0.99  # from here on more points change nothing that anybody does
DRIVERS_SHOWN = 10


class Cell(NamedTuple):
    """A cell's text, and its interval or nothing."""

    text: str
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """A table of text, with the positions of its left-aligned columns and its emphasised rows."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    text_columns: Sequence[int] = (0,)
    marked: Sequence[int] = ()


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[Sequence[str]]],
    text_columns: Sequence[int] = (0,),
    marked: Sequence[int] = (),
) -> Table:
    cells = [[Cell(each) if isinstance(each, str) else Cell(*each) for each in row] for row in rows]
    return Table(head, cells, text_columns, marked)


def _metric(row: pd.Series[float], metric: str) -> Cell:
    return Cell(figure(row["value"], metric), span(row, metric))


def _share(row: pd.Series[float], value: str, low: str, high: str) -> Cell:
    return Cell(percent(row[value]), f"{percent(row[low])}–{percent(row[high])}")


def gate_table(verdict: Verdict) -> Table:
    """List the gate's rules, whether each holds, and the figures."""
    rows = [[each.name, "yes" if each.passed else "no", each.detail] for each in verdict.rules]
    refused = [place for place, each in enumerate(verdict.rules) if not each.passed]
    return _table(["rule", "holds", "figures"], rows, (0, 1, 2), refused)


def metrics_table(facts: StageFacts) -> Table:
    """List every method with its metrics and their 95 % intervals, the model first."""
    rows = [
        [method_words(name), *(_metric(metrics.T[metric], metric) for metric in METRIC_WORDS)]
        for name, metrics in facts.metrics.items()
    ]
    return _table(["scored by", *METRIC_WORDS.values()], rows, marked=(0,))


def counts_table(prepared: Prepared) -> Table:
    """Count each stage's matured snapshots for training and test."""
    rows = [
        (
            STAGE_WORDS[count.stage],
            *_counted(count.learn_rows, count.learn_positives),
            *_counted(count.test_rows, count.test_positives),
        )
        for count in prepared.counts
    ]
    head = ["stage", "learnt from", "reached it", "share", "held out", "reached it", "share"]
    return _table(head, rows)


def _counted(rows: int, reached: int) -> tuple[str, str, str]:
    return f"{rows:,}", f"{reached:,}", percent(reached / max(rows, 1))


def findings_table(prepared: Prepared, overruled: Mapping[str, str]) -> Table:
    """List the audit's findings with evidence, verdict and remedy."""
    rows = [
        [
            each.column,
            each.kind,
            "left out" if each.column in prepared.excluded else each.severity,
            each.evidence,
            f"overruled: {overruled[each.column]}" if each.column in overruled else each.remedy,
        ]
        for each in prepared.findings
    ]
    head = ["column", "what", "verdict", "evidence", "remedy"]
    return _table(head, rows, range(5))


def drivers_table(by_fact: pd.Series[float]) -> Table:
    """List the facts that move the odds most."""
    rounded = by_fact.head(DRIVERS_SHOWN).round(3) + 0.0  # which leaves no "-0.000"
    rows = [[str(fact), f"{value:.3f}"] for fact, value in rounded.items()]
    return _table(["fact", "mean contribution (log-odds)"], rows)


def points_table(points: PointsTable) -> Table:
    """List the rules of the points table: condition, points, share of leads it holds for."""
    rows = [["every lead starts with", f"{points.start:,}", percent(1.0)]]
    rows += [[each.words, f"{each.points:+d}", percent(each.leads_share)] for each in points.rules]
    return _table(["where this holds", "points", "leads it holds for"], rows)


def points_lookup(points: PointsTable) -> Table:
    """List the propensity that goes with the points, in a dozen steps at most."""
    steps = points.lookup()
    upto = int((steps["propensity"] < ALL_BUT_SURE).sum()) + 1
    some = steps.iloc[:upto].iloc[:: math.ceil(upto / LOOKUP_STEPS)]
    head = ["points", *(f"{each:,}" for each in some["points"])]
    return _table(head, [["propensity", *map(percent, some["propensity"])]])


def segments_table(segments: pd.DataFrame) -> Table:
    """List every group with its size, its conversion promised and realised, and its AUC."""
    rows = [
        [
            str(row["dimension"]),
            str(row["segment"]),
            f"{row['leads']:,}",
            f"{row['reached']:,}",
            percent(row["promised"]),
            _share(row, "realised", "realised_low", "realised_high"),
            _metric(row.rename({"auc": "value", "auc_low": "low", "auc_high": "high"}), "auc"),
        ]
        for _, row in with_month_words(segments).iterrows()
    ]
    head = ["by", "group", "leads", "conversions", "promised", "realised", "AUC"]
    return _table(head, rows, (0, 1))


def won_given_sql_table(won_given_sql: pd.DataFrame) -> Table:
    """List how likely SQLs are won, promised and realised, each with its interval."""
    rows = [
        [
            f"{row['snapshots']:,.0f}",
            _share(row, "promised", "promised_low", "promised_high"),
            _share(row, "realised", "low", "high"),
        ]
        for _, row in won_given_sql.iterrows()
    ]
    return _table(["snapshots of SQLs", "promised", "realised"], rows, ())
