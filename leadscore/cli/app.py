"""The command line: one verb a stage of the work, no logic of its own."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from leadscore.cli.export import export, publish
from leadscore.cli.models import models_app
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
from leadscore.cli.score import find_engine, score_list, show_night
from leadscore.cli.systems import systems
from leadscore.cli.tiers import tiers_app
from leadscore.features.core import LeadScoreError, seconds_of

app = typer.Typer(
    help="Predictive lead scoring that a company can trust with its pipeline.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(models_app, name="models")
app.add_typer(tiers_app, name="tiers")


@app.command()
@command
def demo(
    directory: Folder = Path("demo"),
    leads: Annotated[
        int, typer.Option(min=1_000, help="How many leads the made-up company has.")
    ] = 10_000,
) -> int:
    """Simulate a company, train, score its last night and export the tiers, on defaults."""
    from leadscore.cli.screens import night_summary, training_summary
    from leadscore.serving.export import shown_night
    from leadscore.serving.jobs import run_demo
    from leadscore.serving.nightly import last_night
    from leadscore.training.workflow import AlreadyTrained

    result = run_demo(directory, leads=leads)
    if isinstance(result.trained, AlreadyTrained):
        tell(f"Model version {result.trained.version} was trained on exactly these tables before.")
    else:
        tell(training_summary(result.trained))
    shown, tiered = shown_night(directory, last_night(directory)), result.night.tiered
    tell(night_summary(shown, tiered.cuts, tiered.notes.policy))
    tell(
        f"\nEverything is in {directory}/. Try next:\n"
        f"  leadscore tiers -C {directory}            the policy in sentences\n"
        f"  leadscore models -C {directory}           what is registered, what scores\n"
        f"  leadscore explain LEAD_ID -C {directory}  one lead and its reasons\n"
        f"  leadscore check -C {directory}            what training met in the tables\n"
        f"  leadscore export -C {directory}           the handoff list as CSV and XLSX\n"
        f"  mlflow ui --backend-store-uri sqlite:///{directory}/mlflow.db"
    )
    return DONE


@app.command()
@command
def init(
    leads: Annotated[
        list[str], typer.Argument(help="The leads' file, or an export: a folder, or files.")
    ],
    directory: Folder = Path(),
    events: Annotated[str | None, typer.Option(help="The events, if any.")] = None,
    outcomes: Annotated[str | None, typer.Option(help="The outcomes, if any.")] = None,
    target: Annotated[str | None, typer.Option(help="The outcome column of a flat file.")] = None,
    stage: Annotated[str, typer.Option(help="What the target stands for: sql or won.")] = "won",
    created_at: Annotated[
        str | None, typer.Option("--created-at", help="The column with the creation date.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="Where the files come from.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace drafts that are there.")] = False,
) -> int:
    """Draft leadscore.toml and tiers.toml from somebody's files."""
    from leadscore.serving.jobs import start_project

    if stage not in {"sql", "won"}:
        raise LeadScoreError(f"--stage {stage}: use sql or won")
    files, notes = start_project(
        directory,
        leads,
        events=events,
        outcomes=outcomes,
        target=target,
        stage=stage,  # type: ignore[arg-type]
        created_at=created_at,
        overwrite=overwrite,
        system=system,
    )
    for note in notes:
        tell(note)
    tell("\n".join(f"wrote {file}" for file in files))
    tell(f"Read them, each guess has its reason; then: leadscore train -C {directory}")
    return DONE


app.command()(systems)


@app.command()
@command
def check(directory: Folder = Path(), as_of: AsOf = None, as_json: Json = False) -> int:
    """Check contract, quarantine, viability and leakage before anything is trained."""
    from leadscore.cli.screens import check_summary
    from leadscore.training.workflow import check as run_check

    checked = run_check(directory, as_of=moment_of(as_of))
    tell(check_summary(checked))
    if as_json:
        print_json(checked.to_record())
    return NEEDS_A_PERSON if checked.needs_a_person else DONE


@app.command()
@command
def train(
    directory: Folder = Path(),
    as_of: AsOf = None,
    again: Annotated[bool, typer.Option(help="Train even where nothing has changed.")] = False,
    budget: Annotated[
        str | None, typer.Option(help="How long to look for better trees: 90s, 5m, 1h.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Train on what was known by then, judge on later leads, register, promote if all agrees."""
    from leadscore.cli.screens import training_summary
    from leadscore.training.workflow import AlreadyTrained
    from leadscore.training.workflow import train as run_training

    result = run_training(
        directory,
        as_of=moment_of(as_of),
        again=again,
        budget_seconds=seconds_of(budget, setting="--budget"),
    )
    if isinstance(result, AlreadyTrained):
        tell(
            f"Version {result.version} of {result.name} was trained on exactly these tables and "
            "this contract; --again trains all the same."
        )
        if as_json:
            print_json({"version": result.version, "promoted": result.is_champion, "new": False})
        return DONE if result.is_champion else NEEDS_A_PERSON
    tell(training_summary(result))
    if as_json:
        metrics = {k: t["value"].to_dict() for k, t in result.evaluation.metrics.items()}
        print_json(
            {
                "version": result.version,
                "promoted": result.promoted,
                "new": True,
                "headline": result.headline,
                "metrics": metrics,
                "gate": [vars(rule) for rule in result.verdict.rules],
                "excluded": result.prepared.excluded,
            }
        )
    return DONE if result.promoted else NEEDS_A_PERSON


@app.command()
@command
def score(
    directory: Folder = Path(),
    as_of: AsOf = None,
    leads: Annotated[Path | None, typer.Option(help="Score this list instead of a night.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the list's scores go, as CSV.")] = None,
    replace: Annotated[bool, typer.Option(help="Say a night anew; the earlier is kept.")] = False,
    accept: Annotated[
        bool, typer.Option(help="Write a night though it looks unlike the one before.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that share a large night out; by default up to two."),
    ] = None,
    engine: Annotated[str, typer.Option(help="Where a night is worked out: duckdb or spark.")] = (
        "duckdb"
    ),
    master: Annotated[
        str | None, typer.Option(help="Where Spark runs, such as local[2]; by its own settings.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Score every open lead of a night into the ledger, or a one-off list into a file."""
    if leads is not None:
        if replace or accept or workers or master or engine != "duckdb":
            raise LeadScoreError(
                "--replace, --accept, --workers, --engine and --master are for a night; take them "
                "out, or --leads"
            )
        return score_list(directory, leads, out=out, as_of=moment_of(as_of), as_json=as_json)
    if out is not None:
        raise LeadScoreError("--out is for a list; take it out, or say --leads FILE, too")
    from leadscore.serving.nightly import score_night

    where, directory = find_engine(engine, master, directory)
    result = score_night(
        directory,
        as_of=moment_of(as_of),
        replace=replace,
        accept=accept,
        workers=workers,
        engine=where,
    )
    return show_night(directory, result, as_json=as_json)


@app.command()
@command
def snapshot(directory: Folder = Path()) -> int:
    """Keep what changed in the leads' columns since the last night, once a night."""
    from leadscore.serving.jobs import take_snapshot

    taken = take_snapshot(directory)
    if taken.outcome == "there":
        tell(f"{taken.file} is there already: a night is read once")
    else:
        what = "cells, the first state of" if taken.outcome == "first" else "changed cells in"
        tell(f"wrote {taken.file}: {taken.rows:,} {what} {len(taken.columns)} columns")
    if taken.to_add is not None:
        tell(
            "leadscore.toml does not read these yet. Add these lines, with the columns that people "
            "overwrite\nand that should count, and give each of them a role in [leads.columns]:"
            f"\n\n{taken.to_add}"
        )
    return DONE


@app.command()
@command
def explain(
    lead_id: Annotated[str, typer.Argument(help="Whose score.")],
    directory: Folder = Path(),
    as_of: AsOf = None,
    as_json: Json = False,
) -> int:
    """Show one lead: propensities, tier, reasons, what changed, and what the ledger said before."""
    from leadscore.cli.screens import lead_record, lead_summary
    from leadscore.serving.jobs import explain as run_explain

    explained = run_explain(directory, lead_id, as_of=moment_of(as_of))
    tell(lead_summary(explained))
    if as_json:
        print_json(lead_record(explained))
    return DONE


app.command()(export)
app.command()(publish)


def main() -> None:
    """Run the command line."""
    # Ibis builds many small objects that live on; looking at them again and again cost a third of
    # the time of a training run.
    gc.set_threshold(50_000, 20, 20)
    app()


if __name__ == "__main__":
    main()
