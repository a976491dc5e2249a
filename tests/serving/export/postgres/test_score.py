from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leadscore.serving.ledger.reader import nights, read_night

pytest.importorskip("adbc_driver_postgresql", reason="it comes with the extra `postgres`")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.features.contract.publishing import PostgresDestination
    from tests.conftest import Ran


@pytest.fixture
def publishing(own_project: Path, settings: PostgresDestination) -> Path:
    section = f"\n[publish.postgres]\nschema = '{settings.schema_name}'\nreader_role = ''\n"
    with (own_project / "leadscore.toml").open("a", encoding="utf-8") as contract:
        contract.write(section)
    return own_project


def test_the_night_is_published_where_the_contract_says_so(
    publishing: Path, ask: Callable[..., list[Any]], run_cli: Callable[..., Ran]
) -> None:
    ran = run_cli("score", "-C", publishing, "--as-of", "2026-06-01")
    assert ran.code == 0, ran.err
    told = read_night(publishing, nights(publishing)[-1], columns=["lead_id", "tier"])
    found = ask("SELECT lead_id, tier FROM latest_tiers ORDER BY lead_id")
    assert found == list(told.itertuples(index=False, name=None))


def test_a_database_that_is_away_leaves_the_ledger_and_the_same_command_goes_on(
    publishing: Path,
    ask: Callable[..., list[Any]],
    run_cli: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    settings: PostgresDestination,
) -> None:
    with monkeypatch.context() as away:
        away.setenv(settings.variable, "postgresql://nobody@127.0.0.1:1/none")
        ran = run_cli("score", "-C", publishing, "--as-of", "2026-06-01")
    assert ran.code == 2
    assert len(nights(publishing)) == 1
    ran = run_cli("score", "-C", publishing, "--as-of", "2026-06-01")
    assert ran.code == 0, ran.err
    [leads] = ask("SELECT count(*) FROM latest_tiers")
    assert leads == len(read_night(publishing, nights(publishing)[-1]))
