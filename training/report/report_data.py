"""The data of the report and the model card, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.training.evaluation import (
    Drivers,
    PriorShift,
    Simpler,
    calibration_given_sql,
    drivers_of,
    in_order,
    measure,
    measure_segments,
    prior_shift,
    rank_bands,
    rarer,
    reliability_table,
    segments_of,
    simpler_ahead,
)
from leadscore.training.gate import SIGNAL
from leadscore.training.report.narrative import calibration_words, data_facts, headline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.contract import Contract
    from leadscore.training.dataset import Prepared
    from leadscore.training.evaluation import Evaluation
    from leadscore.training.gate import Contest, Verdict
    from leadscore.training.model import FunnelModel
    from leadscore.training.scorecard import PointsTable

# Bands of the ranking represent tiers, which a policy cuts from it later.
BANDS = (
    (0.05, "best 5 %"),
    (0.20, "best 5 to 20 %"),
    (0.50, "best 20 to 50 %"),
    (1.00, "lower half"),
)
SCORE_BAND = "score band"
OUTCOMES_A_BIN = 12  # of the rarer outcome: a bin's interval is then about half its share wide
FEWEST_BINS, MOST_BINS = 3, 10
SEGMENTS_SHOWN = 9  # of a dimension: small pictures, three in a row


@dataclass(frozen=True)
class StageFacts:
    """The data of one stage.

    Parameters
    ----------
    rows
        `Evaluation.held_out` of the stage.
    metrics
        By method, the model first: the table of `metrics.measure`.
    segments
        The table of `measure_segments`.
    reliability
        `dimension`, `segment` and the columns of `reliability_table`.
    shift
        None without dates.
    won_given_sql
        For `won`: the table of `calibration_given_sql`; empty elsewhere.
    """

    stage: str
    rows: pd.DataFrame
    metrics: Mapping[str, pd.DataFrame]
    simpler: tuple[Simpler, ...]
    segments: pd.DataFrame
    reliability: pd.DataFrame
    drivers: Drivers
    calibration: str
    points: PointsTable
    shift: PriorShift | None
    won_given_sql: pd.DataFrame


@dataclass(frozen=True)
class Facts:
    """The data of a model.

    Parameters
    ----------
    known_until
        The end of the data it learnt from (UTC); None where nothing has a date.
    overruled
        The contract's reasons for keeping columns the audit found.
    horizon_days
        By stage; empty for a flat file.
    """

    name: str
    made_at: datetime
    known_until: datetime | None
    headline: str
    prepared: Prepared
    verdict: Verdict
    overruled: Mapping[str, str]
    horizon_days: Mapping[str, int]
    stages: tuple[StageFacts, ...]

    def horizon_words(self, stage: str) -> str:
        """Write a stage's horizon; empty for a flat file."""
        days = self.horizon_days.get(stage)
        return f" within {days} days of the snapshot" if days else ""

    @property
    def simpler_sentences(self) -> list[str]:
        """One sentence for each stage where a simpler method did better; none without signal."""
        if any(rule.name == SIGNAL for rule in self.verdict.refusals):
            return []
        return [each.simpler[0].sentence(each.stage) for each in self.stages if each.simpler]

    @property
    def data_facts(self) -> dict[str, str]:
        """What the model was trained and tested on: see `narrative.data_facts`."""
        return data_facts(self.prepared, {each.stage: each.calibration for each in self.stages})


def gather(
    contract: Contract,
    model: FunnelModel,
    prepared: Prepared,
    evaluation: Evaluation,
    verdict: Verdict,
    *,
    contest: Contest | None = None,
    known_until: datetime | None = None,
) -> Facts:
    """Compute everything the report and the model card show; `known_until` ends the data (UTC)."""
    stages = tuple(
        _stage(stage, model, prepared, evaluation, contest) for stage in evaluation.held_out
    )
    horizon = contract.horizon_days
    return Facts(
        contract.name,
        datetime.now(UTC),
        known_until,
        headline(evaluation, verdict),
        prepared,
        verdict,
        contract.audit.overrule,
        {} if contract.is_flat else {"sql": horizon.sql, "won": horizon.won},
        stages,
    )


def _stage(
    stage: str,
    model: FunnelModel,
    prepared: Prepared,
    evaluation: Evaluation,
    contest: Contest | None,
) -> StageFacts:
    rows = evaluation.held_out[stage]
    segments = segments_of(prepared, rows)
    metrics = {"model": evaluation.metrics[stage]}
    shared = contest.rows.get(stage) if contest is not None else None
    if shared is not None and len(shared):
        rows = rows.assign(champion=shared["champion"])
        metrics |= _champion_metrics(shared, len(rows))
    metrics |= dict(evaluation.baselines[stage])
    given_sql = calibration_given_sql(model, prepared, rows) if stage == "won" else pd.DataFrame()
    calibrator = model.stages_[stage].calibrator_
    return StageFacts(
        stage,
        rows=rows,
        metrics=metrics | {"points_rules": evaluation.points_metrics[stage]},
        simpler=simpler_ahead(evaluation, stage),
        segments=measure_segments(rows, segments),
        reliability=_reliability(rows, segments),
        drivers=drivers_of(model, prepared, stage),
        calibration=calibration_words(calibrator.method_, calibrator.level_),
        points=evaluation.points[stage],
        shift=prior_shift(model, prepared, stage),
        won_given_sql=given_sql,
    )


def _champion_metrics(shared: pd.DataFrame, held_out: int) -> dict[str, pd.DataFrame]:
    """Measure the champion on leads new to it, and the model there too if they are fewer."""
    outcome, cluster = shared["outcome"], shared["cluster"]
    found = {"champion": measure(outcome, shared["champion"], cluster)}
    if len(shared) < held_out:
        found["model_there"] = measure(outcome, shared["propensity"], cluster)
    return found


def _reliability(rows: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Tabulate calibration in each group."""
    groups = segments.assign(**{SCORE_BAND: rank_bands(rows["propensity"], BANDS)})
    parts = [
        _bins(rows[of == segment]).assign(dimension=str(dimension), segment=segment)
        for dimension, of in groups.items()
        for segment in _shown(of)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[["dimension", "segment", "promised", "realised", "low", "high", "leads"]]


def _bins(rows: pd.DataFrame) -> pd.DataFrame:
    wanted = max(rarer(rows["outcome"]) // OUTCOMES_A_BIN, FEWEST_BINS)
    bins = min(wanted, MOST_BINS, len(rows))
    return reliability_table(rows["outcome"], rows["propensity"], rows["cluster"], bins=bins)


def _shown(values: pd.Series[str]) -> list[str]:
    """Choose the commonest groups, in reading order; score bands from the best."""
    if values.name == SCORE_BAND:
        return [words for _, words in BANDS if (values == words).any()]
    common = set(values.value_counts().index[:SEGMENTS_SHOWN])
    return [segment for segment in in_order(values) if segment in common]
