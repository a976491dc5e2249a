from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.tables.data_end import rows_of_the_future

DATED = """
[leads]
path = "leads.csv"
lead_id = "Lead No"
created_at = "Made on"
account = "Firm"
[leads.columns]
Size = "firmographic:number"
[events]
path = "events.csv"
lead_id = "who"
occurred_at = "recorded_at"
recorded_at = "loaded"
kind = "what"
[outcomes]
path = "outcomes.csv"
[outcomes.stages]
sql = ["Qualified"]
"""
FILES = {
    "leads__csv": (
        "Lead No,Made on,Firm,Size\n A ,2024-01-01,ACME,1\nB,2024-02-01,,\nC,2024-03-01,x,3\n"
    ),
    "events__csv": (
        "who,recorded_at,loaded,what,source\n"
        "A,2024-01-05 10:00,2024-01-06,visit,web\n"
        "A,2024-01-05 11:00,,visit,\n"
        "B,2024-02-05,2024-04-01,demo,fair\n"
    ),
    "outcomes__csv": (
        "lead_id,occurred_at,stage,reason\nA,2024-01-20,QUALIFIED,Fits\nB,2024-03-10,won,\n"
    ),
}
FLAT = """
[leads]
path = "leads.csv"
target = "Result"
positive = ["Won"]
negative = ["Lost", "0"]
[leads.columns]
Size = "firmographic:number"
"""


@pytest.fixture
def opened(write_project, open_project):
    def read(contract=DATED, *, files=None, **options):
        return open_project(write_project(contract, **(files or FILES)), **options)

    return read


def ids(tables):
    return sorted(tables.leads.lead_id.to_pyarrow().to_pylist())


def test_leads_are_read_in_the_contracts_terms(opened):
    leads = opened().leads.order_by("lead_id").to_pandas()
    assert leads["lead_id"].tolist() == ["A", "B", "C"]
    assert leads["created_at"].dt.month.tolist() == [1, 2, 3]
    assert leads["account"].fillna("-").tolist() == ["acme", "-", "x"]
    assert leads["lead_size"].fillna(-1).tolist() == [1, -1, 3]
    assert leads["target"].isna().all()


def test_event_columns_may_carry_each_others_names_and_be_missing(opened):
    tables = opened()
    events = tables.events.order_by("occurred_at").to_pandas()
    assert events["occurred_at"].astype("str").tolist() == [
        "2024-01-05 10:00:00", "2024-01-05 11:00:00", "2024-02-05 00:00:00"
    ]  # fmt: skip
    # What was not recorded separately was known at once.
    assert events["recorded_at"].astype("str").tolist() == [
        "2024-01-06 00:00:00", "2024-01-05 11:00:00", "2024-04-01 00:00:00"
    ]  # fmt: skip
    assert tables.event_terms == ("source",)


def test_stages_are_the_contracts_words_without_case(opened):
    outcomes = opened().outcomes.order_by("lead_id").to_pandas()
    assert outcomes["stage"].tolist() == ["sql", "won"]
    assert outcomes["reason"].fillna("-").tolist() == ["fits", "-"]
    assert outcomes["amount"].isna().all()


def test_of_leads_with_one_id_the_earliest_is_kept(opened):
    files = FILES | {
        "leads__csv": "Lead No,Made on,Firm,Size\n"
        + "".join(f"L{number},2024-01-01,,0\n" for number in range(30))
        + "A,2024-02-02,late,2\nA,2024-01-01,first,1\n"
    }
    contract = DATED + "[reading]\nmax_quarantine_share = 1\n"
    leads = opened(contract, files=files).leads.to_pandas()
    assert leads.loc[leads["lead_id"] == "A", "account"].tolist() == ["first"]


def test_the_data_end_with_the_last_record(opened):
    assert opened().data_end == datetime(2024, 4, 1)


def test_the_data_end_at_the_moment_asked_for_unless_they_stop_long_before(opened):
    asked = datetime(2024, 4, 1, 12, tzinfo=UTC)
    assert opened(known_by=asked).data_end == asked.replace(tzinfo=None)
    assert opened(known_by=asked + timedelta(days=9)).data_end == datetime(2024, 4, 1)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("events__csv", "A,2999-01-05 10:00,2999-01-05,visit,web\n"),
        ("outcomes__csv", "A,2999-01-20,won,\n"),
        ("leads__csv", "D,2999-01-01,z,4\n"),
    ],
)
def test_a_row_of_the_future_does_not_move_the_end(opened, name, row):
    tables = opened(files=FILES | {name: FILES[name] + row})
    assert tables.data_end == datetime(2024, 4, 1)
    assert rows_of_the_future(tables) == {name.removesuffix("__csv"): 1}


def test_a_company_whose_rows_all_lie_in_the_future_ends_with_the_last(opened):
    files = {name: text.replace("2024-", "2924-") for name, text in FILES.items()}
    tables = opened(files=files)
    assert tables.data_end == datetime(2924, 4, 1)
    assert rows_of_the_future(tables) == {}


def test_what_was_not_known_by_then_is_left_out(opened):
    tables = opened(known_by=datetime(2024, 2, 15, tzinfo=UTC))
    assert ids(tables) == ["A", "B"]
    assert tables.events.lead_id.to_pyarrow().to_pylist() == ["A", "A"]
    assert tables.outcomes.stage.to_pyarrow().to_pylist() == ["sql"]


def test_known_by_is_understood_in_any_zone(opened):
    zone = datetime(2024, 2, 1, 2, tzinfo=pd.Timestamp("2024-01-01", tz="Europe/Paris").tzinfo)
    assert ids(opened(known_by=zone)) == ["A", "B"]
    assert ids(opened(known_by=zone - timedelta(hours=1))) == ["A"]


def test_a_target_is_read_by_the_contracts_words(opened):
    rows = "Size,Result\n1,WON\n2, lost\n3,0.0\n4,open\n5,\n"
    tables = opened(FLAT, files={"leads__csv": rows})
    leads = tables.leads.order_by("lead_id").to_pandas()
    assert leads["lead_id"].tolist() == ["1", "2", "3", "4", "5"]
    assert leads["target"].fillna(-1).tolist() == [1, 0, 0, -1, -1]
    assert not tables.has_dates


def test_columns_out_of_sight_are_no_attributes(opened):
    assert opened().without(["Size"]).attributes == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Lead No", "Leed No"), "no column 'Leed No', which `leads.lead_id` .* mean 'Lead No'"),
        (('"Made on"', '"Made at"'), "'Made at', which `leads.created_at` .* mean 'Made on'"),
        (('"Firm"', '"Frim"'), "'Frim', which `leads.account` names. Did you mean 'Firm'"),
        (("Size =", "Sise ="), """`leads.columns."Sise"` names. Did you mean 'Size'"""),
        (('"what"', '"that"'), "'that', which `events.kind` names. Did you mean 'what'"),
        (('"loaded"', '"loadad"'), "`events.recorded_at` names. Did you mean 'loaded'"),
        (
            ("[outcomes.st", 'reason = "x"\n[outcomes.st'),
            "'x', which `outcomes.reason` names. It has",
        ),
        (('created_at = "Made on"', ""), "'created_at', which `leads.created_at` names"),
    ],
)
def test_a_column_that_is_missing_is_named_with_the_nearest(opened, change, message):
    with pytest.raises(DataError, match=message):
        opened(DATED.replace(*change))
