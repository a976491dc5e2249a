"""Tables whose rows name records such as deals, and the tables that join these to leads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leadscore.features.onboarding.table_plans import listed
from leadscore.features.shaping import SEPARATORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from leadscore.features.onboarding.table_plans import TablePlan

SALESFORCE_ID = 15  # characters that tell records apart; three more only repeat them


def with_links(plans: Sequence[TablePlan]) -> list[TablePlan]:
    """Give tables of records the table that joins them to leads; without one they are not read."""
    links = [plan for plan in plans if plan.holds == "links"]
    found = [_linked(plan, links) for plan in plans]
    used = [each.link for each in found if each.link is not None]
    return [
        each.held_as("other", "it joins records that no table of the export tells of")
        if each.holds == "links" and each not in used
        else each
        for each in found
    ]


def _linked(plan: TablePlan, links: Sequence[TablePlan]) -> TablePlan:
    """Join a table whose rows name no lead but a record."""
    known = plan.recognised
    if known is None or plan.holds not in {"events", "outcomes"}:
        return plan
    record = known.contract.get("record_id")
    if record is None or plan.settings.get("lead_id", record) != record:
        return plan
    for each in links:
        other = each.recognised
        if other and other.system == known.system and known.name in other.object.links:
            settings = {"lead_id": record, **plan.settings}
            return replace(plan, settings=settings, link=each)
    joining = [title.title for title in known.system.objects.values() if known.name in title.links]
    also = f" Give also {known.system.title}'s {' or '.join(joining)}." if joining else ""
    return plan.held_as("other", f"{plan.why}, but its rows name no lead.{also}")


def names_no_lead(plan: TablePlan, key: object, leads: TablePlan) -> bool:
    """Whether none of the ids in a recognised table's column is a lead's, or an alias of one.

    Of tables that are held as samples nothing is said.
    """
    sampled = plan.sample.whole is not None or leads.sample.whole is not None
    if plan.recognised is None or plan.link is not None or sampled:
        return False
    names = [leads.settings.get("lead_id"), *listed(leads.settings.get("aliases"))]
    frame = leads.sample.frame
    known = {each for name in names if name in frame for each in _ids(leads, frame[str(name)])}
    given = _ids(leads, plan.rows[str(key)])
    return bool(given) and not given & known


def several_ids(plan: TablePlan, key: object) -> bool:
    """Whether cells of a column hold several ids, or lists."""
    return bool(plan.rows[str(key)].str.contains(r"[;\[]", regex=True).any())


def _ids(leads: TablePlan, cells: pd.Series) -> set[str]:
    """Return the ids in some cells, those of Salesforce without the part that repeats."""
    found = cells.str.split(SEPARATORS, regex=True).explode()
    cut = SALESFORCE_ID if leads.ids == "salesforce" else None
    return set(found.str[:cut]) - {""}
