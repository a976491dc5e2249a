"""`tiers.toml`: what marketing and sales agreed a tier means, typed, versioned and put in words."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, Self, TypeGuard

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from features.settings import Settings, SettingsT, read_settings
from serving.wording import percent

if TYPE_CHECKING:
    from pathlib import Path

    from features.contract import Stage
    from serving.promises import CutOffs, TierCut

POLICY_FILE = "tiers.toml"

Mode = Literal["min_precision", "share", "min_propensity"]
MODES: tuple[Mode, ...] = ("min_precision", "share", "min_propensity")

SQL_MIN_PRECISION = 0.30  # what the best funnels convert of their MQLs; sales notices less
MQL_MIN_PRECISION = 0.13  # the industry's average MQL-to-SQL conversion
OWN_FAULT = "policy"  # the error type by which pydantic hands our own faults back
VERSION_DIGITS = 12  # 48 bits: two policies of one company never meet, and a person can read it out

Fault = tuple[tuple[int | str, ...], str]  # place below the section, and what is wrong

# The sentence parts of each propensity: what the lead does, and what such leads do.
DEEDS: dict[Stage, tuple[str, str]] = {
    "sql": ("becoming sales qualified", "become sales qualified"),
    "won": ("being won", "are won"),
}


class TierPromise(Settings):
    """When a lead is good enough for one tier: exactly one of a promise, a share or a propensity.

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
    outcome
        The propensity that counts; left out: `sql` where the model has it, otherwise `won`.
    fallback_share
        The best share that gets the tier when no cut-off can keep `min_precision`. It is 0 by
        default, because a tier without evidence is no promise: nobody is better than anybody.
    """

    min_precision: float | None = Field(default=None, gt=0, lt=1, strict=True)
    confidence: float = Field(default=0.95, ge=0.5, lt=1, strict=True)
    share: float | None = Field(default=None, ge=0, le=1, strict=True)
    min_propensity: float | None = Field(default=None, ge=0, le=1, strict=True)
    outcome: Literal["sql", "won"] | None = None
    fallback_share: float = Field(default=0.0, ge=0, le=1, strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _one_mode(cls, raw: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        return _with_faults(cls, raw, handler, _mode_faults(raw))

    @property
    def mode(self) -> Mode:
        """Which of the three ways this tier is defined in."""
        return next(mode for mode in MODES if getattr(self, mode) is not None)

    @property
    def threshold(self) -> float:
        """The number that goes with the mode."""
        return float(getattr(self, self.mode))


class Policy(Settings):
    """The whole of `tiers.toml`."""

    sql: TierPromise = Field(default_factory=lambda: TierPromise(min_precision=SQL_MIN_PRECISION))
    mql: TierPromise = Field(default_factory=lambda: TierPromise(min_precision=MQL_MIN_PRECISION))

    @model_validator(mode="wrap")
    @classmethod
    def _sql_strictest(cls, raw: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        return _with_faults(cls, raw, handler, _order_faults(raw))


def load_policy(directory: Path) -> Policy:
    """Read and validate the `tiers.toml` of a project folder.

    Parameters
    ----------
    directory
        The project folder.

    Returns
    -------
    Policy
        The settings.

    Raises
    ------
    ContractError
        Where the file is missing or has any fault; all faults are named at once.
    """
    return read_settings(directory / POLICY_FILE, Policy)


def policy_version(policy: Policy) -> str:
    """Name a policy by its content, so that every score can say which one it was given under.

    Parameters
    ----------
    policy
        The settings; defaults count as written, comments and order do not.

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


def sentences(policy: Policy, cut_offs: CutOffs | None = None) -> list[str]:
    """Explain a policy to the people who agreed on it.

    Parameters
    ----------
    policy
        The settings.
    cut_offs
        What the evidence made of them, where it has been looked at.

    Returns
    -------
    list of str
        A sentence or two a tier, best tier first.

    Examples
    --------
    >>> print(sentences(Policy(sql=TierPromise(share=0.05)))[0])
    A lead goes to sales (SQL) when it is among the best 5 % of the open leads by its chance of \
becoming sales qualified.
    """
    cuts = (cut_offs.sql, cut_offs.mql) if cut_offs is not None else (None, None)
    said = [
        *_tier_sentences("A lead goes to sales (SQL)", policy.sql, cuts[0]),
        *_tier_sentences("Otherwise it is marketing's to nurture (MQL)", policy.mql, cuts[1]),
        "Every other lead is kept warm (Nurture).",
        "A lead that sales has already qualified stays SQL, whatever the model says.",
    ]
    if cut_offs is None and None in {policy.sql.outcome, policy.mql.outcome}:
        said.append(
            "Where the model knows only who is won, the chance of being won counts instead."
        )
    return said


def _with_faults(
    kind: type[SettingsT],
    raw: object,
    handler: ModelWrapValidatorHandler[SettingsT],
    faults: list[Fault],
) -> SettingsT:
    """Add faults between settings to those of single settings, so that all are told at once."""
    details = [_custom(place, message) for place, message in faults]
    try:
        valid = handler(raw)
    except ValidationError as error:
        details = [*(_again(each) for each in error.errors(include_url=False)), *details]
    else:
        if not faults:
            return valid
    raise ValidationError.from_exception_data(kind.__name__, details)


def _custom(place: tuple[int | str, ...], message: str) -> InitErrorDetails:
    error = PydanticCustomError(OWN_FAULT, "{message}", {"message": message})
    return InitErrorDetails(type=error, loc=place, input=None)


def _again(detail: ErrorDetails) -> InitErrorDetails:
    """Return a fault that was told once as one that can be raised again."""
    if detail["type"] == OWN_FAULT:
        return _custom(detail["loc"], detail["msg"])
    again = InitErrorDetails(type=detail["type"], loc=detail["loc"], input=detail["input"])
    if "ctx" in detail:
        again["ctx"] = detail["ctx"]
    return again


def _mode_faults(raw: object) -> list[Fault]:
    if not isinstance(raw, dict):
        return []
    given = [mode for mode in MODES if raw.get(mode) is not None]
    if not given:
        return [((), "give one of `min_precision`, `share` or `min_propensity`")]
    if len(given) > 1:
        names = " and ".join(f"`{mode}`" for mode in given)
        return [((), f"has {names}; keep one, for a tier has one meaning")]
    if given == ["min_precision"]:
        return []
    unused = [name for name in ("confidence", "fallback_share") if name in raw]
    return [((name,), f"goes with `min_precision`, not with `{given[0]}`") for name in unused]


def _order_faults(raw: object) -> list[Fault]:
    """Say where MQL is stricter than SQL, which would leave no lead for MQL."""
    if not isinstance(raw, dict):
        return []
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


def _tier_sentences(opening: str, promise: TierPromise, cut: TierCut | None) -> list[str]:
    outcome = cut.outcome if cut is not None else promise.outcome or "sql"
    rule = f"{opening} when {_condition(promise, outcome)}."
    if cut is not None:
        return [rule, cut.sentence]
    if promise.mode != "min_precision":
        return [rule]
    return [rule, f"Where no cut-off can keep that, {fallback_words(promise.fallback_share)}."]


def _condition(promise: TierPromise, outcome: Stage) -> str:
    deed, such = DEEDS[outcome]
    number = percent(promise.threshold)
    if promise.mode == "share":
        return f"it is among the best {number} of the open leads by its chance of {deed}"
    if promise.mode == "min_propensity":
        return f"its chance of {deed} is {number} or more"
    return (
        f"its chance of {deed} is so high that at least {number} of the leads with that chance or "
        f"a better one {such} ({percent(promise.confidence)} confidence, judged on leads the "
        f"model never learnt from)"
    )


def fallback_words(share: float) -> str:
    """Say what happens to a tier whose promise cannot be kept.

    Examples
    --------
    >>> fallback_words(0.0)
    'nobody gets this tier from the model'
    """
    if share == 0:
        return "nobody gets this tier from the model"
    return f"the best {percent(share)} of the open leads get it, without the promise"
