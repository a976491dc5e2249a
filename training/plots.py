"""Pictures of a model on held-out leads: does it keep its word, and what does it gain."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import beta

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 10
# Okabe and Ito's colours survive colour-blindness and print.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"


def reliability_table(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.DataFrame:
    """Compare promised with realised conversion over tenths of the leads.

    Returns
    -------
    DataFrame
        A row a tenth, lowest first: `promised`, `realised`, `low`, `high` (95 % interval of
        the realised share, Clopper-Pearson), `leads`.
    """
    order = propensity.rank(method="first", pct=True)
    tenth = np.minimum((order * BINS - 1e-9).astype("int64"), BINS - 1)
    shared = _shared_among_ties(outcome, propensity)
    grouped = pd.DataFrame({"y": shared, "p": propensity}).groupby(tenth)
    n, hits = grouped["y"].size(), grouped["y"].sum()
    return pd.DataFrame(
        {
            "promised": grouped["p"].mean(),
            "realised": hits / n,
            "low": np.where(hits > 0, beta.ppf(0.025, hits, n - hits + 1), 0.0),
            "high": np.where(hits < n, beta.ppf(0.975, hits + 1, n - hits), 1.0),
            "leads": n,
        }
    ).reset_index(drop=True)


def gains_table(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.DataFrame:
    """Say what share of all conversions the best leads hold.

    Returns
    -------
    DataFrame
        A row for each per cent of leads: `leads`, `conversions`, shares from 0 to 1.
    """
    shared = _shared_among_ties(outcome, propensity)
    ranked = shared.loc[propensity.sort_values(ascending=False, kind="stable").index]
    held = np.append(0, ranked.cumsum() / ranked.sum())
    shares = np.linspace(0, 1, 101)
    listed = np.linspace(0, 1, len(held))
    return pd.DataFrame({"leads": shares, "conversions": np.interp(shares, listed, held)})


def _shared_among_ties(outcome: pd.Series[float], propensity: pd.Series[float]) -> pd.Series[float]:
    """Give leads with one propensity the share of them that converted: no order among them."""
    return outcome.groupby(propensity).transform("mean")


def draw_stage(stage: str, outcome: pd.Series[float], propensity: pd.Series[float]) -> bytes:
    """Draw reliability, gains and the spread of propensities of one stage side by side.

    Returns
    -------
    bytes
        A PNG of 1500 × 450 pixels.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - half a second only training needs

    figure: Figure = Figure(figsize=(15, 4.5), dpi=100, layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _reliability(left, reliability_table(outcome, propensity), stage)
    _gains(middle, gains_table(outcome, propensity), stage)
    _spread(right, outcome, propensity, stage)
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _reliability(axes: Axes, table: pd.DataFrame, stage: str) -> None:
    top = float(max(table["promised"].max(), table["high"].max())) * 1.05
    axes.plot([0, top], [0, top], color=GREY, linewidth=1, linestyle="--", label="kept to the word")
    spread = [table["realised"] - table["low"], table["high"] - table["realised"]]
    axes.errorbar(
        table["promised"],
        table["realised"],
        yerr=spread,
        fmt="o",
        color=BLUE,
        capsize=3,
        label="a tenth of the leads, 95 % interval",
    )
    axes.set(
        title=f"Does the {stage} propensity keep its word?",
        xlabel="promised",
        ylabel="realised",
        xlim=(0, top),
        ylim=(0, top),
    )
    _percent(axes)
    axes.legend(frameon=False, loc="upper left")


def _gains(axes: Axes, table: pd.DataFrame, stage: str) -> None:
    axes.plot(table["leads"], table["conversions"], color=BLUE, label="by the model")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="at random")
    axes.set(
        title=f"Share of all {stage} found among the best leads",
        xlabel="best leads by propensity",
        ylabel=f"{stage} found",
        xlim=(0, 1),
        ylim=(0, 1.01),
    )
    _percent(axes)
    axes.legend(frameon=False, loc="lower right")


def _spread(
    axes: Axes, outcome: pd.Series[float], propensity: pd.Series[float], stage: str
) -> None:
    edges = np.linspace(0, max(float(propensity.max()), 0.01), 31)
    for value, colour, words in ((0, GREY, "did not"), (1, ORANGE, f"reached {stage}")):
        chosen = propensity[outcome == value]
        weights = np.full(len(chosen), 1 / max(len(chosen), 1))
        axes.hist(
            chosen, bins=edges.tolist(), weights=weights, color=colour, alpha=0.6, label=words
        )
    axes.set(title="Propensities by what came of the leads", xlabel="propensity", ylabel="share")
    _percent(axes)
    axes.legend(frameon=False, loc="upper right")


def _percent(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
