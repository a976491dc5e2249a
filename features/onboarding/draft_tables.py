"""What `leadscore init` carries from guessing to writing: samples, facts, the special columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from leadscore.features.onboarding.column_profile import ColumnFacts
    from leadscore.features.onboarding.file_sample import Sample
    from leadscore.features.onboarding.outcome_labels import TargetWords


@dataclass(frozen=True)
class DraftTable:
    """A sample with the facts of its columns."""

    sample: Sample
    facts: Mapping[str, ColumnFacts]

    def without(self, *names: str | None) -> dict[str, ColumnFacts]:
        """Return the facts of all columns but the named."""
        return {name: each for name, each in self.facts.items() if name not in names}

    def cells(self, column: str) -> pd.Series:
        """Return a column's cells as text."""
        return self.sample.frame[column]


@dataclass(frozen=True)
class SpecialColumns:
    """What the special columns of the leads table were guessed to be."""

    lead_id: str | None
    created_at: str | None
    target: str | None
    account: str | None
    words: TargetWords | None
