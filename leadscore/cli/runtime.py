"""What all verbs share: their options, their exit codes, what they say and where."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from leadscore.features.core import LeadScoreError, RunLocked, TooLittleData
from leadscore.features.core import moment_of as read_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from leadscore.features.contract import Contract
    from leadscore.training.registry import Registry

DONE, NEEDS_A_PERSON, BAD_INPUT, LOCKED = 0, 1, 2, 3

Folder = Annotated[Path, typer.Option("-C", help="The project folder.", metavar="DIR")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="Use only what was known before this moment (UTC).", metavar="DATE"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

CONTEXT = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)


def command(verb: Callable[..., int]) -> Callable[..., None]:
    """Turn a verb's result into an exit code, and a user's error into one message.

    Options of a group of verbs, such as `-C` in `leadscore models -C DIR rollback`, reach the verb
    that follows; one that the verb does not have, or has with another value, is an error.
    """
    own = signature(verb, eval_str=True)

    @wraps(verb)
    def run(*args: Any, context: typer.Context | None = None, **options: Any) -> None:
        # Threads that wait for each other must not burn the cores of a machine that others share;
        # it has to be said before a library with threads is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        _log_to_standard_error()
        try:
            options |= _given_before(context) if context else {}
            if CONTEXT.name in own.parameters:
                options[CONTEXT.name] = context
            code = verb(*args, **options)
        except RunLocked as error:
            typer.secho(f"leadscore: {error}", err=True, fg="red")
            code = LOCKED
        except TooLittleData as error:
            typer.secho(f"leadscore: {error}", err=True, fg="red")
            code = NEEDS_A_PERSON
        except LeadScoreError as error:
            typer.secho(f"leadscore: {error}", err=True, fg="red")
            code = BAD_INPUT
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read along has left, which is no fault
                raise
            typer.secho(f"leadscore: {_of_the_system(error)}", err=True, fg="red")
            code = BAD_INPUT
        raise typer.Exit(code)

    others = [each for each in own.parameters.values() if each.name != CONTEXT.name]
    run.__signature__ = own.replace(parameters=[*others, CONTEXT])  # type: ignore[attr-defined]
    return run


def _given_before(verb: typer.Context) -> dict[str, Any]:
    """Find the options that were given to the verb's group."""
    group: Any = verb.parent  # Typer has no public name for its class
    found: dict[str, Any] = {}
    for option in group.command.params if group else ():
        name, flag = option.name, option.opts[0]
        if not _is_given(group, name):
            continue
        if name not in verb.params:
            raise LeadScoreError(f"`{verb.command_path}` has no option {flag}; leave it out")
        found[name] = group.params[name]
        if _is_given(verb, name) and _resolved(verb.params[name]) != _resolved(found[name]):
            both = f"as {found[name]} and as {verb.params[name]}"
            raise LeadScoreError(f"{flag} is given twice, {both}; give it once")
    return found


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _resolved(value: object) -> object:
    return value.resolve() if isinstance(value, Path) else value


def _of_the_system(error: OSError) -> str:
    """Say what the system refused, and where."""
    where = f"{error.filename}: " if error.filename else ""
    remedy = "Make room, then run it again: what was finished is kept"
    what = error.strerror or str(error)
    return f"{where}{what}. {remedy}." if error.errno in NO_ROOM else f"{where}{what}."


def _log_to_standard_error() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("leadscore").setLevel(logging.INFO)


def moment_of(text: str | None) -> datetime | None:
    """Read `--as-of`; without a zone it is UTC."""
    return read_moment(text, setting="--as-of")


def contract_of(directory: Path) -> Contract:
    """Load a project's contract."""
    from leadscore.features.contract import load_contract

    return load_contract(directory)


def registry_of(directory: Path) -> Registry:
    """Open a project's registry."""
    from leadscore.training.registry import Registry

    return Registry(directory, contract_of(directory).name)


def tell(what: object) -> None:
    """Tell people something, on standard error."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 100
    console.print(what)


def print_json(what: object) -> None:
    """Print what a program reads, on standard output."""
    typer.echo(json.dumps(what, default=str, ensure_ascii=False, indent=1))
