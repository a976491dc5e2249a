"""`leadscore check`: the data as training would find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from leadscore.features.contract import load_contract
from leadscore.features.shaping import PassedOver, new_columns, new_kinds, passed_over
from leadscore.features.tables import open_tables
from leadscore.training.dataset import NotViable, Prepared, Viability, prepare

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.tables import Quarantine, Tables


@dataclass(frozen=True)
class Checked:
    """What the tables hold; `prepared` is None where even the first stage is short of data."""

    quarantine: Quarantine
    viability: Viability
    prepared: Prepared | None
    passed_over: list[PassedOver]
    news: list[str]  # what the contract does not know, in sentences

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
    with open_tables(load_contract(directory), known_by=as_of) as tables:
        tables.quarantine.write(directory)
        looked = _looked_at(tables)
        try:
            prepared = prepare(tables)
        except NotViable as short:
            return Checked(tables.quarantine, short.viability, None, *looked)
        return Checked(tables.quarantine, prepared.viability, prepared, *looked)


def _looked_at(tables: Tables) -> tuple[list[PassedOver], list[str]]:
    """Count the rows that settings leave out, and name what the contract does not know."""
    connection, contract = ibis.get_backend(tables.leads), tables.contract
    if contract.reading.push_down:
        return [], []
    kinds = [] if tables.events is None else _words(tables.events.select("kind").distinct())
    news = (new_kinds(contract, kinds), new_columns(connection, contract))
    return passed_over(connection, contract), [each for each in news if each is not None]


def _words(rows: ir.Table) -> list[str]:
    return [str(word) for word in rows.to_pyarrow()["kind"].to_pylist()]
