"""What became of a night in PostgreSQL, for a person and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadscore.serving.export.postgres import Outcome, Published

WORDS: dict[Outcome, str] = {
    "written": "readers see it now",
    "replaced": "readers see it now, in place of what was said of it before",
    "unchanged": "it was there already; nothing was changed",
    "kept-older": "readers go on seeing a later night; this one went to the history",
}
NOBODY_READS = (
    "! Nobody but the job can read it yet. Let a database administrator run this, or set "
    '`publish.postgres.reader_role` to "":'
)


def published_summary(published: Published) -> str:
    """Say in a few lines what became of a night.

    Parameters
    ----------
    published
        What `publish_night` returned.

    Returns
    -------
    str
    """
    night = f"{published.as_of:%Y-%m-%d %H:%M} UTC in PostgreSQL"
    seconds = sum(published.seconds.values())
    lines = [
        f"{night}: {published.rows:,} leads; {WORDS[published.outcome]}",
        f"{published.history_rows:,} rows of it in the history; {seconds:.1f} s",
    ]
    if published.to_do:
        lines += [NOBODY_READS, *(f"  {statement}" for statement in published.to_do)]
    return "\n".join(lines)


def published_record(published: Published) -> dict[str, object]:
    """Return the same as plain values, for JSON."""
    return {
        "as_of": published.as_of.isoformat(),
        "leads": published.rows,
        "history_rows": published.history_rows,
        "outcome": published.outcome,
        "seconds": {step: round(seconds, 3) for step, seconds in published.seconds.items()},
        "to_do": list(published.to_do),
    }
