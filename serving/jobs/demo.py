"""`leadscore demo`: a made-up company from raw tables to tiers, on defaults."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.contract import CONTRACT_FILE
from leadscore.features.core import LeadScoreError
from leadscore.serving.export import Exported, export
from leadscore.serving.jobs.init_project import start_project
from leadscore.serving.ledger import read_night
from leadscore.serving.nightly import NightResult, score_night
from leadscore.simulation import simulate
from leadscore.training.workflow import AlreadyTrained, TrainingResult, train

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration did.

    Parameters
    ----------
    trained
        The training run, or that nothing had changed since the last.
    night
        The night that was scored.
    exported
        The spreadsheets.
    """

    trained: TrainingResult | AlreadyTrained
    night: NightResult
    exported: Exported


def run_demo(directory: Path, *, leads: int) -> DemoResult:
    """Simulate a company, draft its contract, train, score its last night, export the tiers.

    What is there already is kept: a second run trains and writes nothing anew.

    Parameters
    ----------
    directory
        The folder of the demonstration.
    leads
        How many leads the company has.

    Returns
    -------
    DemoResult
    """
    raw = directory / "raw"
    if not (directory / CONTRACT_FILE).exists():
        logger.info("simulating %s leads of a made-up software company", f"{leads:,}")
        simulate(raw, leads=leads)
        start_project(
            directory,
            str(raw / "leads.csv"),
            events=str(raw / "events" / "*.parquet"),
            outcomes=str(raw / "outcomes.csv"),
            overwrite=True,
        )
    trained = train(directory)
    night = score_night(directory)
    if night.written is None:
        found = "; ".join(fault.message for fault in night.faults)
        raise LeadScoreError(f"the night of {directory} was held back: {found}")
    told = read_night(directory, night.written.as_of)
    return DemoResult(trained, night, export(told, directory / "exports"))
