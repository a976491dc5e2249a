from __future__ import annotations

import pandas as pd

from leadscore.cli.screens.models_screen import versions_table
from tests.terminal import printed


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
    text = printed(versions_table(versions))
    assert "2026-06-02 10:30" in text
    assert "2026-06-02 00:00" in text
    assert "champion" in text
    assert "nan" not in text.lower()


def test_an_empty_registry_says_how_to_fill_it() -> None:
    assert "leadscore train" in printed(versions_table(pd.DataFrame()))
