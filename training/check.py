"""`leadscore check`: what training would meet, before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.contract import load_contract
from features.tables import open_tables
from training.prepare import Prepared, prepare

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from features.quarantine import Quarantine


@dataclass(frozen=True)
class Checked:
    """What the tables hold.

    Parameters
    ----------
    quarantine
        What could not be used.
    prepared
        Snapshots, labels, split, features, and the audit's findings.
    """

    quarantine: Quarantine
    prepared: Prepared

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody should look before training: suspects, or stages left out."""
        suspects = any(
            each.severity == "suspect" and each.overruled is None for each in self.prepared.findings
        )
        return suspects or any(each.startswith("Left out") for each in self.prepared.cautions)


def check(directory: Path, *, as_of: datetime | None = None) -> Checked:
    """Read the tables, screen them, audit the columns and count what can be learnt.

    Parameters
    ----------
    directory
        The project folder.
    as_of
        Use only what was known before this moment (UTC).

    Returns
    -------
    Checked

    Raises
    ------
    LeadScoreError
        Where contract or tables cannot be used.
    """
    with open_tables(load_contract(directory), known_by=as_of) as tables:
        tables.quarantine.write(directory)
        return Checked(tables.quarantine, prepare(tables))
