"""`leadscore models`: what is registered, what scores, and since when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadscore.cli.runtime import DONE, Folder, Json, command, print_json, registry_of, tell
from leadscore.features.core import LeadScoreError

models_app = typer.Typer(help="List the registered models; compare two, promote one, or roll back.")

Why = Annotated[str, typer.Option("--why", help="The reason, kept with the version.")]


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, directory: Folder = Path(), as_json: Json = False) -> None:
    """List what is registered, what is champion, since when and why."""
    if context.invoked_subcommand is None:
        _list_models(directory, as_json)


@command
def _list_models(directory: Path, as_json: bool) -> int:  # noqa: FBT001
    from leadscore.cli.screens import versions_table

    versions = registry_of(directory).versions()
    tell(versions_table(versions))
    if as_json:
        print_json(versions.to_dict("records"))
    return DONE


@models_app.command()
@command
def promote(
    version: Annotated[str, typer.Argument(help="The version that shall score.")],
    directory: Folder = Path(),
    why: Annotated[
        str | None, typer.Option("--why", help="The reason; a must where the gate refused it.")
    ] = None,
) -> int:
    """Make a version the champion."""
    import getpass

    registry = registry_of(directory)
    refused = registry.refusal_of(version)
    if refused and not why:
        raise LeadScoreError(f"the gate {refused} (version {version}); say why with --why")
    registry.promote(version, who=getpass.getuser(), why=why or "promoted by hand")
    tell(f"version {version} is the champion")
    if refused:
        typer.secho(f"! though the gate {refused}; its record says so", err=True, fg="yellow")
    return DONE


@models_app.command()
@command
def rollback(directory: Folder = Path(), why: Why = "rolled back by hand") -> int:
    """Make the champion's predecessor the champion again; each time one step further back."""
    import getpass

    made = registry_of(directory).rollback(who=getpass.getuser(), why=why)
    tell(f"version {made.version} is the champion again")
    return DONE


@models_app.command()
@command
def compare(
    first: Annotated[str, typer.Argument(help="A version.")],
    second: Annotated[str, typer.Argument(help="Another; figures are this one minus the first.")],
    directory: Folder = Path(),
    as_json: Json = False,
) -> int:
    """Compare two versions on the same later leads: who is better, and who would move."""
    from leadscore.cli.screens import comparison_table
    from leadscore.training.workflow import compare_versions

    compared = compare_versions(directory, first, second)
    tell(comparison_table(compared))
    if as_json:
        print_json(compared.to_record())
    return DONE


@models_app.command()
@command
def history(directory: Folder = Path(), as_json: Json = False) -> int:
    """List every promotion and rollback: who, when and why."""
    from leadscore.cli.screens import promotions_table

    made = registry_of(directory).promotions()
    tell(promotions_table(made))
    if as_json:
        print_json(made.to_dict("records"))
    return DONE
