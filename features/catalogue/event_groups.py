"""Which event kinds are counted together, and what those counts are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.catalogue.event_labels import either, group_names, one_of, several
from leadscore.features.core import slug, unique

if TYPE_CHECKING:
    from collections.abc import Mapping

# Done to the lead, so not part of its activity; counted as groups of their own.
NOT_BY_THE_LEAD = ("email_sent", "sales_touch")
ALL_KINDS, OTHER_KINDS = "activity", "other_kinds"
# Prefixes of columns that are not of a group.
TAKEN = (ALL_KINDS, OTHER_KINDS, "event_value", "active_days")
ANYTHING = ("activity of any kind", "activity of any kind")
RARER = ("event of a rarer kind", "events of rarer kinds")


@dataclass(frozen=True)
class EventGroup:
    """Event kinds that are counted together."""

    name: str  # the prefix of its columns
    names: tuple[tuple[str, str], ...]  # as people read them: pairs of one event and several
    kinds: tuple[str, ...]  # the kinds that count; where `is_rest`, those that do not
    is_rest: bool = False

    @property
    def one(self) -> str:
        """The name of one of its events."""
        return either([one for one, _many in self.names])

    @property
    def several(self) -> str:
        """The name of several of its events."""
        return either([many for _one, many in self.names])

    def holds(self, kind: str) -> bool:
        """Whether a kind belongs to it."""
        return (kind in self.kinds) != self.is_rest


def event_groups(
    groups: Mapping[str, tuple[str, ...]], kinds: tuple[str, ...]
) -> tuple[EventGroup, ...]:
    """List what is counted together: all, the contract's groups, each common kind, the rest.

    A kind that is the only one of a group is not counted twice. Names are unique.
    """
    used = set(TAKEN)
    own = [
        EventGroup(_name(group, used), group_names(group, members), members)
        for group, members in groups.items()
    ]
    alone = {members[0] for members in groups.values() if len(members) == 1}
    own += [
        EventGroup(_name(kind, used), ((one_of(kind), several(kind)),), (kind,))
        for kind in kinds
        if kind not in alone
    ]
    named = tuple(sorted({kind for group in own for kind in group.kinds}))
    everything = EventGroup(ALL_KINDS, (ANYTHING,), not_by_the_lead(groups), is_rest=True)
    return (everything, *own, EventGroup(OTHER_KINDS, (RARER,), named, is_rest=True))


def not_by_the_lead(groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """List the kinds that others did: e-mails sent to the lead, calls made to it."""
    return tuple(sorted({kind for name in NOT_BY_THE_LEAD for kind in groups.get(name, ())}))


def _name(text: str, used: set[str]) -> str:
    name = unique(slug(text, default="kind"), used)
    used.add(name)
    return name
