"""Under which ids other tables name a lead: longer and shorter forms, aliases, merged records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.cells import text_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract

ALIASES = "aliases_of_leads"  # the table with columns `other_id`, `owner_id`
OTHER, OWNER = "(other id)", "(owner)"  # beside the user's columns, which may be called `owner_id`
MERGES = 10  # times that a record may have been merged into one that was merged again
SEPARATORS = r"""[;,|\s\[\]"']+"""  # of several ids in a cell, and around those of a list

SHORT_ID, LONG_ID = r"^[a-zA-Z0-9]{15}$", r"^[a-zA-Z0-9]{18}$"
SHORT_LENGTH, CHUNK = 15, 5
CHECK_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"  # by which of five characters are capitals:
PATTERNS = ",".join(f"{place:05b}"[::-1] for place in range(len(CHECK_SIGNS)))


def salesforce_id(text: ir.StringValue) -> ir.StringValue:
    """Write Salesforce's ids of 15 characters with the 3 that say which letters are capitals.

    An id of 18 characters whose last three are wrong stays as it is, and so does all else.
    Source: Salesforce Help, "Record IDs in Salesforce: 15 and 18 characters".
    """
    short = text.left(SHORT_LENGTH)
    capitals = short.re_replace("[^A-Z]", "0").re_replace("[A-Z]", "1")
    signs = [_check_sign(capitals.substr(start, CHUNK)) for start in (0, 5, 10)]
    whole = short + ibis.literal("").join(signs)
    is_short = text.re_search(SHORT_ID)
    is_long = text.re_search(LONG_ID) & (whole.upper() == text.upper())
    return ibis.ifelse(is_short | is_long, whole, text)


def _check_sign(capitals: ir.StringValue) -> ir.StringValue:
    """Return the sign for five characters, of which `1` marks the capitals."""
    place: ir.IntegerValue = ibis.literal(PATTERNS).find(capitals) // (CHUNK + 1)
    return ibis.literal(CHECK_SIGNS).substr(place, 1)


def own_id(column: ir.Column, contract: Contract) -> ir.StringValue:
    """Read a column of ids in the form that the contract's ids have."""
    text = text_cell(column, contract.reading)
    return salesforce_id(text) if contract.leads.ids == "salesforce" else text


def has_aliases(contract: Contract) -> bool:
    """Whether other tables may name leads by other ids."""
    leads = contract.leads
    return bool(leads.aliases or leads.merged or leads.merged_into)


def keep_aliases(
    connection: Backend, leads: ir.Table, merged: Sequence[ir.Table], contract: Contract
) -> None:
    """Store the leads' other ids: from columns of the leads, and from merged records.

    `merged` are tables of `owner_id` and `cell`: an id or several that the owner has taken over.
    An id of a lead of its own is nobody's alias. An alias may belong to several leads, as two
    leads may become one contact.
    """
    lead_id = own_id(leads[str(contract.leads.lead_id)], contract)
    parts = [
        leads.select(owner_id=lead_id, cell=leads[column].cast("string"))
        for column in contract.leads.aliases
    ]
    parts += [each.mutate(owner_id=own_id(each.owner_id, contract)) for each in merged]
    listed = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0].distinct()
    split = listed.mutate(other_id=each_id(listed.cell))
    pairs = split.select("owner_id", other_id=own_id(split.other_id, contract)).drop_null()
    pairs = pairs.filter(_.other_id != _.owner_id).distinct()
    owners = leads.select(own=lead_id).distinct()
    free = pairs.anti_join(owners, pairs.other_id == owners.own)
    connection.create_table(ALIASES, _resolved(connection, free, owners), overwrite=True)


def each_id(cell: ir.StringValue) -> ir.StringValue:
    """Return a row an id of the cells that hold several; some are empty."""
    return cell.re_replace(SEPARATORS, ";").split(";").unnest()


def _resolved(connection: Backend, pairs: ir.Table, owners: ir.Table) -> ir.Table:
    """Follow merges of merged records to the lead that is left."""
    steps = connection.create_table(f"{ALIASES}_given", pairs, overwrite=True)
    found = steps
    for _step in range(MERGES):
        onward = steps.rename(next_id="owner_id", from_id="other_id")
        joined = found.left_join(onward, found.owner_id == onward.from_id)
        found = joined.select("other_id", owner_id=ibis.coalesce(joined.next_id, joined.owner_id))
        found = connection.create_table(f"{ALIASES}_{_step}", found.distinct(), overwrite=True)
        if (
            not found.semi_join(steps, found.owner_id == steps.other_id)
            .count()
            .to_pyarrow()
            .as_py()
        ):
            break
    return found.semi_join(owners, found.owner_id == owners.own).distinct()


def with_owners(connection: Backend, rows: ir.Table, column: str, contract: Contract) -> ir.Table:
    """Write the leads' own ids into a column; a row of several leads' alias stands for each."""
    named = rows.mutate(**{column: own_id(rows[column], contract)})
    if not has_aliases(contract):
        return named
    aliases = connection.table(ALIASES).rename({OTHER: "other_id", OWNER: "owner_id"})
    joined = named.left_join(aliases, named[column] == aliases[OTHER])
    owned = joined.mutate(**{column: ibis.coalesce(joined[OWNER], joined[column])})
    return owned.drop(OTHER, OWNER)
