from __future__ import annotations

import gzip

import ibis
import pandas as pd
import pytest

from leadscore.features.core.errors import DataError
from leadscore.features.sources.csv_source import without_repeats
from leadscore.features.sources.source_tables import rows_about

FLAT = """
[leads]
path = "{path}"
target = "won"
[leads.columns]
"{column}" = "firmographic:text"
{reading}
"""
ROWS = "city,won\nUlm,1\nKöln,0\n"

CUT_SHORT = gzip.compress(b"city,won\n", mtime=0)[:-9]


def flat(path="leads.csv", column="city", **reading):
    lines = [f'{name} = "{value}"' for name, value in reading.items()]
    return FLAT.format(path=path, column=column, reading="\n".join(["[reading]", *lines]))


@pytest.fixture
def cities(write_project, open_project):
    """Read the cities of a one-column project."""

    def read(contract, **files):
        tables = open_project(write_project(contract, **files))
        name = tables.attributes[0].name
        return (
            tables.leads.order_by(tables.leads.lead_id.cast("int64"))[name].to_pyarrow().to_pylist()
        )

    return read


@pytest.mark.parametrize(
    ("contract", "content"),
    [
        (flat(), ROWS),
        (flat(), b"\xef\xbb\xbf" + ROWS.encode()),
        (flat(), ROWS.replace("\n", "\r\n")),
        (flat(delimiter=";"), ROWS.replace(",", ";")),
    ],
    ids=["plain", "byte order mark", "Windows line ends", "semicolons"],
)
def test_a_csv_file_is_read(cities, contract, content):
    assert cities(contract, leads__csv=content) == ["Ulm", "Köln"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_another_encoding_is_named_in_the_contract(cities, pack):
    path = "leads.csv" if pack is bytes else "leads.csv.gz"
    files = {path.replace(".", "__"): pack(ROWS.encode("latin-1"))}
    assert cities(flat(path, encoding="latin-1"), **files) == ["Ulm", "Köln"]


def test_the_files_of_a_glob_are_read_in_the_order_of_their_names(cities):
    files = {"part_2__csv": "city,won\nBern,0\n", "part_1__csv": ROWS}
    assert cities(flat("part_*.csv"), **files) == ["Ulm", "Köln", "Bern"]


def test_a_day_without_rows_does_not_stop_a_glob(cities):
    files = {"part_1__csv": ROWS, "part_2__csv": "city,won\n"}
    assert cities(flat("part_*.csv"), **files) == ["Ulm", "Köln"]


def test_files_of_the_same_name_in_two_folders_are_both_recoded(tmp_path, cities):
    for folder, city in (("a", "Köln"), ("b", "Zürich")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "leads.csv").write_text(f"city,won\n{city},1\n", encoding="latin-1")
    assert cities(flat("*/leads.csv", encoding="latin-1")) == ["Köln", "Zürich"]


def test_a_file_whose_name_looks_like_a_glob_is_read(cities):
    assert cities(flat("leads[1].csv"), **{"leads[1]__csv": ROWS}) == ["Ulm", "Köln"]


def test_parquet_files_are_read(tmp_path, cities):
    for number, city in enumerate(["Ulm", "Bern"]):
        frame = pd.DataFrame({"city": [city], "won": [number]})
        frame.to_parquet(tmp_path / f"leads_{number}.parquet")
    assert cities(flat("leads_*.parquet")) == ["Ulm", "Bern"]


@pytest.mark.parametrize("name", ["leads", "leads [1] 100%25 of *", "Käufer 'a' \"b\""])
def test_rows_of_several_parquet_files_are_numbered_through(
    tmp_path, write_project, open_project, name
):
    for number, rows in enumerate([3, 0, 2]):
        frame = pd.DataFrame({"city": ["Ulm"] * rows, "won": [1.0] * rows})
        frame.to_parquet(tmp_path / f"{name} {number}.parquet")
    leads = open_project(write_project(flat("*.parquet"))).leads.to_pandas()
    assert sorted(leads["lead_id"]) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("column", ["filename", "File_Row_Number"])
@pytest.mark.parametrize("files", [1, 2])
def test_a_column_may_be_called_as_duckdb_calls_places_in_files(tmp_path, cities, column, files):
    for number in range(files):
        frame = pd.DataFrame({column: [f"city {number}"], "won": [1]})
        frame.to_parquet(tmp_path / f"leads_{number}.parquet")
    expected = [f"city {number}" for number in range(files)]
    assert cities(flat("leads_*.parquet", column=column)) == expected


def test_the_parquet_file_that_is_broken_is_named(tmp_path, cities):
    pd.DataFrame({"city": ["Ulm"], "won": [1]}).to_parquet(tmp_path / "leads_0.parquet")
    (tmp_path / "leads_1.parquet").write_bytes((tmp_path / "leads_0.parquet").read_bytes()[:-9])
    with pytest.raises(DataError, match=r"leads_1\.parquet cannot be read as Parquet"):
        cities(flat("leads_*.parquet"))


def test_folders_that_name_a_column_are_read(tmp_path, cities):
    for city in ("Bern", "Ulm"):
        (tmp_path / f"city={city}").mkdir()
        pd.DataFrame({"won": [1]}).to_parquet(tmp_path / f"city={city}" / "leads.parquet")
    assert cities(flat("city=*/leads.parquet")) == ["Bern", "Ulm"]


def test_the_numbers_of_rows_are_no_column_that_is_offered(tmp_path, cities):
    pd.DataFrame({"town": ["Ulm"], "won": [1]}).to_parquet(tmp_path / "leads.parquet")
    with pytest.raises(DataError, match=r"It has: 'town', 'won'\."):
        cities(flat("leads.parquet"))


@pytest.mark.parametrize("name", ['say "city"', "Straße und Ort", "a 'b'", "select", "row", "ID"])
def test_any_name_of_a_column_will_do(cities, name):
    header = '"' + name.replace('"', '""') + '"'
    contract = flat(column=name.replace('"', '\\"'))
    assert cities(contract, leads__csv=ROWS.replace("city", header)) == ["Ulm", "Köln"]


def test_columns_that_share_a_name_are_told_apart():
    assert without_repeats(("City", "city", "", "City")) == ["City", "city_2", "column_3", "City_3"]


@pytest.mark.parametrize(
    ("contract", "files", "message"),
    [
        (flat(), {}, r"leads\.csv does not exist. Mend `leads\.path`"),
        (flat("*.csv"), {}, r"\*\.csv does not exist"),
        (flat("."), {}, "is a folder without a table"),
        (flat(), {"leads__csv": ""}, "is empty. Export it again"),
        (flat(), {"leads__csv": "city,won\n"}, "a header and no rows"),
        (flat(), {"leads__csv": "city;won\nUlm;1\n"}, r"Set `reading\.delimiter = ';'`"),
        (
            flat(),
            {"leads__csv": ROWS.encode("latin-1")},
            r"not utf-8-sig text .* Set `reading\.enc",
        ),
        (flat(encoding="latin-99"), {"leads__csv": ROWS}, "not latin-99 text"),
        (flat(encoding="ascii"), {"leads__csv": ROWS}, "not ascii text"),
        (flat("leads.csv.gz"), {"leads__csv__gz": ROWS}, "cannot be read: Not a gzipped file"),
        (
            flat("l.csv.gz"),
            {"l__csv__gz": gzip.compress(b"city,won\n", mtime=0)[:-9]},
            "cannot be read",
        ),
        (flat("leads.parquet"), {"leads__parquet": ROWS}, "cannot be read as Parquet"),
        (flat(column="citi"), {"leads__csv": ROWS}, "has no column 'citi'.* mean 'city'"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(cities, contract, files, message):
    with pytest.raises(DataError, match=message):
        cities(contract, **files)


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("l.parquet", b"PAR1 and no more", r"l\.parquet cannot be read as Parquet: .*Export it"),
        ("l.csv.gz", b"never packed", r"l\.csv\.gz cannot be read: .*Export it"),
        ("l.csv.gz", gzip.compress(ROWS.encode(), mtime=0)[:-9], r"l\.csv\.gz cannot be read"),
    ],
)
def test_a_file_whose_rows_cannot_be_counted_is_named(write_project, path, content, message):
    contract = write_project(flat(path), **{path.replace(".", "__"): content})
    with pytest.raises(DataError, match=message):
        rows_about(contract.leads, contract, name="leads")


def warehouse(tmp_path, table="crm_leads", name="w.duckdb"):
    address = f"duckdb://{tmp_path / name}"
    connection = ibis.connect(address)
    connection.create_table("crm_leads", pd.DataFrame({"city": ["Ulm", "Bern"], "won": [1, 0]}))
    connection.disconnect()
    return flat().replace('path = "leads.csv"', f'address = "{address}"\ntable = "{table}"')


def test_a_table_behind_an_address_is_copied(tmp_path, cities):
    assert cities(warehouse(tmp_path)) == ["Ulm", "Bern"]


def test_an_address_may_stand_in_an_environment_variable(tmp_path, cities, monkeypatch):
    contract = warehouse(tmp_path)
    monkeypatch.setenv("LEADS_AT", f"duckdb://{tmp_path / 'w.duckdb'}")
    contract = contract.replace(f"duckdb://{tmp_path / 'w.duckdb'}", "env:LEADS_AT")
    assert cities(contract) == ["Ulm", "Bern"]
    monkeypatch.delenv("LEADS_AT")
    with pytest.raises(DataError, match="the variable LEADS_AT, which is not set"):
        cities(contract)


def test_a_table_that_is_not_behind_the_address_is_named(tmp_path, cities):
    with pytest.raises(DataError, match=r"table 'leads' behind duckdb:… cannot be read"):
        cities(warehouse(tmp_path, table="leads"))


def test_a_database_file_that_is_missing_is_not_created(tmp_path, cities):
    contract = warehouse(tmp_path).replace("w.duckdb", "other.duckdb")
    with pytest.raises(DataError, match="behind duckdb:… cannot be read"):
        cities(contract)
    assert not (tmp_path / "other.duckdb").exists()


@pytest.mark.parametrize(
    "address",
    [
        "nope://ada:hunt%40r2@localhost:1/crm",
        "postgres://ada:hunt%40r2@localhost:1/crm?connect_timeout=1",
        "duckdb:///missing/hunt@r2/x.duckdb?password=hunt%40r2",
    ],
)
def test_a_failing_address_never_shows_its_password(cities, address):
    contract = flat().replace('path = "leads.csv"', f'address = "{address}"\ntable = "leads"')
    with pytest.raises(DataError, match="cannot be read") as caught:
        cities(contract)
    assert caught.value.__suppress_context__
    for secret in ("hunt%40r2", "hunt@r2", address):
        assert secret not in str(caught.value)
