"""A first `tiers.toml`, which marketing and sales can read, agree on and change."""

from __future__ import annotations

import json
from math import floor
from typing import TYPE_CHECKING

from leadscore.features.contract import mentions, words_of
from leadscore.serving.policy.policy import MARGIN, MQL_MIN_PRECISION, NIGHTS, SQL_MIN_PRECISION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from leadscore.features.contract import Stage

SELECTION_FACTOR = (
    2.0  # sales should see a lead for it twice as good as the average one, or why sort
)
HIGHEST_DRAFT_PROMISE = 0.90  # above this a draft would promise what hardly any model can keep

# How a sentence ends: "that it will …", and "at least this share …".
_WILL: dict[Stage, str] = {"sql": "become sales qualified", "won": "be won"}
_SHARE: dict[Stage, str] = {"sql": "becomes sales qualified", "won": "is won"}


# Words in the names of event kinds by which leads ask to be contacted, and in reasons of sales.
ASKING_WORDS = (
    *("demo request", "request demo", "demo requested", "book demo", "contact request"),
    *("contact us", "contact sales", "talk to sales", "meeting request", "callback"),
    *("callback request", "quote request", "request quote"),
)
TIMING_WORDS = ("timing", "timeline", "not now", "too early", "later", "postponed")
BAD_DATA_WORDS = (
    *("contact data", "bad data", "invalid data", "invalid contact", "wrong number"),
    *("wrong contact", "invalid email", "invalid phone", "bounced"),
)


def draft_policy(
    *,
    outcome: Stage = "sql",
    base_rate: float | None = None,
    kinds: Iterable[str] = (),
    reasons: Iterable[str] = (),
) -> str:
    """Write the default `tiers.toml`.

    Parameters
    ----------
    outcome
        What the promises speak about: `won` where the user's data knows no SQLs.
    base_rate
        The share of all leads that reaches `outcome`, where known. Where the usual promises would
        be kept by taking every lead, higher ones are drafted and the comment says why.
    kinds
        The kinds of events there are: some of them may be requests to be contacted.
    reasons
        The reasons for which sales sends leads back.

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
    text = _TEXT.format(sql=sql, mql=mql, why=why, outcome=outcome, **words)
    return text + _rules(_mentioning(kinds, ASKING_WORDS), reasons) + _LATER


def _mentioning(texts: Iterable[str], words: tuple[str, ...]) -> list[str]:
    return sorted(text for text in texts if mentions(words_of(text), words))


def _rules(asking: list[str], reasons: Iterable[str]) -> str:
    """Draft the rules that the company's own words suggest; the others stand as examples."""
    known = list(reasons)
    timing, bad = _mentioning(known, TIMING_WORDS), _mentioning(known, BAD_DATA_WORDS)
    raised = _HAND_RAISER.format(kinds=json.dumps(asking, ensure_ascii=False))
    drafted = [raised if asking else _commented(_HAND_RAISER.format(kinds='["demo_request"]'))]
    if timing:
        drafted.append(_COOL_OFF.format(reasons=json.dumps(timing, ensure_ascii=False)))
    if bad:
        drafted.append(_UNTIL_CHANGED.format(reasons=json.dumps(bad, ensure_ascii=False)))
    if not (timing or bad):
        drafted.append(_commented(_COOL_OFF.format(reasons='["timing"]')))
    return _RULES + "\n".join(drafted) + _DISQUALIFIERS


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


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
#   share = 0.05            # the best 5 % of the open leads, however good they are
#   min_propensity = 0.40   # every lead with a chance of 40 % or more
#   min_value = 500         # every lead whose expected value is 500 or more

# ---- MQL: marketing nurtures ----------------------------------------------------
# Of the leads that are MQL or better, at least this share {reaches}.
# Everything below is Nurture.

[mql]
min_precision = {mql:.2f}
confidence = 0.95
fallback_share = 0.0
outcome = "{outcome}"
"""

_RULES = """
# ---- Rules: what overrides the model ---------------------------------------------
# A rule asks for a `column` of the leads, or for an `event`; of several conditions in
# one rule all must hold. Each lead that a rule decides about says so in the ledger,
# and the model's own verdict stands beside it.

# A lead that asks to be contacted goes to sales at once.

"""

_HAND_RAISER = """\
[[hand_raiser]]
name = "asked to be contacted"
when = [{{ event = {kinds}, within_days = 7 }}]
"""

_COOL_OFF = """\
# A lead that sales sent back for one of these reasons is not offered again for a while.

[[cool_off]]
reasons = {reasons}
days = 90
"""

_UNTIL_CHANGED = """\
# With these it is not offered again before its own data have changed.

[[cool_off]]
reasons = {reasons}
until_changed = true
"""

_DISQUALIFIERS = """
# Leads that are never for sales, whatever the model says. Only such a rule can do that;
# write your own, with your own columns:
#
# [[disqualifier]]
# name = "competitor"
# when = [{ column = "email", domain = ["competitor.example"] }]
#
# [[disqualifier]]
# name = "student"
# when = [{ column = "job_title", contains = ["student", "intern"] }]
#
# [[disqualifier]]
# name = "region not served"
# when = [{ column = "country", none_of = ["Germany", "Austria", "Switzerland"] }]
#
# [[disqualifier]]
# name = "cannot be reached"
# when = [{ event = "unsubscribe" }, { column = "phone", missing = true }]
"""

_LATER = f"""
# ---- Capacity: how many leads sales can take -------------------------------------
# Without it everybody above the cut-off goes. With it the best go first; the others
# wait in line, where everybody can see them, for at most `max_wait_days`.
#
# [capacity]
# reps = 8
# leads_a_day = 5            # each of them
# max_wait_days = 14
#
# Or by team, the last of which takes the rest (then leave out `reps`, `leads_a_day`):
#
# [[capacity.teams]]
# name = "north"
# when = [{{ column = "country", one_of = ["Sweden", "Norway"] }}]
# reps = 3
# leads_a_day = 5

# ---- Steadiness ------------------------------------------------------------------
# A lead rises at the cut-off. It falls when its chance is below the cut-off by more
# than `margin` (a share of it) for so many nights running.

[hysteresis]
margin = {MARGIN}
nights = {NIGHTS}

# ---- Control group ---------------------------------------------------------------
# A small share of the leads just below the cut-off goes to sales all the same, by
# lot. Only so does anybody learn what the leads would have become that are not handed
# over. 0.0 for nobody.

[exploration]
share = 0.02

# ---- Value -----------------------------------------------------------------------
# A lead's expected value is its chance of being won times its amount, less what one
# follow-up costs. Amounts may differ by some columns: by = ["industry"].

[value]
follow_up_cost = 0
by = []
"""
