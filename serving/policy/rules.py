"""The policy's rules that override the model: hand-raisers, disqualifiers and cool-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from leadscore.features.contract import Contract
from leadscore.features.core import Settings
from leadscore.serving.policy.conditions import Condition, Words, at_least_one

if TYPE_CHECKING:
    from leadscore.features.core import Fault


class Rule(Settings):
    """A named rule that applies to a lead when all its conditions hold.

    Parameters
    ----------
    name
        What people call it; it stands in the ledger beside each lead that it moved.
    when
        Its conditions.
    """

    name: str = Field(min_length=1, max_length=80)
    when: Annotated[tuple[Condition, ...], AfterValidator(at_least_one)]


class HandRaiser(Rule):
    """Leads that ask to be contacted: they go to sales at once, whatever the model says."""


class Disqualifier(Rule):
    """Leads that are never for sales, whatever the model says."""


class CoolOff(Settings):
    """How long a lead that sales rejected or sent back is not offered again.

    Parameters
    ----------
    reasons
        Reasons, or groups of them as `leadscore.toml` names them; the latest verdict counts.
    days
        For so many days after the verdict.
    until_changed
        Until the lead's own data, its attributes and contact, differ from what sales saw.
    """

    reasons: Words
    days: int | None = Field(default=None, ge=1)
    until_changed: bool = False

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:
        """Refuse a cool-off without an end, and one that no outcome can start."""
        faults: list[Fault] = []
        if (raw.get("days") is None) == (not raw.get("until_changed")):
            faults.append(((), "give either `days` or `until_changed = true`"))
        if isinstance(context, Contract) and context.outcomes is None:
            faults.append(((), "leadscore.toml describes no [outcomes], so nothing is rejected"))
        return faults

    @property
    def name(self) -> str:
        """What stands in the ledger beside a lead that is cooling off."""
        return ", ".join(self.reasons)
