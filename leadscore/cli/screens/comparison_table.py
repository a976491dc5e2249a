"""What `leadscore models compare` shows on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from leadscore.cli.screens.tables import plain_table
from leadscore.training.evaluation import METRIC_WORDS, with_interval
from leadscore.training.gate import signed

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType
    from rich.table import Table

    from leadscore.training.workflow import Comparison, StageComparison

SHOWN = ("auc", "average_precision", "lift_10", "log_loss", "brier", "calibration_error")
LESS_IS_BETTER = ("log_loss", "brier", "calibration_error")


def comparison_table(comparison: Comparison) -> Group:
    """Show a comparison in 100 columns: figures of both, their difference, and who would move."""
    since = "" if comparison.since is None else f", created from {comparison.since:%-d %B %Y} on"
    title = f"{comparison.name}: version {comparison.second} against version {comparison.first}"
    scope = f"On matured leads that neither learnt from{since}; 95 % intervals."
    parts: list[RenderableType] = [Text(title, "bold"), Text(scope), Text()]
    for stage in comparison.stages.values():
        parts += [_metrics(stage, comparison), Text(), *_movers(stage, comparison), Text()]
    parts += [Text(f"! {caution}", "yellow") for caution in comparison.cautions]
    return Group(*parts)


def _metrics(stage: StageComparison, comparison: Comparison) -> Table:
    title = (
        f"{stage.stage}: {stage.leads:,} leads, {stage.snapshots:,} snapshots, "
        f"{stage.reached:,} reached it"
    )
    heads = ("", f"version {comparison.first}", f"version {comparison.second}", "difference")
    table = plain_table(title, heads)
    table.add_column("better")
    for metric in SHOWN:
        gap = stage.difference.T[metric]
        table.add_row(
            METRIC_WORDS[metric],
            with_interval(stage.first.T[metric], metric),
            with_interval(stage.second.T[metric], metric),
            signed(gap, digits=_digits(metric)),
            _better(gap, metric, comparison),
        )
    return table


def _digits(metric: str) -> int:
    return 2 if metric.startswith("lift") else 4 if metric in LESS_IS_BETTER else 3


def _better(gap: pd.Series[float], metric: str, comparison: Comparison) -> str:
    if gap["low"] <= 0 <= gap["high"]:
        return "no telling"
    is_second = (gap["value"] > 0) != (metric in LESS_IS_BETTER)
    return f"version {comparison.second if is_second else comparison.first}"


def _movers(stage: StageComparison, comparison: Comparison) -> list[RenderableType]:
    best = (
        f"Who would move: {stage.new_in_best:.0%} of the best tenth would be other leads; "
        f"rank correlation {stage.rank_correlation:.2f}."
    )
    title = f"Share of leads, from version {comparison.first} (down) to {comparison.second}"
    table = plain_table(title, ["", *map(str, stage.moves.columns)])
    for words, shares in stage.moves.iterrows():
        table.add_row(str(words), *(f"{share:.1%}" for share in shares))
    return [Text(best), table, Text(), _examples(stage, comparison)]


def _examples(stage: StageComparison, comparison: Comparison) -> Table:
    heads = ["lead", "as of", f"version {comparison.first}", f"version {comparison.second}"]
    table = plain_table("Leads that change most", heads)
    for row in stage.examples.itertuples():
        table.add_row(
            str(row.lead_id), f"{row.as_of:%Y-%m-%d}", f"{row.first:.1%}", f"{row.second:.1%}"
        )
    return table
