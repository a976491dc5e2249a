"""What stands on the lists that people get of a night: which leads, in which order and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from leadscore.serving.tiers import ALREADY_SQL, TIERS, rule_words

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "percent", "whole", "amount", "moment"]

REASONS_EACH_WAY = 3
BRIEF_LINES = 3
LISTED = {  # the ledger's lists, of which each cell shows one text
    "for": ("reasons_for", REASONS_EACH_WAY),
    "against": ("reasons_against", REASONS_EACH_WAY),
    "brief": ("brief", BRIEF_LINES),
}


@dataclass(frozen=True)
class SheetColumn:
    """One column of the files: its heading, where it comes from, how it is shown."""

    heading: str
    source: str
    kind: Kind
    width: int


COLUMNS = (
    SheetColumn("Lead", "lead_id", "text", 24),
    SheetColumn("Tier", "tier", "text", 10),
    SheetColumn("Tier before", "previous_tier", "text", 12),
    SheetColumn("Moved", "moved", "text", 9),
    SheetColumn("Score (0-100)", "score", "whole", 14),
    SheetColumn("Chance of SQL", "p_sql", "percent", 14),
    SheetColumn("Chance of winning", "p_won", "percent", 18),
    *(SheetColumn(f"For, reason {n + 1}", f"for_{n}", "text", 52) for n in range(REASONS_EACH_WAY)),
    *(
        SheetColumn(f"Against, reason {n + 1}", f"against_{n}", "text", 52)
        for n in range(REASONS_EACH_WAY)
    ),
    *(SheetColumn(f"Brief, line {n + 1}", f"brief_{n}", "text", 60) for n in range(BRIEF_LINES)),
    SheetColumn("Worth asking for", "missing", "text", 52),
    SheetColumn("Expected value", "expected_value", "amount", 16),
    SheetColumn("Known of the lead", "coverage", "percent", 18),
    SheetColumn("Rule", "rule", "text", 34),
    SheetColumn("Model alone", "model_tier", "text", 12),
    SheetColumn("Team", "team", "text", 14),
    SheetColumn("Place in line", "waiting", "whole", 12),
    SheetColumn("As of", "as_of", "moment", 18),
    SheetColumn("Model", "model_version", "text", 16),
    SheetColumn("Policy", "policy_version", "text", 16),
)


def handoffs(night: pd.DataFrame) -> pd.DataFrame:
    """Keep the leads newly in tier SQL, best first, but not those that sales itself qualified."""
    newly = (night["tier"] == "SQL") & (night["previous_tier"].fillna("") != "SQL")
    return ranked(night[newly & (night["rule"].fillna("") != ALREADY_SQL)])


def ranked(night: pd.DataFrame) -> pd.DataFrame:
    """Sort leads by tier, then by score."""
    place = night["tier"].map({tier: position for position, tier in enumerate(TIERS)})
    found = night.assign(place=place).sort_values(
        ["place", "score", "p_sql", "p_won", "lead_id"], ascending=[True, False, False, False, True]
    )
    return found.drop(columns="place")


def sheet(leads: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Lay leads out in `COLUMNS`: a reason a cell, local time."""
    found = leads.assign(
        as_of=leads["as_of"].dt.tz_convert(timezone).dt.tz_localize(None),
        rule=leads["rule"].map(rule_words, na_action="ignore"),
    )
    found["missing"] = ["; ".join(facts) or None for facts in leads["missing_facts"]]
    for name, (source, count) in LISTED.items():
        for place in range(count):
            found[f"{name}_{place}"] = [
                each[place] if len(each) > place else None for each in leads[source]
            ]
    return found[[column.source for column in COLUMNS]].astype(object)
