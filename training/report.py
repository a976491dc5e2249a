"""The model card: what the model is, how good on later leads, what to beware of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.gate import chance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from training.evaluate import Evaluation
    from training.gate import Verdict
    from training.prepare import Prepared

METRIC_WORDS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
    "lift_1": "lift at 1 %",
    "lift_5": "lift at 5 %",
    "lift_10": "lift at 10 %",
    "lift_20": "lift at 20 %",
}


def headline(evaluation: Evaluation, verdict: Verdict) -> str:
    """Say in two sentences how good the model is and whether it may score."""
    stage = next(iter(evaluation.metrics))
    metrics = evaluation.metrics[stage]
    auc = metrics.T["auc"]
    base = float(evaluation.held_out[stage]["outcome"].mean())
    if auc["low"] <= 0.5:
        return (
            "There is no signal: on held-out leads the model ranks no better than chance "
            f"(AUC {auc['value']:.3f}, 95 % interval {auc['low']:.3f} to {auc['high']:.3f}: "
            f"{chance(auc)}). Do not score with it."
        )
    top = float(metrics["value"]["lift_10"]) * base
    first = (
        f"Of the best tenth of held-out leads {top:.0%} reached {stage}, against {base:.0%} of all "
        f"(AUC {auc['value']:.3f}, 95 % interval {auc['low']:.3f} to {auc['high']:.3f})."
    )
    if verdict.passed:
        return f"{first} It passed every rule of the gate."
    return f"{first} The gate refuses it: {verdict.refusals[0].name} does not hold."


def model_card(
    name: str,
    prepared: Prepared,
    evaluation: Evaluation,
    verdict: Verdict,
    *,
    drivers: Mapping[str, pd.Series[float]],
    overruled: Mapping[str, str],
) -> str:
    """Write the model card in Markdown.

    Parameters
    ----------
    name
        The registered model's name.
    prepared, evaluation, verdict
        What was learnt from, how good it is, and what the gate says.
    drivers
        By stage: mean absolute contribution in log-odds of each fact, largest first.
    overruled
        The contract's reasons for keeping columns the audit found.

    Returns
    -------
    str
    """
    parts = [f"# {name}\n\n{headline(evaluation, verdict)}\n", _gate(verdict)]
    parts += [_stage(stage, evaluation) for stage in evaluation.metrics]
    parts += [_data(prepared), _drivers(drivers), _audit(prepared, overruled)]
    parts.append(_cautions(prepared.cautions))
    return "\n".join(part for part in parts if part)


def _gate(verdict: Verdict) -> str:
    rows = [[rule.name, "yes" if rule.passed else "**no**", rule.detail] for rule in verdict.rules]
    return "## The gate\n\n" + _table(["rule", "holds", "figures"], rows)


def _stage(stage: str, evaluation: Evaluation) -> str:
    held_out = evaluation.held_out[stage]
    tables = {"model": evaluation.metrics[stage], **evaluation.baselines[stage]}
    head = ["", *(METRIC_WORDS[metric] for metric in METRIC_WORDS)]
    rows = [
        [name.replace("_", " "), *(_figure(table.T[m], m) for m in METRIC_WORDS)]
        for name, table in tables.items()
    ]
    return (
        f"## {stage}, on {held_out['lead_id'].nunique():,} held-out leads "
        f"({len(held_out):,} snapshots, {held_out['outcome'].mean():.1%} reached it)\n\n"
        + _table(head, rows)
    )


def _figure(row: pd.Series[float], metric: str) -> str:
    digits = 2 if metric.startswith("lift") else 3
    value, low, high = (f"{row[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low}-{high})"


def _data(prepared: Prepared) -> str:
    rows = [
        [
            count.stage,
            f"{count.learn_rows:,}",
            f"{count.learn_positives:,}",
            f"{count.test_rows:,}",
            f"{count.test_positives:,}",
        ]
        for count in prepared.counts
    ]
    since = prepared.split.test_from
    told = f"Leads created from {since:%Y-%m-%d} on are held out.\n\n" if since is not None else ""
    head = ["stage", "snapshots to learn from", "reached it", "held out", "reached it"]
    return f"## Data\n\n{told}" + _table(head, rows)


def _drivers(drivers: Mapping[str, pd.Series[float]]) -> str:
    parts = []
    for stage, contributions in drivers.items():
        rows = [[str(fact), f"{value:.3f}"] for fact, value in contributions.head(10).items()]
        head = ["fact", "mean contribution (log-odds)"]
        parts.append(f"## What drives {stage}\n\n" + _table(head, rows))
    return "\n".join(parts)


def _audit(prepared: Prepared, overruled: Mapping[str, str]) -> str:
    if not prepared.findings:
        return ""
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
    told = "## Columns that may know the outcome, or say nothing\n\n" + _table(head, rows)
    return told + "".join(f"\n{sentence}\n" for sentence in suspect_sentences(prepared))


def suspect_sentences(prepared: Prepared) -> list[str]:
    """Say what the suspects are worth, and what is done with them."""
    if not prepared.effects:
        return []
    together = prepared.effects[0]
    done = (
        "They are left out."
        if set(together.columns) <= set(prepared.excluded)
        else 'They are kept; `audit.suspects = "exclude"` leaves them out.'
    )
    sentences = [
        (
            f"A quick model has an AUC of {together.auc_with:.3f} with all suspects and "
            f"{together.auc_without:.3f} without them. {done}"
        )
    ]
    if len(prepared.effects) > 1:
        alone = (f"{each.columns[0]} {each.auc_without:.3f}" for each in prepared.effects[1:])
        sentences.append(f"Without one of them at a time: {', '.join(alone)}.")
    return sentences


def _cautions(cautions: Sequence[str]) -> str:
    if not cautions:
        return ""
    return "## Cautions\n\n" + "\n".join(f"- {caution}" for caution in cautions) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
