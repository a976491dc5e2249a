"""MLflow's own model server answers for feature rows, over real HTTP."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from benchmarks.online_server import Client, as_request, serving  # noqa: E402
from leadscore.features.contract.contract import load_contract  # noqa: E402
from leadscore.features.core.errors import LeadScoreError  # noqa: E402
from leadscore.features.point_in_time.snapshots import nightly_snapshots  # noqa: E402
from leadscore.features.tables.open_tables import open_tables  # noqa: E402
from leadscore.serving.nightly.run_night import default_night  # noqa: E402
from leadscore.serving.online.feature_rows import feature_rows  # noqa: E402
from leadscore.training.registry.registry import Registry  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.online_server import Server
    from leadscore.training.model.funnel_model import FunnelModel
    from tests.conftest import Project

PERSON = "Ada Lovelace, ada@example.org"


@pytest.fixture(scope="module")
def server(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("served") / "server.log"
    with serving(project.directory, project.trained.name, log=log) as found:
        yield found


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    with Client(server) as found:
        yield found


@pytest.fixture(scope="module")
def model(project: Project) -> FunnelModel:
    return Registry(project.directory, project.trained.name).champion().model


@pytest.fixture(scope="module")
def rows(project: Project) -> pd.DataFrame:
    """Feature rows of sixty open leads, with gaps and texts."""
    with open_tables(load_contract(project.directory)) as tables:
        open_leads = nightly_snapshots(tables, as_of=default_night(tables)).order_by("lead_id")
        ids = open_leads.limit(60).lead_id.to_pyarrow().to_pylist()
    found = feature_rows(project.directory, ids)
    assert found.isna().to_numpy().any()
    assert (found.dtypes == "str").any()
    return found


def test_each_lead_has_over_http_the_propensities_it_has_in_a_batch(
    client: Client, model: FunnelModel, rows: pd.DataFrame
) -> None:
    answers = [client.ask(as_request(rows.iloc[[place]])) for place in range(len(rows))]
    assert {each.status for each in answers} == {200}
    said = [each.predictions[0] for each in answers]
    assert said == model.predict(rows).to_dict("records")


def test_a_lead_without_colleagues_is_scored_like_any_other(
    client: Client, model: FunnelModel, project: Project
) -> None:
    with open_tables(load_contract(project.directory)) as tables:
        leads = tables.leads.select("lead_id", "account").to_pandas()
        open_leads = nightly_snapshots(tables, as_of=default_night(tables)).to_pandas()
    leads = leads.sort_values("lead_id").set_index("lead_id")["account"]
    is_alone = leads.notna() & ~leads.duplicated(keep=False)
    is_open = leads.index.isin(open_leads["lead_id"])
    stranger, alone = leads.index[leads.isna() & is_open][0], leads.index[is_alone & is_open][0]
    catalogue = Registry(project.directory, project.trained.name).champion().catalogue
    counts = [
        each.name for each in catalogue if each.family == "account" and each.unit == "colleagues"
    ]
    rows = feature_rows(project.directory, [stranger, alone])
    assert len(counts) > 3
    assert rows.loc[stranger, counts].isna().all()
    assert rows.loc[alone, counts].eq(0).all()
    said = [client.ask(as_request(rows.loc[[each]])).predictions[0] for each in rows.index]
    assert said == model.predict(rows).to_dict("records")


def test_many_rows_at_once_and_rows_by_name_come_out_alike(
    client: Client, model: FunnelModel, rows: pd.DataFrame
) -> None:
    said = model.predict(rows).to_dict("records")
    assert client.ask(as_request(rows)).predictions == said
    table = json.loads(as_request(rows.head(3)))["dataframe_split"]
    named = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    named[0]["e-mail"] = PERSON  # no feature: passed over
    asked = json.dumps({"dataframe_records": named}).encode()
    assert client.ask(asked).predictions == said[:3]


def test_what_only_mlflow_reads_is_answered_as_well(
    client: Client, model: FunnelModel, rows: pd.DataFrame
) -> None:
    text = rows.head(2).to_csv(index=False).encode()
    answer = client.ask(text, content_type="text/csv")
    assert answer.status == 200
    found = pd.DataFrame(answer.predictions)
    pd.testing.assert_frame_equal(found, model.predict(rows.head(2)).reset_index(drop=True))


def broken(rows: pd.DataFrame, model: FunnelModel, fault: str) -> bytes:
    """Write a request with one fault, and a person in it."""
    request = json.loads(as_request(rows.head(2)))
    table = request["dataframe_split"]
    number = next(name for name in table["columns"] if name not in model.text_)
    at = {name: table["columns"].index(name) for name in (number, model.text_[0])}
    if fault == "text for a number":
        table["data"][1][at[number]] = PERSON
    elif fault == "an object for a text":
        table["data"][0][at[model.text_[0]]] = {"name": PERSON}
    elif fault == "a feature too few":
        table["columns"][at[number]] = PERSON
    elif fault == "a value too few":
        table["data"][0] = [PERSON]
    elif fault == "no table":
        request["dataframe_split"] = [PERSON]
    elif fault == "records of nothing":
        request = {"dataframe_records": [PERSON]}
    elif fault == "another format":
        request = {"inputs": [{"name": PERSON}]}
    told = json.dumps(request).encode()
    return told[:-2] if fault == "no JSON" else told


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("text for a number", "row 2, feature '.*': a number or null is expected"),
        ("an object for a text", "row 1, feature '.*': a text or null is expected"),
        ("a feature too few", r"the request lacks '.*'; the model needs \d+ features"),
        ("a value too few", r"row 1 is no list of \d+ values"),
        ("no table", "is no object with the lists `columns` and `data`"),
        ("records of nothing", "is no list of rows"),
        ("no JSON", "the request is no JSON"),
        ("another format", "could not be read or scored"),
    ],
)
def test_a_row_that_cannot_be_scored_is_refused_by_name_and_never_repeated(
    server: Server, rows: pd.DataFrame, model: FunnelModel, fault: str, message: str
) -> None:
    with Client(server) as client:
        answer = client.ask(broken(rows, model, fault))
    assert answer.status == 400
    assert re.search(message, json.loads(answer.body)["message"])
    told = answer.body + server.log.read_text()
    assert "Ada" not in told
    assert "example.org" not in told


def test_no_rows_have_no_propensities(client: Client) -> None:
    answer = client.ask(b'{"dataframe_records": []}')
    assert (answer.status, answer.predictions) == (200, [])


def test_a_lead_that_is_not_open_has_no_feature_row(project: Project) -> None:
    with pytest.raises(LeadScoreError, match="1 of 1 leads are not open"):
        feature_rows(project.directory, ["nobody"])
