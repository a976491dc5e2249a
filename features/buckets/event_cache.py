"""The record of events sorted on earlier nights, so that only new files are sorted."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadscore.features.core import write_text
from leadscore.features.shaping import is_shaped
from leadscore.features.sources import files_of, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.features.contract import Contract

logger = logging.getLogger(__name__)

RECORD = "kept.json"
SPARE = 1.25  # more buckets than needed, or a growing company is sorted again each week


@dataclass(frozen=True)
class KeptEvents:
    """The record of a folder of sorted events."""

    key: str  # as `key_of` gives it
    count: int  # of buckets
    schema: str  # columns and types of the files
    states: list[tuple[str, int, int]]  # of each file, as `state_of` gives it
    rows: int
    batches: int  # how many times files were sorted; they are named by it

    @classmethod
    def read(cls, folder: Path) -> KeptEvents | None:
        """Read the record of an earlier night; None where there is none that can be read."""
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
        """Remove the sorted events; the record first, or a partial removal would count."""
        (folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, folder: Path) -> None:
        """Record what is sorted by now; what is not recorded does not count."""
        write_text(folder / RECORD, json.dumps(asdict(self)))

    def new_files(self, files: list[Path]) -> list[Path] | None:
        """List the files that came since; None where an earlier one is gone or has changed."""
        if [state_of(file) for file in files[: len(self.states)]] != self.states:
            return None
        return files[len(self.states) :]


def event_files(contract: Contract) -> list[Path] | None:
    """List the files of the events; None where new rows cannot be told by new files."""
    events = contract.events
    if events is None or events.address is not None or is_shaped(contract, "events"):
        return None
    return files_of(contract, events, name="events")


def key_of(contract: Contract, count: int) -> str:
    """Return all that sorted events depend on but the files."""
    events = contract.events.model_dump_json() if contract.events is not None else ""
    reading = contract.reading.model_dump_json()
    versions = f"leadscore {version('leadscore')} duckdb {version('duckdb')}"
    return "\n".join([events, reading, versions, str(count)])


def with_spare_buckets(count: int, kept: Path | None) -> int:
    """Choose the number of buckets where `count` are needed: as the night before if enough.

    `kept` is where an earlier night left its sorted events; None where they are not kept.
    """
    if kept is None or count == 1:
        return count
    earlier = KeptEvents.read(kept)
    if earlier is not None and count <= earlier.count <= 2 * count:
        return earlier.count
    return int(count * SPARE) + 1
