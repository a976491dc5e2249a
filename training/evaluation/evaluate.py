"""A fitted model on the leads held out for it, beside what would be used instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from leadscore.training.dataset import parts_of_stage
from leadscore.training.evaluation.baselines import baseline_propensities
from leadscore.training.evaluation.metrics import measure, measure_auc
from leadscore.training.scorecard import PointsTable, distil

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from leadscore.training.dataset import Prepared, Split
    from leadscore.training.evaluation.account_chance import AccountChance
    from leadscore.training.model import FunnelModel


@dataclass(frozen=True)
class Evaluation:
    """Figures by stage on held-out leads; each table of metrics is that of `metrics.measure`.

    Parameters
    ----------
    held_out
        `lead_id`, `as_of`, `cluster` (the account, or the lead), `outcome`, `propensity`, a column
        for each baseline, and `points_rules` (the propensity that goes with the points).
    evidence
        The table of `evidence_of`.
    later_auc
        `value`, `low` and `high` of the first stage's AUC over all leads that were predicted by a
        model which had learnt from earlier ones only: those held out, and those of the folds.
    account_chance
        None where it could not be learnt.
    """

    metrics: Mapping[str, pd.DataFrame]
    baselines: Mapping[str, Mapping[str, pd.DataFrame]]
    points: Mapping[str, PointsTable]
    points_metrics: Mapping[str, pd.DataFrame]
    held_out: Mapping[str, pd.DataFrame]
    evidence: pd.DataFrame
    later_auc: pd.Series[float]
    account_chance: AccountChance | None = None


def evaluate(
    model: FunnelModel, prepared: Prepared, others: Sequence[tuple[FunnelModel, Split]] = ()
) -> Evaluation:
    """Measure a model and every baseline on the held-out leads.

    `others` are models by the same recipe for which other leads were held out: these count, too,
    each by the model that has not learnt from it.
    """
    judged = [
        (model, prepared),
        *((each, replace(prepared, split=split)) for each, split in others),
    ]
    propensities = [each.predict(of.frame) for each, of in judged]
    held_out: dict[str, pd.DataFrame] = {}
    points: dict[str, PointsTable] = {}
    metrics: dict[str, pd.DataFrame] = {}
    baselines: dict[str, dict[str, pd.DataFrame]] = {}
    points_metrics: dict[str, pd.DataFrame] = {}
    for stage in prepared.labels.stages:
        parts = []
        for (each, of), propensity in zip(judged, propensities, strict=True):
            rows = _held_out(each, of, propensity, stage)
            table = _points_of(each, of, propensity, stage)
            rows["points_rules"] = table.propensity(of.frame.loc[rows.index])
            parts.append(rows)
            points.setdefault(stage, table)
        rows = held_out[stage] = pd.concat(parts)
        measured = {
            str(name): measure(rows["outcome"], rows[name], rows["cluster"])
            for name in rows.columns.drop(_NOT_PROPENSITIES)
        }
        metrics[stage] = measured.pop("propensity")
        points_metrics[stage] = measured.pop("points_rules")
        baselines[stage] = measured
    evidence = [evidence_of(of, p) for (_, of), p in zip(judged, propensities, strict=True)]
    together = pd.concat(evidence, ignore_index=True)
    first = next(iter(metrics.values()))
    later = _later_auc(model, prepared) if prepared.split.by_time else first.T["auc"]
    return Evaluation(metrics, baselines, points, points_metrics, held_out, together, later)


def _later_auc(model: FunnelModel, prepared: Prepared) -> pd.Series[float]:
    """Compute `Evaluation.later_auc`; margins are compared less the centre of their model."""
    stage, labels = prepared.labels.stages[0], prepared.labels.frame
    own = model.stages_[stage]
    test = parts_of_stage(prepared.labels, prepared.split, stage) == "test"
    held_out = pd.Series(own.margin(prepared.frame[test]) - own.centre_, labels.index[test])
    margin = pd.concat([own.out_of_time_.dropna(), held_out])
    rows = labels.loc[margin.index]
    return measure_auc(rows[f"y_{stage}"], pd.Series(expit(margin)), account_or_lead(rows))


_NOT_PROPENSITIES = ["lead_id", "as_of", "cluster", "outcome"]


def _held_out(
    model: FunnelModel, prepared: Prepared, propensity: pd.DataFrame, stage: str
) -> pd.DataFrame:
    labels, frame = prepared.labels, prepared.frame
    part = parts_of_stage(labels, prepared.split, stage)
    test, learn, outcome = part == "test", part == "learn", labels.frame[f"y_{stage}"]
    columns = model.stages_[stage].encoder_.columns_
    others = baseline_propensities(
        frame.loc[learn, columns], outcome[learn], frame.loc[test, columns]
    )
    rows = labels.frame.loc[test, ["lead_id", "as_of"]].assign(
        cluster=account_or_lead(labels.frame[test]),
        outcome=outcome[test],
        propensity=propensity.loc[test, f"p_{stage}"],
    )
    return pd.concat([rows, others], axis=1)


def _points_of(
    model: FunnelModel, prepared: Prepared, propensity: pd.DataFrame, stage: str
) -> PointsTable:
    """Distil a stage's propensities, those of the chain, on its training leads."""
    labels = prepared.labels
    learn = parts_of_stage(labels, prepared.split, stage) == "learn"
    used = [each for each in prepared.catalogue if each.name in set(model.features_)]
    return distil(
        prepared.frame.loc[learn, [each.name for each in used]],
        propensity.loc[learn, f"p_{stage}"],
        labels.frame.loc[learn, f"y_{stage}"],
        used,
    )


def account_or_lead(frame: pd.DataFrame) -> pd.Series[str]:
    """Name each row's cluster: its `account`, or its `lead_id` where it has none."""
    return ("account " + frame["account"]).fillna("lead " + frame["lead_id"])


def evidence_of(prepared: Prepared, propensity: pd.DataFrame) -> pd.DataFrame:
    """Pair the held-out snapshots' propensities, indexed as `prepared.frame`, with outcomes."""
    labels = prepared.labels
    held_out = {
        f"y_{stage}": labels.frame[f"y_{stage}"].where(
            parts_of_stage(labels, prepared.split, stage) == "test"
        )
        for stage in labels.stages
    }
    return paired(labels.frame.assign(**held_out), propensity, labels.stages)


def paired(labels: pd.DataFrame, propensity: pd.DataFrame, stages: Collection[str]) -> pd.DataFrame:
    """Pair propensities with outcomes where any is known.

    Parameters
    ----------
    labels, propensity
        Of the same snapshots: `lead_id`, `as_of`, and `y_<stage>`, `p_<stage>` of `stages`.

    Returns
    -------
    DataFrame
        `lead` (int: numbered, not named), `as_of`, `p_sql`, `y_sql`, `p_won`, `y_won` (float64,
        missing where not known or not learnt).
    """
    table = labels[["as_of"]].assign(lead=pd.factorize(labels["lead_id"])[0])[["lead", "as_of"]]
    for stage in ("sql", "won"):
        known = labels[f"y_{stage}"] if stage in stages else pd.Series(np.nan, labels.index)
        p = propensity[f"p_{stage}"] if stage in stages else known
        table[f"p_{stage}"], table[f"y_{stage}"] = p.where(known.notna()), known
    return table[table[["y_sql", "y_won"]].notna().any(axis=1)].reset_index(drop=True)
