from __future__ import annotations

import pytest

from leadscore.serving.tiers.tier_names import RULE_WORDS, rule_words


@pytest.mark.parametrize("rule", RULE_WORDS)
def test_every_rule_has_words_and_no_name_of_the_code(rule: str) -> None:
    assert "_" not in rule_words(rule)
    assert rule_words(f"{rule}: a demo") == f"{rule_words(rule)}: a demo"


def test_a_rules_own_name_is_told_as_it_is() -> None:
    assert rule_words("disqualified: rival: Acme") == "disqualified: rival: Acme"
    assert rule_words("something_new") == "something_new"
