"""What the command line prints, as text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.console import RenderableType


def printed(what: RenderableType) -> str:
    """What a terminal of 100 columns shows."""
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(what)
    return console.export_text()
