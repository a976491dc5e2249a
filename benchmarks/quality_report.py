"""How every model stands at each cut, and the tables of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.machine import markdown_table
from benchmarks.quality_peers import Answer
from leadscore.training.evaluation import compare, rank, weighed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.quality_walk import Walked

OURS = "leadscore"
BEHIND = {"auc": 0.003, "log_loss": 0.005}  # further behind the best peer is worth a look
FIGURES = ("auc", "log_loss", "promised", "seconds")
INTRODUCTION = """\
Each company goes through `leadscore init`, `train` and `score`, nothing edited. It learns from
what was known at a cut in time; the leads of six nights a week apart after it are scored and
judged by what became of them (flat files: the next 15 % of the leads; files without dates: a
quarter at random). Peers learn from the same rows and columns and are judged on the same leads,
on their defaults; columns that the leakage audit takes away are taken from everyone. They learn
`won` directly. *Promised* is the mean propensity, *came* the share that reached the stage."""
DIFFERENCES = """\
Ours minus the peer that is best at that cut in that metric, with the 95 % interval of a paired
bootstrap of whole leads. Higher is better for AUC, lower for log loss. **behind**: by more than
{auc} AUC or {log_loss} log loss, and the interval leaves 0 out. The best of several peers is chosen
by the same leads, which flatters it."""


@dataclass(frozen=True)
class Judged:
    """One stage of a company at one cut.

    Parameters
    ----------
    company, group, when, stage
        Where it is.
    leads, came
        How many rows judge, and the share of them that reached the stage.
    figures
        A row a model: `FIGURES`, missing where it gave no score.
    differences
        By metric of `BEHIND`: `peer`, and ours minus it as `value`, `low`, `high`.
    notes
        Why a model gave no score, or that leads were not scored.
    """

    company: str
    group: str
    when: str
    stage: str
    leads: int
    came: float
    figures: pd.DataFrame
    differences: pd.DataFrame
    notes: Sequence[str]


def judge(company: str, group: str, walked: Walked, answers: Mapping[str, Answer | str]) -> Judged:
    """Judge all models by the leads that ours scored.

    Parameters
    ----------
    company, group
        Whose cut it is.
    walked
        The cut with our propensities.
    answers
        Of the peers; text where one failed.

    Returns
    -------
    Judged
    """
    notes = [f"{name}: {_last_line(why)}" for name, why in answers.items() if isinstance(why, str)]
    said = {name: one for name, one in answers.items() if isinstance(one, Answer)}
    reached, cluster = walked.task.reached, walked.task.cluster
    if isinstance(walked.ours, str):
        notes.append(f"{OURS}: no score: {walked.ours}")
    else:
        scored = walked.ours.notna()
        if not scored.all():
            notes.append(f"{OURS}: {(~scored).sum():,} of {len(scored):,} leads not scored")
        reached, cluster = reached[scored], cluster[scored]
        said = {OURS: Answer(walked.ours, walked.seconds), **said}
    figures = pd.DataFrame(
        {name: _figures(reached, one, cluster) for name, one in said.items()}
    ).T.reindex(columns=list(FIGURES), index=[OURS, *answers])
    differences = _differences(reached, said, figures, cluster)
    place = (company, group, walked.when, walked.stage)
    return Judged(*place, len(reached), float(reached.mean()), figures, differences, notes)


def _figures(
    reached: pd.Series[float], answer: Answer, cluster: pd.Series[str]
) -> dict[str, float]:
    p = answer.propensity[reached.index]
    found = weighed(rank(reached, p, cluster), np.ones(len(reached)))
    own = {"promised": float(p.mean()), "seconds": answer.seconds}
    return {name: found[name] for name in BEHIND} | own


def _differences(
    reached: pd.Series[float],
    said: Mapping[str, Answer],
    figures: pd.DataFrame,
    cluster: pd.Series[str],
) -> pd.DataFrame:
    """Compare ours with the best peer, by metric."""
    rivals = figures.drop(index=OURS).dropna()
    if OURS not in said or rivals.empty:
        return pd.DataFrame(columns=["peer", "value", "low", "high"])
    best = {"auc": str(rivals["auc"].idxmax()), "log_loss": str(rivals["log_loss"].idxmin())}
    ours = said[OURS].propensity[reached.index]
    found = {
        peer: compare(reached, ours, said[peer].propensity[reached.index], cluster)
        for peer in set(best.values())
    }
    return pd.DataFrame(
        {metric: {"peer": peer, **found[peer].loc[metric]} for metric, peer in best.items()}
    ).T


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "said nothing"


def report(found: Sequence[Judged], *, failed: Sequence[str] = (), below: str) -> str:
    """Write the page.

    Parameters
    ----------
    found
        The cuts judged so far.
    failed
        What could not be judged at all, and why.
    below
        How, when and on what it was measured.

    Returns
    -------
    str
        Markdown.
    """
    notes = [f"{_place(each)}: {note}" for each in found for note in each.notes]
    shown = INTRODUCTION + _counted(found)
    parts = ["# Ours beside what a data scientist would use instead", shown]
    if found:
        parts += ["## Over all cuts", _over_all(found), "## Each company", _each_company(found)]
        parts += ["## Ours beside the best peer", DIFFERENCES.format(**BEHIND), _beside_best(found)]
        parts += ["## Each cut", _each_cut(found)]
    if notes or failed:
        parts += ["## Without a score", "\n".join(f"- {each}" for each in [*failed, *notes])]
    return "\n\n".join([*parts, below]) + "\n"


def _counted(found: Sequence[Judged]) -> str:
    behind = [
        each.differences.index[_is_behind(each)].tolist() for each in found if len(each.differences)
    ]
    auc, loss = (sum(metric in each for each in behind) for metric in BEHIND)
    return (
        f"\n\n{len(found)} cuts (a stage each); behind the best peer in AUC at {auc} of "
        f"{len(behind)}, in log loss at {loss}."
    )


def _is_behind(each: Judged) -> pd.Series[bool]:
    """Say in which metrics ours is behind by more than is tolerated, and than chance explains."""
    sign = pd.Series({"auc": -1.0, "log_loss": 1.0})
    rows = each.differences[["value", "low", "high"]].astype("float64").mul(sign, axis=0)
    return (rows["value"] > pd.Series(BEHIND)) & (rows[["low", "high"]].min(axis=1) > 0)


def _over_all(found: Sequence[Judged]) -> str:
    """Average over the cuts at which every model gave a score."""
    models = list(dict.fromkeys(name for each in found for name in each.figures.index))
    whole = [each for each in found if _all_there(each, models)]
    rows = []
    for name in models:
        scored = [each for each in found if name in each.figures["auc"].dropna()]
        own = pd.DataFrame([each.figures.loc[name] for each in whole], columns=list(FIGURES))
        off = own["promised"].to_numpy() - [each.came for each in whole]
        seconds = np.median([each.figures.loc[name, "seconds"] for each in scored] or [np.nan])
        cells = [_cell(own[metric].mean()) for metric in BEHIND]
        cells += [_cell(np.abs(off).mean() if len(off) else np.nan, digits=3), _cell(seconds, 0)]
        rows.append([_named(name), *cells, str(len(found) - len(scored))])
    head = ["model", "AUC", "log loss", "promised beside came, mean distance", "seconds, median"]
    return (
        f"Means of the {len(whole)} cuts at which every model gave a score.\n\n"
        + markdown_table([*head, "cuts without a score"], rows, words=1)
    )


def _all_there(each: Judged, models: Sequence[str]) -> bool:
    return set(models) <= set(each.figures["auc"].dropna().index)


def _each_company(found: Sequence[Judged]) -> str:
    """Average AUC and log loss over a company's cuts, a column a model."""
    models = list(dict.fromkeys(name for each in found for name in each.figures.index))
    rows = []
    for group, stage in dict.fromkeys((each.group, each.stage) for each in found):
        own = [each for each in found if (each.group, each.stage) == (group, stage)]
        whole = [each for each in own if _all_there(each, models)]
        frames = [each.figures for each in whole]
        mean = pd.concat(frames).groupby(level=0).mean() if frames else None
        cells = [
            "–"
            if mean is None
            else f"{_cell(mean.loc[name, 'auc'])} / {_cell(mean.loc[name, 'log_loss'])}"
            for name in models
        ]
        rows.append([group, stage, f"{len(whole)} of {len(own)}", *cells])
    head = ["AUC / log loss", "stage", "cuts with all scores", *map(_named, models)]
    return markdown_table(head, rows, words=2)


def _beside_best(found: Sequence[Judged]) -> str:
    rows = []
    for each in (one for one in found if len(one.differences)):
        behind = _is_behind(each)
        cells = [each.company, each.when, each.stage]
        for metric in BEHIND:
            row = each.differences.loc[metric]
            peer, (value, low, high) = str(row["peer"]), row[["value", "low", "high"]]
            best, ours = (float(each.figures[metric][name]) for name in (peer, OURS))
            span = f"{value:+.4f} ({low:+.4f} to {high:+.4f})"
            word = " **behind**" if behind[metric] else ""
            cells += [_cell(ours), f"{_cell(best)} {peer}", span + word]
        rows.append(cells)
    head = ["company", "cut", "stage", "AUC, ours", "best peer", "difference"]
    return markdown_table([*head, "log loss, ours", "best peer", "difference"], rows, words=3)


def _each_cut(found: Sequence[Judged]) -> str:
    rows = [
        [
            *(each.company, each.when, each.stage, f"{each.leads:,}", f"{each.came:.3f}"),
            _named(str(name)),
            *(_cell(row[metric]) for metric in BEHIND),
            _cell(row["promised"], 3),
            _cell(row["seconds"], 0),
        ]
        for each in found
        for name, row in each.figures.iterrows()
    ]
    head = ["company", "cut", "stage", "rows", "came", "model", "AUC", "log loss", "promised"]
    return markdown_table([*head, "seconds"], rows, words=3)


def _place(each: Judged) -> str:
    return f"{each.company}, {each.when}, {each.stage}"


def _named(model: str) -> str:
    return f"**{model}**" if model == OURS else model


def _cell(figure: float, digits: int = 4) -> str:
    return "–" if pd.isna(figure) else f"{figure:.{digits}f}"
