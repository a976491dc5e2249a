"""What a nightly run did: its result, its manifest beside the ledger, its figures in MLflow."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadscore.features.core import LeadScoreError, write_text
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from leadscore.features.tables import Quarantine
    from leadscore.serving.export.postgres import Published
    from leadscore.serving.ledger import NightFault, Written
    from leadscore.serving.nightly.drift_checks import NightShape
    from leadscore.serving.nightly.night_context import Night
    from leadscore.serving.nightly.tier_pass import Tiered

logger = logging.getLogger(__name__)

RUNS = "runs"
LIBRARIES = ("leadscore", "duckdb", "ibis-framework", "lightgbm", "pandas", "pyarrow")


@dataclass(frozen=True)
class NightResult:
    """What a nightly run did."""

    as_of: datetime
    tiered: Tiered
    shape: NightShape
    faults: list[NightFault]  # what held the night back; empty where it was written
    accepted: list[NightFault]  # what would have, had a person not accepted it
    written: Written | None  # None where it was held back or nobody was open
    quarantine: Quarantine
    published: Published | None = None  # None where it did not go to PostgreSQL


@dataclass(frozen=True)
class Manifest:
    """What one run did; versions as in the ledger."""

    as_of: str  # moments are ISO 8601, UTC
    began_at: str
    ended_at: str
    outcome: str  # `written`, `unchanged`, `replaced` or `held back`
    run_id: str
    model_version: str
    policy_version: str
    tables: Sequence[tuple[str, int, int]]  # name, bytes, time of change (ns) of each file read
    counts: Mapping[str, int]  # leads by tier, buckets, rows dropped by table
    faults: Sequence[str]  # what held it back
    accepted: Sequence[str]  # what would have, but was accepted
    seconds: Mapping[str, float]  # by stage; of parallel workers, divided by their number
    peak_memory_mb: float  # of all processes, each at its own peak
    versions: Mapping[str, str]  # of the libraries that decide the figures

    @classmethod
    def of(
        cls,
        night: Night,
        result: NightResult,
        *,
        began_at: str,
        tables: Sequence[tuple[str, int, int]],
    ) -> Manifest:
        """Summarise a run; `tables` is what `file_states` returned when it began."""
        stamp = result.tiered.stamp
        return cls(
            as_of=result.as_of.replace(tzinfo=UTC).isoformat(),
            began_at=began_at,
            ended_at=now(),
            outcome=result.written.outcome if result.written else "held back",
            run_id=stamp.run_id,
            model_version=stamp.model_version,
            policy_version=stamp.policy_version,
            tables=tables,
            counts=_counts(night, result),
            faults=[fault.message for fault in result.faults],
            accepted=[fault.message for fault in result.accepted],
            seconds={stage: round(seconds, 3) for stage, seconds in night.stages.seconds.items()},
            peak_memory_mb=round(night.stages.peak_memory_mb),
            versions={name: version(name) for name in LIBRARIES},
        )

    def write(self, directory: Path) -> None:
        """Write it to the project's `runs/`, in a file named for the night and its beginning."""
        began = datetime.fromisoformat(self.began_at)
        night = datetime.fromisoformat(self.as_of)
        file = directory / RUNS / f"{night:%Y-%m-%dT%H%M}_{began:%Y%m%dT%H%M%S%f}.json"
        write_text(file, json.dumps(asdict(self), indent=1))


def _counts(night: Night, result: NightResult) -> dict[str, int]:
    dropped = result.quarantine.counts.set_index("table")["dropped"]
    return {
        "leads": result.shape.leads,
        "buckets": night.buckets.count,
        **{f"tier {tier}": count for tier, count in result.shape.tiers.items()},
        **{f"dropped {table}": int(rows) for table, rows in dropped.items()},
    }


def now() -> str:
    """Return the moment, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()


def record_run(
    night: Night, result: NightResult, *, began_at: str, tables: Sequence[tuple[str, int, int]]
) -> None:
    """Write a run's manifest, and log its figures to MLflow.

    Without MLflow the night stands all the same: that is a warning.
    """
    manifest = Manifest.of(night, result, began_at=began_at, tables=tables)
    manifest.write(night.directory)
    figures = {**manifest.counts} | {
        f"seconds.{name}": each for name, each in manifest.seconds.items()
    }
    metrics = {name.replace(" ", "_"): float(value) for name, value in figures.items()}
    params = ("as_of", "outcome", "model_version", "policy_version", "run_id")
    try:
        Registry(night.directory, night.champion.name).log_night(
            name=f"{manifest.as_of} {manifest.run_id}",
            metrics=metrics | {"peak_memory_mb": manifest.peak_memory_mb},
            params={name: getattr(manifest, name) for name in params},
        )
    except LeadScoreError as error:
        logger.warning("%s. The ledger and the manifest have the night all the same.", error)
