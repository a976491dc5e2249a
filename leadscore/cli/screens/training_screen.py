"""The results of a training run or a check on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from leadscore.cli.screens.sufficiency_screen import viability_tables
from leadscore.cli.screens.tables import plain_table
from leadscore.training.evaluation import METRIC_WORDS, with_interval
from leadscore.training.report import suspect_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from leadscore.features.tables import Quarantine
    from leadscore.training.dataset import Prepared
    from leadscore.training.evaluation import Evaluation
    from leadscore.training.workflow import Checked, TrainingResult

SHOWN_METRICS = ("auc", "log_loss", "calibration_error", "lift_10")
SHOWN_FINDINGS = 12


def training_summary(result: TrainingResult) -> Group:
    """Summarise a training run in 100 columns."""
    status = "the champion: it scores from now on." if result.promoted else "not promoted."
    return Group(
        Text(f"{result.name}, version {result.version}", "bold"),
        Text(result.headline),
        Text(),
        *_quarantine(result.quarantine),
        *_findings(result.prepared),
        *(_stage(stage, result.evaluation) for stage in result.evaluation.metrics),
        *(part for sentence in result.shifts for part in (Text(sentence), Text())),
        *(Text(f"✗ {rule.name}: {rule.detail}", "bold red") for rule in result.verdict.refusals),
        *_cautions(result.prepared.cautions),
        Text(
            f"Version {result.version} is {status}",
            "bold green" if result.promoted else "bold yellow",
        ),
        Text(f"Report: {result.page}"),
        Text(f"Model card: {result.card}"),
    )


def check_summary(checked: Checked) -> Group:
    """Summarise a check in 100 columns."""
    prepared, screened = checked.prepared, _quarantine(checked.quarantine)
    screened[-1:] = [
        *(Text(f"{e.table}: {e.rows:,} rows passed over: {e.reason}") for e in checked.passed_over),
        Text(),
    ]
    stages = viability_tables(checked.viability)
    if prepared is None:
        return Group(*screened, *stages, *_cautions(checked.viability.shortages))
    features = Text(f"{len(prepared.catalogue)} features")
    findings = _findings(prepared)
    return Group(*screened, *findings, *stages, features, *_cautions(prepared.cautions))


def _quarantine(quarantine: Quarantine) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for row in quarantine.counts.to_dict("records"):
        line = f"{row['table']}: {row['rows']:,} rows"
        if row["faulty"]:
            line += f", {row['faulty']:,} ({row['share']:.2%}) with faults, see quarantine/rows.csv"
        lines.append(Text(line))
    return [*lines, Text()]


def _findings(prepared: Prepared) -> list[RenderableType]:
    """List suspicious columns one by one, and uninformative ones in one line."""
    dull = [each.column for each in prepared.findings if each.kind in {"constant", "identifier"}]
    suspicious = [each for each in prepared.findings if each.column not in dull]
    lines: list[RenderableType] = []
    if suspicious:
        table = Table(title="Columns that may know the outcome", title_justify="left", box=None)
        for head in ("column", "verdict", "evidence"):
            table.add_column(head, overflow="fold")
        for each in suspicious[:SHOWN_FINDINGS]:
            verdict: str = "left out" if each.column in prepared.excluded else each.severity
            if each.overruled is not None:
                verdict = "overruled"
            table.add_row(each.column, verdict, each.evidence)
        lines += [table, Text()]
    lines += [Text(sentence) for sentence in suspect_sentences(prepared)]
    if dull:
        lines += [Text(f"Left out, as they tell nothing: {', '.join(dull)}"), Text()]
    return lines


def _stage(stage: str, evaluation: Evaluation) -> Group:
    held_out = evaluation.held_out[stage]
    title = (
        f"{stage}: {held_out['lead_id'].nunique():,} held-out leads, "
        f"{held_out['outcome'].mean():.1%} reached it (95 % intervals)"
    )
    table = plain_table(title, ["", *(METRIC_WORDS[metric] for metric in SHOWN_METRICS)])
    for name, metrics in {
        "model": evaluation.metrics[stage],
        "model_as_points": evaluation.points_metrics[stage],
        **evaluation.baselines[stage],
    }.items():
        cells = (with_interval(metrics.T[metric], metric) for metric in SHOWN_METRICS)
        table.add_row(name.replace("_", " "), *cells, style="bold" if name == "model" else None)
    return Group(table, Text())


def _cautions(cautions: Sequence[str]) -> list[Text]:
    return [Text(f"! {caution}", "yellow") for caution in cautions]
