"""The record that a nightly run leaves: a manifest beside the ledger, and its figures in MLflow."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import TYPE_CHECKING

from leadscore.features.core import LeadScoreError
from leadscore.serving.nightly.run_manifest import Manifest, messages, now, versions_of_libraries
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from leadscore.serving.nightly.night_context import Night
    from leadscore.serving.nightly.run_night import NightResult

logger = logging.getLogger(__name__)


def keep_record(
    directory: Path,
    night: Night,
    result: NightResult,
    *,
    began_at: str,
    tables: Sequence[tuple[str, int, int]],
) -> None:
    """Write the run's manifest, and show its figures in MLflow.

    Parameters
    ----------
    directory
        The project folder.
    night
        What the night was made with.
    result
        What became of it.
    began_at
        When the run began, ISO 8601, UTC.
    tables
        The files that it read, as `sources.source_tables.file_states` tells them.
    """
    stamp, dropped = result.tiered.stamp, result.quarantine.counts.set_index("table")["dropped"]
    counts = {"leads": result.shape.leads, "buckets": night.buckets.count}
    counts |= {f"tier {tier}": count for tier, count in result.shape.tiers.items()}
    counts |= {f"dropped {table}": int(rows) for table, rows in dropped.items()}
    manifest = Manifest(
        as_of=result.as_of.replace(tzinfo=UTC).isoformat(),
        began_at=began_at,
        ended_at=now(),
        outcome=result.written.outcome if result.written else "held back",
        run_id=stamp.run_id,
        model_version=stamp.model_version,
        policy_version=stamp.policy_version,
        tables=tables,
        counts=counts,
        faults=messages(result.faults),
        accepted=messages(result.accepted),
        seconds={stage: round(seconds, 3) for stage, seconds in night.stages.seconds.items()},
        peak_memory_mb=round(night.stages.peak_memory_mb),
        versions=versions_of_libraries(),
    )
    manifest.write(directory)
    seconds = {f"seconds.{_plain(stage)}": value for stage, value in manifest.seconds.items()}
    figures = {_plain(name): float(count) for name, count in counts.items()} | seconds
    told = ("as_of", "outcome", "model_version", "policy_version", "run_id")
    try:
        Registry(directory, night.champion.name).log_night(
            name=f"{manifest.as_of} {stamp.run_id}",
            metrics=figures | {"peak_memory_mb": manifest.peak_memory_mb},
            params={name: getattr(manifest, name) for name in told},
        )
    except LeadScoreError as error:  # the night itself is written
        logger.warning("%s. The ledger and the manifest have the night all the same.", error)


def _plain(name: str) -> str:
    return name.replace(" ", "_")
