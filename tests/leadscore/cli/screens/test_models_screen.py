from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console

from leadscore.cli.screens.models_screen import versions_table

if TYPE_CHECKING:
    from rich.console import RenderableType


def shown(what: RenderableType) -> str:
    console = Console(width=100, file=StringIO(), force_terminal=False)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_versions_are_listed_with_what_became_of_them() -> None:
    versions = pd.DataFrame(
        {
            "version": ["2", "1"],
            "aliases": ["challenger", "champion"],
            "created_at": pd.to_datetime(["2026-06-02 10:30", "2026-06-01 09:15"], utc=True),
            "known_until": ["2026-06-02T00:00:00+00:00", ""],
            "gate": ["refused: better than the champion", "passed"],
            "promoted_by": [None, "ann"],
        }
    )
    told = shown(versions_table(versions))
    assert "2026-06-02 10:30" in told
    assert "2026-06-02 00:00" in told
    assert "champion" in told
    assert "nan" not in told.lower()


def test_an_empty_registry_says_how_to_fill_it() -> None:
    assert "leadscore train" in shown(versions_table(pd.DataFrame()))
