"""The tables of the report and the model card: cells a person reads, computed nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.report.narrative import (
    METRIC_WORDS,
    STAGE_WORDS,
    figure,
    method_words,
    percent,
    span,
    with_group_words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.training.dataset.training_data import Prepared
    from leadscore.training.gate.promotion_gate import Verdict
    from leadscore.training.report.report_data import StageFacts
    from leadscore.training.scorecard.scorecard import PointsTable

LOOKUP_STEPS = 12  # a line that fits the page
ALL_BUT_SURE = 0.99  # from here on more points change nothing that anybody does


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table.

    Parameters
    ----------
    text
        The figure or the words.
    detail
        What stands smaller beside it: an interval.
    """

    text: str
    detail: str = ""


@dataclass(frozen=True)
class Table:
    """A table as a person reads it.

    Parameters
    ----------
    head
        The columns' names.
    rows
        The cells.
    text_columns
        The places of columns that hold words; all others hold figures and stand to the right.
    marked
        The places of rows that stand out.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    text_columns: Sequence[int] = (0,)
    marked: Sequence[int] = ()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, text: Sequence[int]) -> Table:
    return Table(head, [[Cell(each) for each in row] for row in rows], text)


def gate_table(verdict: Verdict) -> Table:
    """List the gate's rules, whether each holds, and the figures."""
    rows = [[each.name, "yes" if each.passed else "no", each.detail] for each in verdict.rules]
    refused = [place for place, each in enumerate(verdict.rules) if not each.passed]
    table = _table(["rule", "holds", "figures"], rows, text=(0, 1, 2))
    return Table(table.head, table.rows, table.text_columns, marked=refused)


def metrics_table(facts: StageFacts) -> Table:
    """List every way of scoring with its metrics and their 95 % intervals, the model first."""
    rows = [
        [
            Cell(method_words(name)),
            *(
                Cell(figure(metrics.T[metric]["value"], metric), span(metrics.T[metric], metric))
                for metric in METRIC_WORDS
            ),
        ]
        for name, metrics in facts.metrics.items()
    ]
    return Table(["scored by", *METRIC_WORDS.values()], rows, marked=(0,))


def counts_table(prepared: Prepared) -> Table:
    """List how many matured snapshots each stage has to learn and to be judged by."""
    rows = [
        [
            STAGE_WORDS[count.stage],
            f"{count.learn_rows:,}",
            f"{count.learn_positives:,}",
            percent(count.learn_positives / max(count.learn_rows, 1)),
            f"{count.test_rows:,}",
            f"{count.test_positives:,}",
            percent(count.test_positives / max(count.test_rows, 1)),
        ]
        for count in prepared.counts
    ]
    head = ["stage", "taught by", "reached it", "share", "held out", "reached it", "share"]
    return _table(head, rows, text=(0,))


def findings_table(prepared: Prepared, overruled: Mapping[str, str]) -> Table:
    """List what the audit found in the columns, with evidence, verdict and remedy."""
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
    return _table(head, rows, text=range(5))


def drivers_table(by_fact: pd.Series[float], *, shown: int) -> Table:
    """List the facts that move the odds most."""
    rounded = by_fact.head(shown).round(3) + 0.0  # which leaves no "-0.000"
    rows = [[str(fact), f"{value:.3f}"] for fact, value in rounded.items()]
    return _table(["fact", "mean contribution (log-odds)"], rows, text=(0,))


def points_table(points: PointsTable) -> Table:
    """List the rules of the points table: condition, points, share of leads it holds for."""
    rows = [["every lead starts with", f"{points.start:,}", "100\u00a0%"]]
    rows += [
        [each.words, f"{each.points:+d}".replace("-", "−"), percent(each.leads_share)]
        for each in points.rules
    ]
    return _table(["where this holds", "points", "leads it holds for"], rows, text=(0,))


def points_lookup(points: PointsTable) -> Table:
    """List the propensity that goes with the points, in a dozen steps at most."""
    steps = points.lookup()
    upto = int((steps["propensity"] < ALL_BUT_SURE).sum()) + 1
    some = steps.iloc[:upto].iloc[:: math.ceil(upto / LOOKUP_STEPS)]
    head = ["points", *(f"{each:,}" for each in some["points"])]
    return _table(head, [["propensity", *map(percent, some["propensity"])]], text=(0,))


def segments_table(segments: pd.DataFrame) -> Table:
    """List every group with its size, its conversion promised and realised, and its AUC."""
    rows = [
        [
            Cell(str(row["dimension"])),
            Cell(str(row["segment"])),
            Cell(f"{row['leads']:,}"),
            Cell(f"{row['reached']:,}"),
            Cell(percent(row["promised"])),
            Cell(
                percent(row["realised"]),
                f"{percent(row['realised_low'])}–{percent(row['realised_high'])}",
            ),
            Cell(
                figure(row["auc"], "auc"),
                f"{figure(row['auc_low'], 'auc')}–{figure(row['auc_high'], 'auc')}"
                if pd.notna(row["auc"])
                else "",
            ),
        ]
        for row in with_group_words(segments).to_dict("records")
    ]
    head = ["by", "group", "leads", "conversions", "promised", "realised", "AUC"]
    return Table(head, rows, text_columns=(0, 1))


def once_sql_table(once_sql: pd.DataFrame) -> Table:
    """List how likely SQLs are won, promised and realised, each with its interval."""
    rows = [
        [
            Cell(f"{row['snapshots']:,.0f}"),
            Cell(
                percent(row["promised"]),
                f"{percent(row['promised_low'])}–{percent(row['promised_high'])}",
            ),
            Cell(percent(row["realised"]), f"{percent(row['low'])}–{percent(row['high'])}"),
        ]
        for row in once_sql.to_dict("records")
    ]
    return Table(["snapshots of SQLs", "promised", "realised"], rows, text_columns=())
