"""The night on the terminal: tiers, moves, promises against evidence, and who goes to sales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from leadscore.cli.screens.tables import (
    EVIDENCE_HEADS,
    evidence_cells,
    expectations,
    plain_table,
    share_text,
    shown_tiers,
)
from leadscore.features.core import NOTHING, moment, percent, printable
from leadscore.serving.export import handoffs
from leadscore.serving.policy import policy_version
from leadscore.serving.tiers import places_used, rule_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from leadscore.features.contract import Stage
    from leadscore.serving.nightly import ScoredList
    from leadscore.serving.policy import Policy
    from leadscore.serving.tiers import CutOffs

SHOWN_REASONS = 3
BECOMES: dict[Stage, str] = {"sql": "qualified", "won": "won"}


def night_summary(
    night: pd.DataFrame, cuts: CutOffs, policy: Policy, *, timezone: str = "UTC", top: int = 5
) -> Group:
    """Summarise a night for the terminal, in 100 columns."""
    parts: list[RenderableType] = [_heading(night, policy, timezone), Text()]
    if not night.empty:
        parts += [tier_table(night), Text(), promise_table(night, cuts), Text()]
        if policy.capacity is not None and night["team"].notna().any():  # a list has no teams
            parts += [places_table(night, policy), Text()]
        parts += [*_rules(night), Text()] if night["rule"].notna().any() else []
    unkept = [cut for cut in (cuts.sql, cuts.mql) if cut.kept is False]
    parts += [Text(f"! {cut.tier}: {cut.sentence}", "bold yellow") for cut in unkept]
    parts.append(handoff_table(night, top=top))
    return Group(*parts)


def list_summary(listed: ScoredList) -> Text:
    """Say how many rows of a one-off list were scored, and why the others were not."""
    told = Text(f"{len(listed.scored.rows):,} of {len(listed.rows):,} rows are scored.")
    if listed.not_scored:
        kinds = ", ".join(f"{count:,} × {kind}" for kind, count in listed.not_scored.items())
        told.append(f" Not scored: {kinds}.", "bold yellow")
    if listed.cells_not_used:
        told.append(
            f" Unreadable cells that count as missing: {listed.cells_not_used:,}.", "yellow"
        )
    if listed.quarantine:
        told.append(f" Which, say the last columns of the scores, and {listed.quarantine}.")
    return told


def tier_table(night: pd.DataFrame) -> Table:
    """Count a night's leads by tier, and in all: shares, expected outcomes, moves."""
    moves = ("Up", "Down", "New", "Same")
    table = plain_table("", ("Tier", "Leads", "Share", "Exp. SQLs", "Exp. wins", *moves))
    for tier in shown_tiers(night):
        table.add_row(tier, *_counts(night[night["tier"] == tier], len(night)))
    table.add_section()
    table.add_row("All", *_counts(night, len(night)), style="bold")
    return table


def _counts(leads: pd.DataFrame, among: int) -> list[str]:
    count, sqls, wins = expectations(leads)
    moved = leads["moved"].value_counts()
    moves = (f"{moved.get(move, 0):,}" for move in ("up", "down", "new", "same"))
    return [count, percent(len(leads) / among), sqls, wins, *moves]


def promise_table(night: pd.DataFrame, cuts: CutOffs) -> Table:
    """Compare each tier's promise with its evidence, and with what tonight's leads expect.

    Each figure is of the leads of that tier or a better one by the model alone.
    """
    *evidence, kept = EVIDENCE_HEADS
    table = plain_table("", ("Tier or better", "Promise", *evidence, "Tonight", kept))
    for cut, tiers in ((cuts.sql, ["SQL"]), (cuts.mql, ["SQL", "MQL"])):
        tonight = night.loc[night["model_tier"].isin(tiers), f"p_{cut.outcome}"].mean()
        *cells, is_kept = evidence_cells(cut)
        name = f"{cut.tier}: {BECOMES[cut.outcome]}"
        table.add_row(name, share_text(cut.promised), *cells, share_text(tonight), is_kept)
    return table


def places_table(night: pd.DataFrame, policy: Policy) -> Table:
    """Show how each team's places were used, and what one place more would bring."""
    heads = ("Places for new leads", "Places", "Given", "Waiting", "Next in line")
    table = plain_table("", heads)
    for line in places_used(night, policy):
        counts = (f"{count:,}" for count in (line.places or 0, line.taken, line.waiting))
        table.add_row(printable(line.team or ""), *counts, share_text(line.next_chance))
    return table


def handoff_table(night: pd.DataFrame, *, top: int = 5) -> RenderableType:
    """Show the best of the leads that go to sales this night, with their reasons."""
    newly = handoffs(night)
    if newly.empty:
        return Text("Nobody new goes to sales tonight.")
    chance = "p_sql" if newly["p_sql"].notna().any() else "p_won"
    table = Table(title=f"To sales tonight: {len(newly):,}", title_justify="left", box=None)
    table.caption_justify = "left"
    table.add_column("Lead", max_width=28, overflow="fold")
    table.add_column("Score", justify="right")
    table.add_column("Chance", justify="right")
    table.add_column("Why, and why not", ratio=1, overflow="fold")
    for lead in newly.head(top).to_dict("records"):
        shown = [f"+ {reason}" for reason in lead["reasons_for"][:SHOWN_REASONS]]
        shown += [f"− {reason}" for reason in lead["reasons_against"][:1]]
        score = f"{lead['score']:.0f}" if pd.notna(lead["score"]) else NOTHING
        if pd.notna(lead["rule"]):
            shown.insert(0, f"! {rule_words(lead['rule'])}")
        why = Text("\n".join(printable(line) for line in shown))
        table.add_row(Text(printable(lead["lead_id"])), score, share_text(lead[chance]), why)
    if len(newly) > top:
        table.caption = f"… and {len(newly) - top:,} more; `leadscore export` lists them all."
    return table


def _heading(night: pd.DataFrame, policy: Policy, timezone: str) -> Text:
    if night.empty:
        return Text("No open lead was scored.", "bold")
    first = night.iloc[0]
    return Text.assemble(
        (f"Night of {moment(first['as_of'].to_pydatetime(), timezone)}", "bold"),
        f" · {len(night):,} open leads · model {printable(first['model_version'])}",
        f" · policy {policy_version(policy)}",
    )


def _rules(night: pd.DataFrame) -> list[Text]:
    """Say whom something other than the model decided about, commonest first."""
    counts = night["rule"].value_counts()
    return [Text(f"{count:,} {printable(rule_words(str(rule)))}") for rule, count in counts.items()]
