"""The verbs that give a night to others: files for people and CRMs, tables for databases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadscore.cli.runtime import (
    DONE,
    NEEDS_A_PERSON,
    AsOf,
    Folder,
    Json,
    command,
    moment_of,
    print_json,
    tell,
)
from leadscore.features.core import LeadScoreError

if TYPE_CHECKING:
    from datetime import datetime


@command
def export(
    directory: Folder = Path(),
    as_of: AsOf = None,
    out: Annotated[Path | None, typer.Option(help="The folder for the files.")] = None,
    system: Annotated[
        str | None,
        typer.Option("--for", help="Write a file that this CRM imports, such as salesforce."),
    ] = None,
    only_changed: Annotated[
        bool,
        typer.Option(help="With --for: no lead that is as the night before."),
    ] = False,
) -> int:
    """Write the handoff list and all tiers of a night as CSV and XLSX, or a file for a CRM."""
    from leadscore.serving.export import export as run_export
    from leadscore.serving.ledger import read_night
    from leadscore.serving.nightly import last_night

    if only_changed and system is None:
        raise LeadScoreError("--only-changed is for the file of a CRM; say --for SYSTEM, too")
    moment = moment_of(as_of) or last_night(directory)
    if system is not None:
        return _export_for(directory, system, moment, out, only_changed=only_changed)
    files = run_export(read_night(directory, moment), out or directory / "exports")
    tell("\n".join(f"wrote {file}" for file in files.files))
    return DONE


def _export_for(
    directory: Path, system: str, moment: datetime, out: Path | None, *, only_changed: bool
) -> int:
    from leadscore.serving.export import export_for

    made = export_for(directory, system, as_of=moment, out=out, only_changed=only_changed)
    tell(f"wrote {made.file}: {made.rows:,} {'lead' if made.rows == 1 else 'leads'}")
    if made.unchanged is not None:
        tell(f"{made.unchanged:,} leads are as the night before and were left out")
    elif only_changed:
        tell("No earlier night is in the ledger, so every lead is in the file")
    tell(f"Import it into {made.table}: {made.importer}")
    return DONE


@command
def publish(
    directory: Folder = Path(),
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="Which night; the ledger's newest if left out.", metavar="DATE"
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Publish a night of the ledger to PostgreSQL, where [publish.postgres] says."""
    from leadscore.cli.screens import published_record, published_summary
    from leadscore.serving.export.postgres import publish as run_publish

    published = run_publish(directory, moment_of(as_of))
    tell(published_summary(published))
    if as_json:
        print_json(published_record(published))
    return NEEDS_A_PERSON if published.to_do else DONE
