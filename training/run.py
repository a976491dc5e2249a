"""`leadscore train`: learn from what was known by then, judge on later leads, register, promote."""

from __future__ import annotations

import getpass
import logging
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from features.contract import CONTRACT_FILE, load_contract
from features.fingerprint import fingerprint
from features.tables import open_tables
from training.evaluate import Evaluation, evaluate
from training.funnel import FunnelModel
from training.gate import Verdict, judge
from training.plots import draw_stage
from training.prepare import Prepared, prepare
from training.report import headline, model_card
from training.tracking import CHAMPION, Registry, Trained, metrics_for_mlflow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import pandas as pd

    from features.quarantine import Quarantine
    from features.tables import Tables
    from training.tracking import Registered

logger = logging.getLogger(__name__)

DRIVER_ROWS = 2_000  # mean contributions are then sure to a few per cent


@dataclass(frozen=True)
class TrainingResult:
    """What a training run did.

    Parameters
    ----------
    name, version
        The registered model.
    promoted
        Whether it is the champion now.
    headline
        Two sentences anyone understands.
    prepared, evaluation, verdict
        What was learnt from, how good it is, what the gate says.
    quarantine
        What of the tables could not be used.
    report
        The model card on disk.
    """

    name: str
    version: str
    promoted: bool
    headline: str
    prepared: Prepared
    evaluation: Evaluation
    verdict: Verdict
    quarantine: Quarantine
    report: Path


@dataclass(frozen=True)
class AlreadyTrained:
    """A version was trained on exactly these tables and this contract before.

    Parameters
    ----------
    name, version
        The registered model.
    is_champion
        Whether it scores.
    """

    name: str
    version: str
    is_champion: bool


def train(
    directory: Path, *, as_of: datetime | None = None, again: bool = False
) -> TrainingResult | AlreadyTrained:
    """Train a project's model on what was known by a moment, and promote it if the gate agrees.

    Parameters
    ----------
    directory
        The project folder with `leadscore.toml`.
    as_of
        Use only what was known before this moment (UTC); by default everything.
    again
        Train even where a version has learnt from exactly these tables.

    Returns
    -------
    TrainingResult or AlreadyTrained

    Raises
    ------
    LeadScoreError
        Where the contract or the tables cannot be used, or hold too little.
    """
    contract = load_contract(directory)
    registry = Registry(directory, contract.name)
    with open_tables(contract, known_by=as_of) as tables:
        tables.quarantine.write(directory)
        data = fingerprint(tables)
        known = None if again else _trained_before(registry, data)
        if known is not None:
            return known
        prepared = prepare(tables)
        logger.info("learning from %s", "; ".join(_count_words(prepared)))
        model = FunnelModel().fit(
            prepared.frame,
            prepared.labels,
            prepared.split,
            catalogue=prepared.catalogue,
            kinds=prepared.kinds,
            attributes=[each.column for each in tables.without(prepared.excluded).attributes],
        )
        logger.info("judging on held-out leads")
        evaluation = evaluate(model, prepared)
        verdict = _verdict(registry, prepared, evaluation, tables)
        return _register(
            registry,
            tables,
            data=data,
            model=model,
            prepared=prepared,
            evaluation=evaluation,
            verdict=verdict,
        )


def _trained_before(registry: Registry, data: str) -> AlreadyTrained | None:
    versions = registry.versions()
    if versions.empty or "fingerprint" not in versions:
        return None
    same = versions[versions["fingerprint"] == data]
    if same.empty:
        return None
    newest = same.iloc[0]
    is_champion = CHAMPION in str(newest["aliases"]).split(", ")
    return AlreadyTrained(registry.name, str(newest["version"]), is_champion)


def _count_words(prepared: Prepared) -> list[str]:
    return [
        f"{count.stage}: {count.learn_rows:,} snapshots, {count.learn_positives:,} reached it"
        for count in prepared.counts
    ]


def _verdict(
    registry: Registry, prepared: Prepared, evaluation: Evaluation, tables: Tables
) -> Verdict:
    """Apply the gate to the funnel's first stage."""
    stage = prepared.labels.stages[0]
    rows = evaluation.held_out[stage]
    names = list(evaluation.baselines[stage])
    version = registry.version_of(CHAMPION)
    champion = None
    if version is not None:
        champion = _champion_propensity(registry.load(version), prepared, stage, rows)
    return judge(
        rows["outcome"],
        rows["propensity"],
        rows["cluster"],
        baselines=rows[names],
        champion=champion,
        overruled=tables.contract.audit.overrule,
    )


def _champion_propensity(
    champion: Registered, prepared: Prepared, stage: str, rows: pd.DataFrame
) -> pd.Series[float]:
    """Predict by the champion for held-out leads, missing for those it had learnt from."""
    frame = prepared.frame.loc[rows.index]
    absent = [name for name in champion.model.features_ if name not in frame.columns]
    for name in absent:  # a feature that today's data no longer give is unknown to the champion
        frame[name] = None if name in champion.model.text_ else float("nan")
        frame = frame.astype({name: "str" if name in champion.model.text_ else "float64"})
    propensity = champion.model.predict(frame)[f"p_{stage}"]
    held_out_from = champion.tags.get("held_out_from", "")
    if not held_out_from:
        return propensity
    created = prepared.labels.frame.loc[rows.index, "created_at"]
    return propensity.where(created >= held_out_from)


def _register(
    registry: Registry,
    tables: Tables,
    *,
    data: str,
    model: FunnelModel,
    prepared: Prepared,
    evaluation: Evaluation,
    verdict: Verdict,
) -> TrainingResult:
    drivers = {
        stage: _drivers(model, prepared, evaluation.held_out[stage], stage)
        for stage in evaluation.held_out
    }
    overruled = tables.contract.audit.overrule
    card = model_card(
        registry.name, prepared, evaluation, verdict, drivers=drivers, overruled=overruled
    )
    version = registry.register(
        Trained(
            model=model,
            catalogue=prepared.catalogue,
            evidence=evaluation.evidence,
            params=_params(model, prepared, tables),
            metrics=_metrics(evaluation),
            tags=_tags(data, prepared, tables, verdict),
            artifacts=_artifacts(card, evaluation, tables),
        )
    )
    if verdict.passed:
        registry.promote(version, who=getpass.getuser(), why="passed every rule of the gate")
    report = registry.directory / "reports" / f"model-{version}.md"
    report.parent.mkdir(exist_ok=True)
    report.write_text(card, encoding="utf-8")
    return TrainingResult(
        registry.name,
        version,
        verdict.passed,
        headline(evaluation, verdict),
        prepared,
        evaluation,
        verdict,
        tables.quarantine,
        report,
    )


def _drivers(
    model: FunnelModel, prepared: Prepared, rows: pd.DataFrame, stage: str
) -> pd.Series[float]:
    """Mean absolute contribution of each fact on held-out leads, largest first."""
    sample = prepared.frame.loc[rows.index[:: max(len(rows) // DRIVER_ROWS, 1)]]
    contributions, _base = model.stages_[stage].contributions(sample)
    words = {each.name: each.fact.replace("_", " ") for each in prepared.catalogue}
    by_fact = contributions.T.groupby(contributions.columns.map(words)).sum().T
    return by_fact.abs().mean().sort_values(ascending=False)


def _params(model: FunnelModel, prepared: Prepared, tables: Tables) -> Mapping[str, object]:
    horizon = tables.contract.horizon_days
    trees = {f"{stage}.trees": fitted.trees_ for stage, fitted in model.stages_.items()}
    shapes = {f"{stage}.shape": fitted.shape_ for stage, fitted in model.stages_.items()}
    calibration = {
        f"{stage}.calibration": fitted.calibrator_.method_
        for stage, fitted in model.stages_.items()
    }
    return {
        "stages": ", ".join(model.stages_),
        "horizon_days.sql": horizon.sql,
        "horizon_days.won": horizon.won,
        "features": len(model.features_),
        "excluded_columns": ", ".join(prepared.excluded)[:500],
        "split": "later leads" if prepared.split.by_time else "at random",
        **trees,
        **shapes,
        **calibration,
    }


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    flat = metrics_for_mlflow(evaluation.metrics)
    for stage, tables in evaluation.baselines.items():
        renamed = {f"{stage}.{name}": table for name, table in tables.items()}
        flat |= metrics_for_mlflow(renamed)
    return flat


def _tags(data: str, prepared: Prepared, tables: Tables, verdict: Verdict) -> dict[str, str]:
    held_out_from = prepared.split.test_from
    end = tables.data_end
    return {
        "fingerprint": data,
        "held_out_from": held_out_from.isoformat() if held_out_from is not None else "",
        "known_until": end.replace(tzinfo=UTC).isoformat() if end is not None else "",
        "gate": "passed" if verdict.passed else f"refused: {verdict.refusals[0].name}",
    }


def _artifacts(card: str, evaluation: Evaluation, tables: Tables) -> dict[str, str | bytes]:
    contract = tables.contract.model_dump_json(indent=1, exclude=_ADDRESSES)
    pictures = {
        f"plots/{stage}.png": draw_stage(stage, rows["outcome"], rows["propensity"])
        for stage, rows in evaluation.held_out.items()
    }
    counts = tables.quarantine.counts.to_csv(index=False)
    return {
        "model_card.md": card,
        f"{CONTRACT_FILE.removesuffix('.toml')}.json": contract,
        "quarantine_counts.csv": counts,
        **pictures,
    }


# A connection address may hold a password.
_ADDRESSES = {table: {"address"} for table in ("leads", "events", "outcomes")}
