"""A fitted model on the leads held out for it, beside what would be used instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.dataset.splits import parts_of_stage
from leadscore.training.evaluation.baselines import baseline_propensities
from leadscore.training.evaluation.metrics import measure
from leadscore.training.scorecard.scorecard import PointsTable, distil

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.training.dataset.training_data import Prepared
    from leadscore.training.model.funnel_model import FunnelModel


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on held-out leads.

    Parameters
    ----------
    metrics
        By stage: the table of `evaluation.metrics.measure`.
    baselines
        By stage: the same table for each baseline.
    points
        By stage: the model distilled into rules of points.
    points_metrics
        By stage: the same table for those points.
    held_out
        By stage: `lead_id`, `as_of`, `cluster` (whose luck it shares: the account's, or its own),
        `outcome`, `propensity`, a column for each baseline, and `points_rules` (the propensity
        that goes with the points).
    evidence
        `lead` (int), `as_of`, `p_sql`, `y_sql`, `p_won`, `y_won` of all held-out snapshots.
    """

    metrics: Mapping[str, pd.DataFrame]
    baselines: Mapping[str, Mapping[str, pd.DataFrame]]
    points: Mapping[str, PointsTable]
    points_metrics: Mapping[str, pd.DataFrame]
    held_out: Mapping[str, pd.DataFrame]
    evidence: pd.DataFrame


def evaluate(model: FunnelModel, prepared: Prepared) -> Evaluation:
    """Measure a model and every baseline on the held-out leads.

    Parameters
    ----------
    model
        The fitted funnel.
    prepared
        The rows it learnt from and those held out.

    Returns
    -------
    Evaluation
    """
    propensity = model.predict(prepared.frame)
    metrics: dict[str, pd.DataFrame] = {}
    baselines: dict[str, dict[str, pd.DataFrame]] = {}
    points: dict[str, PointsTable] = {}
    points_metrics: dict[str, pd.DataFrame] = {}
    held_out: dict[str, pd.DataFrame] = {}
    for stage in prepared.labels.stages:
        rows = _held_out(model, prepared, propensity, stage)
        names = [name for name in rows.columns if name not in _NOT_A_BASELINE]
        metrics[stage] = measure(rows["outcome"], rows["propensity"], rows["cluster"])
        baselines[stage] = {
            name: measure(rows["outcome"], rows[name], rows["cluster"]) for name in names
        }
        points[stage] = _distilled(model, prepared, propensity, stage)
        rows["points_rules"] = points[stage].propensity(prepared.frame.loc[rows.index])
        points_metrics[stage] = measure(rows["outcome"], rows["points_rules"], rows["cluster"])
        held_out[stage] = rows
    evidence = evidence_of(prepared, propensity)
    return Evaluation(metrics, baselines, points, points_metrics, held_out, evidence)


_NOT_A_BASELINE = ("lead_id", "as_of", "cluster", "outcome", "propensity")


def _held_out(
    model: FunnelModel, prepared: Prepared, propensity: pd.DataFrame, stage: str
) -> pd.DataFrame:
    labels, frame = prepared.labels, prepared.frame
    part = parts_of_stage(labels, prepared.split, stage)
    test, learn = part == "test", part == "learn"
    outcome = labels.frame[f"y_{stage}"]
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


def _distilled(
    model: FunnelModel, prepared: Prepared, propensity: pd.DataFrame, stage: str
) -> PointsTable:
    """Distil a stage's propensities, those of the chain, on the leads that taught it."""
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
    """Name whose luck each row shares: its account, or its lead where it has none.

    Parameters
    ----------
    frame
        Columns `account`, `lead_id`.

    Returns
    -------
    Series of str
        An account and a lead of one name stay apart.
    """
    return ("account " + frame["account"]).fillna("lead " + frame["lead_id"])


def evidence_of(prepared: Prepared, propensity: pd.DataFrame) -> pd.DataFrame:
    """Set the propensities of the held-out snapshots beside what became of them.

    Parameters
    ----------
    prepared
        The rows that a model learnt from, and those held out.
    propensity
        `p_sql` and `p_won` (float64) of the stages that were learnt, indexed as
        `prepared.frame`; only the held-out rows are looked at.

    Returns
    -------
    DataFrame
        A row a held-out snapshot: `lead` (int: numbered, not named), `as_of`, `p_sql`, `y_sql`,
        `p_won`, `y_won` (float64, missing where not known or not learnt).
    """
    labels = prepared.labels
    columns = {"lead": pd.Series(pd.factorize(labels.frame["lead_id"])[0], labels.frame.index)}
    columns["as_of"] = labels.frame["as_of"]
    any_test = pd.Series(data=False, index=labels.frame.index)
    for stage in ("sql", "won"):
        if stage in labels.stages:
            test = parts_of_stage(labels, prepared.split, stage) == "test"
            columns[f"p_{stage}"] = propensity[f"p_{stage}"].where(test)
            columns[f"y_{stage}"] = labels.frame[f"y_{stage}"].where(test)
            any_test |= test
        else:
            columns[f"p_{stage}"] = columns[f"y_{stage}"] = pd.Series(
                float("nan"), index=labels.frame.index
            )
    return pd.DataFrame(columns)[any_test].reset_index(drop=True)
