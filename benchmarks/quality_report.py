"""The comparison as a page: the verdicts first, then every figure behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.machine import markdown_table
from benchmarks.quality_peers import LEAST_BUDGET
from benchmarks.quality_table import METRICS, OURS, SAME_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.quality_table import Contest, Standing

WORDS = {
    "auc": "AUC",
    "average_precision": "AP",
    "brier": "Brier",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
    "lift_10": "lift at 10 %",
}
INTRODUCTION = """\
Every model learns from the same snapshots with the same feature table and is judged on the same
later leads, which none of them sees before (a file without dates is split at random). Columns
that the leakage audit proves to be leaks are taken from everyone alike. LightGBM and CatBoost are
used as they come, with native categories; FLAML searches by log loss with its own validation,
once for {budget:.0f} s and once for as long as ours took. The peers learn `won` directly, ours as
SQL times won among SQLs, and its seconds count both. Everyone has all cores, one model at a time;
seconds are to learn and to predict, the median of the seeds, and metrics are means over the seeds.

A difference is ours minus the peer's with its 95 % interval: a paired bootstrap of whole accounts
(of leads, where there are none) for each seed, value and ends then averaged over the seeds.
Higher is better for AUC, AP and lift, lower for the others. *best*: no peer is ahead; *tied*: one
is, but the interval of the difference holds 0; **no**: one is ahead beyond chance. *Quicker* asks
for less time than the peer best in AUC and than the peer best in log loss, *{same}* aside.
That one has at least {least:.0f} s."""
VERDICT_HEAD = ["company", "judged", "stage", "AUC", "log loss", "quicker than the best peer"]


def report(found: Sequence[Contest], *, budget: float, below: str) -> str:
    """Write the page.

    Parameters
    ----------
    found
        One a company, date and stage.
    budget
        Seconds that FLAML had.
    below
        On what it was measured.

    Returns
    -------
    str
        Markdown.
    """
    rows = [
        [
            each.company,
            each.when,
            each.stage,
            each.place("auc"),
            each.place("log_loss"),
            each.quicker(),
        ]
        for each in found
    ]
    parts = [
        "# Ours beside what a data scientist would use instead",
        INTRODUCTION.format(budget=budget, same=SAME_TIME, least=LEAST_BUDGET),
        "## Verdicts",
        markdown_table(VERDICT_HEAD, rows, words=len(VERDICT_HEAD)),
        *(_contest(each) for each in found),
        below,
    ]
    return "\n\n".join(parts) + "\n"


def _contest(each: Contest) -> str:
    values = markdown_table(
        ["model", *WORDS.values(), "seconds"], [_values(row) for row in each.standings], words=1
    )
    differences = markdown_table(
        ["ours minus", *WORDS.values()], [_differences(row) for row in each.peers], words=1
    )
    chose = [f"{row.name}: {row.detail}." for row in each.standings if row.detail]
    title = f"## {each.company}, {each.stage} ({each.when})"
    return "\n\n".join([title, f"{each.facts}.", values, differences, *filter(None, chose)])


def _values(row: Standing) -> list[str]:
    name = f"**{OURS}**" if row.name == OURS else row.name
    if row.metrics is None:
        return [name, *["–"] * (len(METRICS) + 1)]
    figures = [_digits(metric, float(row.metrics[metric])) for metric in METRICS]
    return [name, *figures, f"{row.seconds:.1f}"]


def _differences(row: Standing) -> list[str]:
    cells = [row.name]
    if row.ahead is not None:
        for metric in METRICS:
            value, low, high = row.ahead.loc[metric].to_numpy("float64")
            ends = f"{_digits(metric, low, sign='+')} to {_digits(metric, high, sign='+')}"
            cells.append(f"{_digits(metric, value, sign='+')} ({ends})")
    return cells


def _digits(metric: str, value: float, *, sign: str = "") -> str:
    return f"{value:{sign}.2f}" if metric.startswith("lift") else f"{value:{sign}.4f}"
