"""`leadscore init`: a project folder with a drafted contract and policy that run as they are."""

from __future__ import annotations

import tomllib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leadscore.features.contract import CONTRACT_FILE, Contract
from leadscore.features.core import ContractError, LeadScoreError, validated, write_text
from leadscore.features.onboarding import draft_contract
from leadscore.features.sources import places_of, rows_about
from leadscore.features.tables import open_tables
from leadscore.serving.lead_facts import SETBACKS
from leadscore.serving.policy import POLICY_FILE, draft_policy
from leadscore.training.dataset import stages_of

MANY_EVENTS = 2_000_000  # to screen more takes longer than a person waits for a draft

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.contract import Stage
    from leadscore.features.tables import Tables


def start_project(
    directory: Path,
    leads: str | Sequence[str],
    *,
    events: str | None = None,
    outcomes: str | None = None,
    target: str | None = None,
    stage: Stage = "won",
    created_at: str | None = None,
    overwrite: bool = False,
    system: str | None = None,
) -> tuple[list[Path], tuple[str, ...]]:
    """Draft `leadscore.toml` and `tiers.toml` from somebody's files.

    Parameters
    ----------
    directory
        The project folder; made where it does not exist.
    leads
        Files, folders or globs: the leads, or the tables of an export in any order.
    events, outcomes
        Files or globs of events and of outcomes alone.
    target, stage, created_at
        The outcome column of a flat file, the stage it stands for, the column with the date.
    overwrite
        Whether drafts may take the place of files that are there.

    Returns
    -------
    files : list of Path
        The files written.
    notes : tuple of str
        What their reader should know.

    Raises
    ------
    ContractError
        Where the files are there already.
    DataError
        Where the tables cannot be used; nothing is written then.
    """
    standing = [file for file in _files_of(directory) if file.exists()]
    if standing and not overwrite:
        raise ContractError(
            f"{standing[0]} is there already. Edit it, or draft it anew with --overwrite."
        )
    with _folder(directory):
        draft = draft_contract(
            leads,
            directory=directory,
            events=events,
            outcomes=outcomes,
            target=target,
            stage=stage,
            created_at=created_at,
            system=system,
        )
    return write_project(directory, draft.text), draft.notes


@contextmanager
def _folder(directory: Path) -> Iterator[None]:
    """Make the project folder, from which paths such as ../export go; without a draft, none."""
    is_new = not directory.exists()
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except LeadScoreError:
        if is_new:
            directory.rmdir()
        raise


def write_project(directory: Path, contract_text: str) -> list[Path]:
    """Write a contract, and the policy that is drafted for it, into a project folder.

    Returns
    -------
    list of Path
        `leadscore.toml` and `tiers.toml`.

    Raises
    ------
    LeadScoreError
        Where the contract or its tables cannot be used; nothing is written then.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = _files_of(directory)
    raw = tomllib.loads(contract_text)
    contract = validated(raw, Contract, place=files[0]).in_directory(directory)
    policy_text = _policy_for(contract)
    # The contract last: where it stands, the project is whole.
    write_text(files[1], policy_text)
    write_text(files[0], contract_text)
    return files


def _files_of(directory: Path) -> list[Path]:
    return [directory / CONTRACT_FILE, directory / POLICY_FILE]


def _policy_for(contract: Contract) -> str:
    """Draft the usual promises, or higher ones where most leads convert anyway."""
    known = contract.events.kinds if contract.events is not None else ()
    if known and _events_about(contract) > MANY_EVENTS:  # `check` and `train` screen them
        contract = contract.model_copy(update={"events": None}).in_directory(contract.directory)
    with open_tables(contract) as tables:
        stages = stages_of(tables)
        outcome: Stage = stages[0] if stages else contract.leads.stage
        return draft_policy(
            outcome=outcome,
            base_rate=_base_rate(tables, outcome),
            kinds=list(known) or _words(tables.events, "kind"),
            reasons=_words(_setbacks(tables), "reason"),
        )


def _events_about(contract: Contract) -> int:
    tables = places_of(contract).items()
    return sum(
        rows_about(source, contract, name=name)
        for name, source in tables
        if name.startswith("events")
    )


def _setbacks(tables: Tables) -> ir.Table | None:
    if tables.outcomes is None:
        return None
    return tables.outcomes.filter(tables.outcomes.stage.isin(SETBACKS))


def _words(rows: ir.Table | None, column: str) -> list[str]:
    if rows is None:
        return []
    return list(rows.select(column).distinct().to_pandas()[column].dropna())


def _base_rate(tables: Tables, outcome: Stage) -> float | None:
    if tables.contract.is_flat:
        rate = tables.leads.target.mean().to_pyarrow().as_py()
        return None if rate is None else float(rate)
    if tables.outcomes is None:
        return None
    stages = ("sql", "won") if outcome == "sql" else ("won",)
    reached = tables.outcomes.filter(tables.outcomes.stage.isin(stages)).lead_id.nunique()
    leads = int(tables.leads.count().to_pyarrow().as_py())
    return int(reached.to_pyarrow().as_py()) / leads if leads else None
