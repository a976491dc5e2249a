"""What each column of the leads table probably is, from its name and its cells, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.contract.column_names import mentions, speaks_of_outcome
from leadscore.features.onboarding.guess_words import (
    ACCOUNT_WORDS,
    CHANNEL_TERMS,
    CHANNEL_WORDS,
    CODE_WORDS,
    COUNT_WORDS,
    EMAIL_FORM,
    ENDINGS_WORDS,
    FACTS_OF_ENDINGS_WORDS,
    FIRMOGRAPHIC_TERMS,
    FREE_TEXT_CELLS,
    FREE_TEXT_SHARE,
    ID_NOUNS,
    ID_WORDS,
    IDENTIFIER_SHARE,
    INDEX_WORDS,
    LATEST_WORDS,
    LETTERS_FORM,
    LINK_FORM,
    NAME_TERMS,
    PATTERN_SHARE,
    PERSONAL_WORDS,
    PHONE_FORM,
    PHONE_WORDS,
    UUID_FORM,
    VALUE_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from leadscore.features.onboarding.column_profile import ColumnFacts


@dataclass(frozen=True)
class Guess:
    """A column's short form in the contract, and why."""

    spec: str
    reason: str = ""


def guess_columns(columns: Iterable[ColumnFacts]) -> dict[str, Guess]:
    """Guess what each attribute of the leads table is.

    Parameters
    ----------
    columns
        The facts of every column but the id, the creation date, the account and the target.

    Returns
    -------
    dict
        A guess by column name, in the order given; a term is given to one column only.
    """
    guesses: dict[str, Guess] = {}
    taken: set[str] = set()
    for facts in columns:
        guess = next(found for rule in _RULES if (found := rule(facts)) is not None)
        role_and_term = guess.spec.split(":")[0]
        if "." in role_and_term:
            if role_and_term in taken:
                guess = _without_term(guess, facts)
            taken.add(role_and_term)
        guesses[facts.name] = guess
    return guesses


def guess_lead_id(columns: Mapping[str, ColumnFacts]) -> str | None:
    """Find the column that names a lead; None where only the row number can.

    Parameters
    ----------
    columns
        Facts by column name.

    Returns
    -------
    str or None
        The identifier whose name says most plainly that it is one.
    """
    candidates = [facts for facts in columns.values() if looks_like_identifier(facts)]
    named = [facts for facts in candidates if not _is_row_index(facts)]
    return min(named, key=_id_rank).name if named else None


def looks_like_identifier(facts: ColumnFacts) -> bool:
    """Whether the cells differ from row to row, and name or form say they are keys."""
    if not may_identify(facts):
        return False
    # Numbers that are all different may be measured, as the visits of ten leads are.
    if mentions(facts.words, (*COUNT_WORDS, *FIRMOGRAPHIC_TERMS["company_size"])):
        return False
    return says_key(facts) or facts.share_matching(UUID_FORM) == 1 or _is_row_index(facts)


def may_identify(facts: ColumnFacts) -> bool:
    """Whether the cells could be keys under any name: all there, all different, nobody's data."""
    if facts.missing_share > 0 or facts.distinct_share < IDENTIFIER_SHARE:
        return False
    if facts.kind == "date" or (facts.kind == "number" and not facts.whole_numbers):
        return False
    return not _looks_personal(facts)


def says_key(facts: ColumnFacts) -> bool:
    """Whether a column's name speaks of a key, as `lead_id` and `Customer no` do."""
    return _says_id(facts.words) or mentions(facts.words, ID_WORDS)


def guess_account(columns: Iterable[ColumnFacts]) -> str | None:
    """Find the column that names the company a lead belongs to; a name comes before a domain."""
    known = [
        facts
        for facts in columns
        if " ".join(facts.words) in ACCOUNT_WORDS and facts.kind in {"text", "number"}
        if facts.distinct > 2  # Yes and No say whether there is one, not which
    ]
    by_domain = sorted(known, key=lambda facts: mentions(facts.words, ("domain", "website")))
    return by_domain[0].name if by_domain else None


def _id_rank(facts: ColumnFacts) -> tuple[int, float]:
    words = facts.words
    lead = mentions(words, (*ID_NOUNS, *(f"{noun} id" for noun in ID_NOUNS)))
    plain = _says_id(words)
    rank = 0 if plain and (lead or len(words) == 1) else 1 if plain else 2 if lead else 3
    return (rank, -facts.distinct_share)


def _says_id(words: tuple[str, ...]) -> bool:
    return mentions(words, ("id", "uuid", "guid", *(f"{noun} id" for noun in ID_NOUNS)))


def _is_row_index(facts: ColumnFacts) -> bool:
    return facts.whole_numbers and mentions(facts.words, INDEX_WORDS)


def _nothing_in_it(facts: ColumnFacts) -> Guess | None:
    if facts.kind == "empty":
        return Guess("ignored", "empty in every row")
    if facts.distinct == 1 and facts.missing_share == 0:
        return Guess("ignored", "the same in every row")
    return None


def _identifier(facts: ColumnFacts) -> Guess | None:
    if facts.rows >= FREE_TEXT_CELLS and looks_like_identifier(facts):
        what = "a row number" if _is_row_index(facts) else "an identifier"
        return Guess("ignored", f"{what}: different in every row")
    return None


def _date(facts: ColumnFacts) -> Guess | None:
    if facts.kind == "date":
        return Guess("ignored", "a date other than created_at may be filled in later")
    return None


def _personal(facts: ColumnFacts) -> Guess | None:
    if facts.share_matching(EMAIL_FORM) > PATTERN_SHARE:
        return Guess("personal.email", "e-mail addresses")
    if _is_phone(facts):
        return Guess("personal.phone", "phone numbers")
    for term, phrases in NAME_TERMS.items():
        if mentions(facts.words, phrases) and _is_lettered(facts):
            return Guess(f"personal.{term}", "names of people")
    if facts.words == ("name",) and _is_lettered(facts):
        return Guess("personal.full_name", "names of people")
    if _looks_personal(facts):
        return Guess("personal", "tells who the person is")
    return None


def _looks_personal(facts: ColumnFacts) -> bool:
    if facts.share_matching(EMAIL_FORM) > PATTERN_SHARE or _is_phone(facts):
        return True
    named = mentions(facts.words, PERSONAL_WORDS) or facts.words == ("name",)
    names = any(mentions(facts.words, phrases) for phrases in NAME_TERMS.values())
    return (named or names) and facts.kind == "text" and facts.distinct > 2


def _is_phone(facts: ColumnFacts) -> bool:
    named = mentions(facts.words, PHONE_WORDS)
    return named and facts.share_matching(PHONE_FORM) > PATTERN_SHARE


def _is_lettered(facts: ColumnFacts) -> bool:
    return facts.kind == "text" and facts.share_matching(LETTERS_FORM) > PATTERN_SHARE


def _after_the_outcome(facts: ColumnFacts) -> Guess | None:
    ends = mentions(facts.words, ENDINGS_WORDS) and mentions(facts.words, FACTS_OF_ENDINGS_WORDS)
    if ends or mentions(
        facts.words, ("closedate", "closevalue", "rejection reason", "reject reason")
    ):
        return Guess("ignored", "its name says it is written when the deal ends")
    return None


def _value(facts: ColumnFacts) -> Guess | None:
    if facts.kind == "number" and mentions(facts.words, VALUE_WORDS):
        return Guess("value.amount", "money a deal may bring")
    return None


def _channel(facts: ColumnFacts) -> Guess | None:
    if facts.kind != "text" and not (
        facts.whole_numbers and facts.distinct_share < FREE_TEXT_SHARE
    ):
        return None
    if mentions(facts.words, COUNT_WORDS):
        return None
    for term, phrases in CHANNEL_TERMS.items():
        if mentions(facts.words, phrases):
            latest = "latest_" if mentions(facts.words, LATEST_WORDS) else ""
            return Guess(f"channel.{latest}{term}", "where the lead came from")
    if facts.kind == "text" and mentions(facts.words, CHANNEL_WORDS) and not _is_free_text(facts):
        return Guess("channel:text", "where the lead came from")
    return None


def _firmographic_term(facts: ColumnFacts) -> Guess | None:
    for term, phrases in FIRMOGRAPHIC_TERMS.items():
        numeric = term in {"company_size", "revenue"}
        if mentions(facts.words, phrases) and (numeric or facts.kind == "text"):
            return Guess(f"firmographic.{term}", _with_suspicion(facts, ""))
    return None


def _free_text(facts: ColumnFacts) -> Guess | None:
    if facts.share_matching(LINK_FORM) > PATTERN_SHARE and facts.distinct_share > FREE_TEXT_SHARE:
        return Guess("ignored", "links, almost all different")
    if _is_free_text(facts):
        return Guess("ignored", "free text, almost all different")
    return None


def _is_free_text(facts: ColumnFacts) -> bool:
    enough = facts.filled >= FREE_TEXT_CELLS
    return facts.kind == "text" and enough and facts.distinct_share > FREE_TEXT_SHARE


def _attribute(facts: ColumnFacts) -> Guess:
    is_code = facts.whole_numbers and mentions(facts.words, CODE_WORDS)
    if facts.kind == "number" and not is_code:
        return Guess("firmographic:number", _with_suspicion(facts, ""))
    return Guess(
        "firmographic:text", _with_suspicion(facts, "a code, not a quantity" if is_code else "")
    )


def _with_suspicion(facts: ColumnFacts, reason: str) -> str:
    doubt = speaks_of_outcome(facts.name)
    return (
        reason if doubt is None else f"suspicious: {doubt}; `leadscore check` decides by evidence"
    )


def _without_term(guess: Guess, facts: ColumnFacts) -> Guess:
    """Return the role alone, where another column has the term already."""
    role = guess.spec.split(".")[0]
    if role == "personal":
        return Guess(role, guess.reason)
    kind = "number" if facts.kind == "number" and role != "channel" else "text"
    if role == "value":
        return Guess("firmographic:number", "money too; one column alone is the deal's amount")
    return Guess(f"{role}:{kind}", guess.reason)


# The first that answers decides: what is in the cells, then what the name says, then what is left.
_RULES: tuple[Callable[[ColumnFacts], Guess | None], ...] = (
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
