"""`tiers.toml`: what marketing and sales agreed a tier means, typed and versioned."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from pydantic import Field

from leadscore.features.contract import Contract
from leadscore.features.core import Settings, nearest, read_settings
from leadscore.serving.policy.capacity import Capacity
from leadscore.serving.policy.rules import CoolOff, Disqualifier, HandRaiser

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.features.core import Fault

POLICY_FILE = "tiers.toml"

Mode = Literal["min_precision", "share", "min_propensity", "min_value"]
MODES: tuple[Mode, ...] = ("min_precision", "share", "min_propensity", "min_value")

OF_A_PROMISE = {"confidence": 0.95, "fallback_share": 0.0}  # with what they say by default

SQL_MIN_PRECISION = 0.30  # what the best funnels convert of their MQLs; sales notices less
MQL_MIN_PRECISION = 0.13  # the industry's average MQL-to-SQL conversion
VERSION_DIGITS = 12  # 48 bits: two policies of one company never meet, and a person can read it out

# Half as many changes as with no hysteresis, at next to no cost in SQLs: what other margins and
# nights do stands in benchmarks/results/steadiness.md.
MARGIN = 0.3
NIGHTS = 7


class TierPromise(Settings):
    """When a lead is good enough for one tier: exactly one of a promise, a share or a floor.

    Parameters
    ----------
    min_precision
        Of the leads in this tier or a better one, at least this share reaches the outcome.
    confidence
        How sure `min_precision` is to hold.
    share
        The best share of the open leads, those of a better tier included.
    min_propensity
        The lowest propensity itself, taken at its word.
    min_value
        The lowest expected value, in the currency of the amounts.
    outcome
        The propensity that counts; left out: `sql` where the model has it, otherwise `won`.
    fallback_share
        The best share that gets the tier when no cut-off can keep `min_precision`. It is 0 by
        default, because a tier without evidence is no promise: nobody is better than anybody.
    """

    min_precision: float | None = Field(default=None, gt=0, lt=1, strict=True)
    confidence: float = Field(default=OF_A_PROMISE["confidence"], ge=0.5, lt=1, strict=True)
    share: float | None = Field(default=None, ge=0, le=1, strict=True)
    min_propensity: float | None = Field(default=None, ge=0, le=1, strict=True)
    min_value: float | None = Field(default=None, allow_inf_nan=False)
    outcome: Literal["sql", "won"] | None = None
    fallback_share: float = Field(default=OF_A_PROMISE["fallback_share"], ge=0, le=1, strict=True)

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:  # noqa: ARG003
        """Refuse no way of defining the tier, or several."""
        given = [mode for mode in MODES if raw.get(mode) is not None]
        if not given:
            return [((), "give one of `min_precision`, `share`, `min_propensity` or `min_value`")]
        if len(given) > 1:
            names = " and ".join(f"`{mode}`" for mode in given)
            return [((), f"has {names}; keep one, for a tier has one meaning")]
        if given == ["min_precision"]:
            return []
        return [
            ((name,), f"goes with `min_precision`, not with `{given[0]}`")
            for name, unsaid in OF_A_PROMISE.items()
            if raw.get(name, unsaid) != unsaid
        ]

    @property
    def mode(self) -> Mode:
        """Which of the four ways this tier is defined in."""
        return next(mode for mode in MODES if getattr(self, mode) is not None)

    @property
    def threshold(self) -> float:
        """The number that goes with the mode."""
        return float(getattr(self, self.mode))


class Value(Settings):
    """What a lead is worth: its chance of being won times its amount, less the follow-up's cost.

    Parameters
    ----------
    follow_up_cost
        What following up one lead costs, in the currency of the amounts.
    by
        Columns of the leads table whose values have different amounts, such as the industry. A
        segment with few wins is drawn towards the average of all.
    """

    follow_up_cost: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    by: tuple[str, ...] = ()

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:
        """Refuse segments by columns that are not known of a lead from the start."""
        if not isinstance(context, Contract):
            return []
        columns = context.leads.columns
        known = [name for name, spec in columns.items() if spec.role in {"firmographic", "channel"}]
        by = raw.get("by")
        return [
            (("by",), f"{name!r} is no firmographic or channel column. {nearest(str(name), known)}")
            for name in (by if isinstance(by, list | tuple) else ())
            if name not in known
        ]


class Hysteresis(Settings):
    """A lead rises at the cut-off, and falls only when clearly below it for some nights.

    Parameters
    ----------
    margin
        Clearly below is below the cut-off by more than this part of it; 0 is anything below.
    nights
        How many nights running it must be clearly below.
    """

    margin: float = Field(default=MARGIN, ge=0, lt=1)
    nights: int = Field(default=NIGHTS, ge=1)


class Exploration(Settings):
    """A control group: a few leads just below the cut-off go to sales all the same.

    Only so can anybody learn what the leads that are not handed over would have become.

    Parameters
    ----------
    share
        The share of the leads just below the cut-off; 0 is nobody.
    down_to
        Just below ends at this part of the cut-off.
    key
        Who is drawn follows from this word and the lead's id, so a lead's lot stays the same from
        night to night; another word draws anew.
    """

    share: float = Field(default=0.02, ge=0, le=0.5)
    down_to: float = Field(default=0.5, ge=0, lt=1)
    key: str = Field(default="leadscore", min_length=1)


class Policy(Settings):
    """The whole of `tiers.toml`."""

    sql: TierPromise = Field(default_factory=lambda: TierPromise(min_precision=SQL_MIN_PRECISION))
    mql: TierPromise = Field(default_factory=lambda: TierPromise(min_precision=MQL_MIN_PRECISION))
    capacity: Capacity | None = None
    value: Value = Field(default_factory=Value)
    hysteresis: Hysteresis = Field(default_factory=Hysteresis)
    exploration: Exploration = Field(default_factory=Exploration)
    hand_raiser: tuple[HandRaiser, ...] = ()
    disqualifier: tuple[Disqualifier, ...] = ()
    cool_off: tuple[CoolOff, ...] = ()

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:  # noqa: ARG003
        """Refuse an MQL stricter than SQL, and rules that share a name."""
        return _order_faults(raw) + _name_faults(raw)


def load_policy(directory: Path, contract: Contract | None = None) -> Policy:
    """Read and validate the `tiers.toml` of a project folder.

    Parameters
    ----------
    contract
        What the rules' columns are checked against; not at all, where left out.

    Raises
    ------
    ContractError
        Where the file is missing or has any fault; all faults are named at once.
    """
    return read_settings(directory / POLICY_FILE, Policy, context=contract)


def policy_version(policy: Policy) -> str:
    """Name a policy by its content, so that every score can say which one it was given under.

    Defaults count as written, comments and order do not.

    Returns
    -------
    str
        Twelve hexadecimal digits.

    Examples
    --------
    >>> policy_version(Policy()) == policy_version(Policy(mql=Policy().mql))
    True
    """
    canonical = json.dumps(policy.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:VERSION_DIGITS]


def _order_faults(raw: dict[str, Any]) -> list[Fault]:
    """Say where MQL is stricter than SQL, which would leave no lead for MQL."""
    sql = _as_mapping(raw.get("sql"), min_precision=SQL_MIN_PRECISION)
    mql = _as_mapping(raw.get("mql"), min_precision=MQL_MIN_PRECISION)
    if sql.get("outcome") != mql.get("outcome"):
        return []  # chances of different things do not compare
    faults: list[Fault] = []
    for mode in MODES:
        high, low = sql.get(mode), mql.get(mode)
        if not (_is_number(high) and _is_number(low)):
            continue
        if (low < high) if mode == "share" else (low > high):
            remedy = f"make it {'at least' if mode == 'share' else 'at most'} {high}"
            message = (
                f"{low} is stricter than sql.{mode} ({high}), so no lead could be MQL; {remedy}"
            )
            faults.append((("mql", mode), message))
    return faults


def _as_mapping(section: object, *, min_precision: float) -> dict[str, Any]:
    if section is None:
        return {"min_precision": min_precision}
    if isinstance(section, TierPromise):
        return section.model_dump()
    return section if isinstance(section, dict) else {}


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name_faults(raw: dict[str, Any]) -> list[Fault]:
    """Say where two rules share a name, by which the ledger tells them apart."""
    faults: list[Fault] = []
    for section in ("hand_raiser", "disqualifier"):
        rules = raw.get(section)
        named = [str(rule["name"]) for rule in rules or () if _is_named(rule)]
        faults += [
            ((section,), f"two of them are called {name!r}")
            for name in sorted(set(named))
            if named.count(name) > 1
        ]
    return faults


def _is_named(rule: object) -> TypeGuard[dict[str, object]]:
    return isinstance(rule, dict) and "name" in rule
