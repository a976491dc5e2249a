from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.core.errors import ContractError, DataError
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.jobs.init_project import start_project
from leadscore.serving.lead_facts.rule_inputs import rule_facts
from leadscore.serving.policy.policy import load_policy

if TYPE_CHECKING:
    from tests.conftest import Project


NIGHT = datetime(2026, 6, 1)


def write_leads(folder: Path, *, share: float = 0.2, bad_dates: int = 0) -> str:
    random = np.random.default_rng(2)
    created = (
        pd.date_range("2025-01-01", periods=300, freq="D").strftime("%Y-%m-%d").to_numpy(object)
    )
    created[:bad_dates] = "sometime"
    frame = pd.DataFrame(
        {
            "id": [f"K{number}" for number in range(300)],
            "Created": created,
            "Size": random.integers(1, 90, 300),
            "Won": (random.random(300) < share).astype(int),
        }
    )
    frame.to_csv(folder / "leads.csv", index=False)
    return str(folder / "leads.csv")


def test_contract_and_policy_are_drafted_and_readable(tmp_path: Path) -> None:
    files, _ = start_project(tmp_path / "p", write_leads(tmp_path), target="Won")
    assert [file.name for file in files] == ["leadscore.toml", "tiers.toml"]
    assert load_contract(tmp_path / "p").leads.target == "Won"
    load_policy(tmp_path / "p")
    assert {file.name for file in (tmp_path / "p").iterdir()} == {"leadscore.toml", "tiers.toml"}


def test_the_policy_speaks_of_the_stage_that_the_target_stands_for(tmp_path: Path) -> None:
    leads = write_leads(tmp_path)
    for stage in ("sql", "won"):
        start_project(tmp_path / stage, leads, target="Won", stage=stage)  # type: ignore[arg-type]
        assert load_policy(tmp_path / stage).sql.outcome == stage


def test_a_funnel_with_sqls_promises_sqls(project: Project) -> None:
    assert load_policy(project.directory).sql.outcome == "sql"


def test_the_companys_own_words_become_rules(project: Project) -> None:
    contract = load_contract(project.directory)
    policy = load_policy(project.directory, contract)
    assert "demo_request" in (policy.hand_raiser[0].when[0].event or ())
    with open_tables(contract) as tables:
        assert len(rule_facts(tables, nightly_snapshots(tables, as_of=NIGHT), policy)) > 0


def test_where_most_leads_convert_the_promise_is_higher(tmp_path: Path) -> None:
    start_project(tmp_path / "few", write_leads(tmp_path, share=0.05), target="Won")
    start_project(tmp_path / "many", write_leads(tmp_path, share=0.4), target="Won")
    few, many = (load_policy(tmp_path / name).sql.min_precision for name in ("few", "many"))
    assert few == 0.30
    assert 0.7 <= many <= 0.9


def test_what_is_there_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    leads = write_leads(tmp_path)
    start_project(tmp_path / "p", leads, target="Won")
    (tmp_path / "p" / "tiers.toml").write_text("# agreed\n")
    (tmp_path / "p" / "leadscore.toml").unlink()
    with pytest.raises(ContractError, match=r"tiers\.toml is there already.*--overwrite"):
        start_project(tmp_path / "p", leads, target="Won")
    assert not (tmp_path / "p" / "leadscore.toml").exists()
    start_project(tmp_path / "p", leads, target="Won", overwrite=True)
    assert (tmp_path / "p" / "tiers.toml").read_text() != "# agreed\n"


def test_tables_that_cannot_be_used_leave_nothing_behind(tmp_path: Path) -> None:
    leads = write_leads(tmp_path, bad_dates=60)
    with pytest.raises(DataError, match=r"60 of 300 rows.*not a date"):
        start_project(tmp_path / "p", leads, target="Won", created_at="Created")
    assert not list((tmp_path / "p").glob("*"))


def test_an_export_beside_a_folder_that_is_new_is_found_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_leads(tmp_path)
    monkeypatch.chdir(tmp_path)
    start_project(Path("acme"), "leads.csv", target="Won")
    assert load_contract(Path("acme")).leads.path == "../leads.csv"
    with open_tables(load_contract(Path("acme"))) as tables:
        assert tables.leads.count().to_pyarrow().as_py() > 0
