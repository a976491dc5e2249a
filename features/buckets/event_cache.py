"""Which files' events lie sorted from an earlier night, so that only new files are sorted."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadscore.features.sources.source_tables import files_of, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.features.contract.contract import Contract

logger = logging.getLogger(__name__)

RECORD = "kept.json"
ROOM = 1.25  # so many more buckets than needed, or a growing company would be sorted anew each week


@dataclass(frozen=True)
class KeptEvents:
    """What lies sorted in a folder.

    Parameters
    ----------
    key
        How it was read: by what contract and versions, and in how many buckets.
    count
        The number of buckets.
    schema
        The columns and types of the files.
    states
        Path, bytes and time of change (nanoseconds) of each file, in the order of their rows.
    rows
        How many rows they have.
    batches
        How many times files were sorted: each time's files have a name of their own.
    """

    key: str
    count: int
    schema: str
    states: list[tuple[str, int, int]]
    rows: int
    batches: int

    @classmethod
    def read(cls, folder: Path) -> KeptEvents | None:
        """Read what an earlier night left; None where that is nothing, or nothing that we know."""
        file = folder / RECORD
        if not file.exists():
            return None
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            found["states"] = [tuple(state) for state in found["states"]]
            return cls(**found)
        except (ValueError, TypeError, KeyError):  # a power cut, or another version's record
            logger.warning("%s cannot be read, so all events are sorted anew", file)
            return None

    @staticmethod
    def forget(folder: Path) -> None:
        """Remove what lies there; the record first, or what is half removed would count."""
        (folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, folder: Path) -> None:
        """Say what lies there by now; what is not said does not count."""
        part = folder / f"{RECORD}.part"
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.replace(folder / RECORD)

    def new_files(self, files: list[Path]) -> list[Path] | None:
        """List the files that came since; None where an earlier one is gone or not the same."""
        if [state_of(file) for file in files[: len(self.states)]] != self.states:
            return None
        return files[len(self.states) :]


def event_files(contract: Contract) -> list[Path] | None:
    """List the files that hold the events; None where nobody can tell whether they changed."""
    events = contract.events
    if events is None or events.address is not None:
        return None
    return files_of(contract, events, name="events")


def key_of(contract: Contract, count: int) -> str:
    """Name all that sorted events hang on but the files."""
    events = contract.events.model_dump_json() if contract.events is not None else ""
    reading = contract.reading.model_dump_json()
    versions = f"leadscore {version('leadscore')} duckdb {version('duckdb')}"
    return "\n".join([events, reading, versions, str(count)])


def with_room(count: int, kept: Path | None) -> int:
    """Choose into how many buckets to sort: as many as the night before, where they still do.

    Parameters
    ----------
    count
        How many are needed.
    kept
        Where an earlier night left its sorted events; None where they are not kept.

    Returns
    -------
    int
    """
    if kept is None or count == 1:
        return count
    earlier = KeptEvents.read(kept)
    if earlier is not None and count <= earlier.count <= 2 * count:
        return earlier.count
    return int(count * ROOM) + 1
