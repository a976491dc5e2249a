from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leadscore.features.core.errors import ContractError
from leadscore.serving.lead_facts.column_conditions import holds
from leadscore.serving.policy.conditions import Condition
from tests.serving.small_company import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from leadscore.features.tables.tables import Tables


@pytest.fixture(scope="module")
def tables(small_tables: Callable[..., Tables]) -> Tables:
    return small_tables()


def who(tables: Tables, **condition: Any) -> str:
    """The leads of whom a condition holds, as a word of their letters."""
    held = holds(tables, tables.leads, Condition.model_validate(condition))
    return "".join(sorted(tables.leads.filter(held).lead_id.to_pandas()))


@pytest.mark.parametrize(
    ("condition", "leads"),
    [
        ({"column": "country", "one_of": ["GERMANY"]}, "AB"),
        ({"column": "country", "one_of": ["Germany", "Austria"]}, "ABC"),
        ({"column": "country", "none_of": ["germany"]}, "CD"),  # D's is missing
        ({"column": "country", "contains": ["MAN"]}, "AB"),
        ({"column": "country", "contains": ["man", "aust"]}, "ABC"),
        ({"column": "country", "missing": True}, "D"),
        ({"column": "country", "missing": False}, "ABC"),
        ({"column": "staff", "at_least": 40}, "AD"),
        ({"column": "staff", "at_most": 40}, "AB"),
        ({"column": "staff", "at_least": 9, "at_most": 40}, "AB"),
        ({"column": "staff", "at_least": 41, "at_most": 499}, ""),
        ({"column": "staff", "missing": True}, "C"),
        ({"column": "phone", "missing": True}, "BD"),
        ({"column": "email", "domain": ["acme.example"]}, "AB"),  # B's is a sub-domain, C's is not
        ({"column": "email", "domain": ["@ACME.example"]}, "AB"),
        ({"column": "email", "domain": ["mail.acme.example"]}, "B"),
        ({"column": "email", "domain": ["acme.example", "notacme.example"]}, "ABC"),
        ({"column": "email", "domain": ["example"]}, "ABC"),
        ({"column": "email", "valid": True}, "ABC"),
        ({"column": "email", "valid": False}, "D"),
    ],
)
def test_a_condition_holds_of(tables: Tables, condition: dict[str, Any], leads: str) -> None:
    assert who(tables, **condition) == leads


def test_a_word_with_signs_of_a_pattern_is_only_a_word(tables: Tables) -> None:
    assert who(tables, column="country", contains=["g.*y"]) == ""
    assert who(tables, column="country", contains=["%"]) == ""
    assert who(tables, column="email", domain=["acme_example"]) == ""


def test_an_empty_address_has_no_form(small_tables: Callable[..., Tables]) -> None:
    leads = "id,created,country,staff,email,phone,campaign,deal,grade\nA,2026-01-01,,,,,,,\n"
    assert who(small_tables(leads=leads), column="email", valid=False) == "A"


def test_a_number_asked_of_a_text_is_refused_with_the_remedy(tables: Tables) -> None:
    with pytest.raises(ContractError, match=r"a number of the column 'country', which is text"):
        who(tables, column="country", at_least=3)


def test_a_number_may_be_asked_in_words(small_tables: Callable[..., Tables]) -> None:
    text = CONTRACT.replace('"firmographic:number"', '"firmographic:text"')
    assert who(small_tables(contract_text=text), column="staff", one_of=["40", "9"]) == "AB"
