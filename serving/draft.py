"""A first `tiers.toml`, which marketing and sales can read, agree on and change."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from serving.policy import MQL_MIN_PRECISION, SQL_MIN_PRECISION

if TYPE_CHECKING:
    from features.contract import Stage

SELECTION_FACTOR = (
    2.0  # sales should see a lead for it twice as good as the average one, or why sort
)
HIGHEST_DRAFT_PROMISE = 0.90  # above this a draft would promise what hardly any model can keep

# How a sentence ends: "that it will …", and "at least this share …".
_WILL: dict[Stage, str] = {"sql": "become sales qualified", "won": "be won"}
_SHARE: dict[Stage, str] = {"sql": "becomes sales qualified", "won": "is won"}


def draft_policy(*, outcome: Stage = "sql", base_rate: float | None = None) -> str:
    """Write the default `tiers.toml`.

    Parameters
    ----------
    outcome
        What the promises speak about: `won` where the user's data knows no SQLs.
    base_rate
        The share of all leads that reaches `outcome`, where known. Where the usual promises would
        be kept by taking every lead, higher ones are drafted and the comment says why.

    Returns
    -------
    str
        The text of the file, which `load_policy` reads as it stands.

    Examples
    --------
    >>> [line for line in draft_policy().splitlines() if line.startswith("min_precision")]
    ['min_precision = 0.30', 'min_precision = 0.13']
    """
    sql, mql, why = _promises(base_rate)
    words = {"will": _WILL[outcome], "reaches": _SHARE[outcome]}
    return _TEXT.format(sql=sql, mql=mql, why=why, outcome=outcome, **words)


def _promises(base_rate: float | None) -> tuple[float, float, str]:
    if base_rate is None or SELECTION_FACTOR * base_rate <= SQL_MIN_PRECISION:
        return SQL_MIN_PRECISION, MQL_MIN_PRECISION, _USUAL
    selective = round(SELECTION_FACTOR * base_rate, 1)
    sql = min(selective, HIGHEST_DRAFT_PROMISE)
    mql = min(max(floor(100 * base_rate) / 100, MQL_MIN_PRECISION), sql)
    return sql, mql, _RAISED.format(rate=100 * base_rate, usual=100 * SQL_MIN_PRECISION)


_USUAL = """\
# 30 % is what the best teams reach; 13 % is the average of the industry."""

_RAISED = """\
# {rate:.0f} % of all your leads do, so the usual {usual:.0f} % would promise little. Sales gets
# leads about twice as good as the average one, marketing those no worse than it."""

_TEXT = """\
# Who goes to sales, and who stays with marketing. Agree on this page together.
#
# Each night every open lead gets a chance (0 to 100 %) that it will
# {will}, and by that chance one tier:
#
#   SQL       hand to sales now
#   MQL       marketing nurtures it
#   Nurture   keep it warm
#
# `leadscore tiers check` says in plain sentences what this page means, and what it
# would have done with earlier leads. Every score carries the version of this page.

# ---- SQL: hand to sales ---------------------------------------------------------
# The promise: of the leads given to sales, at least this share {reaches}.
# The product looks at earlier leads for the lowest chance that keeps it. A higher
# promise means fewer and better leads for sales; a lower one means more of them.
{why}

[sql]
min_precision = {sql:.2f}

# How sure the promise is to hold. 0.95: it fails by bad luck one time in twenty.
confidence = 0.95

# Where no cut-off can keep the promise, this share of the leads (the best ones) goes
# to sales without one. 0.0: nobody goes, and the nightly run says so.
fallback_share = 0.0

# Which chance counts: "sql" (becomes sales qualified) or "won" (becomes a customer).
outcome = "{outcome}"

# Instead of `min_precision` (then leave out `confidence` and `fallback_share`):
#   share = 0.05            the best 5 % of the open leads, however good they are
#   min_propensity = 0.40   every lead with a chance of 40 % or more

# ---- MQL: marketing nurtures ----------------------------------------------------
# Of the leads that are MQL or better, at least this share {reaches}.
# Everything below is Nurture.

[mql]
min_precision = {mql:.2f}
confidence = 0.95
fallback_share = 0.0
outcome = "{outcome}"
"""
