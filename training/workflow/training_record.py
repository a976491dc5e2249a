"""What is registered and written to disk beside a model: figures, tags, report, card, contract."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from leadscore.features.contract import ADDRESSES, CONTRACT_FILE
from leadscore.training.dataset import traces
from leadscore.training.evaluation import ACCOUNT_TAG
from leadscore.training.registry import Trained, metrics_for_mlflow
from leadscore.training.report import html_report, model_card

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Prepared
    from leadscore.training.evaluation import Evaluation
    from leadscore.training.gate import Verdict
    from leadscore.training.model import FunnelModel
    from leadscore.training.report import Facts

CARD, PAGE = "model_card.md", "report.html"
REPORTS = "reports"  # the folder of a project where both lie, a pair a version
LONGEST_PARAM = 500  # characters that MLflow shows


def to_register(
    model: FunnelModel,
    judged: FunnelModel,
    evaluation: Evaluation,
    facts: Facts,
    tables: Tables,
    *,
    fingerprint: str,
) -> Trained:
    """Collect what goes to the registry with a model.

    Parameters
    ----------
    judged
        The model that the figures of `evaluation` and `facts` belong to.
    fingerprint
        That of the tables.
    """
    prepared = facts.prepared
    return Trained(
        model=model,
        judged=judged,
        catalogue=prepared.catalogue,
        evidence=evaluation.evidence,
        params=_params(model, prepared, tables),
        metrics=_metrics(evaluation),
        tags=_tags(fingerprint, prepared, tables, facts.verdict) | _account_tag(evaluation),
        artifacts=_artifacts(facts, tables),
        learnt_from=traces(prepared),
        trials={stage: fitted.trials_ for stage, fitted in model.stages_.items()},
    )


def write_reports(directory: Path, version: str, trained: Trained) -> tuple[Path, Path]:
    """Write a version's model card and report into the project folder; return their paths."""
    folder = directory / REPORTS
    folder.mkdir(exist_ok=True)
    card, page = folder / f"model-{version}.md", folder / f"model-{version}.html"
    for file, name in ((card, CARD), (page, PAGE)):
        file.write_text(str(trained.artifacts[name]), encoding="utf-8")
    return card, page


def _params(model: FunnelModel, prepared: Prepared, tables: Tables) -> Mapping[str, object]:
    horizon = tables.contract.horizon_days
    chosen = {
        f"{stage}.{name}": str(value)[:LONGEST_PARAM]
        for stage, fitted in model.stages_.items()
        for name, value in (fitted.choice_ | {"calibration": fitted.calibrator_.method_}).items()
    }
    return {
        "stages": ", ".join(model.stages_),
        "horizon_days.sql": horizon.sql,
        "horizon_days.won": horizon.won,
        "features": len(model.features_),
        "excluded_columns": ", ".join(prepared.excluded)[:LONGEST_PARAM],
        "split": "later leads" if prepared.split.by_time else "at random",
        **chosen,
    }


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    tables = dict(evaluation.metrics)
    for stage, baselines in evaluation.baselines.items():
        beside = {**baselines, "points_rules": evaluation.points_metrics[stage]}
        tables |= {f"{stage}.{name}": table for name, table in beside.items()}
    return metrics_for_mlflow(tables)


def _tags(fingerprint: str, prepared: Prepared, tables: Tables, verdict: Verdict) -> dict[str, str]:
    since, end = prepared.split.test_from, tables.data_end
    return {
        "fingerprint": fingerprint,
        "held_out_from": since.isoformat() if since is not None else "",
        "known_until": end.replace(tzinfo=UTC).isoformat() if end is not None else "",
        "gate": "passed" if verdict.passed else f"refused: {verdict.refusals[0].name}",
    }


def _account_tag(evaluation: Evaluation) -> dict[str, str]:
    chance = evaluation.account_chance
    return {} if chance is None else {ACCOUNT_TAG: chance.to_json()}


def _artifacts(facts: Facts, tables: Tables) -> dict[str, str | bytes]:
    points = {f"points_{each.stage}.csv": each.points.as_csv() for each in facts.stages}
    return {
        CARD: model_card(facts),
        PAGE: html_report(facts),
        f"{CONTRACT_FILE.removesuffix('.toml')}.json": tables.contract.model_dump_json(
            indent=1, exclude=ADDRESSES
        ),
        "quarantine_counts.csv": tables.quarantine.counts.to_csv(index=False),
        **points,
    }
