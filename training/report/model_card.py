"""The model card: what the model is, how good on later leads, what to beware of, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.training.report.narrative import (
    REACHED,
    STAGE_WORDS,
    data_facts,
    limits,
    percent,
    suspect_sentences,
)
from leadscore.training.report.tables import (
    counts_table,
    drivers_table,
    findings_table,
    gate_table,
    metrics_table,
    once_sql_table,
    points_table,
    segments_table,
)

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts, StageFacts
    from leadscore.training.report.tables import Cell, Table

DRIVERS_SHOWN = 10


def model_card(facts: Facts) -> str:
    """Write the model card in Markdown.

    Parameters
    ----------
    facts
        What is told of the model.

    Returns
    -------
    str
    """
    said = "\n\n".join([*facts.simpler_sentences, facts.headline])
    parts = [
        f"# {facts.name}\n\n{said}\n",
        "## The gate\n\n" + _markdown(gate_table(facts.verdict)),
    ]
    for each in facts.stages:
        parts += _stage(facts, each)
    parts += [_data(facts), _audit(facts)]
    told = "".join(f"- {each}\n" for each in limits(facts.prepared))
    parts.append(f"## Limits and cautions\n\n{told}")
    return "\n".join(part for part in parts if part)


def _stage(facts: Facts, stage: StageFacts) -> list[str]:
    words, rows = STAGE_WORDS[stage.stage], stage.rows
    head = (
        f"## {stage.stage}, on {rows['lead_id'].nunique():,} held-out leads "
        f"({len(rows):,} snapshots, {percent(rows['outcome'].mean())} {REACHED[stage.stage]}"
        f"{facts.horizon_words(stage.stage)})\n\n"
    )
    parts = [head + _markdown(metrics_table(stage))]
    if len(stage.segments):
        parts.append(f"### By group\n\n{_markdown(segments_table(stage.segments))}")
    if len(stage.once_sql):
        parts.append(f"### Won, once SQL\n\n{_markdown(once_sql_table(stage.once_sql))}")
    if stage.shift is not None:
        parts.append(f"### The rate then and now\n\n{stage.shift.sentence}\n")
    drivers = _markdown(drivers_table(stage.drivers.by_fact, shown=DRIVERS_SHOWN))
    parts.append(f"### What drives {words}\n\n{stage.drivers.scope}\n\n{drivers}")
    if stage.points.rules:
        parts.append(f"### The model as points\n\n{_markdown(points_table(stage.points))}")
    return parts


def _data(facts: Facts) -> str:
    told = "".join(f"- {name}: {value}\n" for name, value in data_facts(facts).items())
    return f"## Data\n\n{told}\n" + _markdown(counts_table(facts.prepared))


def _audit(facts: Facts) -> str:
    if not facts.prepared.findings:
        return ""
    told = "## Columns that may know the outcome, or say nothing\n\n"
    table = _markdown(findings_table(facts.prepared, facts.overruled))
    return told + table + "".join(f"\n{each}\n" for each in suspect_sentences(facts.prepared))


def _markdown(table: Table) -> str:
    rule = ["---" if at in table.text_columns else "---:" for at in range(len(table.head))]
    rows = [
        [_words(cell, strong=at in table.marked) for cell in row]
        for at, row in enumerate(table.rows)
    ]
    lines = [[_cell(head) for head in table.head], rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _words(cell: Cell, *, strong: bool) -> str:
    text = f"**{_cell(cell.text)}**" if strong and cell.text else _cell(cell.text)
    return f"{text} ({_cell(cell.detail)})" if cell.detail else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
