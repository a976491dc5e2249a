"""What a stage's model looks at: contributions of features on held-out leads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from leadscore.training.dataset import stage_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.features.families import Feature
    from leadscore.training.dataset import Prepared
    from leadscore.training.model import FunnelModel

SAMPLED_ROWS = 2_000  # mean contributions are then sure to a few per cent
STRIP_FEATURES, STRIP_ROWS = 10, 180  # at most 1,800 points in one picture
DEPENDENCE_FEATURES, DEPENDENCE_ROWS = 6, 300
WORDS_SHOWN = 10  # of a text feature
FEWEST_OF_WORD = 10  # sampled rows; rarer words become `others`, so that none identifies a lead
STRIP_HEIGHT = 0.38  # of the distance between two strips, to either side


@dataclass(frozen=True)
class Drivers:
    """Contributions to a stage's log-odds, before calibration, on a sample of held-out rows.

    Features are named in words, strongest first.

    Parameters
    ----------
    by_fact
        Mean absolute contribution of each fact in log-odds, largest first.
    strip
        Points of the strongest features: `feature`, `contribution` (log-odds), `height` (to keep
        points apart, without meaning), `level` (the value's rank among the sampled ones, 0 to 1;
        missing for text and for missing values), `value` (as text).
    numbers
        Points of the strongest number features: `feature`, `value`, `contribution`.
    words
        Bars of the strongest text features: `feature`, `value`, `contribution` (mean), `low`,
        `high` (quartiles), `rows`.
    units
        The unit of each feature's values, or an empty string.
    given
        The stage that all rows had reached; empty for all leads.
    """

    by_fact: pd.Series[float]
    strip: pd.DataFrame
    numbers: pd.DataFrame
    words: pd.DataFrame
    units: Mapping[str, str]
    rows: int
    given: str

    @property
    def scope(self) -> str:
        """Which leads these are."""
        among = f" among leads that reached {self.given}" if self.given else ""
        return (
            f"On {self.rows:,} held-out snapshots{among}. Drivers say what the model looks at, not "
            "what causes a lead to convert."
        )


def drivers_of(model: FunnelModel, prepared: Prepared, stage: str) -> Drivers:
    """Summarise the contributions of a stage's own model on its held-out rows.

    For `won`, where there is a model of `sql`, these are leads that are SQL.
    """
    test = prepared.frame[stage_part(prepared.labels, prepared.split, stage) == "test"]
    sample = test.sample(min(SAMPLED_ROWS, len(test)), random_state=0)
    contributions, _base = model.stages_[stage].contributions(sample)
    known = {each.name: each for each in prepared.catalogue}
    facts = fact_words([known[str(name)] for name in contributions.columns])
    by_fact = contributions.T.groupby(contributions.columns.map(facts)).sum().T.abs().mean()
    strongest = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    features = [known[str(name)] for name, size in strongest.items() if size > 0]
    shown = features[:DEPENDENCE_FEATURES]
    return Drivers(
        by_fact=by_fact.sort_values(ascending=False, kind="stable"),
        strip=_strip(sample, contributions, features[:STRIP_FEATURES]),
        numbers=_numbers(sample, contributions, [f for f in shown if f.kind != "text"]),
        words=_words(sample, contributions, [f for f in shown if f.kind == "text"]),
        units={feature.words: feature.unit for feature in shown},
        rows=len(sample),
        given="SQL" if stage == "won" and "sql" in model.stages_ else "",
    )


def fact_words(features: Sequence[Feature]) -> dict[str, str]:
    """Name the fact of each feature: in the feature's own words where no other has that fact."""
    features_of = Counter(each.fact for each in features)
    return {
        each.name: each.words if features_of[each.fact] == 1 else each.fact.replace("_", " ")
        for each in features
    }


def _stacked(parts: list[pd.DataFrame], *columns: str) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[[*columns]]


def _strip(
    sample: pd.DataFrame, contributions: pd.DataFrame, features: list[Feature]
) -> pd.DataFrame:
    parts = []
    for feature in features:
        shown, values = contributions[feature.name].head(STRIP_ROWS), sample[feature.name]
        level = values.rank(pct=True) if feature.kind != "text" else values.map({})
        strip = {
            "feature": feature.words,
            "contribution": shown,
            "height": _heights(shown.to_numpy()),
            "level": level.loc[shown.index].astype("float64"),
            "value": _value_words(values, feature).loc[shown.index],
        }
        parts.append(pd.DataFrame(strip))
    return _stacked(parts, "feature", "contribution", "height", "level", "value")


def _heights(contribution: np.ndarray) -> np.ndarray:
    """Stack points that lie close to each other alternately up and down: a beeswarm."""
    width = max(float(np.ptp(contribution)), 1e-9) / 50
    cell = np.round(contribution / width)
    nth = pd.Series(cell).groupby(cell).cumcount().to_numpy()
    step = np.where(nth % 2 == 0, nth / 2, -(nth + 1) / 2)
    return np.asarray(STRIP_HEIGHT * step / max(float(np.abs(step).max()), 4.0))


def _value_words(values: pd.Series[float], feature: Feature) -> pd.Series[str]:
    if feature.kind == "text":
        return _common_words(values.astype("object"))
    shown = values.map(lambda value: f"{value:,.4g} {feature.unit}".strip(), na_action="ignore")
    return shown.astype("object").fillna("not known")


def _common_words(values: pd.Series[str]) -> pd.Series[str]:
    counts = values.value_counts()
    common = counts[counts >= FEWEST_OF_WORD].index[:WORDS_SHOWN]
    return values.where(values.isin(common) | values.isna(), "others").fillna("not known")


def _numbers(
    sample: pd.DataFrame, contributions: pd.DataFrame, features: list[Feature]
) -> pd.DataFrame:
    parts = []
    for feature in features:
        values, contribution = sample[feature.name], contributions[feature.name]
        points = pd.DataFrame({"value": values, "contribution": contribution})
        parts.append(points.head(DEPENDENCE_ROWS).assign(feature=feature.words))
    return _stacked(parts, "feature", "value", "contribution")


def _words(
    sample: pd.DataFrame, contributions: pd.DataFrame, features: list[Feature]
) -> pd.DataFrame:
    parts = []
    for feature in features:
        words = _common_words(sample[feature.name].astype("object"))
        groups = contributions[feature.name].groupby(words)
        ends = {"low": groups.quantile(0.25), "high": groups.quantile(0.75)}
        bars = pd.DataFrame({"contribution": groups.mean(), **ends, "rows": groups.size()})
        bars = bars.sort_values("contribution", ascending=False).reset_index(names="value")
        parts.append(bars.assign(feature=feature.words))
    return _stacked(parts, "feature", "value", "contribution", "low", "high", "rows")
