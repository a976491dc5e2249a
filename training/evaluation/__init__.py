"""Evidence on held-out later leads.

Metrics with intervals, curves, segments, baselines, feature contributions, conversion rates over
time, and held-out leads scored night by night.
"""

from leadscore.training.evaluation.account_chance import (
    ACCOUNT_TAG,
    AccountChance,
    account_chance,
    together,
)
from leadscore.training.evaluation.baselines import logistic_regression
from leadscore.training.evaluation.conversion_drift import PriorShift, prior_shift
from leadscore.training.evaluation.curves import (
    decile_table,
    gains_table,
    ranking_table,
    reliability_table,
    spread_table,
)
from leadscore.training.evaluation.display_names import (
    METRIC_WORDS,
    NOT_REACHED,
    REACHED,
    STAGE_WORDS,
    figure,
    method_words,
    month_words,
    span,
    with_interval,
    with_month_words,
)
from leadscore.training.evaluation.evaluate import Evaluation, account_or_lead, evaluate
from leadscore.training.evaluation.feature_contributions import Drivers, drivers_of
from leadscore.training.evaluation.metrics import compare, measure, rank, weighed
from leadscore.training.evaluation.nightly_holdout import nightly_evidence
from leadscore.training.evaluation.segments import (
    in_order,
    large_segments,
    measure_segments,
    rank_bands,
    rarer,
    segments_of,
)
from leadscore.training.evaluation.simpler_models import Simpler, simpler_ahead
from leadscore.training.evaluation.won_given_sql import calibration_given_sql

__all__ = [
    "ACCOUNT_TAG",
    "METRIC_WORDS",
    "NOT_REACHED",
    "REACHED",
    "STAGE_WORDS",
    "AccountChance",
    "Drivers",
    "Evaluation",
    "PriorShift",
    "Simpler",
    "account_chance",
    "account_or_lead",
    "calibration_given_sql",
    "compare",
    "decile_table",
    "drivers_of",
    "evaluate",
    "figure",
    "gains_table",
    "in_order",
    "large_segments",
    "logistic_regression",
    "measure",
    "measure_segments",
    "method_words",
    "month_words",
    "nightly_evidence",
    "prior_shift",
    "rank",
    "rank_bands",
    "ranking_table",
    "rarer",
    "reliability_table",
    "segments_of",
    "simpler_ahead",
    "span",
    "spread_table",
    "together",
    "weighed",
    "with_interval",
    "with_month_words",
]
