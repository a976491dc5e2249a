"""The sentences and figures that the report, the model card and the terminal share."""

from __future__ import annotations

import math
from calendar import month_abbr
from typing import TYPE_CHECKING

from leadscore.training.gate.promotion_gate import chance

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.training.dataset.training_data import Prepared
    from leadscore.training.evaluation.evaluate import Evaluation
    from leadscore.training.gate.promotion_gate import Verdict
    from leadscore.training.report.report_data import Facts

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

METRIC_MEANINGS = {
    "AUC": "how often a lead that converts stands above one that does not: 0.5 is chance, 1 is "
    "perfect, and honest lead scoring is mostly between 0.65 and 0.9",
    "average precision": "the share of converting leads in a list cut anywhere, averaged; compare "
    "it with the overall rate",
    "Brier score": "mean squared gap between propensity and outcome; smaller is better",
    "log loss": "what propensities cost when they are wrong, most of all when they are sure; "
    "smaller is better",
    "calibration error": "mean gap between promised and realised conversion over tenths of the "
    "leads; smaller is better",
    "lift at 10 %": "conversion among the best 10 % by propensity over conversion among all",
    "95 % interval": "where the figure would mostly lie with other leads like these; leads of one "
    "account are drawn together",
}

STAGE_WORDS = {"sql": "SQL", "won": "won"}
REACHED = {"sql": "became SQL", "won": "were won"}
NOT_REACHED = {"sql": "did not become SQL", "won": "were not won"}
CALIBRATION_WORDS = {
    "identity": "none needed",
    "overall rate": "everybody gets the overall rate, as nothing tells leads apart",
}
METHOD_WORDS = {
    "model": "this model",
    "champion": "the champion",
    "model_there": "this model, on leads new to both",
    "overall_rate": "the overall rate",
    "recency": "latest activity first",
    "points_table": "a points table made by hand",
    "points_rules": "this model as points",
    "logistic_regression": "logistic regression",
}


def method_words(name: str) -> str:
    """Name a way of scoring leads as a person does."""
    return METHOD_WORDS.get(name, name.replace("_", " "))


def month_words(month: str) -> str:
    """Write a month as a person does; what is no month stays as it is.

    Examples
    --------
    >>> month_words("2026-05"), month_words("unknown")
    ('May 2026', 'unknown')
    """
    year, _, number = month.partition("-")
    return f"{month_abbr[int(number)]} {year}" if number.isdigit() else month


def with_group_words(table: pd.DataFrame) -> pd.DataFrame:
    """Write the months among the groups of a table as a person does.

    Parameters
    ----------
    table
        With the columns `dimension` and `segment`.

    Returns
    -------
    DataFrame
        A copy.
    """
    copy = table.copy()
    is_month = copy["dimension"] == "month"
    copy.loc[is_month, "segment"] = copy.loc[is_month, "segment"].map(month_words)
    return copy


def headline(evaluation: Evaluation, verdict: Verdict) -> str:
    """Say in two sentences how good the model is and whether it may score."""
    stage = next(iter(evaluation.metrics))
    auc = evaluation.metrics[stage].T["auc"]
    if auc["low"] <= 0.5:
        return (
            "There is no signal: on held-out leads the model ranks no better than chance "
            f"(AUC {auc['value']:.3f}, 95 % interval {auc['low']:.3f} to {auc['high']:.3f}: "
            f"{chance(auc)}). Do not score with it."
        )
    first = _best_tenth(evaluation, stage)
    if verdict.passed:
        return f"{first} It passed every rule of the gate."
    return f"{first} The gate refuses it: {verdict.refusals[0].name} does not hold."


def _best_tenth(evaluation: Evaluation, stage: str) -> str:
    metrics = evaluation.metrics[stage]
    auc = metrics.T["auc"]
    base = float(evaluation.held_out[stage]["outcome"].mean())
    top = float(metrics["value"]["lift_10"]) * base
    return (
        f"Of the best tenth of held-out leads {percent(top)} {REACHED[stage]}, against "
        f"{percent(base)} of all (AUC {auc['value']:.3f}, 95 % interval {auc['low']:.3f} to "
        f"{auc['high']:.3f})."
    )


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


def data_facts(facts: Facts) -> dict[str, str]:
    """Say what the model learnt from and was judged by: a name and a figure each."""
    prepared = facts.prepared
    frame, since = prepared.labels.frame, prepared.split.test_from
    created = frame["created_at"].dropna()
    told = {
        "Leads": f"{frame['lead_id'].nunique():,} in {len(frame):,} snapshots",
        "Features": f"{len(prepared.catalogue):,}",
    }
    if len(created):
        first, last = created.min(), created.max()
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        told["Created"] = f"{first:%B %Y} to {last:%B %Y}, {months:,} months"
    if since is not None:
        told["Held out"] = f"leads created from {since.day} {since:%B %Y} on"
    else:
        told["Held out"] = "a quarter of the leads, at random"
    told |= {
        f"Not yet known, {STAGE_WORDS[stage]}": percent(unknown_share(prepared, stage))
        for stage in prepared.labels.stages
    }
    told |= {
        f"Calibration, {STAGE_WORDS[each.stage]}": CALIBRATION_WORDS.get(
            each.calibration, each.calibration
        )
        for each in facts.stages
    }
    told["Columns left out"] = ", ".join(prepared.excluded) or "none"
    return told


def unknown_share(prepared: Prepared, stage: str) -> float:
    """Give the share of snapshots whose label for a stage is not yet known."""
    frame = prepared.labels.frame
    applies = ~frame["is_sql"] if stage == "sql" else frame["lead_id"].notna()
    return float(frame.loc[applies, f"y_{stage}"].isna().mean())


def limits(prepared: Prepared) -> list[str]:
    """Say what any model of this kind cannot know, then what a reader of this one must know."""
    always = [
        (
            "The propensities hold for leads like those it learnt from. New channels, products or "
            "a changed sales process make them wrong until the model is trained again."
        ),
        "Drivers say what the model looks at, not what causes a lead to convert.",
        (
            "Leads that sales never worked could not convert: past attention is part of what the "
            "model has learnt."
        ),
    ]
    return [*prepared.cautions, *always]


def percent(share: float) -> str:
    """Write a share with two digits that tell something.

    Examples
    --------
    >>> [percent(share).replace(chr(160), " ") for share in (0.314, 0.0421, 0.0035, 0.0, 1.0)]
    ['31 %', '4.2 %', '0.35 %', '0 %', '100 %']
    """
    if math.isnan(share):
        return "–"
    hundredths = 100 * share
    if round(hundredths, 1) >= 10 or share == 0:
        digits = 0
    else:
        digits = 1 if round(hundredths, 2) >= 1 else 2
    return f"{hundredths:.{digits}f}\u00a0%"


def figure(value: float, metric: str) -> str:
    """Write a metric with the digits that mean something: lift with two, all others with three."""
    if math.isnan(value):
        return "–"
    return f"{value:.{2 if metric.startswith('lift') else 3}f}"


def span(row: pd.Series[float], metric: str) -> str:
    """Write the 95 % interval of a metric, `0.712–0.744`."""
    return f"{figure(row['low'], metric)}–{figure(row['high'], metric)}"
