"""`leadscore systems`: which systems are known, and what an export is taken for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadscore.cli.runtime import DONE, Folder, command, tell


@command
def systems(
    export: Annotated[
        str | None, typer.Argument(help="An export: a folder, or a file.", metavar="[FOLDER]")
    ] = None,
    directory: Folder = Path(),
) -> int:
    """List the systems whose exports init recognises, or what is recognised of an export."""
    from leadscore.cli.screens import found_screen, systems_table
    from leadscore.features.onboarding import found_tables
    from leadscore.features.onboarding.systems import describe_systems, load_systems

    if export is None:
        tell(systems_table(describe_systems(load_systems(directory))))
    else:
        tell(found_screen(found_tables(export, directory=directory)))
    return DONE
