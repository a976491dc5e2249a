"""The attributes of leads as they stood at each snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

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
    seen = snapshots.join(
        versions.select(version_id="lead_id", version_from="valid_from"),
        [_.lead_id == _.version_id, _.as_of > _.version_from],
    )
    last = seen.group_by("lead_id", "as_of").aggregate(valid_from=seen.version_from.max())
    at = snapshots.select("lead_id", "as_of").left_join(last, ["lead_id", "as_of"])
    at = at.select("lead_id", "as_of", "valid_from")
    valued = at.left_join(
        versions.rename({f"{name}_then": name for name in held}), ["lead_id", "valid_from"]
    ).drop("lead_id_right", "valid_from_right")
    known = versions.select(known_id="lead_id").distinct()
    valued = valued.left_join(known, valued.lead_id == known.known_id)
    joined = leads.join(valued.rename(snapshot_id="lead_id"), leads.lead_id == _.snapshot_id)
    values = {
        name: joined.known_id.isnull().ifelse(joined[name], joined[f"{name}_then"]) for name in held
    }
    others = [name for name in leads.columns if name not in held]
    return joined.select(*others, "as_of", **values), ("lead_id", "as_of")
