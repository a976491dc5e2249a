"""Which rows a stage's model learns from and is judged on, and whether there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.training.dataset.splits import parts_of_stage

if TYPE_CHECKING:
    import pandas as pd

    from leadscore.training.dataset.labels import Labels
    from leadscore.training.dataset.splits import Split

SINCE_SQL = "hours_since_sql"  # the feature that is known exactly for leads that are SQL by then
MIN_POSITIVES = 30  # with fewer of either outcome no tree finds anything but chance
MIN_JUDGED = 5  # with fewer no interval says anything


@dataclass(frozen=True)
class StageCounts:
    """How many snapshots with a known label a stage has to learn from and to be judged on."""

    stage: str
    learn_rows: int
    learn_positives: int
    test_rows: int
    test_positives: int


def stage_part(labels: Labels, split: Split, stage: str) -> pd.Series[str]:
    """Give each snapshot its part for a stage's own model: won is learnt from SQLs alone."""
    part = parts_of_stage(labels, split, stage)
    if stage == "won" and "sql" in labels.stages:
        part = part.where(reached_sql(labels), "unused")
    return part


def reached_sql(labels: Labels) -> pd.Series[bool]:
    """Mark the snapshots of leads that are SQLs or become one in time."""
    return labels.frame["is_sql"] | (labels.frame["y_sql"] == 1)


def count_stages(labels: Labels, split: Split) -> list[StageCounts]:
    """Count the rows and positives of each stage by part."""
    counts = []
    for stage in labels.stages:
        part, positive = stage_part(labels, split, stage), labels.frame[f"y_{stage}"] == 1
        sides = [part == "learn", part == "test"]
        rows = [int(count) for side in sides for count in (side.sum(), (side & positive).sum())]
        counts.append(StageCounts(stage, *rows))
    return counts


def too_little(labels: Labels, split: Split, stage: str) -> str:
    """Say why a stage cannot be learnt; empty where it can."""
    part, outcome = stage_part(labels, split, stage), labels.frame[f"y_{stage}"]
    learn, test = part == "learn", part == "test"
    for value, word in ((1, f"reached {stage}"), (0, f"did not reach {stage}")):
        has = outcome == value
        total, held_out = int((learn & has).sum()), int((test & has).sum())
        if total < MIN_POSITIVES or held_out < MIN_JUDGED:
            return (
                f"{stage}: {total:,} matured snapshots to learn from and {held_out:,} held out "
                f"{word}; {MIN_POSITIVES} and {MIN_JUDGED} are the least. Wait for more leads to "
                f"mature, bring a longer history, or shorten `horizon_days.{stage}`."
            )
    return ""
