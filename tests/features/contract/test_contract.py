from __future__ import annotations

import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.contract.table_sources import ColumnSpec
from leadscore.features.core.errors import ContractError

SMALLEST = '[leads]\npath = "leads.csv"\ntarget = "won"\n'


def test_the_smallest_contract_is_a_file_and_its_target(write_project, tmp_path):
    contract = write_project(SMALLEST)
    assert contract.is_flat
    assert contract.directory == tmp_path
    assert (contract.leads.positive, contract.leads.negative) == (("1",), ("0",))


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("channel", ("channel", None, None)),
        ("channel.source", ("channel", "source", None)),
        ("firmographic:number", ("firmographic", None, "number")),
        (" firmographic.revenue:number ", ("firmographic", "revenue", "number")),
    ],
)
def test_a_column_is_described_in_short(text, spec):
    found = ColumnSpec.parse(text)
    assert (found.role, found.term, found.type) == spec


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("[leads.columns]\na = 'firmografic'", r"'firmografic' is not a role\. .* 'firmographic'"),
        ("[leads.columns]\na = 'channel.sauce'", r"'sauce' is not a term of channel\. .* 'source'"),
        ("[leads.columns]\na = 'channel:date'", "'date' is not a type; use number or text"),
        ("[leads.columns]\na = '?'", 'expected "role", "role.term"'),
        ("[leads.columns]\na = 'channel.source'\nb = 'channel.source'", "'a' and 'b' are both"),
        ("table = 'x'\naddress = 'y'", r"give either `path` .* or `address`"),
        ("positive = ['1']\nnegative = ['1']", "stand in both `positive` and `negative`"),
        ("[outcomes]\npath = 'o.csv'", "two outcomes: keep either"),
        ("[reading]\ntimezone = 'Mars/Olympus'", "not a time zone of the IANA list"),
        ("[reading]\ndelimiter = ';;'", "`reading.delimiter`"),
        ("[reading]\nmising = ['x']", r"`reading\.mising` is not a setting\. .* 'missing'"),
        ("[horizon_days]\nsql = 60\nwon = 30", r"won \(30\) may not be shorter than sql \(60\)"),
        ("[features]\nsnapshot_ages_days = [7, 0]", "youngest first"),
        ("[features]\nhalf_life_days = 0", "`features.half_life_days`.*greater than 0, got 0"),
        ("[events]\npath = 'e.csv'\n[events.groups]\nBig = ['x']", "lower-case words joined by _"),
        ("[audit]\noverrule = {Tags = ' '}", "give a reason for"),
    ],
)
def test_a_fault_is_named_with_its_place(write_project, lines, message):
    with pytest.raises(ContractError, match=message):
        write_project(SMALLEST + lines)


def test_stages_are_those_of_the_funnel(write_project):
    with pytest.raises(ContractError, match=r"'sqls' is not a stage\. Did you mean 'sql'"):
        write_project('[leads]\npath="l"\n[outcomes]\npath="o"\n[outcomes.stages]\nsqls = ["x"]\n')


def test_a_step_is_a_stage_or_none(write_project):
    with pytest.raises(ContractError, match=r"\['Call'\] stand in both `stages` and `no_stage`"):
        write_project(
            '[leads]\npath="l"\n[outcomes]\npath="o"\nno_stage = ["Call"]\n'
            '[outcomes.stages]\nsql = ["Call"]\n'
        )


def test_a_contract_without_an_outcome_is_refused(write_project):
    with pytest.raises(ContractError, match=r"no outcome: set `leads\.target`, or describe"):
        write_project('[leads]\npath = "leads.csv"\n')


def test_an_address_needs_its_table(write_project):
    with pytest.raises(ContractError, match="`address` needs `table`"):
        write_project('[leads]\naddress = "duckdb://x"\ntarget = "won"\n')


def test_all_faults_are_named_at_once(write_project):
    with pytest.raises(ContractError, match=r"leadscore\.toml: 2 faults\n  - .*\n  - "):
        write_project(SMALLEST + "[reading]\nmising = []\nday_first = 'perhaps'\n")


def test_a_missing_contract_says_how_to_draft_one(tmp_path):
    with pytest.raises(ContractError, match=r"does not exist\. `leadscore init LEADS` drafts it"):
        load_contract(tmp_path)


def test_broken_toml_says_where(write_project):
    with pytest.raises(ContractError, match=r"is not valid TOML: .*line 1"):
        write_project("[leads\n")
