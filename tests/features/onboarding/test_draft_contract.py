import gzip
import os
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from leadscore.features.contract.contract import CONTRACT_FILE, load_contract
from leadscore.features.core.errors import DataError
from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.onboarding.guesses.horizons import guess_horizons
from leadscore.features.tables.open_tables import open_tables

REAL_DATA = Path(os.environ.get("LEADSCORE_DATA", Path(__file__).parents[3] / "../shared/data"))


@pytest.fixture
def company():
    """Sixty leads of a made-up company, a column of each sort."""
    rows = range(60)
    return pd.DataFrame(
        {
            "Lead ID": [f"L-{row:04}" for row in rows],
            "Record No": [9_000 + row for row in rows],
            "Created": [f"2024-{1 + row % 12:02}-{1 + row % 28:02} 09:30" for row in rows],
            "E-Mail": [f"person{row}@firm{row % 9}.example" for row in rows],
            "Mobile": [f"+49 170 {1_000_000 + row}" for row in rows],
            "First Name": [["Ada", "Grace", "Alan", "Edsger"][row % 4] for row in rows],
            "Company": [f"Firm {row % 9}" for row in rows],
            "Employees": [["1-10", "11-50", "51-200"][row % 3] for row in rows],
            "Industry": [["Retail", "Select", "Health"][row % 3] for row in rows],
            "Lead Source": [["Web", "Fair", "n/a"][row % 3] for row in rows],
            "utm_source": [["google", "bing"][row % 2] for row in rows],
            "Email clicks": [row % 7 for row in rows],
            "Traffic": [f"1,{row:03}" for row in rows],
            "Postal code": [f"0{1000 + row % 5}" for row in rows],
            "Expected value": [1_000.5 + row % 11 for row in rows],
            "Language": ["en"] * 60,
            "Request": [f"Please call me about offer {row}" for row in rows],
            "Lead Grade": [["A", "B", "C"][row % 3] for row in rows],
            "Close Date": [f"2025-01-{1 + row % 28:02}" if row % 3 else "" for row in rows],
            "Lost Reason": [["price", ""][row % 2] for row in rows],
            "Result": [["Won", "Lost", "Negotiation"][row % 3] for row in rows],
        }
    )


def drafted(frame, folder, **options):
    """Write the frame as the leads file of a project, draft its contract, and load that."""
    frame.to_csv(folder / "leads.csv", index=False)
    return loaded(folder / "leads.csv", folder, **options)


def loaded(leads, folder, **options):
    text = draft_contract(leads, directory=folder, **options).text
    (folder / CONTRACT_FILE).write_text(text, encoding="utf-8")
    return load_contract(folder)


def spec(contract, column):
    found = contract.leads.columns[column]
    return ".".join([found.role, *([found.term] if found.term else [])])


@pytest.fixture
def contract(company, tmp_path):
    return drafted(company, tmp_path, target="Result")


def test_the_special_columns_are_found_by_name_and_content(contract):
    leads = contract.leads
    assert (leads.lead_id, leads.created_at, leads.account) == ("Lead ID", "Created", "Company")
    assert leads.path == "leads.csv"


def test_each_column_gets_its_role_and_a_term_is_given_once(contract):
    roles = {
        "Record No": "ignored",
        "E-Mail": "personal.email",
        "Mobile": "personal.phone",
        "First Name": "personal.first_name",
        "Employees": "firmographic.company_size",
        "Industry": "firmographic.industry",
        "Lead Source": "channel.source",
        "utm_source": "channel",
        "Email clicks": "firmographic",
        "Expected value": "value.amount",
        "Language": "ignored",
        "Request": "ignored",
        "Lead Grade": "firmographic",
        "Close Date": "ignored",
        "Lost Reason": "ignored",
    }
    assert {column: spec(contract, column) for column in roles} == roles


def test_numbers_may_carry_thousands_separators_but_codes_with_leading_zeros_are_text(contract):
    columns = contract.leads.columns
    assert (columns["Traffic"].type, columns["Postal code"].type) == ("number", "text")


def test_columns_stand_in_the_order_of_the_file(company, contract):
    named = list(contract.leads.columns)
    assert named == [name for name in company.columns if name in named]


def test_missing_words_are_those_that_occur(contract):
    assert set(contract.reading.missing) == {"Select", "n/a"}


def test_the_code_of_namibia_is_not_a_missing_word(company, tmp_path):
    company["Country"] = ["NA", "DE", "FR"] * 20
    assert "NA" not in drafted(company, tmp_path, target="Result").reading.missing


def test_every_guess_has_a_reason_and_a_name_that_speaks_of_outcomes_is_marked(company, tmp_path):
    company.to_csv(tmp_path / "leads.csv", index=False)
    text = draft_contract(tmp_path / "leads.csv", directory=tmp_path, target="Result").text
    columns = text.split("[leads.columns]")[1].strip().splitlines()
    assert all("  # " in line for line in columns)
    line = next(line for line in columns if line.startswith('"Lead Grade"'))
    assert "# suspicious:" in line
    assert "grade" in line


@pytest.mark.parametrize(
    ("words", "positive", "negative"),
    [
        (("1", "0"), ("1",), ("0",)),
        (("1.0", "0.0"), ("1.0",), ("0.0",)),
        (("True", "False"), ("True",), ("False",)),
        (("yes", "No"), ("yes",), ("No",)),
        (("Closed Won", "Closed Lost", "Proposal"), ("Closed Won",), ("Closed Lost",)),
        (("converted", "not converted"), ("converted",), ("not converted",)),
        (("Converted", "Dropped out"), ("Converted",), ("Dropped out",)),
        (("Won", "Open"), ("Won",), ()),
        (("1", "-1"), ("1",), ("-1",)),
        (("ja", "nein"), ("ja",), ("nein",)),
    ],
)
def test_the_words_of_the_target_are_told_apart(company, tmp_path, words, positive, negative):
    company["Result"] = [words[row % len(words)] for row in range(60)]
    leads = drafted(company, tmp_path, target="Result").leads
    assert (leads.positive, leads.negative) == (positive, negative)


def test_words_read_as_not_yet_known_are_listed(company, tmp_path):
    company.to_csv(tmp_path / "leads.csv", index=False)
    text = draft_contract(tmp_path / "leads.csv", directory=tmp_path, target="Result").text
    assert "# not yet known: Negotiation (20)" in text


def test_qualified_is_an_outcome_for_the_sql_stage(company, tmp_path):
    company["Result"] = ["Qualified", "Rejected", "New"] * 20
    leads = drafted(company, tmp_path, target="Result", stage="sql").leads
    assert (leads.stage, leads.positive, leads.negative) == ("sql", ("Qualified",), ("Rejected",))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([str(row * 1.5) for row in range(60)], "60 different numbers"),
        (["0", "1", "2"] * 20, "'0', '1', '2'"),
        (["red", "green", "blue"] * 20, "'red', 'green', 'blue'"),
        ([""] * 60, "empty in every row"),
    ],
)
def test_a_target_that_is_not_binary_is_refused_with_what_was_seen(
    company, tmp_path, cells, message
):
    company["Result"] = cells
    with pytest.raises(DataError, match=message):
        drafted(company, tmp_path, target="Result")


def test_what_people_wrote_is_not_shown_when_the_target_is_free_text(company, tmp_path):
    with pytest.raises(DataError, match="60 different texts") as refused:
        drafted(company, tmp_path, target="E-Mail")
    assert "person1@" not in str(refused.value)


def test_an_unknown_target_gets_the_nearest_name(company, tmp_path):
    with pytest.raises(DataError, match=r"'Resullt'.*`--target`.*Did you mean 'Result'"):
        drafted(company, tmp_path, target="Resullt")


def test_an_unnamed_target_is_found_where_only_one_column_can_be_it(company, tmp_path):
    assert drafted(company, tmp_path).leads.target == "Result"
    with pytest.raises(DataError, match="--target COL"):
        drafted(company.drop(columns="Result"), tmp_path)


def test_a_named_creation_date_must_hold_dates(company, tmp_path):
    assert drafted(company, tmp_path, target="Result", created_at="Created").leads.created_at
    with pytest.raises(DataError, match="'Industry' cannot be read as dates"):
        drafted(company, tmp_path, target="Result", created_at="Industry")


def test_without_an_id_the_row_number_is_it(company, tmp_path):
    plain = company.drop(columns=["Lead ID", "Record No"])
    plain.insert(0, "Unnamed: 0", range(60))
    contract = drafted(plain, tmp_path, target="Result")
    assert contract.leads.lead_id is None
    assert spec(contract, "Unnamed: 0") == "ignored"


@pytest.mark.parametrize(
    ("dates", "day_first"),
    [
        (["25/03/2024", "04/05/2024"], True),
        (["03/25/2024", "05/04/2024"], False),
        (["04.05.2024 10:15", "06.07.2024 11:20"], True),
        (["2024-05-04", "2024-06-07"], False),
    ],
)
def test_the_order_of_day_and_month_comes_from_the_dates(company, tmp_path, dates, *, day_first):
    company["Created"] = dates * 30
    company["Close Date"] = ""
    contract = drafted(company, tmp_path, target="Result")
    assert contract.leads.created_at == "Created"
    assert contract.reading.day_first is day_first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_delimiter_and_encoding_are_read_off_the_file(company, tmp_path, encoding):
    company["Stadt"] = ["Köln", "Zürich – „Mitte“" if encoding == "cp1252" else "Zürich"] * 30
    company.to_csv(tmp_path / "leads.csv", sep=";", index=False, encoding=encoding)
    contract = loaded(tmp_path / "leads.csv", tmp_path, target="Result")
    assert (contract.reading.delimiter, contract.reading.encoding) == (";", encoding)
    with open_tables(contract) as tables:
        assert tables.leads.count().to_pyarrow().as_py() == 60


@pytest.mark.parametrize(
    ("encoding", "cities"),
    [
        ("cp1251", ("Москва", "Казань")),
        ("cp1253", ("Αθήνα", "Θεσσαλονίκη")),
        ("cp932", ("東京", "大阪")),
        ("cp850", ("Köln", "Zürich")),
    ],
)
def test_other_alphabets_are_read_by_their_code_page(tmp_path, encoding, cities):
    columns = {"City": cities * 30, "Other city": cities[::-1] * 30, "Won": ["1", "0"] * 30}
    leads = pd.DataFrame(columns)
    leads.to_csv(tmp_path / "leads.csv", index=False, encoding=encoding)
    assert loaded(tmp_path / "leads.csv", tmp_path, target="Won").reading.encoding == encoding


def test_one_accent_far_down_a_long_file_tells_its_encoding(company, tmp_path):
    last = company.tail(1).to_csv(index=False, header=False).replace("Firm", "Bäcker")
    text = pd.concat([company] * 60).to_csv(index=False) + last
    (tmp_path / "leads.csv").write_bytes(text.encode("cp1252"))
    assert loaded(tmp_path / "leads.csv", tmp_path, target="Result").reading.encoding == "cp1252"


def test_a_quote_that_is_never_closed_leaves_the_delimiter_to_the_header(company, tmp_path):
    company.to_csv(tmp_path / "leads.csv", index=False, sep=";")
    text = (tmp_path / "leads.csv").read_text().splitlines()
    text[40] = text[40].replace("Firm", '"Firm', 1)
    (tmp_path / "leads.csv").write_text("\n".join(text))
    assert loaded(tmp_path / "leads.csv", tmp_path, target="Result").reading.delimiter == ";"


def test_seconds_since_1970_are_dates_where_the_name_says_so(company, tmp_path):
    company["created_ts"] = [1_714_552_215 + row for row in range(60)]
    company["Crm reference"] = [1_714_552_215 + row for row in range(60)]
    contract = drafted(company.drop(columns="Created"), tmp_path, target="Result")
    assert contract.leads.created_at == "created_ts"
    with open_tables(contract) as tables:
        first = tables.leads.created_at.min().to_pyarrow().as_py()
    assert first == pd.Timestamp("2024-05-01 08:30:15")


def test_gzip_parquet_and_globs_draft_the_same_columns(company, tmp_path):
    from_csv = drafted(company, tmp_path, target="Result").leads
    (tmp_path / "zipped.csv.gz").write_bytes(gzip.compress((tmp_path / "leads.csv").read_bytes()))
    company.head(30).to_parquet(tmp_path / "part-1.parquet")
    company.tail(30).to_parquet(tmp_path / "part-2.parquet")
    for path in ("zipped.csv.gz", "part-*.parquet"):
        leads = loaded(tmp_path / path, tmp_path, target="Result").leads
        assert leads.path == path
        assert leads.columns == from_csv.columns


def test_odd_column_names_survive(tmp_path):
    names = [
        'Say "hi"',
        "Größe 📏",
        "a\\b",
        "City",
        "city",
        " spaced ",
        "# hash",
        "",
        "line\nbreak",
    ]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    rows = "\n".join(
        f"{row % 3},{row % 4},x{row % 2},a,b{row % 2},{row},y,{row % 5},z" for row in range(40)
    )
    text = f"{header},Converted\n" + "".join(
        f"{line},{number % 2}\n" for number, line in enumerate(rows.splitlines())
    )
    (tmp_path / "leads.csv").write_text(text, encoding="utf-8")
    contract = loaded(tmp_path / "leads.csv", tmp_path, target="Converted")
    assert 'Say "hi"' in contract.leads.columns
    with open_tables(contract) as tables:
        assert tables.leads.count().to_pyarrow().as_py() == 40


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "gone.csv does not exist"),
        (".", None, "is a folder"),
        ("empty.csv", b"", "empty.csv is empty"),
        ("header.csv", b"a,b\n", "has a header and no rows"),
        ("book.csv", b"PK\x03\x04rest", "Excel workbook.*Save it as CSV"),
        ("bytes.csv", b"a,b\n\0\x01\x02,3\n", "binary file"),
        ("broken.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("broken.parquet", b"a,b\n1,2\n", "cannot be read as Parquet"),
    ],
)
def test_files_that_are_no_tables_are_refused_by_name(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        draft_contract(tmp_path / name, directory=tmp_path, target="a")


def test_torn_lines_do_not_disturb_the_guesses(company, tmp_path):
    company.to_csv(tmp_path / "leads.csv", index=False)
    with (tmp_path / "leads.csv").open("a") as file:
        file.write("torn,line\n")
    assert loaded(tmp_path / "leads.csv", tmp_path, target="Result").leads.lead_id == "Lead ID"


@pytest.fixture
def funnel(company, tmp_path):
    """The company with events and outcomes under names of its own."""
    company.drop(columns="Result").to_csv(tmp_path / "leads.csv", index=False)
    created = pd.to_datetime(company["Created"])
    kinds = ["demo_request", "Email Opened", "page_view", "unsubscribe", "form_submission"]
    pd.DataFrame(
        {
            "event_uuid": [f"{row:032x}" for row in range(300)],
            "contact": [company["Lead ID"][row % 60] for row in range(300)],
            "Event Time": [created[row % 60] + pd.Timedelta(row, "h") for row in range(300)],
            "ingested": [created[row % 60] + pd.Timedelta(row + 1, "h") for row in range(300)],
            "Event Type": [kinds[row % 5] for row in range(300)],
            "utm_medium": [["cpc", "mail"][row % 2] for row in range(300)],
        }
    ).to_csv(tmp_path / "events.csv", index=False)
    stages = pd.DataFrame({"lead": company["Lead ID"], "created": created})
    parts = [
        stages.assign(date=created + pd.Timedelta(5, "D"), status="SQL"),
        stages.head(30).assign(date=created + pd.Timedelta(40, "D"), status="Closed Won"),
        stages.tail(20).assign(date=created + pd.Timedelta(20, "D"), status="Closed Lost"),
    ]
    pd.concat(parts).drop(columns="created").to_csv(tmp_path / "outcomes.csv", index=False)
    return tmp_path


def funnel_contract(folder):
    return loaded(
        folder / "leads.csv", folder, events=folder / "events.csv", outcomes=folder / "outcomes.csv"
    )


def test_event_columns_and_groups_are_mapped(funnel):
    events = funnel_contract(funnel).events
    assert events is not None
    assert (events.lead_id, events.occurred_at, events.kind) == (
        "contact",
        "Event Time",
        "Event Type",
    )
    assert (events.recorded_at, events.medium) == ("ingested", "utm_medium")
    assert events.groups == {
        "conversion": ("form_submission",),
        "email_opened": ("Email Opened",),
        "unsubscribe": ("unsubscribe",),
        "high_intent": ("demo_request",),
    }


def test_stages_in_other_words_are_mapped(funnel):
    outcomes = funnel_contract(funnel).outcomes
    assert outcomes is not None
    assert (outcomes.lead_id, outcomes.occurred_at, outcomes.stage) == ("lead", "date", "status")
    assert outcomes.stages == {"sql": ("SQL",), "won": ("Closed Won",), "lost": ("Closed Lost",)}


def test_horizons_cover_most_leads_within_a_quarter_of_the_history(funnel):
    horizons = funnel_contract(funnel).horizon_days
    assert (horizons.sql, horizons.won) == (7, 45)


def test_a_stage_that_never_occurs_does_not_stretch_the_other():
    horizons = guess_horizons({"won": pd.Series([3.0, 4.0, 6.5])}, history_days=400)
    assert (horizons.sql, horizons.won) == (7, 7)


def with_other_stages(funnel, words):
    outcomes = pd.read_csv(funnel / "outcomes.csv")
    outcomes.loc[outcomes.index[: len(words)], "status"] = words
    outcomes.to_csv(funnel / "outcomes.csv", index=False)
    return funnel_contract(funnel)


def test_steps_that_are_no_stage_are_passed_over_and_are_no_fault(funnel):
    contract = with_other_stages(funnel, ["Demo planned"] * 20)
    assert contract.outcomes is not None
    assert contract.outcomes.no_stage == ("Demo planned",)
    assert contract.reading.max_quarantine_share == 0.05
    with open_tables(contract) as tables:
        assert tables.outcomes is not None
        assert tables.outcomes.count().to_pyarrow().as_py() == 90
        assert tables.quarantine.rows.empty


def test_a_step_that_the_contract_does_not_name_is_still_a_fault(funnel):
    contract = with_other_stages(funnel, ["Demo planned"] * 20)
    outcomes = pd.read_csv(funnel / "outcomes.csv")
    outcomes.loc[outcomes.index[:2], "status"] = "Demo cancelled"
    outcomes.to_csv(funnel / "outcomes.csv", index=False)
    with open_tables(contract) as tables:
        assert tables.quarantine.rows["value"].tolist() == ["Demo cancelled"] * 2
        assert tables.quarantine.rows["row"].tolist() == [1, 2]


def test_more_words_than_a_process_has_steps_leave_room_in_the_quarantine(funnel):
    contract = with_other_stages(funnel, [f"Note {row}" for row in range(60)])
    assert contract.reading.max_quarantine_share > 60 / 110
    with open_tables(contract):
        pass


def test_target_and_outcomes_are_one_too_many(funnel):
    with pytest.raises(DataError, match="give one of them"):
        draft_contract(
            funnel / "leads.csv", directory=funnel, outcomes=funnel / "outcomes.csv", target="x"
        )


def test_files_that_differ_in_delimiter_cannot_share_a_contract(funnel):
    frame = pd.read_csv(funnel / "outcomes.csv")
    frame.to_csv(funnel / "outcomes.csv", sep=";", index=False)
    with pytest.raises(DataError, match="different delimiters"):
        funnel_contract(funnel)


def real(name):
    if not (REAL_DATA / name).exists():
        pytest.skip(f"{REAL_DATA / name} is missing; set LEADSCORE_DATA")
    return (REAL_DATA / name).resolve()


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"leads": "x_education/leads.csv"}, "Converted"),
        ({"leads": "crm_opportunities/sales_pipeline.csv"}, "deal_stage"),
        ({"leads": "edtech_channels/leads.csv"}, "app_complete_flag"),
        (
            {
                "leads": "loan_funnel/leads.csv",
                "events": "loan_funnel/events.parquet",
                "outcomes": "loan_funnel/outcomes.csv",
            },
            None,
        ),
    ],
)
def test_real_companies_open_without_hand_editing(tmp_path, files, target):
    paths = {table: real(file) for table, file in files.items()}
    contract = loaded(paths.pop("leads"), tmp_path, target=target, **paths)
    with open_tables(contract) as tables:
        assert tables.leads.count().to_pyarrow().as_py() > 6_000


def test_the_real_company_with_select_reads_it_as_missing(tmp_path):
    text = draft_contract(
        real("x_education/leads.csv"), directory=tmp_path, target="Converted"
    ).text
    drafted_toml = tomllib.loads(text)
    assert "Select" in drafted_toml["reading"]["missing"]
    assert drafted_toml["leads"]["lead_id"] == "Prospect ID"
    assert drafted_toml["leads"]["columns"]["Lead Number"] == "ignored"
    assert drafted_toml["leads"]["columns"]["Magazine"] == "ignored"
