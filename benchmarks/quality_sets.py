"""The companies that models are compared on: feature tables with labels, split by time."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.simulated import prepared_project, simulated_project
from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.families import build_features, common_kinds
from leadscore.features.point_in_time import still_open
from leadscore.features.tables import open_tables
from leadscore.serving.jobs import start_project
from leadscore.training.dataset import (
    MIN_JUDGED,
    MIN_POSITIVES,
    Labels,
    Split,
    audit,
    count_stages,
    label_snapshots,
    parts_of_stage,
    split_by_time,
    stage_part,
)
from leadscore.training.evaluation import account_or_lead
from leadscore.training.leakage import excluded_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

DATA = Path(os.environ.get("LEADSCORE_DATA", "data"))
SIMULATED_LEADS = 20_000
LOAN_AGE = timedelta(hours=24)  # an application then has shown how it begins, and most are open
LOAN = """
name = "loan_funnel"
[leads]
path = "{folder}/leads.csv"
[leads.columns]
amount_requested = "firmographic:number"
[events]
path = "{folder}/events.parquet"
[outcomes]
path = "{folder}/outcomes.csv"
[horizon_days]
sql = 7
won = 21
"""
TARGETS = {"x_education": "Converted", "edtech_channels": "app_complete_flag"}
SETS = ("x_education", "edtech_channels", "loan_funnel", "simulation")


@dataclass(frozen=True)
class QualitySet:
    """One company, ready to be learnt by anything: the same rows and columns for everyone.

    Parameters
    ----------
    name
        What the table calls it.
    frame
        Features, aligned with the labels' frame; columns that the leakage audit proves to be
        leaks are gone.
    labels, split
        What became of each snapshot, and which side it stands on.
    features
        The columns to learn from.
    excluded
        The columns of the user's table that the audit took away.
    """

    name: str
    frame: pd.DataFrame
    labels: Labels
    split: Split
    features: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """The rows of one stage.

    Parameters
    ----------
    learn, outcome, lead
        Features of the teaching snapshots in the order of time, 0 or 1, and whose they are.
    test, reached, cluster
        Features of the held-out ones, what became of them, and the account or lead.
    """

    learn: pd.DataFrame
    outcome: pd.Series[float]
    lead: pd.Series[str]
    test: pd.DataFrame
    reached: pd.Series[float]
    cluster: pd.Series[str]


def task_of(data: QualitySet, stage: str, *, among_reached: bool = False) -> Task:
    """Give the rows of one stage.

    Parameters
    ----------
    data
        The company.
    stage
        `sql` or `won`.
    among_reached
        Whether only snapshots that reached the stage before teach, as the funnel's own second
        model learns. The held-out ones are all.

    Returns
    -------
    Task
    """
    labels = data.labels.frame
    part = parts_of_stage(data.labels, data.split, stage)
    taught = stage_part(data.labels, data.split, stage) if among_reached else part
    in_time = labels[taught == "learn"].sort_values(["created_at", "as_of", "lead_id"]).index
    test = labels.index[part == "test"]
    columns = [name for name in data.features if _varies(data.frame.loc[in_time, name])]
    return Task(
        data.frame.loc[in_time, columns],
        labels.loc[in_time, f"y_{stage}"],
        labels.loc[in_time, "lead_id"],
        data.frame.loc[test, columns],
        labels.loc[test, f"y_{stage}"],
        account_or_lead(labels.loc[test]),
    )


def _varies(values: pd.Series[float]) -> bool:
    return values.nunique(dropna=False) > 1  # noqa: PD101 - missing is a value, too


def quality_sets(names: Sequence[str], *, data: Path, leads: int) -> list[QualitySet]:
    """Prepare the companies asked for.

    Parameters
    ----------
    names
        Of `SETS`.
    data
        The folder of the real ones.
    leads
        How many the simulated one has.

    Returns
    -------
    list of QualitySet
        Without those whose files are missing.
    """
    found = []
    for name in names:
        if name == "simulation":
            found.append(_simulated(leads))
        elif (data / name).is_dir():
            found.append(_loan(data / name) if name == "loan_funnel" else _flat(data / name))
    return found


def _simulated(leads: int) -> QualitySet:
    with tempfile.TemporaryDirectory() as scratch:
        simulated_project(Path(scratch), leads=leads)
        return replace(project_set(Path(scratch)), name=f"simulation, {leads:,} leads")


def _flat(folder: Path) -> QualitySet:
    """Draft a flat file's contract as `leadscore init` does, with nothing edited."""
    with tempfile.TemporaryDirectory() as scratch:
        leads = str((folder / "leads.csv").resolve())
        start_project(Path(scratch), leads, target=TARGETS[folder.name])
        return replace(project_set(Path(scratch)), name=folder.name)


def project_set(directory: Path) -> QualitySet:
    """Prepare a project folder with a `leadscore.toml`, as `leadscore train` does."""
    prepared = prepared_project(directory)
    return QualitySet(
        load_contract(directory).name,
        prepared.frame,
        prepared.labels,
        prepared.split,
        tuple(each.name for each in prepared.catalogue),
        tuple(prepared.excluded),
    )


def _loan(folder: Path) -> QualitySet:
    """Look at each application exactly 24 hours after it was made, if it is still open."""
    with tempfile.TemporaryDirectory() as scratch:
        contract = LOAN.format(folder=folder.resolve().as_posix())
        (Path(scratch) / CONTRACT_FILE).write_text(contract, encoding="utf-8")
        with open_tables(load_contract(Path(scratch))) as opened:
            findings, _effects = audit(opened)
            excluded = excluded_columns(findings, suspects=opened.contract.audit.suspects)
            tables = opened.without(excluded)
            spine = tables.leads.select("lead_id", as_of=tables.leads.created_at + LOAN_AGE)
            snapshots = still_open(tables, spine)
            labels = label_snapshots(tables, snapshots)
            built = build_features(tables, snapshots, kinds=common_kinds(tables))
            frame = built.to_pandas()
    names = tuple(each.name for each in built.catalogue)
    return QualitySet(folder.name, frame, labels, split_by_time(labels), names, tuple(excluded))


def earlier_cuts(data: QualitySet, cuts: int) -> list[QualitySet]:
    """Go back in time: forget the held-out leads and hold out the last quarter of the others.

    Parameters
    ----------
    data
        A company.
    cuts
        How many times to go back.

    Returns
    -------
    list of QualitySet
        Newest first. Fewer where leads have no dates, or become too few to learn from.
    """
    found: list[QualitySet] = []
    while data.split.by_time and len(found) < cuts:
        data = _before(data, data.split.test_from)
        if not _is_enough(data):
            break
        found.append(data)
    return found


def _is_enough(data: QualitySet) -> bool:
    """Ask for as many of either outcome as `leadscore train` does."""
    return all(
        min(each.learn_positives, each.learn_rows - each.learn_positives) >= MIN_POSITIVES
        and min(each.test_positives, each.test_rows - each.test_positives) >= MIN_JUDGED
        for each in count_stages(data.labels, data.split)
    )


def _before(data: QualitySet, moment: pd.Timestamp | None) -> QualitySet:
    """Keep the leads created before a moment."""
    frame = data.labels.frame
    labels = Labels(frame[frame["created_at"] < moment], data.labels.stages)
    return replace(
        data, frame=data.frame.loc[labels.frame.index], labels=labels, split=split_by_time(labels)
    )


def facts(data: QualitySet, stage: str) -> str:
    """Say in words what one stage of a company offers to learn from and to be judged by."""
    labels = data.labels.frame
    part = parts_of_stage(data.labels, data.split, stage)
    words = []
    for name, verb in (("learn", "teach"), ("test", "judge")):
        rows = labels[part == name]
        period = _period(rows["created_at"])
        reached = rows[f"y_{stage}"]
        words.append(f"{len(rows):,} snapshots {verb}{period}, {reached.mean():.1%} reached it")
    gone = f"; left out as leaks: {', '.join(data.excluded)}" if data.excluded else ""
    return f"{len(data.features)} features; {'; '.join(words)}{gone}"


def _period(created: pd.Series[pd.Timestamp]) -> str:
    if created.isna().all():
        return ""
    return f" (leads of {created.min():%Y-%m-%d} to {created.max():%Y-%m-%d})"
