"""What `leadscore models` shows on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

HEADS = {
    "version": "version",
    "aliases": "is",
    "created_at": "trained",
    "known_until": "on data up to",
    "gate": "gate",
    "promoted_at": "promoted",
    "promoted_by": "by",
    "promoted_because": "because",
}


def versions_table(versions: pd.DataFrame) -> RenderableType:
    """Show the registered versions, newest first."""
    if versions.empty:
        return Text("nothing is registered yet; run `leadscore train`")
    table = Table(title="Registered models", title_justify="left", box=None)
    shown = versions.reindex(columns=list(HEADS)).astype("object")
    shown = shown.where(shown.notna(), "")
    for head in HEADS.values():
        table.add_column(head, overflow="fold")
    for row in shown.itertuples(index=False):
        table.add_row(*(_short(cell) for cell in row))
    return table


def promotions_table(made: pd.DataFrame) -> RenderableType:
    """Show every promotion and rollback, the latest last."""
    if made.empty:
        return Text("no version has been promoted yet")
    table = Table(title="Who has been champion", title_justify="left", box=None)
    for head in ("since", "version", "instead of", "by", "because", "gate"):
        table.add_column(head, overflow="fold")
    for each in made.itertuples():
        why = f"{each.why} (rolled back)" if each.is_rollback else each.why
        cells = (each.version, each.before or "–", each.who, why, each.gate)
        table.add_row(_short(each.at), *map(str, cells))
    return table


def _short(cell: object) -> str:
    """Shorten a moment to the minute; other text is unchanged."""
    if hasattr(cell, "strftime"):
        return f"{cell:%Y-%m-%d %H:%M}"
    text = str(cell)
    return text[:16].replace("T", " ") if text[4:5] == "-" and "T" in text[:11] else text
