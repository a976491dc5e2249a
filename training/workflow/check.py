"""`leadscore check`: the data as training would find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadscore.features.contract import load_contract
from leadscore.features.shaping import new_columns, new_kinds, passed_over
from leadscore.features.tables import connected, open_tables
from leadscore.training.dataset import NotViable, Prepared, Viability, prepare

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.contract import Contract
    from leadscore.features.shaping import PassedOver
    from leadscore.features.tables import Quarantine, Tables


@dataclass(frozen=True)
class Checked:
    """What the tables hold; `prepared` is None where even the first stage is short of data."""

    quarantine: Quarantine
    viability: Viability
    prepared: Prepared | None
    passed_over: tuple[PassedOver, ...] = ()  # by settings of the contract
    news: tuple[str, ...] = ()  # what the contract does not know, in sentences

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody should look before training: suspects, or stages short of data."""
        findings = self.prepared.findings if self.prepared is not None else []
        suspects = any(each.severity == "suspect" and each.overruled is None for each in findings)
        return suspects or bool(self.viability.shortages)

    def to_record(self) -> dict[str, Any]:
        """Return the check as plain values for JSON."""
        record: dict[str, Any] = {
            "quarantine": self.quarantine.counts.to_dict("records"),
            "passed_over": [vars(each) for each in self.passed_over],
            "news": self.news,
            "history_days": self.viability.history_days,
            "viability": [
                vars(each)
                | {"reached": vars(each.reached), "missed": vars(each.missed)}
                | {"by_month": each.by_month.to_dict("records")}
                for each in self.viability.stages
            ],
        }
        if self.prepared is None:
            return record | {"stages": [], "findings": [], "cautions": self.viability.shortages}
        return record | {
            "stages": [vars(each) for each in self.prepared.counts],
            "findings": [vars(each) for each in self.prepared.findings],
            "cautions": self.prepared.cautions,
        }


def check(directory: Path, *, as_of: datetime | None = None) -> Checked:
    """Read the tables, screen them, audit the columns and count what can be learnt.

    `as_of` (UTC) limits them to what was known before.
    """
    contract = load_contract(directory)
    passed, columns = _looked_at(contract)
    with open_tables(contract, known_by=as_of) as tables:
        tables.quarantine.write(directory)
        news = tuple(each for each in (_kinds(tables), columns) if each is not None)
        try:
            prepared = prepare(tables)
        except NotViable as short:
            return Checked(tables.quarantine, short.viability, None, passed, news)
        return Checked(tables.quarantine, prepared.viability, prepared, passed, news)


def _looked_at(contract: Contract) -> tuple[tuple[PassedOver, ...], str | None]:
    """Count the rows that settings leave out, and name columns that the contract does not know."""
    if contract.reading.push_down:
        return (), None
    with connected() as connection:
        return tuple(passed_over(connection, contract)), new_columns(connection, contract)


def _kinds(tables: Tables) -> str | None:
    if tables.events is None:
        return None
    kinds = tables.events.select("kind").distinct().to_pyarrow()["kind"].to_pylist()
    return new_kinds(tables.contract, kinds)
