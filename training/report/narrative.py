"""The sentences that the report, the model card and the terminal share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leadscore.features.core import percent
from leadscore.training.evaluation import REACHED, STAGE_WORDS
from leadscore.training.gate import SIGNAL, no_signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.training.dataset import Prepared
    from leadscore.training.evaluation import Evaluation
    from leadscore.training.gate import Verdict

SCORING_MODEL = (
    "learns from all matured leads, held-out ones too, by the recipe of the model that these "
    "figures are of, which had not seen them"
)


def headline(evaluation: Evaluation, verdict: Verdict) -> str:
    """Write in two sentences how good the model is and whether it may score."""
    stage, metrics = next(iter(evaluation.metrics.items()))
    auc = metrics.T["auc"]
    figures = f"AUC {auc['value']:.3f}, 95 % interval {auc['low']:.3f} to {auc['high']:.3f}"
    if any(rule.name == SIGNAL for rule in verdict.refusals):
        return f"{no_signal(evaluation.later_auc)} ({figures}.) Do not score with it."
    base = float(evaluation.held_out[stage]["outcome"].mean())
    best_tenth = float(metrics["value"]["lift_10"]) * base
    first = (
        f"Of the best tenth of held-out leads {percent(best_tenth)} {REACHED[stage]}, against "
        f"{percent(base)} of all ({figures})."
    )
    if verdict.passed:
        return f"{first} It passed every rule of the gate."
    return f"{first} The gate refuses it: {verdict.refusals[0].name} does not hold."


def suspect_sentences(prepared: Prepared) -> list[str]:
    """Write how much AUC the suspect columns add, and whether they are left out."""
    if not prepared.effects:
        return []
    together, *others = prepared.effects
    done = (
        "They are left out."
        if set(together.columns) <= set(prepared.excluded)
        else 'They are kept; `audit.suspects = "exclude"` leaves them out.'
    )
    effect = (
        f"A quick model has an AUC of {together.auc_with:.3f} with all suspects and "
        f"{together.auc_without:.3f} without them. {done}"
    )
    sentences = [effect]
    if others:
        alone = (f"{each.columns[0]} {each.auc_without:.3f}" for each in others)
        sentences.append(f"Without one of them at a time: {', '.join(alone)}.")
    return sentences


def data_facts(prepared: Prepared, calibration: Mapping[str, str]) -> dict[str, str]:
    """Describe training and test data by name and text.

    `calibration` has the words of `calibration_words` by stage.
    """
    frame, since = prepared.labels.frame, prepared.split.test_from
    facts = {
        "Leads": f"{frame['lead_id'].nunique():,} in {len(frame):,} snapshots",
        "Features": f"{len(prepared.catalogue):,}",
    }
    created = frame["created_at"].dropna()
    if len(created):
        first, last = created.min(), created.max()
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        facts["Created"] = f"{first:%B %Y} to {last:%B %Y}, {months:,} months"
    facts["Held out"] = (
        "each quarter of the leads in turn"
        if since is None
        else f"leads created from {since.day} {since:%B %Y} on"
    )
    for stage in prepared.labels.stages:
        facts[f"Not yet known, {STAGE_WORDS[stage]}"] = percent(_unknown_share(prepared, stage))
    facts["The model that scores"] = SCORING_MODEL
    for name, words in calibration.items():
        facts[f"Calibration, {STAGE_WORDS[name]}"] = words
    return facts | {"Columns left out": ", ".join(prepared.excluded) or "none"}


def calibration_words(method: str, level: float) -> str:
    """Describe a calibrator: its method, and the log-odds that it adds for the newest leads."""
    words = "none needed" if method == "identity" else method
    if not level:
        return words
    way = "up" if level > 0 else "down"
    return (
        f"{words}; the rate has moved, so the odds of the newest leads are brought {way}: "
        f"times {np.exp(level):.2f}"
    )


def _unknown_share(prepared: Prepared, stage: str) -> float:
    """Compute the share of snapshots whose label for a stage is not yet known."""
    frame = prepared.labels.frame
    applies = ~frame["is_sql"] if stage == "sql" else frame["lead_id"].notna()
    return float(frame.loc[applies, f"y_{stage}"].isna().mean())
