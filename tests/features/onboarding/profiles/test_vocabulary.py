"""The word lists are written as names are read, or they would match nothing."""

from __future__ import annotations

import pytest

from leadscore.features.contract import OUTCOME_STAGES, TERMS
from leadscore.features.contract.column_names import name_words, words_of
from leadscore.features.onboarding.profiles.vocabulary import vocabulary

WORDS = vocabulary()


def phrases(part):
    if isinstance(part, str):
        yield part
    else:
        for each in part.values() if isinstance(part, dict) else part:
            yield from phrases(each)


@pytest.mark.parametrize("section", [WORDS.leads, WORDS.rows, WORDS.events.groups, name_words()])
def test_a_phrase_is_lower_case_words_without_accents(section):
    lists = section if isinstance(section, dict) else section.model_dump()
    odd = [each for each in phrases(lists) if " ".join(words_of(each)) != each]
    assert odd == []


def test_lists_by_term_are_of_the_contract_s_terms():
    assert set(WORDS.leads.person) <= set(TERMS["personal"])
    assert set(WORDS.leads.channel) <= set(TERMS["channel"])
    assert set(WORDS.leads.firmographic) <= set(TERMS["firmographic"])
    assert set(WORDS.cells.stages) <= set(OUTCOME_STAGES)


def test_every_group_of_events_has_its_place_in_the_order():
    assert sorted(WORDS.events.order) == sorted(WORDS.events.groups)
