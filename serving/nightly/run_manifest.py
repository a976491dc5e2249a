"""What a run of the nightly job did, kept beside the ledger: inputs, versions, counts, timings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadscore.features.core import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from leadscore.serving.ledger import NightFault

RUNS = "runs"
LIBRARIES = ("leadscore", "duckdb", "ibis-framework", "lightgbm", "pandas", "pyarrow")


@dataclass(frozen=True)
class Manifest:
    """What one run did.

    Parameters
    ----------
    as_of
        The night, ISO 8601, UTC.
    began_at, ended_at
        When it ran.
    outcome
        `written`, `unchanged`, `replaced` or `held back`.
    run_id, model_version, policy_version
        As in the ledger.
    tables
        Name, bytes and time of change (nanoseconds) of every file it read.
    counts
        Leads by tier, buckets, rows that could not be used by table.
    faults, accepted
        What held it back, and what would have but was accepted.
    seconds
        By stage; of what several processes share out, their seconds divided by their number.
    peak_memory_mb
        The most memory its processes held, each at its own peak.
    versions
        Of leadscore and the libraries that decide the figures.
    """

    as_of: str
    began_at: str
    ended_at: str
    outcome: str
    run_id: str
    model_version: str
    policy_version: str
    tables: Sequence[tuple[str, int, int]]
    counts: Mapping[str, int]
    faults: Sequence[str]
    accepted: Sequence[str]
    seconds: Mapping[str, float]
    peak_memory_mb: float
    versions: Mapping[str, str]

    def write(self, directory: Path) -> Path:
        """Write it to the project's `runs/`, in a file named for the night and its beginning."""
        began = datetime.fromisoformat(self.began_at)
        night = datetime.fromisoformat(self.as_of)
        file = directory / RUNS / f"{night:%Y-%m-%dT%H%M}_{began:%Y%m%dT%H%M%S%f}.json"
        write_text(file, json.dumps(asdict(self), indent=1))
        return file


def now() -> str:
    """Return the moment, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


def versions_of_libraries() -> dict[str, str]:
    """Return the versions that decide the figures."""
    return {name: version(name) for name in LIBRARIES}


def messages(faults: Sequence[NightFault]) -> list[str]:
    """Return what faults say."""
    return [fault.message for fault in faults]
