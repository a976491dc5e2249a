"""The attributes of leads as they stood at each snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.tables import Tables


def leads_as_of(tables: Tables, snapshots: ir.Table) -> tuple[ir.Table, tuple[str, ...]]:
    """Return the leads of snapshots with their attributes as known strictly before each.

    Where the source keeps no history that is a row a lead, as it is today; else a row a snapshot.
    A lead whose first version is later than a snapshot has empty attributes there.

    Returns
    -------
    leads : ir.Table
        The columns of `tables.leads`, with `as_of` where attributes have a history.
    keys : tuple of str
        The columns that identify a row: `lead_id`, and `as_of` where there is one.
    """
    leads = tables.leads.semi_join(snapshots, "lead_id")
    versions = tables.versions
    if versions is None:
        return leads, ("lead_id",)
    held = [name for name in versions.columns if name not in {"lead_id", "valid_from"}]
    since = versions.select(version_id="lead_id", version_from="valid_from")
    seen = snapshots.join(
        since, [snapshots.lead_id == since.version_id, snapshots.as_of > since.version_from]
    )
    last = seen.group_by(last_id=seen.lead_id, last_as_of=seen.as_of).aggregate(
        version_from=seen.version_from.max()
    )
    at = snapshots.select(snapshot_id="lead_id", as_of="as_of").left_join(
        last, [("snapshot_id", "last_id"), ("as_of", "last_as_of")]
    )
    then = versions.rename(
        {"held_id": "lead_id", "held_from": "valid_from"} | {f"{name}_then": name for name in held}
    )
    valued = at.left_join(then, [("snapshot_id", "held_id"), ("version_from", "held_from")])
    known = versions.select(known_id="lead_id").distinct()
    valued = valued.left_join(known, [("snapshot_id", "known_id")])
    joined = leads.join(valued, [("lead_id", "snapshot_id")])
    values = {
        name: ibis.ifelse(joined.known_id.isnull(), joined[name], joined[f"{name}_then"])
        for name in held
    }
    others = [name for name in leads.columns if name not in held]
    return joined.select(*others, "as_of", **values), ("lead_id", "as_of")
