"""The picture at the head of README: held-out leads in ten groups, expected against realised.

`make demo`, then `python docs/write_readme_picture.py`, which needs matplotlib (extra `notebooks`).
Each lead counts once, on the first night on which it would have been scored.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from leadscore.features.contract import load_contract
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "deciles.svg"
GROUPS = 10
BLUE, ORANGE, INK = "#0072B2", "#D55E00", "#333333"  # Okabe and Ito's


def by_tenth(evidence: pd.DataFrame) -> pd.DataFrame:
    """Give the expected and the realised share of SQLs in each tenth, the best first."""
    ranked = evidence.sort_values("p_sql", ascending=False, kind="stable").reset_index(drop=True)
    group = ranked.index * GROUPS // len(ranked) + 1
    return ranked.groupby(group).agg(expected=("p_sql", "mean"), realised=("y_sql", "mean"))


def draw(tenths: pd.DataFrame, leads: int) -> Figure:
    """Draw the realised shares as bars and the expected ones as points."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(tenths))
    axes.bar(places, 100 * tenths["realised"], color=BLUE, width=0.7, label="became SQL")
    axes.plot(places, 100 * tenths["expected"], "o", color=ORANGE, markersize=7, label="expected")
    for place, share in zip(places, 100 * tenths["realised"], strict=True):
        axes.annotate(
            f"{share:.1f} %",
            (place, 0),
            (0, -13),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=INK,
        )
    ranks = [f"{place + 1}" for place in places]
    ranks[0], ranks[-1] = "best\ntenth", "last\ntenth"
    axes.set_xticks(places, ranks, color=INK)
    axes.tick_params(axis="x", pad=16, length=0)
    axes.set_ylabel("% of the leads", color=INK)
    title = f"{leads:,} later leads that the model had not seen, in ten groups by propensity"
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right")
    return figure


def main() -> None:
    """Draw the demonstration's champion."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo"
    evidence = Registry(folder, load_contract(folder).name).champion().evidence
    first = evidence.sort_values(["lead", "as_of"]).groupby("lead", as_index=False).first()
    known = first.dropna(subset=["p_sql", "y_sql"])  # each lead once, on its first night
    mpl.rcParams["svg.hashsalt"] = "leadscore"
    mpl.rcParams["svg.fonttype"] = "none"
    draw(by_tenth(known), len(known)).savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
