"""What an export holds that the contract, when it was drafted, did not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.sources import open_source, own_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract

SHOWN = 8


def new_kinds(contract: Contract, kinds: Iterable[str]) -> str | None:
    """Name the kinds of events that `events.kinds` does not list; None where there are none."""
    known = set(contract.events.kinds) if contract.events is not None else set()
    return _sentence(
        sorted(set(kinds) - known) if known else [],
        "new kinds of events, in no group of [events.groups]",
        "List them in events.kinds, and in a group where they belong to one.",
    )


def new_columns(connection: Backend, contract: Contract) -> str | None:
    """Name the columns of the leads that the contract does not mention; None where all are."""
    source = contract.leads
    if not source.columns:
        return None
    rows = open_source(connection, source, contract=contract, name="counted")
    used = {source.lead_id or "lead_id", source.created_at or "created_at", source.account}
    used |= {source.target, source.newest_by, source.valid_from, source.valid_to}
    used |= {source.merged_into, *source.columns, *source.aliases}
    used |= {*source.deleted, *source.deleted_at}
    own = [column for column in own_columns(rows) if column not in used]
    landed = [column for column in own if column.startswith("_")]
    return _sentence(
        [column for column in own if column not in landed],
        "new columns of the leads, which no feature uses",
        "Give each a role in [leads.columns], ignored if nothing else.",
    )


def _sentence(words: list[str], what: str, remedy: str) -> str | None:
    if not words:
        return None
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return f"{what}: {', '.join(words[:SHOWN])}{more}. {remedy}"
