"""The ways in which one could find a cut-off on evidence: ours, the naive one, and MAPIE's."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from leadscore.serving.policy import Policy, TierPromise
from leadscore.serving.tiers import Evidence
from leadscore.serving.tiers.cutoffs import _candidates, cut_offs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Rule = Callable[[pd.DataFrame, float], float | None]  # of evidence and a promised precision

CONFIDENCE = 0.95  # the default of `policy.policy.TierPromise`
OURS, NAIVE = "leadscore", "naive: lowest cut with the promised precision"
EVERY_SNAPSHOT = "MAPIE: every snapshot a row, on its defaults"
ONE_SNAPSHOT = "MAPIE: a random snapshot a lead, fixed sequence"
FIRST_TIME_HOLM = "MAPIE: a lead when it first gets there, Holm"
FIRST_TIME = "MAPIE: a lead when it first gets there, in our order"


def rules() -> Mapping[str, Rule]:
    """List the ways by name; those of MAPIE only where it is installed."""
    found: dict[str, Rule] = {OURS: ours, NAIVE: naive}
    if find_spec("mapie"):
        found |= {EVERY_SNAPSHOT: every_snapshot, ONE_SNAPSHOT: one_snapshot}
        found |= {FIRST_TIME_HOLM: first_time_holm, FIRST_TIME: first_time}
    return found


def ours(evidence: pd.DataFrame, promised: float) -> float | None:
    """Find the cut-off that `leadscore score` would use; None where no promise can be given."""
    policy = Policy(sql=TierPromise(min_precision=promised), mql=TierPromise(share=1.0))
    return cut_offs(policy, evidence).sql.cut_off


def naive(evidence: pd.DataFrame, promised: float) -> float | None:
    """Find the lowest cut-off whose precision on the evidence is what was promised."""
    leads = Evidence.of(evidence, "sql")
    for cut_off in np.unique(leads.rises):
        reached = leads.reached(float(cut_off))
        if reached.positives >= promised * reached.leads:
            return float(cut_off)
    return None


def every_snapshot(evidence: pd.DataFrame, promised: float) -> float | None:
    """Let MAPIE decide on its defaults, as if snapshots were independent of each other."""
    known = evidence.dropna(subset=["p_sql", "y_sql"])
    # Of a threshold that no row reaches MAPIE 1.6 computes no number, at which Holm's way ends.
    thresholds = np.linspace(0, 0.99, 100)
    return _controlled(
        known, promised, list_predict_params=thresholds[thresholds <= known["p_sql"].max()]
    )


def one_snapshot(evidence: pd.DataFrame, promised: float) -> float | None:
    """Let MAPIE test our candidates, strictest first, on one snapshot a lead drawn at random."""
    known = evidence.dropna(subset=["p_sql", "y_sql"])
    drawn = known.sample(frac=1, random_state=0).drop_duplicates("lead")
    return _controlled(
        drawn, promised, list_predict_params=_cuts(drawn), fwer_method="fixed_sequence"
    )


def first_time_holm(evidence: pd.DataFrame, promised: float) -> float | None:
    """Let MAPIE judge each lead when it first gets there, which its fixed sequence cannot."""
    return _first_time(evidence, promised, fwer_method="bonferroni_holm")


def first_time(evidence: pd.DataFrame, promised: float) -> float | None:
    """Let MAPIE do the same, and lend it the order that it lacks."""
    from benchmarks.promises_order import StrictestFirst

    return _first_time(evidence, promised, fwer_method=StrictestFirst())


def _first_time(evidence: pd.DataFrame, promised: float, **how: object) -> float | None:
    known = evidence.dropna(subset=["p_sql", "y_sql"]).sort_values(["lead", "as_of"])
    before = known.groupby("lead")["p_sql"].cummax().groupby(known["lead"]).shift()
    return _controlled(
        known.assign(before=before.fillna(-np.inf)),
        promised,
        predict_function=_gets_there,
        list_predict_params=_cuts(known)[:, None],
        **how,
    )


def _cuts(evidence: pd.DataFrame) -> NDArray[np.float64]:
    """List the candidates of `tiers.cutoffs`, so that nothing but the test differs."""
    return np.array(_candidates(Evidence.of(evidence, "sql")), dtype="float64")


def _gets_there(rows: NDArray[np.float64], cut_off: float) -> NDArray[np.int64]:
    return ((rows[:, 0] >= cut_off) & (rows[:, 1] < cut_off)).astype("int64")


def _both_classes(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([1 - rows[:, 0], rows[:, 0]])


def _controlled(
    rows: pd.DataFrame,
    promised: float,
    *,
    list_predict_params: NDArray[np.float64],
    predict_function: Callable[..., NDArray[np.float64]] | None = None,
    **how: object,
) -> float | None:
    """Ask MAPIE for the lowest cut-off among those that it lets pass."""
    from mapie.risk_control import BinaryClassificationController

    if not len(list_predict_params):
        return None
    controller = BinaryClassificationController(
        predict_function or _both_classes,
        risk="precision",
        target_level=promised,
        confidence_level=CONFIDENCE,
        list_predict_params=list_predict_params,
        **how,
    )
    columns = [name for name in ("p_sql", "before") if name in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that no cut-off was found is a result here
        controller.calibrate(rows[columns].to_numpy("float64"), rows["y_sql"].to_numpy("int64"))
    passed = np.ravel(controller.valid_predict_params)
    return float(passed.min()) if len(passed) else None
