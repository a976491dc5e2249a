"""The night on the terminal: tiers, moves, promises against evidence, and who goes to sales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from leadscore.features.core import NOTHING, expected, moment, percent, printable
from leadscore.serving.export import handoffs
from leadscore.serving.policy import policy_version
from leadscore.serving.tiers import TIERS, places_of, rule_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from leadscore.features.contract import Stage
    from leadscore.serving.nightly import ScoredList
    from leadscore.serving.policy import Policy
    from leadscore.serving.tiers import CutOffs, TierCut

SHOWN_REASONS = 3
BECOMES: dict[Stage, str] = {"sql": "qualified", "won": "won"}


def night_summary(
    night: pd.DataFrame, cuts: CutOffs, policy: Policy, *, timezone: str = "UTC", top: int = 5
) -> Group:
    """Summarise a night for the terminal, in 100 columns.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.
    cuts
        Where the tiers began, and on what evidence.
    policy
        What was agreed.
    timezone
        The zone whose dates the readers live by.
    top
        How many of the handed-over leads to show.

    Returns
    -------
    rich.console.Group
        What `Console.print` takes.
    """
    parts: list[RenderableType] = [_heading(night, policy, timezone), Text()]
    if not night.empty:
        parts += [tier_table(night), Text(), promise_table(night, cuts), Text()]
        if policy.capacity is not None and night["team"].notna().any():  # a list has no teams
            parts += [places_table(night, policy), Text()]
        parts += [*_rules(night), Text()] if night["rule"].notna().any() else []
    parts += [Text(f"! {cut.tier}: {cut.sentence}", "bold yellow") for cut in _unkept(cuts)]
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
    """Count a night's leads by tier: shares, expected outcomes, moves.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.

    Returns
    -------
    rich.table.Table
        A row a tier and one for all. Expected SQLs are the sum of `p_sql` over leads not yet SQL,
        expected wins the sum of `p_won` over all.
    """
    table = _table("Tier", "Leads", "Share", "Exp. SQLs", "Exp. wins", "Up", "Down", "New", "Same")
    for tier in TIERS:
        of_tier = night[night["tier"] == tier]
        if tier != "Disqualified" or len(of_tier):
            table.add_row(tier, *_counts(of_tier, len(night)))
    table.add_section()
    table.add_row("All", *_counts(night, len(night)), style="bold")
    return table


def promise_table(night: pd.DataFrame, cuts: CutOffs) -> Table:
    """Set each tier's promise beside the evidence for it, and beside what tonight's leads expect.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.
    cuts
        Where the tiers began, and on what evidence.

    Returns
    -------
    rich.table.Table
        A row a tier: each figure is of the leads of that tier or a better one by the model's own
        verdict.
    """
    table = _table(
        "Tier or better",
        "Promise",
        "Cut-off",
        "Earlier leads",
        "Of them",
        "At least",
        "Tonight",
        "Kept",
    )
    for cut, tiers in ((cuts.sql, ["SQL"]), (cuts.mql, ["SQL", "MQL"])):
        tonight = night[night["model_tier"].isin(tiers)]
        table.add_row(
            f"{cut.tier}: {BECOMES[cut.outcome]}",
            _share(cut.promised),
            _share(cut.cut_off) if cut.cut_off is not None else f"best {_share(cut.share)}",
            f"{cut.n:,} of {cut.n_evidence:,}",
            _share(cut.achieved),
            _share(cut.low),
            _share(tonight[f"p_{cut.outcome}"].mean()),
            {True: "yes", False: "no", None: NOTHING}[cut.kept],
        )
    return table


def places_table(night: pd.DataFrame, policy: Policy) -> Table:
    """Show how the night's places were used, and what one place more would bring.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.
    policy
        What was agreed; it has a capacity.

    Returns
    -------
    rich.table.Table
        A row a team.
    """
    table = _table("Places for new leads", "Places", "Given", "Waiting", "Next in line")
    for line in places_of(night, policy):
        team = printable(line.team or "")
        told = (line.places or 0, line.taken, line.waiting)
        table.add_row(team, *(f"{count:,}" for count in told), _share(line.next_chance))
    return table


def handoff_table(night: pd.DataFrame, *, top: int = 5) -> RenderableType:
    """Show the best of the leads that go to sales this night, with their reasons.

    Parameters
    ----------
    night
        A row a lead with the ledger's columns.
    top
        How many to show.

    Returns
    -------
    rich.console.RenderableType
        A table, or a sentence where nobody is handed over.
    """
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
        table.add_row(Text(printable(lead["lead_id"])), score, _share(lead[chance]), why)
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


def _unkept(cuts: CutOffs) -> list[TierCut]:
    return [cut for cut in (cuts.sql, cuts.mql) if cut.kept is False]


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, caption_justify="left", header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _counts(leads: pd.DataFrame, among: int) -> list[str]:
    not_yet = leads.loc[leads["model_tier"].notna(), "p_sql"]
    moved = leads["moved"].value_counts()
    return [
        f"{len(leads):,}",
        percent(len(leads) / among),
        expected(not_yet),
        expected(leads["p_won"]),
        *(f"{moved.get(move, 0):,}" for move in ("up", "down", "new", "same")),
    ]


def _share(share: float | None) -> str:
    return NOTHING if share is None or pd.isna(share) else f"{100 * share:.1f} %"
