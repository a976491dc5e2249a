"""What a reader of a drafted contract should know: tables left out, zones, what to export too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.cells import EPOCH_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leadscore.features.onboarding.contract_writer import SpecialColumns
    from leadscore.features.onboarding.export_plan import Dated, Export

ZONED = rf".*(Z|[+-]\d{{2}}(:?\d{{2}})?|UTC|GMT|[A-Za-z]+/[A-Za-z_]+\]?)$|{EPOCH_PATTERN}(\.0)?"


def notes_on(export: Export, special: SpecialColumns, dated: Dated) -> tuple[str, ...]:
    """Say in sentences what was recognised, left out, taken for granted, or is missing."""
    return (
        *_recognised(export),
        *_strangers(export, dated),
        *_zone(export, special),
        *_missing(export, dated),
    )


def _recognised(export: Export) -> Iterator[str]:
    for plan, _profile in export.every:
        if plan.recognised is not None:
            yield f"{plan.sample.path}: {plan.why}."
            if plan.recognised.others:
                others = ", ".join(plan.recognised.others)
                yield f"  It could be {others} as well; --system says which."
    for path in export.empty:
        yield f"{path} is not read: it has no rows."
    for plan, _profile in export.others:
        what = plan.why or "no leads, events or outcomes that belong to the others"
        yield f"{plan.sample.path} is not read: {what}."


def _strangers(export: Export, dated: Dated) -> Iterator[str]:
    for each in dated.strangers(export.leads[0]):
        yield (
            f"{each.plan.sample.path}: no id in {each.settings['lead_id']!r} is a lead's, so all "
            "its rows are passed over. Are these ids of contacts? Then the leads need a column "
            "with the id of their contact, such as Salesforce's ConvertedContactId."
        )


def _zone(export: Export, special: SpecialColumns) -> Iterator[str]:
    if special.created_at is None:
        return
    _plan, leads = export.leads
    cells = leads.columns[special.created_at].counts.index.astype("str")
    timed = cells[cells.str.contains(r"\d:\d", regex=True)]
    if len(timed) and not timed.str.fullmatch(ZONED).any():
        yield (
            "Moments carry no time zone and are read as UTC. If they are local times, write for "
            'instance timezone = "America/New_York" under [reading], or under a single table.'
        )


def _missing(export: Export, dated: Dated) -> Iterator[str]:
    plan, _profile = export.leads
    if plan.recognised is None:
        return
    system = plan.recognised.system
    lacking = {"events": not dated.events, "outcomes": not dated.outcomes}
    lacking["history"] = not export.history and "valid_from" not in plan.settings
    for name, advice in system.advice.items():
        if lacking.get(system.objects[name].holds, False):
            yield f"For a better model: {advice}"
