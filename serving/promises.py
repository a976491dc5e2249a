"""Cut-offs that keep a tier's promise, found on held-out leads and told with what they achieve.

A promise "at least 30 % of these leads become SQL" is kept with a finite-sample guarantee, in the
way of Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052):
every candidate cut-off is a hypothesis "its precision is below the promise", tested by the exact
binomial tail (Clopper and Pearson, 1934), strictest first, and the first that is not rejected
ends the search. Because the order and the candidates are fixed before any outcome is looked at,
no correction for the number of tests is due. The leads at or above a cut-off have different
propensities; for a count above its mean the binomial tail is then the larger, safe one (Hoeffding,
1956).

What it assumes: later leads behave as the evidence did, and leads are independent of each other.
Several snapshots of one lead are not, so one of each lead is looked at, drawn by a hash. That
keeps the binomial exact, where an effective sample size would only approximate it. The two tiers'
promises hold each with its own confidence, not jointly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.stats import beta, binom

from features.errors import ModelMismatch
from serving.policy import fallback_words
from serving.wording import percent

if TYPE_CHECKING:
    import numpy.typing as npt

    from features.contract import Stage
    from serving.policy import Mode, Policy, TierPromise

    Numbers = npt.NDArray[np.float64]

Tier = Literal["SQL", "MQL", "Nurture", "Disqualified"]

PAST: dict[Stage, str] = {"sql": "became sales qualified", "won": "were won"}

MIN_LEADS = 50  # with fewer the first test has next to no power and, failing, ends the search
MIN_SHARE = 0.01  # on much evidence the first test may be as large as this, which steadies it
GRID_RATIO = 1.10  # finer finds 2 % more leads and stops early more often; 1.25 loses 5 %


@dataclass(frozen=True)
class TierCut:
    """What the evidence made of one tier's promise.

    Parameters
    ----------
    tier
        `SQL` or `MQL`.
    outcome
        The propensity that counts.
    mode
        How the policy defines the tier.
    promised
        The promised precision; None in the other modes.
    confidence
        How sure the promise is to hold, and each end of the interval.
    cut_off
        The lowest propensity that gets the tier; None where `share` decides.
    share
        The best share of the open leads that gets the tier; None where `cut_off` decides.
    achieved, low, high
        Precision on the evidence at or above the cut, with its Clopper-Pearson interval, each end
        at `confidence`; None where no lead of the evidence is there.
    n, n_evidence
        Leads of the evidence at or above the cut, and in all.
    kept
        Whether the evidence bears the promise out; None where nothing was promised.
    sentence
        All that for people.
    """

    tier: Tier
    outcome: Stage
    mode: Mode
    promised: float | None
    confidence: float
    cut_off: float | None
    share: float | None
    achieved: float | None
    low: float | None
    high: float | None
    n: int
    n_evidence: int
    kept: bool | None
    sentence: str

    @property
    def share_of_leads(self) -> float:
        """The share of the evidence's leads at or above the cut."""
        return self.n / self.n_evidence if self.n_evidence else 0.0


@dataclass(frozen=True)
class CutOffs:
    """The cuts of both tiers."""

    sql: TierCut
    mql: TierCut


def cut_offs(policy: Policy, evidence: pd.DataFrame) -> CutOffs:
    """Find where each tier begins, so that its promise is kept on held-out leads.

    Parameters
    ----------
    policy
        What was agreed.
    evidence
        Held-out snapshots: `p_sql`, `p_won` (float64, NaN where the model has no such stage),
        `y_sql`, `y_won` (float64 0 or 1, NaN where not known), `lead` (int: rows that share it
        depend on each other; a code of the account is as welcome as one of the lead).

    Returns
    -------
    CutOffs
        Cut-offs, estimates with intervals, and whether the promises are kept.

    Raises
    ------
    ModelMismatch
        Where the policy speaks of a propensity that the model does not give.
    """
    return CutOffs(
        sql=_tier_cut("SQL", policy.sql, evidence), mql=_tier_cut("MQL", policy.mql, evidence)
    )


def _tier_cut(tier: Tier, promise: TierPromise, evidence: pd.DataFrame) -> TierCut:
    outcome = _outcome(promise, evidence)
    p, y = _one_snapshot_per_lead(evidence, outcome)
    cut_off, share, kept = _where_it_begins(promise, p, y)
    n = int((p >= cut_off).sum()) if cut_off is not None else leads_in(share or 0.0, len(p))
    achieved, low, high = _precision(int(y[:n].sum()), n, promise.confidence)
    cut = TierCut(
        tier=tier,
        outcome=outcome,
        mode=promise.mode,
        promised=promise.min_precision,
        confidence=promise.confidence,
        cut_off=cut_off,
        share=share,
        achieved=achieved,
        low=low,
        high=high,
        n=n,
        n_evidence=len(p),
        kept=kept,
        sentence="",
    )
    return replace(
        cut, sentence=_sentence(cut, best=float(y[:MIN_LEADS].mean()) if len(y) else 0.0)
    )


def _outcome(promise: TierPromise, evidence: pd.DataFrame) -> Stage:
    has_sql, has_won = (bool(evidence[p].notna().any()) for p in ("p_sql", "p_won"))
    outcome: Stage = promise.outcome or ("sql" if has_sql else "won")
    if (outcome == "sql" and not has_sql) or (outcome == "won" and not has_won):
        other: Stage = "won" if outcome == "sql" else "sql"
        message = (
            f'tiers.toml says outcome = "{outcome}", which this model does not predict. '
            f'Say outcome = "{other}", or train with outcomes of the stage {outcome}.'
        )
        raise ModelMismatch(message)
    return outcome


def _one_snapshot_per_lead(evidence: pd.DataFrame, outcome: Stage) -> tuple[Numbers, Numbers]:
    """Draw one known snapshot a lead, whatever the order of the rows; best propensity first."""
    known = evidence[["lead", f"p_{outcome}", f"y_{outcome}"]].dropna()
    # Equal lots are equal propensities of one lead: the lower outcome errs on the safe side.
    lots = pd.util.hash_pandas_object(known[["lead", f"p_{outcome}"]], index=False)
    drawn = known.assign(lot=lots).sort_values(["lot", f"y_{outcome}"], kind="stable")
    drawn = drawn.drop_duplicates("lead").sort_values(
        f"p_{outcome}", ascending=False, kind="stable"
    )
    return (
        drawn[f"p_{outcome}"].to_numpy(dtype=np.float64),
        drawn[f"y_{outcome}"].to_numpy(dtype=np.float64),
    )


def _where_it_begins(
    promise: TierPromise, p: Numbers, y: Numbers
) -> tuple[float | None, float | None, bool | None]:
    """Return cut-off, share and whether the promise is kept; one of the first two decides."""
    if promise.mode == "share":
        return None, promise.threshold, None
    if promise.mode == "min_propensity":
        return promise.threshold, None, None
    cut_off = _lowest_safe(p, y, promise.threshold, 1 - promise.confidence)
    return (cut_off, None, True) if cut_off is not None else (None, promise.fallback_share, False)


def _lowest_safe(p: Numbers, y: Numbers, promised: float, alpha: float) -> float | None:
    """Go down the candidate cut-offs for as long as each keeps the promise beyond doubt."""
    positives = np.concatenate([[0.0], np.cumsum(y)])
    lowest = None
    for cut_off in _candidates(p):
        n = int(np.searchsorted(-p, -cut_off, side="right"))
        if binom.sf(positives[n] - 1, n, promised) > alpha:
            break
        lowest = float(cut_off)
    return lowest


def _candidates(p: Numbers) -> list[float]:
    """Choose cut-offs, strictest first, by how many leads they leave, never by outcomes."""
    n = max(MIN_LEADS, round(MIN_SHARE * len(p)))
    counts = []
    while n < len(p):
        counts.append(n)
        n = max(n + 1, round(n * GRID_RATIO))
    if len(p) >= MIN_LEADS:
        counts.append(len(p))
    return list(dict.fromkeys(p[count - 1] for count in counts))  # ties share one cut-off


def leads_in(share: float, n: int) -> int:
    """How many of `n` leads a share is; never more, 29 % of 100 being 29 in spite of binary."""
    return int(round(share * n, 9))


def _precision(
    positives: int, n: int, confidence: float
) -> tuple[float | None, float | None, float | None]:
    if n == 0:
        return None, None, None
    alpha = 1 - confidence
    low = beta.ppf(alpha, positives, n - positives + 1) if positives else 0.0
    high = beta.ppf(1 - alpha, positives + 1, n - positives) if positives < n else 1.0
    return positives / n, float(low), float(high)


def _sentence(cut: TierCut, *, best: float) -> str:
    """Put a cut into words; `best` is the precision among the first `MIN_LEADS`."""
    if cut.kept is False:
        return _unkept_sentence(cut, best=best)
    earlier = f"{cut.n_evidence:,} earlier leads"
    where = f"the best {percent(cut.share)}" if cut.share is not None else "those"
    if cut.cut_off is not None:
        where = f"those with a chance of {100 * cut.cut_off:.1f} % or more"
    if cut.achieved is None or cut.low is None:
        return f"None of {earlier} is among {where}, so nothing is known of such leads."
    found = (
        f"Of {earlier}, {where} are {cut.n:,} ({percent(cut.share_of_leads)}); "
        f"{percent(cut.achieved)} of them {PAST[cut.outcome]}, with {percent(cut.confidence)} "
        f"confidence at least {percent(cut.low)}"
    )
    return (
        f"{found}: the promise of {percent(cut.promised)} is kept." if cut.promised else f"{found}."
    )


def _unkept_sentence(cut: TierCut, *, best: float) -> str:
    earlier = f"{cut.n_evidence:,} earlier leads"
    if cut.n_evidence < MIN_LEADS:
        why = f"there are {earlier} of known outcome, and {MIN_LEADS} are the least to judge by"
    else:
        why = f"of the best {MIN_LEADS} of {earlier} {percent(best)} {PAST[cut.outcome]}"
    promise = f"No cut-off keeps the promise of {percent(cut.promised or 0.0)}"
    return f"{promise}: {why}. So {fallback_words(cut.share or 0.0)}."
