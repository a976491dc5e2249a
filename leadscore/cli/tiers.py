"""`leadscore tiers`: the policy in sentences, what it promises, and what another would do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadscore.cli.runtime import (
    DONE,
    NEEDS_A_PERSON,
    Folder,
    Json,
    command,
    contract_of,
    print_json,
    registry_of,
    tell,
)
from leadscore.features.core import LeadScoreError

tiers_app = typer.Typer(help="Explain the tier policy in sentences.")


@tiers_app.callback(invoke_without_command=True)
def tiers(context: typer.Context, directory: Folder = Path()) -> None:
    """Explain the policy in sentences."""
    if context.invoked_subcommand is None:
        _explain_tiers(directory)


@command
def _explain_tiers(directory: Path) -> int:
    from leadscore.serving.policy import load_policy
    from leadscore.serving.tiers import sentences

    contract = contract_of(directory)
    horizons = None if contract.is_flat else contract.horizon_days
    tell("\n".join(sentences(load_policy(directory, contract), horizons=horizons)))
    return DONE


@tiers_app.command("check")
@command
def tiers_check(directory: Folder = Path()) -> int:
    """Explain the policy with what it does on the champion's evidence."""
    from leadscore.serving.policy import load_policy
    from leadscore.serving.tiers import cut_offs, sentences

    contract = contract_of(directory)
    policy = load_policy(directory, contract)
    cuts = cut_offs(policy, registry_of(directory).champion().evidence)
    horizons = None if contract.is_flat else contract.horizon_days
    tell("\n".join(sentences(policy, cuts, horizons)))
    kept = all(cut.kept is not False for cut in (cuts.sql, cuts.mql))
    return DONE if kept else NEEDS_A_PERSON


@tiers_app.command(
    "what-if", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
@command
def tiers_what_if(
    context: typer.Context,
    directory: Folder = Path(),
    policy: Annotated[
        Path | None, typer.Option(help="Another policy file, in place of tiers.toml.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what other settings, such as --sql.min_precision 0.25, would have done last night."""
    from leadscore.cli.screens import what_if_record, what_if_screen
    from leadscore.serving.jobs import what_if

    found = what_if(directory, _settings(context.args), policy_file=policy)
    tell(what_if_screen(found))
    if as_json:
        print_json(what_if_record(found))
    return DONE


def _settings(arguments: list[str]) -> dict[str, str]:
    """Read `--section.name value` and `--section.name=value`."""
    found, rest = {}, [part for each in arguments for part in each.split("=", 1)]
    for place in range(0, len(rest), 2):
        path = rest[place].removeprefix("--")
        if not rest[place].startswith("--") or "." not in path or place + 1 == len(rest):
            raise LeadScoreError(
                f"{rest[place]!r}: give settings of tiers.toml as --section.name value, such as "
                "--sql.min_precision 0.25"
            )
        found[path] = rest[place + 1]
    return found
