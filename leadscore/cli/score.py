"""`leadscore score`: a night into the ledger, or a one-off list into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from leadscore.cli.runtime import DONE, NEEDS_A_PERSON, print_json, tell
from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadscore.serving.nightly import NightResult


def score_list(
    directory: Path, leads: Path, *, out: Path | None, as_of: datetime | None, as_json: bool
) -> int:
    """Score a list, write it beside the list or to `out`, and say what was not scored and why."""
    from leadscore.cli.screens import list_summary, night_summary
    from leadscore.serving.export import write_scores
    from leadscore.serving.nightly import score_file

    if out is not None and out.is_dir():
        raise LeadScoreError(
            f"--out {out} is a folder; name a file in it, such as {out}/scores.csv"
        )
    listed = score_file(directory, leads, as_of=as_of)
    target = write_scores(listed.rows, out or leads.with_name(f"{leads.stem}.scores.csv"))
    tell(night_summary(listed.scored.rows, listed.scored.cuts, listed.policy))
    tell(list_summary(listed))
    tell(f"wrote {target}")
    if as_json:
        print_json({**listed.counts, "file": target})
    return NEEDS_A_PERSON if listed.not_scored else DONE


def show_night(directory: Path, result: NightResult, *, as_json: bool) -> int:
    """Show what became of a night: its tiers, what held it back, where it was published."""
    from leadscore.cli.screens import night_summary, published_summary
    from leadscore.serving.export import shown_night

    written, published = result.written, result.published
    if written is not None:
        night = shown_night(directory, written.as_of)
        tell(night_summary(night, result.tiered.cuts, result.tiered.notes.policy))
    for fault in result.faults:
        typer.secho(f"✗ held back: {fault.message}", err=True, fg="red")
    for fault in result.accepted:
        typer.secho(f"! accepted: {fault.message}", err=True, fg="yellow")
    if written is not None:
        tell(f"{written.path}: {written.rows:,} rows, {written.outcome}")
    if published is not None:
        tell(published_summary(published))
    if as_json:
        tiers = {tier: count for tier, count in result.shape.tiers.items() if count}
        outcome = written.outcome if written else "held back"
        print_json({"as_of": str(result.as_of), "tiers": tiers, "ledger": outcome})
    to_do = published is not None and bool(published.to_do)
    return NEEDS_A_PERSON if result.faults or to_do else DONE


def find_engine(name: str, master: str | None, directory: Path) -> tuple[Any, Path]:
    """Find the engine, and the project folder as its workers see it."""
    from leadscore.serving.nightly import HERE

    if name == "spark":
        from leadscore.serving.nightly import spark_engine

        return spark_engine(master), directory.resolve()
    if name != "duckdb":
        raise LeadScoreError(f"--engine {name}: use duckdb or spark")
    if master is not None:
        raise LeadScoreError(f"--master {master} is Spark's: say --engine spark, too")
    return HERE, directory
