"""Loss against the true propensities by number of leads, drawn for a README."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchmarks.sample_size_loss import Loss

# Okabe and Ito's colours, which colour-blind people tell apart; markers differ for print.
STYLES = {
    "leadscore": {"color": "#0072B2", "marker": "o"},
    "logistic regression": {"color": "#D55E00", "marker": "s"},
}
MEASURES = {"auc_behind": "AUC behind the truth", "log_loss_behind": "log loss behind the truth"}
STAGES = {"sql": "Becomes SQL", "won": "Is won"}


def draw(found: Sequence[Loss]) -> str:
    """Draw a panel for each stage and measure.

    Parameters
    ----------
    found
        What was measured.

    Returns
    -------
    str
        An SVG that is the same for the same figures.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stages = [stage for stage in STAGES if any(each.stage == stage for each in found)]
    with mpl.rc_context({"svg.hashsalt": "leadscore", "font.size": 11}):
        figure = Figure(figsize=(4.6 * len(stages), 6.4), layout="constrained")
        grid = figure.subplots(len(MEASURES), len(stages), sharex=True, squeeze=False)
        for row, measure in zip(grid, MEASURES, strict=True):
            for axes, stage in zip(row, stages, strict=True):
                _panel(axes, [each for each in found if each.stage == stage], measure)
        for axes, stage in zip(grid[0], stages, strict=True):
            axes.set_title(STAGES[stage], loc="left", fontweight="bold")
        for axes in grid[-1]:
            axes.set_xlabel("leads of the company")
        grid[0][0].legend(frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None}, facecolor="white")
    return file.getvalue()


def _panel(axes: Axes, found: Sequence[Loss], measure: str) -> None:
    """Draw the medians as a line and each company as a dot."""
    for name, style in STYLES.items():
        of_model = [each for each in found if each.model == name]
        sizes = sorted({each.leads for each in of_model})
        values = [[getattr(e, measure) for e in of_model if e.leads == leads] for leads in sizes]
        axes.plot(sizes, [np.median(each) for each in values], label=name, linewidth=2, **style)
        for leads, each in zip(sizes, values, strict=True):
            axes.plot([leads] * len(each), each, linestyle="", alpha=0.35, markersize=4, **style)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(MEASURES[measure])
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
