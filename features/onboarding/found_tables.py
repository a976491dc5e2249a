"""What the tables of an export are, for people: `leadscore systems FOLDER`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.onboarding.linked_tables import with_links
from leadscore.features.onboarding.systems import load_systems
from leadscore.features.onboarding.table_plans import plan_tables
from leadscore.features.sources import tables_in

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.features.onboarding.table_plans import TablePlan

EMPTY = "nothing: it has no rows"


@dataclass(frozen=True)
class TableOfExport:
    """A table of an export: what it is taken for, and by which of its columns."""

    path: str
    title: str | None  # such as "Salesforce: Lead"; None where no system is recognised
    holds: str
    known: dict[str, str]  # the user's columns by what they are to us
    wanted: tuple[str, ...]  # columns that the table lacks and would be of use
    advice: str | None  # how to export it


def found_tables(path: str, *, directory: Path) -> tuple[TableOfExport, ...]:
    """Recognise the tables that a folder or file holds, by the presets there are.

    Parameters
    ----------
    path
        A folder, a file or a glob.
    directory
        The project folder, whose own presets count.

    Raises
    ------
    DataError
        Where there is nothing to read.
    """
    there = tables_in(path)
    tables = [(each.path, each.sheet) for each in there if each.columns]
    plans = plan_tables(tables, load_systems(directory))
    found = [_found(plan) for plan in with_links(plans)]
    empty = [each.path for each in there if not each.columns]
    return (*found, *(TableOfExport(each, None, "nothing", {}, (), EMPTY) for each in empty))


def _found(plan: TablePlan) -> TableOfExport:
    known = plan.recognised
    if known is None:
        return TableOfExport(plan.sample.path, None, plan.holds, {}, (), plan.why or None)
    asked = known.object.contract
    columns = dict(known.contract)
    columns |= {f"date of {stage}": column for stage, column in known.dates.items()}
    for name in ("aliases", "deleted", "deleted_at"):
        if found := getattr(known, name):
            columns[name] = ", ".join(found)
    wanted = [*asked.keys.values(), *asked.dates.values()]
    wanted += [(handle,) for handle in (*asked.aliases, *asked.deleted, *asked.deleted_at)]
    lacking = [each[0] for each in wanted if not set(each) & known.columns.keys()]
    return TableOfExport(
        plan.sample.path,
        f"{known.system.title}: {known.object.title}",
        plan.holds,
        columns,
        tuple(known.object.columns[handle][0] for handle in dict.fromkeys(lacking)),
        plan.why if plan.holds == "other" else known.system.advice.get(known.name),
    )
