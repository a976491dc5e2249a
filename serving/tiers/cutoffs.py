"""Cut-offs that keep a tier's promise, found on held-out leads, with what they achieve.

A promise "at least 30 % of these leads become SQL" is kept with a finite-sample guarantee, in the
way of Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052):
every candidate cut-off is a hypothesis "its precision is below the promise", tested by the exact
binomial tail (Clopper and Pearson, 1934), strictest first, and the first that is not rejected
ends the search. Because the order and the candidates are fixed before any outcome is looked at,
no correction for the number of tests is due. The leads that reach a cut-off have different
propensities; for a count above its mean the binomial tail is then the larger, safe one (Hoeffding,
1956).

What it assumes: later leads behave as the evidence did, and leads are independent of each other.
Several snapshots of one lead are not, so for each cut-off a lead is judged once, at the snapshot
at which it would have been handed over. The two tiers' promises hold each with its own confidence,
not jointly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.stats import beta, binom

from leadscore.features.core import ModelMismatch, number, percent
from leadscore.serving.policy import fallback_phrase
from leadscore.serving.tiers.first_crossings import Evidence, Reached

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.features.contract import Stage
    from leadscore.serving.policy import Mode, Policy, TierPromise
    from leadscore.serving.tiers.tier_names import Tier

PAST: dict[Stage, str] = {"sql": "became sales qualified", "won": "were won"}

MIN_LEADS = 50  # with fewer the first test has next to no power and, failing, ends the search
MIN_SHARE = 0.01  # on much evidence the first test may be as large as this, which steadies it
GRID_RATIO = 1.10  # finer finds 2 % more leads and stops early more often; 1.25 loses 5 %


@dataclass(frozen=True)
class TierCut:
    """One tier's cut-off, and what the evidence says of its promise.

    Parameters
    ----------
    outcome
        The propensity that decides.
    promised
        The promised precision; None in the other modes.
    confidence
        Of the promise, and of each end of the interval.
    cut_off
        The lowest propensity that gets the tier; None where `share` or `min_value` decides.
    share
        The best share of the open leads that gets the tier; None where another decides.
    min_value
        The lowest expected value that gets the tier; None where another decides.
    achieved, low, high
        Precision on the evidence, of leads judged when they first reach the cut, with its
        Clopper-Pearson interval, each end at `confidence`; None where no lead of it gets there,
        or nothing is known (values are not part of the evidence).
    n, n_evidence
        Leads of the evidence that reach the cut, and in all.
    beyond
        Precision of the strictest cut-off that was looked at; None without evidence.
    kept
        Whether the evidence bears the promise out; None where nothing was promised.
    sentence
        The same for people.
    """

    tier: Tier
    outcome: Stage
    mode: Mode
    promised: float | None
    confidence: float
    cut_off: float | None
    share: float | None
    min_value: float | None
    achieved: float | None
    low: float | None
    high: float | None
    n: int
    n_evidence: int
    kept: bool | None
    beyond: float | None = None
    sentence: str = ""

    @property
    def share_of_leads(self) -> float:
        """The share of the evidence's leads that reach the cut."""
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
    evidence
        Held-out snapshots: `lead` (int, of a lead or an account: rows that share it depend on
        each other), `as_of`, `p_sql`, `p_won` (float64, NaN where the model has no such stage),
        `y_sql`, `y_won` (float64 0 or 1, NaN where not known).

    Raises
    ------
    ModelMismatch
        Where the policy speaks of a propensity that the model does not give.
    """
    return CutOffs(
        sql=_tier_cut("SQL", policy.sql, evidence), mql=_tier_cut("MQL", policy.mql, evidence)
    )


def _tier_cut(tier: Tier, promise: TierPromise, held_out: pd.DataFrame) -> TierCut:
    outcome = _outcome(promise, held_out)
    evidence = Evidence.of(held_out, outcome)
    cut_off, kept = _where_it_begins(promise, evidence)
    share = promise.share if promise.mode == "share" else None
    if kept is False:
        share = promise.fallback_share
    reached = _reached(evidence, cut_off, share)
    achieved, low, high = _precision(reached, promise.confidence)
    cut = TierCut(
        tier=tier,
        outcome=outcome,
        mode=promise.mode,
        promised=promise.min_precision,
        confidence=promise.confidence,
        cut_off=cut_off,
        share=share,
        min_value=promise.min_value,
        achieved=achieved,
        low=low,
        high=high,
        n=reached.leads,
        n_evidence=evidence.leads,
        kept=kept,
        beyond=_beyond(evidence),
    )
    return replace(cut, sentence=_sentence(cut))


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


def _where_it_begins(promise: TierPromise, evidence: Evidence) -> tuple[float | None, bool | None]:
    """Return the cut-off, where there is one, and whether the promise is kept."""
    if promise.mode != "min_precision":
        return promise.min_propensity, None
    cut_off = _lowest_safe(evidence, promise.threshold, 1 - promise.confidence)
    return cut_off, cut_off is not None


def _reached(evidence: Evidence, cut_off: float | None, share: float | None) -> Reached:
    """Judge the leads by a cut-off, or by the one that leaves a share of all snapshots."""
    if cut_off is None and share is not None:
        cut_off = evidence.chance_of_best(leads_in(share, len(evidence.chances)))
    return Reached(0, 0) if cut_off is None else evidence.reached(cut_off)


def _lowest_safe(evidence: Evidence, promised: float, alpha: float) -> float | None:
    """Go down the candidate cut-offs for as long as each keeps the promise beyond doubt."""
    lowest = None
    for cut_off in _candidates(evidence):
        reached = evidence.reached(cut_off)
        if binom.sf(reached.positives - 1, reached.leads, promised) > alpha:
            break
        lowest = cut_off
    return lowest


def _candidates(evidence: Evidence) -> list[float]:
    """Choose cut-offs, strictest first, by how many leads reach them, never by outcomes."""
    n = max(MIN_LEADS, round(MIN_SHARE * evidence.leads))
    counts = []
    while n < evidence.leads:
        counts.append(n)
        n = max(n + 1, round(n * GRID_RATIO))
    if evidence.leads >= MIN_LEADS:
        counts.append(evidence.leads)
    # Ties share one cut-off.
    return list(dict.fromkeys(float(evidence.peaks[count - 1]) for count in counts))


def _beyond(evidence: Evidence) -> float | None:
    """Find the precision at the first candidate, which says how far a promise is out of reach."""
    if not evidence.leads:
        return None
    first = evidence.reached(float(evidence.peaks[min(MIN_LEADS, evidence.leads) - 1]))
    return first.positives / first.leads


def leads_in(share: float, n: int) -> int:
    """How many of `n` leads a share is; never more, 29 % of 100 being 29 in spite of binary."""
    return int(round(share * n, 9))


def _precision(
    reached: Reached, confidence: float
) -> tuple[float | None, float | None, float | None]:
    n, positives = reached.leads, reached.positives
    if n == 0:
        return None, None, None
    alpha = 1 - confidence
    low = beta.ppf(alpha, positives, n - positives + 1) if positives else 0.0
    high = beta.ppf(1 - alpha, positives + 1, n - positives) if positives < n else 1.0
    return positives / n, float(low), float(high)


def _sentence(cut: TierCut) -> str:
    if cut.kept is False:
        return _unkept_sentence(cut)
    if cut.min_value is not None:
        return (
            f"What leads worth {number(cut.min_value)} or more became is not known: the evidence "
            "holds chances, no amounts."
        )
    where = f"were among the best {percent(cut.share)} of a night" if cut.share is not None else ""
    if cut.cut_off is not None:
        where = f"at some time had a chance of {100 * cut.cut_off:.1f} % or more"
    if cut.achieved is None or cut.low is None:
        return f"None of {cut.n_evidence:,} earlier leads {where}, so nothing is known of such."
    found = (
        f"Of {cut.n_evidence:,} earlier leads {cut.n:,} ({percent(cut.share_of_leads)}) {where}; "
        f"{percent(cut.achieved)} of them {PAST[cut.outcome]} from then on, with "
        f"{percent(cut.confidence)} confidence at least {percent(cut.low)}"
    )
    return (
        f"{found}: the promise of {percent(cut.promised)} is kept." if cut.promised else f"{found}."
    )


def _unkept_sentence(cut: TierCut) -> str:
    earlier = f"{cut.n_evidence:,} earlier leads"
    if cut.n_evidence < MIN_LEADS:
        why = f"there are {earlier} of known outcome, and {MIN_LEADS} are the least to judge by"
    else:
        best = percent(cut.beyond or 0.0)
        why = f"of the best {MIN_LEADS} of {earlier} {best} {PAST[cut.outcome]}"
    promise = f"No cut-off keeps the promise of {percent(cut.promised or 0.0)}"
    return f"{promise}: {why}. So {fallback_phrase(cut.share or 0.0)}."
