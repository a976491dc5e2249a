"""What each column of the leads table probably is, from its name and its cells, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.cells import is_sequence, may_be_keys
from leadscore.features.contract import name_words, speaks_of_outcome
from leadscore.features.onboarding.profiles import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from leadscore.features.onboarding.profiles import ColumnProfile

IDENTIFIER_SHARE = 0.97  # of cells differ; a few rows may repeat
FREE_TEXT_SHARE = 0.5  # of cells differ: text that describes single leads
FREE_TEXT_CELLS = 20  # in fewer cells, all different means nothing
MOST_LEADS_A_COMPANY = 50  # on average; more share the size or the kind of their company
PATTERN_SHARE = 0.6  # the rest are typing errors

EMAIL_FORM = r"[^@\s]+@[^@\s]+"
PHONE_FORM = r"[+(]?\d[\d\s()./+-]{5,}(\s*(x|ext)\.?\s*\d+)?"
LINK_FORM = r"(https?://|www\.)\S+"
UUID_FORM = r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?"
LETTERS_FORM = r"[^\W\d_][^\d@/]*"


@dataclass(frozen=True)
class Guess:
    """A column's short form in the contract, and why."""

    spec: str
    reason: str = ""


def guess_columns(columns: Iterable[ColumnProfile]) -> dict[str, Guess]:
    """Guess what each attribute of the leads table is; a term is given to one column only.

    `columns` are those that are not id, creation date, account or target.
    """
    guesses: dict[str, Guess] = {}
    taken: set[str] = set()
    for column in columns:
        guess = next(found for rule in _RULES if (found := rule(column)) is not None)
        role_and_term = guess.spec.split(":")[0]
        if "." in role_and_term:
            if role_and_term in taken:
                guess = _without_term(guess, column)
            taken.add(role_and_term)
        guesses[column.name] = guess
    return guesses


def guess_lead_id(columns: Mapping[str, ColumnProfile]) -> str | None:
    """Find the identifier with the plainest name; None where only the row number is one."""
    candidates = [column for column in columns.values() if looks_like_identifier(column)]
    named = [column for column in candidates if not _is_row_index(column)]
    return min(named, key=_id_rank).name if named else None


def looks_like_identifier(column: ColumnProfile) -> bool:
    """Whether the cells differ from row to row, and name or form are those of keys."""
    if not may_identify(column):
        return False
    # Numbers that are all different may be counts, as the visits of ten leads.
    known = vocabulary().leads
    if column.mentions((*known.count, *known.firmographic["company_size"])):
        return False
    if says_key(column) and column.kind == "number":
        # A measured quantity may be called "number" too; an id is one whatever its numbers.
        return _says_id(column) or may_be_keys(_numbers(column))
    return says_key(column) or column.share_matching(UUID_FORM) == 1 or _is_row_index(column)


def _numbers(column: ColumnProfile) -> pd.Series[float]:
    """Return the different numbers of a column of whole ones."""
    return pd.Series(column.counts.index.astype("str").str.lstrip("+").astype("float64"))


def may_identify(column: ColumnProfile) -> bool:
    """Whether the cells could be keys under any name: complete, all different, not personal."""
    if column.missing_share > 0 or column.distinct_share < IDENTIFIER_SHARE:
        return False
    if column.kind == "date" or (column.kind == "number" and not column.whole_numbers):
        return False
    return not _looks_personal(column)


def says_key(column: ColumnProfile) -> bool:
    """Whether a column's name is that of a key, as `lead_id` and `Customer no` are."""
    return _says_id(column) or column.mentions(name_words().id)


def guess_account(columns: Iterable[ColumnProfile]) -> str | None:
    """Find the column of the lead's company; a name comes before a domain.

    Its cells are shared by some leads, but not by so many that they name kinds of companies.
    """
    known = [
        column
        for column in columns
        if " ".join(column.words) in vocabulary().leads.account
        if column.kind in {"text", "number"}
        if column.distinct > 2  # Yes and No say whether there is one, not which
        if column.filled <= MOST_LEADS_A_COMPANY * column.distinct
        if column.filled < FREE_TEXT_CELLS or column.distinct < column.filled
    ]
    first = min(known, key=lambda column: column.mentions(("domain", "website")), default=None)
    return None if first is None else first.name


def _id_rank(column: ColumnProfile) -> tuple[int, float]:
    lead = column.mentions((*vocabulary().leads.id_nouns, *_noun_ids()))
    plain = _says_id(column)
    rank = 0 if plain and (lead or len(column.words) == 1) else 1 if plain else 2 if lead else 3
    return (rank, -column.distinct_share)


def _says_id(column: ColumnProfile) -> bool:
    return column.mentions(("id", "uuid", "guid", *_noun_ids()))


def _noun_ids() -> list[str]:
    return [f"{noun} id" for noun in vocabulary().leads.id_nouns]


def _is_row_index(column: ColumnProfile) -> bool:
    return column.whole_numbers and column.mentions(name_words().row_number)


def _nothing_in_it(column: ColumnProfile) -> Guess | None:
    if column.kind == "empty":
        return Guess("ignored", "empty in every row")
    if column.distinct == 1 and column.missing_share == 0:
        return Guess("ignored", "the same in every row")
    return None


def _identifier(column: ColumnProfile) -> Guess | None:
    if column.rows < FREE_TEXT_CELLS:
        return None
    if looks_like_identifier(column):
        what = "a row number" if _is_row_index(column) else "an identifier"
        return Guess("ignored", f"{what}: different in every row")
    if may_identify(column) and column.whole_numbers and is_sequence(_numbers(column)):
        return Guess("ignored", "numbers that follow one another: they number the rows")
    return None


def _date(column: ColumnProfile) -> Guess | None:
    if column.kind == "date":
        return Guess("ignored", "a date other than created_at may be filled in later")
    return None


def _personal(column: ColumnProfile) -> Guess | None:
    if column.share_matching(EMAIL_FORM) > PATTERN_SHARE:
        return Guess("personal.email", "e-mail addresses")
    if _is_phone(column):
        return Guess("personal.phone", "phone numbers")
    for term, phrases in vocabulary().leads.person.items():
        if column.mentions(phrases) and _is_lettered(column):
            return Guess(f"personal.{term}", "names of people")
    if column.words == ("name",) and _is_lettered(column):
        return Guess("personal.full_name", "names of people")
    if _looks_personal(column):
        return Guess("personal", "tells who the person is")
    return None


def _looks_personal(column: ColumnProfile) -> bool:
    if column.share_matching(EMAIL_FORM) > PATTERN_SHARE or _is_phone(column):
        return True
    named = column.mentions(vocabulary().leads.personal) or column.words == ("name",)
    names = any(column.mentions(phrases) for phrases in vocabulary().leads.person.values())
    return (named or names) and column.kind == "text" and column.distinct > 2


def _is_phone(column: ColumnProfile) -> bool:
    named = column.mentions(vocabulary().leads.phone)
    return named and column.share_matching(PHONE_FORM) > PATTERN_SHARE


def _is_lettered(column: ColumnProfile) -> bool:
    return column.kind == "text" and column.share_matching(LETTERS_FORM) > PATTERN_SHARE


def _after_the_outcome(column: ColumnProfile) -> Guess | None:
    known = vocabulary().leads
    ends = column.mentions(known.ending) and column.mentions(known.fact_of_ending)
    if ends or column.mentions(known.after_ending):
        return Guess("ignored", "its name says it is written when the deal ends")
    return None


def _value(column: ColumnProfile) -> Guess | None:
    if column.kind == "number" and column.mentions(vocabulary().leads.value):
        return Guess("value.amount", "money a deal may bring")
    return None


def _channel(column: ColumnProfile) -> Guess | None:
    known = vocabulary().leads
    is_code = column.whole_numbers and column.distinct_share < FREE_TEXT_SHARE
    if not (column.kind == "text" or is_code) or column.mentions(known.count):
        return None
    for term, phrases in known.channel.items():
        if column.mentions(phrases):
            latest = "latest_" if column.mentions(known.latest) else ""
            return Guess(f"channel.{latest}{term}", "where the lead came from")
    named = column.kind == "text" and column.mentions(known.channel_words)
    if named and not _is_free_text(column):
        return Guess("channel:text", "where the lead came from")
    return None


def _firmographic_term(column: ColumnProfile) -> Guess | None:
    for term, phrases in vocabulary().leads.firmographic.items():
        numeric = term in {"company_size", "revenue"}
        if column.mentions(phrases) and (numeric or column.kind == "text"):
            reason = _with_suspicion(column, _bands(column) if numeric else "")
            return Guess(f"firmographic.{term}", reason)
    return None


def _bands(column: ColumnProfile) -> str:
    """Say how a size or a revenue is read where it stands in bands."""
    if column.kind != "text":
        return ""
    return "bands, read by their lower end: 51-200 is 51, under 10 is 5"


def _free_text(column: ColumnProfile) -> Guess | None:
    if column.share_matching(LINK_FORM) > PATTERN_SHARE and column.distinct_share > FREE_TEXT_SHARE:
        return Guess("ignored", "links, almost all different")
    if _is_free_text(column):
        return Guess("ignored", "free text, almost all different")
    return None


def _is_free_text(column: ColumnProfile) -> bool:
    enough = column.filled >= FREE_TEXT_CELLS
    varied = column.distinct_share > FREE_TEXT_SHARE and not column.choices
    return column.kind == "text" and enough and varied


def _attribute(column: ColumnProfile) -> Guess:
    is_code = column.whole_numbers and column.mentions(vocabulary().leads.code)
    if column.kind == "number" and not is_code:
        return Guess("firmographic:number", _with_suspicion(column))
    reason = "a code, not a quantity" if is_code else _choices(column)
    return Guess("firmographic:text", _with_suspicion(column, reason))


def _choices(column: ColumnProfile) -> str:
    lists = f"lists of {column.choices:,} words, read as sets: b;a is a;b"
    return lists if column.choices else ""


def _with_suspicion(column: ColumnProfile, reason: str = "") -> str:
    doubt = speaks_of_outcome(column.name)
    return f"suspicious: {doubt}; `leadscore check` decides by evidence" if doubt else reason


def _without_term(guess: Guess, column: ColumnProfile) -> Guess:
    """Return the role alone, where another column has the term already."""
    role = guess.spec.split(".")[0]
    if role == "personal":
        return Guess(role, guess.reason)
    kind = "number" if column.kind == "number" and role != "channel" else "text"
    if role == "value":
        return Guess("firmographic:number", "money too; one column alone is the deal's amount")
    return Guess(f"{role}:{kind}", guess.reason)


# The first that returns a guess decides: by the cells, by the name, then the rest.
_RULES: tuple[Callable[[ColumnProfile], Guess | None], ...] = (
    _nothing_in_it,
    _date,
    _personal,
    _identifier,
    _after_the_outcome,
    _value,
    _channel,
    _firmographic_term,
    _free_text,
    _attribute,
)
