from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadscore.features.core.errors import ContractError
from leadscore.serving.policy.draft_policy import draft_policy
from leadscore.serving.policy.policy import Policy, TierPromise, load_policy, policy_version
from leadscore.serving.tiers.describe_policy import sentences
from tests.serving.small_company import contract

if TYPE_CHECKING:
    from pathlib import Path


def write(directory: Path, text: str) -> Path:
    (directory / "tiers.toml").write_text(text, encoding="utf-8")
    return directory


def test_an_empty_policy_is_the_default_one(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, ""))
    assert policy.sql.min_precision == 0.30
    assert policy.mql.min_precision == 0.13
    assert policy.sql.confidence == 0.95
    assert policy.sql.fallback_share == 0.0


def test_all_faults_are_told_at_once_and_those_between_settings_too(tmp_path: Path) -> None:
    text = """
    [sql]
    min_precison = 0.3
    min_precision = 1.2
    share = 0.1
    [mql]
    min_precision = 1.5
    [sqll]
    """
    with pytest.raises(ContractError) as caught:
        load_policy(write(tmp_path, text))
    told = str(caught.value)
    assert "6 faults" in told
    assert "`sql.min_precision`: input should be less than 1, got 1.2" in told
    assert "`sql.min_precison` is not a setting. Did you mean 'min_precision'?" in told
    assert "has `min_precision` and `share`; keep one" in told
    assert "`mql.min_precision`: input should be less than 1, got 1.5" in told
    assert "`mql.min_precision`: 1.5 is stricter than sql.min_precision (1.2)" in told
    assert "`sqll` is not a setting. Did you mean 'sql'?" in told


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[mql]\nmin_precision = 0.5", r"0\.5 is stricter than sql\.min_precision \(0\.3\)"),
        ("[sql]\nshare = 0.2\n[mql]\nshare = 0.1", r"make it at least 0\.2"),
        ("[sql]\nmin_propensity = 0.2\n[mql]\nmin_propensity = 0.3", r"make it at most 0\.2"),
        ("[sql]", "`sql`: give one of `min_precision`, `share`, `min_propensity` or `min_value`"),
        ("[sql]\nshare = 0.1\nconfidence = 0.9", "goes with `min_precision`, not with `share`"),
        ("[sql]\nmin_precision = nan", "`sql.min_precision`"),
        ("[sql]\nshare = true", r"`sql\.share`: input should be a valid number, got True"),
        ("[sql]\nmin_precision = 0.3\nconfidence = 1.0", r"`sql\.confidence`"),
        ("sql = 3", "`sql`"),
        ('[sql]\nshare = 0.1\noutcome = "lost"', "'sql' or 'won', got 'lost'"),
        ("[hysteresis]\nmargin = 1.0", "`hysteresis.margin`: input should be less than 1"),
        ("[hysteresis]\nnights = 0", "`hysteresis.nights`: input should be greater than or equal"),
        ("[exploration]\nshare = 0.6", "`exploration.share`: input should be less than or equal"),
        ("[exploration]\ndown_to = 1.0", "`exploration.down_to`: input should be less than 1"),
        ('[exploration]\nkey = ""', "`exploration.key`"),
        ("[value]\nfollow_up_cost = -1", "`value.follow_up_cost`: input should be greater than"),
        ("[capacity]\nreps = -1\nleads_a_day = 5", "`capacity.reps`: input should be greater"),
        ("[sql]\nmin_value = inf", "`sql.min_value`: input should be a finite number"),
        ("[sql]\nmin_value = 5\n[mql]\nmin_value = 9", r"9 is stricter than sql.min_value \(5\)"),
        ("[sql]\nshare = 0.1\nfallback_share = 0.1", "goes with `min_precision`, not with `share`"),
    ],
)
def test_a_broken_policy_is_refused_in_words(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ContractError, match=fault):
        load_policy(write(tmp_path, text))


def test_segments_of_the_value_are_columns_known_from_the_start(tmp_path: Path) -> None:
    write(tmp_path, '[value]\nby = ["country", "campain", "email", "deal"]')
    with pytest.raises(ContractError) as caught:
        load_policy(tmp_path, contract())
    told = str(caught.value)
    assert "3 faults" in told
    assert "'campain' is no firmographic or channel column. Did you mean 'campaign'?" in told
    write(tmp_path, '[value]\nby = ["country", "campaign"]')
    assert load_policy(tmp_path, contract()).value.by == ("country", "campaign")


def test_faults_of_rules_capacity_and_promises_are_told_together(tmp_path: Path) -> None:
    text = """
    [sql]
    min_precision = 1.2
    [capacity]
    reps = -1
    leads_a_day = 5
    [[disqualifier]]
    name = "rival"
    when = [{ column = "contry", missing = true }, { event = "x", one_of = ["a"] }]
    [[cool_off]]
    reasons = []
    """
    with pytest.raises(ContractError) as caught:
        load_policy(write(tmp_path, text), contract())
    told = str(caught.value)
    assert "6 faults" in told
    for place in (
        *("sql.min_precision", "capacity.reps", "disqualifier #1.when #1.column"),
        *("disqualifier #1.when #2.one_of", "cool_off #1.reasons", "cool_off #1"),
    ):
        assert f"`{place}`" in told


@pytest.mark.parametrize(
    "text",
    [
        "[mql]\nmin_precision = 0.13\nfallback_share = 0.1",
        "[capacity]\nreps = 3\nleads_a_day = 5",
        "[hysteresis]\nmargin = 0.1",
        "[exploration]\nkey = 'other'",
        "[value]\nfollow_up_cost = 1",
        "[[hand_raiser]]\nname = 'a'\nwhen = [{ event = 'x' }]",
        "[[cool_off]]\nreasons = 'x'\ndays = 9",
    ],
)
def test_the_version_changes_with_every_section(tmp_path: Path, text: str) -> None:
    assert policy_version(load_policy(write(tmp_path, text))) != policy_version(Policy())


def test_promises_of_different_outcomes_do_not_compare(tmp_path: Path) -> None:
    text = '[sql]\nmin_precision = 0.1\noutcome = "won"\n[mql]\nmin_precision = 0.2\n'
    assert load_policy(write(tmp_path, text)).mql.min_precision == 0.2


def test_the_version_ignores_comments_order_and_spelled_out_defaults(tmp_path: Path) -> None:
    plain = load_policy(write(tmp_path, "[sql]\nmin_precision = 0.3\n[mql]\nmin_precision = 0.13"))
    other = load_policy(
        write(tmp_path, "# agreed\n[mql]\nconfidence = 0.95\nmin_precision = 0.130 # MQL\n")
    )
    assert policy_version(plain) == policy_version(other)
    assert len(policy_version(plain)) == 12


def test_the_drafted_policy_is_the_default_one_with_its_outcome_named(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, draft_policy()))
    named = {"outcome": "sql"}
    assert policy.sql == Policy().sql.model_copy(update=named)
    assert policy.mql == Policy().mql.model_copy(update=named)


def test_sentences_explain_each_kind_of_tier() -> None:
    policy = Policy(sql=TierPromise(share=0.05), mql=TierPromise(min_propensity=0.2, outcome="won"))
    said = sentences(policy)
    assert said[0].startswith(
        "A lead goes to sales (SQL) when it is among the best 5 % of the open"
    )
    assert said[1].endswith("when its chance of being won is 20 % or more.")
    assert "Every other lead is kept warm (Nurture)." in said


def test_sentences_say_what_happens_to_a_promise_that_cannot_be_kept() -> None:
    told = " ".join(sentences(Policy()))
    assert "at least 30 % of the leads with that chance or a better one become sales quali" in told
    assert "95 % confidence" in told
    assert "Where no cut-off can keep that, nobody gets this tier from the model." in told
