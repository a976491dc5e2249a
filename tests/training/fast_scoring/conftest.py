"""Random LightGBM models, and rows that try every corner of their nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TINY = float(np.float32(1e-35))  # LightGBM takes it for zero
ODD_NUMBERS = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, TINY, -TINY, TINY / 2, -TINY / 2,
    np.nextafter(TINY, 1), np.nextafter(-TINY, -1), 1e300, -1e300, 5e-324,
]  # fmt: skip
ODD_CATEGORIES = [
    np.nan, np.inf, -np.inf, -1.0, -0.5, -0.0, 0.9, 2.7, 7.999, 31.0, 32.0, 400.0, 1e6,
    2.0**31 - 1, 2.0**31, 2.0**32 + 1, -(2.0**31), 1e300, -1e300,
]  # fmt: skip


@dataclass(frozen=True)
class Corner:
    """A model, and rows to score."""

    booster: lightgbm.Booster
    rows: NDArray[np.float64]

    @property
    def margin(self) -> NDArray[np.float64]:
        return np.asarray(self.booster.predict(self.rows, raw_score=True))


def grown(
    matrix: NDArray[np.float64],
    *,
    trees: int = 5,
    categories: tuple[int, ...] = (),
    **settings: Any,
) -> lightgbm.Booster:
    """Grow trees on an outcome that some of the columns decide."""
    random = np.random.default_rng(3)
    z = np.nan_to_num(np.clip(matrix, -9, 9)).sum(axis=1) + random.normal(size=len(matrix))
    params = {
        "objective": "binary",
        "min_data_in_leaf": 2,
        "min_data_in_bin": 1,
        "min_data_per_group": 1,
        "cat_smooth": 0.1,
        "verbosity": -1,
        "num_threads": 1,
    } | settings
    params.setdefault("max_cat_threshold", 64)
    data = lightgbm.Dataset(
        matrix,
        (z > np.median(z)).astype(float),
        categorical_feature=list(categories),
        params=params,
    )
    return lightgbm.train(params, data, num_boost_round=trees)


def with_random_decisions(
    booster: lightgbm.Booster, random: np.random.Generator
) -> lightgbm.Booster:
    """Draw anew what every node takes for missing, and where it sends it."""
    lines = booster.model_to_string().splitlines()
    for place, line in enumerate(lines):
        if line.startswith("decision_type="):
            kinds = np.array(line.partition("=")[2].split(), dtype=int) & 1
            drawn = (
                kinds
                | 2 * random.integers(0, 2, len(kinds))
                | 4 * random.integers(0, 3, len(kinds))
            )
            lines[place] = "decision_type=" + " ".join(map(str, drawn))
    return from_lines(lines)


def from_lines(lines: list[str]) -> lightgbm.Booster:
    """Load a model whose lines have been changed, and with them the sizes of its trees."""
    kept = [line for line in lines if not line.startswith("tree_sizes=")]
    return lightgbm.Booster(model_str="\n".join(kept))


def odd_rows(
    booster: lightgbm.Booster,
    random: np.random.Generator,
    *,
    categories: tuple[int, ...],
    rows: int,
) -> NDArray[np.float64]:
    """Draw numbers on, beside and between the cut points, and what should not be there."""
    cuts = [line.partition("=")[2].split() for line in booster.model_to_string().splitlines()
            if line.startswith("threshold=")]  # fmt: skip
    near = np.array([float(word) for of_tree in cuts for word in of_tree] or [0.0])
    near = np.concatenate([near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf)])
    drawn = random.choice(
        np.concatenate([near, ODD_NUMBERS, random.normal(size=20)]), (rows, booster.num_feature())
    )
    usual = np.concatenate([ODD_CATEGORIES, np.arange(40.0)])
    for column in categories:
        drawn[:, column] = random.choice(usual, rows)
    return drawn
