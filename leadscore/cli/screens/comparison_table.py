"""What `leadscore models compare` shows on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from leadscore.training.report.narrative import METRIC_WORDS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from leadscore.training.workflow.compare_versions import Comparison, StageComparison

SHOWN = ("auc", "average_precision", "lift_10", "log_loss", "brier", "calibration_error")
LESS_IS_BETTER = ("log_loss", "brier", "calibration_error")


def comparison_table(comparison: Comparison) -> Group:
    """Show a comparison in 100 columns: figures of both, their difference, and who would move."""
    since = "" if comparison.since is None else f", created from {comparison.since:%-d %B %Y} on"
    title = f"{comparison.name}: version {comparison.second} against version {comparison.first}"
    parts: list[RenderableType] = [
        Text(title, "bold"),
        Text(f"On matured leads that neither learnt from{since}; 95 % intervals."),
        Text(),
    ]
    for stage in comparison.stages.values():
        parts += [_metrics(stage, comparison), Text(), *_movers(stage, comparison), Text()]
    parts += [Text(f"! {caution}", "yellow") for caution in comparison.cautions]
    return Group(*parts)


def _metrics(stage: StageComparison, comparison: Comparison) -> Table:
    title = (
        f"{stage.stage}: {stage.leads:,} leads, {stage.snapshots:,} snapshots, "
        f"{stage.reached:,} reached it"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    heads = (f"version {comparison.first}", f"version {comparison.second}", "difference")
    for head in heads:
        table.add_column(head, justify="right")
    table.add_column("better")
    for metric in SHOWN:
        gap = stage.difference.T[metric]
        table.add_row(
            METRIC_WORDS[metric],
            _value(stage.first.T[metric], metric),
            _value(stage.second.T[metric], metric),
            _gap(gap, metric),
            _better(gap, metric, comparison),
        )
    return table


def _value(row: pd.Series[float], metric: str) -> str:
    digits = 2 if metric.startswith("lift") else 3
    value, low, high = (f"{row[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low}–{high})"


def _gap(row: pd.Series[float], metric: str) -> str:
    digits = 2 if metric.startswith("lift") else 4 if metric in LESS_IS_BETTER else 3
    value, low, high = (f"{row[key]:+.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _better(gap: pd.Series[float], metric: str, comparison: Comparison) -> str:
    if gap["low"] <= 0 <= gap["high"]:
        return "no telling"
    is_second = (gap["value"] > 0) != (metric in LESS_IS_BETTER)
    return f"version {comparison.second if is_second else comparison.first}"


def _movers(stage: StageComparison, comparison: Comparison) -> list[RenderableType]:
    told = (
        f"Who would move: {stage.new_in_best:.0%} of the best tenth would be other leads; "
        f"rank correlation {stage.rank_correlation:.2f}."
    )
    table = Table(
        title=f"Share of leads, from version {comparison.first} (down) to {comparison.second}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("")
    for band in stage.moves.columns:
        table.add_column(str(band), justify="right")
    for words, shares in stage.moves.iterrows():
        table.add_row(str(words), *(f"{share:.1%}" for share in shares))
    return [Text(told), table, Text(), _examples(stage, comparison)]


def _examples(stage: StageComparison, comparison: Comparison) -> Table:
    table = Table(title="Leads that change most", title_justify="left", box=None, pad_edge=False)
    table.add_column("lead")
    table.add_column("as of")
    for version in (comparison.first, comparison.second):
        table.add_column(f"version {version}", justify="right")
    for row in stage.examples.itertuples():
        table.add_row(
            str(row.lead_id), f"{row.as_of:%Y-%m-%d}", f"{row.first:.1%}", f"{row.second:.1%}"
        )
    return table


def as_record(comparison: Comparison) -> dict[str, object]:
    """Give a comparison as plain values, as `--json` prints it."""
    return {
        "name": comparison.name,
        "first": comparison.first,
        "second": comparison.second,
        "since": comparison.since,
        "cautions": list(comparison.cautions),
        "stages": [_stage_record(stage) for stage in comparison.stages.values()],
    }


def _stage_record(stage: StageComparison) -> dict[str, object]:
    tables = {name: getattr(stage, name).T.to_dict() for name in ("first", "second", "difference")}
    return {
        "stage": stage.stage,
        "leads": stage.leads,
        "snapshots": stage.snapshots,
        "reached": stage.reached,
        **tables,
        "rank_correlation": stage.rank_correlation,
        "new_in_best": stage.new_in_best,
        "moves": stage.moves.T.to_dict(),
        "examples": stage.examples.to_dict("records"),
    }
