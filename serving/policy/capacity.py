"""How many leads sales can take a day, and who of them takes which."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from leadscore.features.core import Settings
from leadscore.serving.policy.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.core import Fault

EVERYBODY = "sales"  # the one team of a policy that names none


class Team(Settings):
    """Salespeople who take the same leads.

    Parameters
    ----------
    name
        What people call the team.
    when
        Which leads are theirs: all conditions must hold. A lead goes to the first team that takes
        it; the last team has no conditions and takes the rest.
    reps
        How many salespeople there are.
    leads_a_day
        How many new leads each of them can follow up a day.
    """

    name: str = Field(min_length=1, max_length=80)
    when: tuple[Condition, ...] = ()
    reps: int = Field(ge=0, strict=True)
    leads_a_day: float = Field(ge=0, allow_inf_nan=False)

    @property
    def places(self) -> int:
        """How many new leads the team takes a night; half a lead is none."""
        return int(round(self.reps * self.leads_a_day, 9))


class Capacity(Settings):
    """What sales can follow up, as one team or several.

    Parameters
    ----------
    reps, leads_a_day
        Of one team that takes every lead.
    teams
        Instead of these, the teams.
    first
        Who comes first: the higher `chance`, or the higher expected `value`.
    hand_raisers
        `within`: leads that ask to be contacted get the first places, and where there are more of
        them than places they head the line; `beyond`: they all go, on top of the places.
    max_wait_days
        For how many days a lead above the cut-off may wait for a place.
    """

    reps: int | None = Field(default=None, ge=0, strict=True)
    leads_a_day: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    teams: tuple[Team, ...] = ()
    first: Literal["chance", "value"] = "chance"
    hand_raisers: Literal["within", "beyond"] = "within"
    max_wait_days: int = Field(default=14, ge=1)

    @classmethod
    def faults_between(cls, raw: dict[str, Any], context: object) -> list[Fault]:  # noqa: ARG003
        """Refuse teams beside numbers of one team, and teams that get no lead."""
        own = [name for name in ("reps", "leads_a_day") if raw.get(name) is not None]
        if not raw.get("teams"):
            lacking = [name for name in ("reps", "leads_a_day") if name not in own]
            return [((name,), "is required, unless there are `teams`") for name in lacking]
        faults: list[Fault] = [((name,), "each of the `teams` has its own") for name in own]
        return faults + _team_faults([each for each in raw["teams"] if isinstance(each, dict)])

    @property
    def all_teams(self) -> tuple[Team, ...]:
        """The teams; where the policy names none, the one that takes every lead."""
        if self.teams:
            return self.teams
        return (Team(name=EVERYBODY, reps=self.reps or 0, leads_a_day=self.leads_a_day or 0),)


def _team_faults(teams: Sequence[dict[str, object]]) -> list[Fault]:
    faults: list[Fault] = []
    for name, count in Counter(str(each["name"]) for each in teams if "name" in each).items():
        if count > 1:
            faults.append((("teams",), f"{count} teams are called {name!r}"))
    for place, team in enumerate(teams):
        if not team.get("when") and place < len(teams) - 1:
            message = "takes every lead, so the teams after it get none; put it last, or add `when`"
            faults.append((("teams", place), message))
    if teams and teams[-1].get("when"):
        message = "leads that no team takes would wait for ever; add a last team without `when`"
        faults.append((("teams", len(teams) - 1), message))
    return faults
