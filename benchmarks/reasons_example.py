"""What a salesperson is told of a hundred leads of the made-up company, to be read by people.

Run as `python benchmarks/reasons_example.py`; writes `docs/reasons.md`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.simulated import simulated_project  # noqa: E402
from leadscore.serving.ledger import read_night  # noqa: E402
from leadscore.serving.nightly import score_night  # noqa: E402
from leadscore.training.workflow import train  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "reasons.md"
LEADS = 20_000  # as `leadscore demo` simulates
MOST_SQL, TOLD = 60, 100
INTRODUCTION = """\
# What people are told of a lead

A hundred leads of the made-up company that `leadscore demo` simulates, as they stand in the ledger
after its last night ({night}): {sql} that go to sales for the first time,
then the best {mql} that marketing nurtures. Nobody here exists.
`python benchmarks/reasons_example.py` writes this page; a test works out every number of such texts
again from the files that a company would bring.

## How to read it

**Score.** Of a hundred leads with a score of 40, some 40 become sales qualified within 30 days.

**For** and **Against.** The facts that moved this lead's score most, up or down, strongest first;
at most three each way. Behind each fact stands what it is for the typical lead, so that you see
whether it is much or little. "Typically 14 days ago" is said of things that not every lead did: it
is the middle among those that did. "As for the typical lead" means that the lead is like most in
this: the fact counts because the rest are not. A reason says what the model goes by, and not why
somebody buys.

**Brief.** What to know before the call: what the lead itself did in the last 30 days; the last
three touches, calls by sales among them; where it came from; and what sales said of it before.
E-mails that went out and advertisements that were shown are left out.

**To ask.** What is not known of the lead and would move the score by a point or more: the range
says where the score would come to lie, with the small, the middling or the large value, or one of
the commonest. Where there is no such line, nothing missing would change much.
"""


def main() -> None:
    """Simulate, train, score the last night, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS)
    leads = parser.parse_args().leads
    with tempfile.TemporaryDirectory() as scratch:
        night = scored_company(Path(scratch) / "company", leads=leads)
    PAGE.write_text(page(night), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")


def scored_company(directory: Path, *, leads: int) -> pd.DataFrame:
    """Simulate a company, train a champion on one recipe, and return its last night."""
    simulated_project(directory, leads=leads)
    train(directory, budget_seconds=0)
    result = score_night(directory)
    return read_night(directory, result.as_of.replace(tzinfo=UTC))


def page(night: pd.DataFrame) -> str:
    """Write the page of a hundred leads.

    Parameters
    ----------
    night
        The ledger's rows of one night.

    Returns
    -------
    str
        Markdown.
    """
    told = chosen(night)
    sql = int((told["tier"] == "SQL").sum())
    as_of = told["as_of"].iloc[0]
    said = INTRODUCTION.format(
        night=f"{as_of.day} {as_of:%B %Y}, 0:00 UTC", sql=sql, mql=len(told) - sql
    )
    leads = (_lead(row) for row in told.to_dict("records"))
    return "\n".join([said, "## The leads", "", *leads])


def chosen(night: pd.DataFrame) -> pd.DataFrame:
    """Choose the best leads that go to sales for the first time, and the best of the MQLs."""
    ranked = night.sort_values(["score", "lead_id"], ascending=[False, True])
    sql = ranked[(ranked["tier"] == "SQL") & (ranked["p_sql"] < 1)].head(MOST_SQL)
    mql = ranked[ranked["tier"] == "MQL"].head(TOLD - len(sql))
    return pd.concat([sql, mql])


def _lead(row: dict[str, object]) -> str:
    return "\n".join(_lines(row))


def _lines(row: dict[str, object]) -> Iterator[str]:
    rule = f" · {row['rule']}" if isinstance(row["rule"], str) else ""
    yield f"### {row['lead_id']} · {row['tier']} · score {row['score']:.0f}{rule}\n"
    for title, column in (
        ("For", "reasons_for"),
        ("Against", "reasons_against"),
        ("Brief", "brief"),
        ("To ask", "missing_facts"),
    ):
        told = list(row[column])  # type: ignore[call-overload]
        if told:
            yield f"**{title}**\n"
            yield "\n".join(f"- {line}" for line in told) + "\n"


if __name__ == "__main__":
    main()
