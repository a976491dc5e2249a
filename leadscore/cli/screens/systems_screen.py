"""What `leadscore systems` shows: the systems that are known, and what an export is taken for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from leadscore.features.onboarding import TableOfExport
    from leadscore.features.onboarding.systems import SystemSummary


def systems_table(systems: Sequence[SystemSummary]) -> RenderableType:
    """List systems with their tables, what these hold and by which columns they are known."""
    table = Table(title="Systems whose exports are recognised", title_justify="left", box=None)
    for head in ("system", "table", "holds", "must have"):
        table.add_column(head, overflow="fold")
    for system in systems:
        for number, each in enumerate(system.objects):
            shown = f"{system.title} ({system.name})" if number == 0 else ""
            table.add_row(shown, each.title, each.holds, ", ".join(each.needs))
    return table


def found_screen(tables: Sequence[TableOfExport]) -> RenderableType:
    """Show each table of an export: what it is, the columns that are known and those it lacks."""
    return Group(*(part for each in tables for part in (_table(each), Text())))


def _table(found: TableOfExport) -> RenderableType:
    title = f"{Path(found.path).name}: {found.title or 'no system is recognised by its columns'}"
    grid = Table(title=title, title_justify="left", box=None, show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    if found.title is None:
        grid.add_row("read as", found.advice or "what its cells tell, when init reads them")
        return grid
    grid.add_row("holds", found.holds)
    for meaning, column in found.known.items():
        grid.add_row(meaning.replace("_", " "), column)
    if found.wanted:
        grid.add_row("better with", ", ".join(found.wanted))
    if found.advice and (found.wanted or found.holds == "other"):
        grid.add_row("how", found.advice)
    return grid
