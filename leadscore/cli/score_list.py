"""`leadscore score --leads`: a one-off list into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.cli.runtime import DONE, NEEDS_A_PERSON, print_json, tell

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def score_list(
    directory: Path, leads: Path, *, out: Path | None, as_of: datetime | None, as_json: bool
) -> int:
    """Score a list, write it beside the list or to `out`, and say what was not scored and why."""
    from leadscore.cli.screens import list_summary, night_summary
    from leadscore.serving.export import write_scores
    from leadscore.serving.nightly import score_file

    listed = score_file(directory, leads, as_of=as_of)
    target = write_scores(listed.rows, out or leads.with_name(f"{leads.stem}.scores.csv"))
    tell(night_summary(listed.scored.rows, listed.scored.cuts, listed.policy))
    tell(list_summary(listed))
    tell(f"wrote {target}")
    if as_json:
        print_json({**listed.counts, "file": target})
    return NEEDS_A_PERSON if listed.not_scored else DONE
