"""The chance that at least one open lead of an account reaches the first stage within its horizon.

Colleagues are no strangers: 1 - Π(1 - p) of their propensities is wrong by as much as they depend
on each other. Its log-odds are therefore shifted by a + b log n, n being the number of open leads,
learnt on accounts of which no lead has taught the model.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit

from leadscore.features.families import feature_frame
from leadscore.features.point_in_time import nightly_snapshots
from leadscore.training.calibration import log_losses_of_margin
from leadscore.training.dataset import label_snapshots
from leadscore.training.evaluation.metrics import measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Prepared

    Predict = Callable[[pd.DataFrame], pd.DataFrame]

logger = logging.getLogger(__name__)

ACCOUNT_TAG = "account_chance"  # of a registered version
DAYS_BETWEEN_NIGHTS = 14  # an account a fortnight later is still much the same
MOST_SNAPSHOTS = 100_000  # half a minute of features
MIN_POSITIVES = 50  # accounts in each half; with fewer the error would be mostly chance
PRIOR = 1.0  # of the two figures' spread around 0; a few dozen accounts outweigh it
SURE = 1e-6  # the log-odds of an account stay finite


@dataclass(frozen=True)
class AccountChance:
    """How the chance of an account follows from the propensities of its open leads.

    `error` is the calibration error on the later half of the held-out accounts by what the earlier
    half teaches, `error_alone` that of propensities multiplied out.
    """

    level: float
    size: float
    accounts: int
    error: float
    error_alone: float

    def of(self, accounts: pd.DataFrame) -> pd.Series[float]:
        """Compute the chances of accounts, of `together`'s columns."""
        found = expit(_margin(accounts) + _shift(accounts, np.array([self.level, self.size])))
        return pd.Series(found, index=accounts.index, dtype="float64")

    def to_json(self) -> str:
        """Write it as text, for a version's tag."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> AccountChance:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


def together(leads: pd.DataFrame) -> pd.DataFrame:
    """Add up the open leads of each account.

    Parameters
    ----------
    leads
        Columns `account`, `p`: the propensity; and whatever else `account` is to be kept apart by
        may be part of its index.

    Returns
    -------
    DataFrame
        Indexed by account: `open_leads` (how many), `nobody` (log of the chance that none of them
        reaches it, if they were strangers). Sums of parts add up to the sums of the whole.
    """
    none = np.log1p(-leads["p"].clip(upper=1 - SURE))
    rows = pd.DataFrame({"account": leads["account"], "open_leads": 1, "nobody": none})
    return rows.dropna(subset="account").groupby("account").sum()


def account_chance(tables: Tables, prepared: Prepared, predict: Predict) -> AccountChance | None:
    """Learn and judge the chances of accounts on nights of those that taught the model nothing.

    None where leads have no accounts or dates, or too few of the accounts reached the stage.
    """
    if not (tables.has_accounts and prepared.split.by_time) or tables.outcomes is None:
        return None
    rows = _account_nights(tables.without(prepared.excluded), prepared, predict)
    first = rows.groupby("account")["as_of"].transform("min")
    late = first > first.median() if len(rows) else first.astype("bool")
    halves = [rows[~late], rows[late]]
    if any(half["outcome"].sum() < MIN_POSITIVES for half in halves):
        logger.info("too few accounts reached the stage to tell the chance of an account")
        return None
    learnt, judged = halves
    by_earlier = expit(_margin(judged) + _shift(judged, _fitted(learnt)))
    level, size = _fitted(rows)
    return AccountChance(
        float(level),
        float(size),
        int(rows["account"].nunique()),
        error=_error(judged, by_earlier),
        error_alone=_error(judged, expit(_margin(judged))),
    )


def _account_nights(tables: Tables, prepared: Prepared, predict: Predict) -> pd.DataFrame:
    """Look at the held-out accounts night by night: `together`, `account`, `as_of`, `outcome`."""
    stage = prepared.labels.stages[0]
    snapshots = _snapshots(tables, prepared, getattr(tables.contract.horizon_days, stage))
    frame, _built = feature_frame(tables, snapshots, kinds=prepared.kinds)
    labels = label_snapshots(tables, snapshots).frame
    rows = labels[["account", "as_of"]].assign(
        p=predict(frame)[f"p_{stage}"].to_numpy(), outcome=labels[f"y_{stage}"]
    )
    rows = rows[rows["outcome"].notna() & rows["p"].notna() & rows["account"].notna()]
    parts = [
        together(night).assign(as_of=as_of, outcome=night.groupby("account")["outcome"].max())
        for as_of, night in rows.groupby("as_of")
    ]
    empty = pd.DataFrame({"as_of": rows["as_of"].head(0), "outcome": 0.0}).rename_axis("account")
    return (pd.concat(parts) if parts else empty).reset_index()


def _snapshots(tables: Tables, prepared: Prepared, horizon_days: int) -> ir.Table:
    """List the open leads of held-out accounts on nights whose outcomes are known."""
    labels, side = prepared.labels.frame, prepared.split.side
    held_out = labels.loc[side == "test", "account"].dropna().unique()
    taught = labels.loc[side == "learn", "account"].dropna().unique()
    chosen = pd.DataFrame({"account": sorted(set(held_out) - set(taught))}, dtype="object")
    own = tables.leads.semi_join(
        ibis.memtable(chosen, schema={"account": "string"}), "account"
    ).select("lead_id")
    nights = _nights(tables, prepared, horizon_days)
    found = [nightly_snapshots(tables, as_of=each).semi_join(own, "lead_id") for each in nights]
    every = ibis.union(*found) if len(found) > 1 else found[0]
    most = int(every.count().to_pyarrow().as_py())
    if most <= MOST_SNAPSHOTS:
        return every
    accounts = tables.leads.select("account", own_id="lead_id")
    kept = accounts.filter(
        accounts.account.hexdigest("md5").left(4) < f"{round(0x10000 * MOST_SNAPSHOTS / most):04x}"
    )
    return every.semi_join(kept, every.lead_id == kept.own_id)


def _nights(tables: Tables, prepared: Prepared, horizon_days: int) -> list[datetime]:
    since, end = prepared.split.test_from, tables.data_end
    if since is None or end is None:
        raise ValueError("nights need dates")
    first = pd.Timestamp(since).tz_localize(None).normalize() + timedelta(days=1)
    last = pd.Timestamp(end) - timedelta(days=horizon_days)
    nights = pd.date_range(first, max(first, last), freq=f"{DAYS_BETWEEN_NIGHTS}D")
    return [night.to_pydatetime() for night in nights]


def _margin(accounts: pd.DataFrame) -> NDArray[np.float64]:
    """Compute the log-odds that a stranger or another reaches it."""
    anybody = -np.expm1(accounts["nobody"].to_numpy(dtype="float64"))
    return np.asarray(logit(np.clip(anybody, SURE, 1 - SURE)), dtype="float64")


def _shift(accounts: pd.DataFrame, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.log(accounts["open_leads"].to_numpy(dtype="float64"))
    return np.asarray(figures[0] + figures[1] * size, dtype="float64")


def _fitted(accounts: pd.DataFrame) -> NDArray[np.float64]:
    """Fit level and size by penalised likelihood."""
    margin, outcome = _margin(accounts), accounts["outcome"].to_numpy(dtype="float64")

    def loss(figures: NDArray[np.float64]) -> float:
        shifted = margin + _shift(accounts, figures)
        penalty = (figures**2).sum() / (2 * PRIOR**2)
        return float(log_losses_of_margin(outcome, shifted).sum() + penalty)

    return np.asarray(minimize(loss, np.zeros(2), method="BFGS").x, dtype="float64")


def _error(accounts: pd.DataFrame, chance: NDArray[np.float64]) -> float:
    figures = measure(
        accounts["outcome"], pd.Series(chance, index=accounts.index), accounts["account"]
    )
    return float(figures["value"]["calibration_error"])
