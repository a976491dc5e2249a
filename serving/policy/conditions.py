"""Typed conditions of the policy's rules: on a column of the leads, or on what a lead did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from leadscore.features.contract import Contract
from leadscore.features.core import Settings, nearest

if TYPE_CHECKING:
    from leadscore.features.core import Fault

# What may be asked of a column; of a personal one no more than the last three.
TEXT_TESTS = ("one_of", "none_of", "contains")
NUMBER_TESTS = ("at_least", "at_most")
ADDRESS_TESTS = ("domain", "valid")
COLUMN_TESTS = (*TEXT_TESTS, *NUMBER_TESTS, "missing", *ADDRESS_TESTS)
EVENT_TESTS = {"within_days": None, "times": 1}  # with what they say by default


def _listed(value: object) -> object:
    """Take one word for a list of one."""
    return (value,) if isinstance(value, str) else value


def at_least_one(given: tuple[object, ...]) -> tuple[object, ...]:
    """Refuse an empty list, which would hold of every lead or of none."""
    if not given:
        raise ValueError("is empty; name at least one")
    return given


Words = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(at_least_one)]


class Condition(Settings):
    """One test of a lead; several in one rule must all hold.

    Parameters
    ----------
    column
        A column of the leads table, by the user's name.
    one_of, none_of, contains
        The text is one of these, is none of them, or holds one of them; letter case does not
        matter. A missing text fulfils `none_of` alone.
    at_least, at_most
        Bounds of a number; a missing one fulfils neither.
    missing
        Whether the cell is empty.
    domain
        The e-mail address is at one of these domains or a subdomain.
    valid
        Whether the e-mail address has the form of one; an empty one has not.
    event
        Kinds of events, or groups of them as `leadscore.toml` names them.
    within_days
        How far back events count; without it, ever.
    times
        How many of them there must be.
    """

    column: str | None = None
    one_of: Words | None = None
    none_of: Words | None = None
    contains: Words | None = None
    at_least: float | None = None
    at_most: float | None = None
    missing: bool | None = None
    domain: Words | None = None
    valid: bool | None = None
    event: Words | None = None
    within_days: int | None = Field(default=None, ge=1)
    times: int = Field(default=1, ge=1)

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:
        """Refuse tests that do not go together, or not with the column."""
        faults = _form_faults(raw)
        if isinstance(context, Contract):
            faults += _column_faults(raw, context) + _event_faults(raw, context)
        return faults

    @property
    def words(self) -> str:
        """The condition as part of a sentence about a lead.

        Examples
        --------
        >>> Condition(column="country", none_of=("Germany", "Austria")).words
        'its country is not Germany or Austria'
        >>> Condition(event=("demo_request",), within_days=7).words
        'it had a demo request in the last 7 days'
        """
        return _event_words(self) if self.event is not None else _column_words(self)


def _form_faults(raw: dict[str, Any]) -> list[Fault]:
    about_column, about_event = raw.get("column") is not None, raw.get("event") is not None
    if about_column == about_event:
        return [((), "a condition is about either a `column` or an `event`")]
    if about_event:
        return [((test,), "goes with `column`, not with `event`") for test in _given(raw)]
    faults: list[Fault] = [
        ((test,), "goes with `event`, not with `column`")
        for test, unsaid in EVENT_TESTS.items()
        if raw.get(test, unsaid) != unsaid
    ]
    given = _given(raw)
    if not given:
        faults.append(((), f"says nothing of the column; use one of {', '.join(COLUMN_TESTS)}"))
    if len(given) > 1 and set(given) != set(NUMBER_TESTS):
        faults.append(((), f"asks {' and '.join(given)}; make it one condition each"))
    return faults


def _given(raw: dict[str, object]) -> list[str]:
    return [test for test in COLUMN_TESTS if raw.get(test) is not None]


def _column_faults(raw: dict[str, object], contract: Contract) -> list[Fault]:
    """Say where a condition asks something of a column that this cannot be asked of."""
    column = raw.get("column")
    if not isinstance(column, str):
        return []
    spec = contract.leads.columns.get(column)
    known = [name for name, each in contract.leads.columns.items() if each.role != "ignored"]
    if spec is None:
        return [(("column",), f"leadscore.toml has no column {column!r}. {nearest(column, known)}")]
    if spec.role == "ignored":
        return [(("column",), f"{column!r} is ignored in leadscore.toml; give it a role there")]
    given = set(_given(raw))
    faults: list[Fault] = []
    if spec.term != "email":
        told = "can be asked of the column of role personal.email alone"
        faults += [((test,), told) for test in ADDRESS_TESTS if test in given]
    if spec.role == "personal" and given & {*TEXT_TESTS, *NUMBER_TESTS}:
        told = f"{column!r} is personal; ask only whether it is missing or, of an e-mail, its "
        faults.append((("column",), f"{told}`domain` or whether it is `valid`"))
    return faults


def _event_faults(raw: dict[str, object], contract: Contract) -> list[Fault]:
    if raw.get("event") is None or contract.events is not None:
        return []
    return [(("event",), "leadscore.toml describes no [events]")]


def _event_words(condition: Condition) -> str:
    kinds = either([kind.replace("_", " ") for kind in condition.event or ()])
    article = "an" if kinds[:1].lower() in "aeiou" else "a"
    often = article if condition.times == 1 else f"{condition.times} or more of"
    span = f" in the last {condition.within_days} days" if condition.within_days else ""
    return f"it had {often} {kinds}{span}"


def _column_words(condition: Condition) -> str:
    name = f"its {(condition.column or '').replace('_', ' ')}"
    for test, verb in (
        ("one_of", "is"),
        ("none_of", "is not"),
        ("contains", "contains"),
        ("domain", "is at"),
    ):
        if getattr(condition, test) is not None:
            return f"{name} {verb} {either(getattr(condition, test))}"
    if condition.missing is not None:
        return f"{name} is {'missing' if condition.missing else 'known'}"
    if condition.valid is not None:
        return f"{name} is {'valid' if condition.valid else 'not valid'}"
    bounds = [
        f"{words} {bound:g}"
        for words, bound in (("at least", condition.at_least), ("at most", condition.at_most))
        if bound is not None
    ]
    return f"{name} is {' and '.join(bounds)}"


def either(words: tuple[str, ...] | list[str] | None) -> str:
    """Join alternatives: "a, b or c"."""
    *first, last = words or ("",)
    return f"{', '.join(first)} or {last}" if first else last


def all_words(conditions: tuple[Condition, ...]) -> str:
    """Join the conditions of one rule, which must all hold."""
    return " and ".join(each.words for each in conditions)
