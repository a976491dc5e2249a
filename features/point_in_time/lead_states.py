"""The attributes of leads as they stood at each snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.tables import STATE, seen_states, with_values

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables


@dataclass(frozen=True)
class LeadStates:
    """The leads of snapshots with their attributes as known strictly before each.

    Parameters
    ----------
    leads
        The columns of `tables.leads`: a row a lead, or a row a state where attributes have a
        history.
    keys
        The columns that identify a row of `leads`.
    seen
        The state of each snapshot: `lead_id`, `as_of` and the other key; None without a history.
    """

    leads: ir.Table
    keys: tuple[str, ...]
    seen: ir.Table | None

    def by_snapshot(self, values: ir.Table) -> tuple[ir.Table, dict[str, str]]:
        """Give each snapshot what was computed of its lead's state, a row of `leads` each.

        Returns the rows, and their keys as `catalogue.Lookup` takes them.
        """
        if self.seen is None:
            return values, {"lead_id": "lead_id"}
        computed = values.rename(own_id="lead_id", own_state=STATE)
        seen = self.seen.view()  # what was computed is made of it, which a join must not mix up
        same = [seen.lead_id == computed.own_id, seen[STATE] == computed.own_state]
        rows = seen.join(computed, same).drop(STATE, "own_id", "own_state")
        return rows, {"lead_id": "lead_id", "as_of": "as_of"}


def leads_as_of(tables: Tables, snapshots: ir.Table) -> LeadStates:
    """Return the leads of snapshots with their attributes as known strictly before each.

    A lead whose first version is later than a snapshot has empty attributes there. Of a one-off
    list the listed values hold.
    """
    leads = tables.leads.semi_join(snapshots, "lead_id")
    versions = tables.versions
    if versions is None:
        return LeadStates(leads, ("lead_id",), None)
    seen = seen_states(snapshots, versions)
    states = with_values(
        leads,
        seen.select("lead_id", STATE).distinct(),
        versions,
        tables.contract,
        is_list=tables.listed is not None,
    )
    return LeadStates(states, ("lead_id", STATE), seen)
