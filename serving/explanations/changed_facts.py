"""Which of a lead's facts changed between two moments, by their effect on its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from leadscore.serving.explanations.reasons import MIN_LOG_ODDS, subject, value_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.families import Feature
    from leadscore.training.registry import Registered


def changed_facts(
    before: pd.DataFrame,
    after: pd.DataFrame,
    version: Registered,
    *,
    raised: bool,
    top: int = 3,
) -> tuple[str, ...]:
    """List the changed facts that moved a lead's score one way, the strongest first.

    A fact's effect is the difference of what its features contribute to the log-odds of the
    funnel's first stage (TreeSHAP) at the two moments. It is told by the feature with the largest
    effect, as "Pricing page views in the last 7 days: 0 → 4", and left out where that reads the
    same at both.

    Parameters
    ----------
    before, after
        The lead's features at two moments, a row each; float64 and string columns.
    raised
        Whether to list what raised the score, or what lowered it.
    """
    model = version.model.stages_[version.model.first_stage]
    columns = model.encoder_.columns_
    pair = pd.concat([before[columns], after[columns]], ignore_index=True)
    contributions, _base = model.contributions(pair)
    effects = contributions.diff().iloc[1] * (1 if raised else -1)
    known = {feature.name: feature for feature in version.catalogue}
    differing = [known[name] for name in columns if _told(pair, known[name])]
    facts: dict[str, list[Feature]] = {}
    for feature in differing:
        facts.setdefault(feature.fact, []).append(feature)
    strength = {fact: _sum(effects, features) for fact, features in facts.items()}
    ranked = sorted(facts, key=lambda fact: (-strength[fact], fact))[:top]
    return tuple(
        _told(pair, max(facts[fact], key=lambda feature: float(effects[feature.name])))
        for fact in ranked
        if strength[fact] >= MIN_LOG_ODDS
    )


def _sum(effects: pd.Series[float], features: Iterable[Feature]) -> float:
    return float(sum(effects[feature.name] for feature in features))


def _told(pair: pd.DataFrame, feature: Feature) -> str:
    """Put a change into words; empty where both moments read the same."""
    first, second = (value_in_words(feature, value) for value in pair[feature.name].tolist())
    return "" if first == second else f"{subject(feature)}: {first} → {second}"
