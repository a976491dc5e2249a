"""Which event kinds are counted together, and what those counts are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.core.slugs import slug, unique
from leadscore.features.families.event_labels import group_words, one_of, several

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not something the lead did, so no engagement; counted all the same, as kinds of their own.
NOT_BY_THE_LEAD = ("email_sent", "sales_touch")
ALL_KINDS, OTHER_KINDS = "activity", "other_kinds"
# The first words of columns that are no slot's.
TAKEN = (ALL_KINDS, OTHER_KINDS, "event_value", "active_days")


@dataclass(frozen=True)
class Slot:
    """Event kinds that are counted together.

    Parameters
    ----------
    name
        The prefix of its columns.
    one, words
        What a person calls one of them, and several.
    kinds
        The kinds that count; where `is_rest`, those that do not.
    is_rest
        Whether the slot holds all kinds but `kinds`.
    """

    name: str
    one: str
    words: str
    kinds: tuple[str, ...]
    is_rest: bool = False


def slots_of(groups: Mapping[str, tuple[str, ...]], kinds: tuple[str, ...]) -> tuple[Slot, ...]:
    """List what is counted together: all, the contract's groups, each common kind, the rest.

    Parameters
    ----------
    groups
        The contract's `events.groups`: kinds by the group's name.
    kinds
        The kinds with columns of their own; one that is a group by itself is not counted twice.

    Returns
    -------
    tuple of Slot
        Their names are unique.
    """
    used = set(TAKEN)
    anything = "activity of any kind"
    slots = [Slot(ALL_KINDS, anything, anything, not_by_the_lead(groups), is_rest=True)]
    slots += [
        Slot(_name(group, used), *group_words(group, members), members)
        for group, members in groups.items()
    ]
    alone = {members[0] for members in groups.values() if len(members) == 1}
    slots += [
        Slot(_name(kind, used), one_of(kind), several(kind), (kind,))
        for kind in kinds
        if kind not in alone
    ]
    named = {kind for slot in slots[1:] for kind in slot.kinds}
    others = tuple(sorted(named))
    rare = Slot(OTHER_KINDS, "event of a rarer kind", "events of rarer kinds", others, is_rest=True)
    return (*slots, rare)


def not_by_the_lead(groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """List the kinds that somebody else did: e-mails sent to the lead, calls made to it."""
    return tuple(sorted({kind for name in NOT_BY_THE_LEAD for kind in groups.get(name, ())}))


def _name(text: str, used: set[str]) -> str:
    """Name a slot, as no slot before it."""
    name = unique(slug(text, default="kind"), used)
    used.add(name)
    return name
