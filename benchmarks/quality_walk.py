"""From raw files to scored leads through the command line, and the same rows for the peers."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from leadscore.cli import app
from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.families import common_kinds, feature_frame
from leadscore.features.point_in_time import nightly_snapshots, training_snapshots
from leadscore.features.tables import open_tables
from leadscore.training.dataset import MIN_JUDGED, audit, label_snapshots
from leadscore.training.leakage import excluded_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from leadscore.features.contract import Contract
    from leadscore.features.families import Feature
    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Labels

CUT_SHARES = (0.4, 0.55, 0.7, 0.85)  # of the leads, in the order of time, come before a cut
WINDOW_SHARE = 0.15  # of the leads, after a cut, are scored
SPLITS, TEST_SHARE = 5, 0.25  # of undated files
NIGHTS = 6  # a week apart, after a cut
KEYS = ["lead_id", "as_of"]


@dataclass(frozen=True)
class Flat:
    """A file with a target column; `date` is the column to cut by, None where there is none."""

    file: Path
    target: str
    date: str | None = None


@dataclass(frozen=True)
class Funnel:
    """A folder with leads, events and outcomes, or with a `leadscore.toml` that names them."""

    folder: Path


@dataclass(frozen=True)
class Task:
    """The rows of one stage.

    Parameters
    ----------
    learn, outcome
        Features of the rows that teach, and 0 or 1.
    test, reached, cluster
        Features of the rows that judge, what became of them, and whose they are.
    """

    learn: pd.DataFrame
    outcome: pd.Series[float]
    test: pd.DataFrame
    reached: pd.Series[float]
    cluster: pd.Series[str]


@dataclass(frozen=True)
class Walked:
    """One stage of a company at one cut.

    Parameters
    ----------
    when, stage
        Where it is.
    task
        The rows that the peers learn from, and those that all are judged on.
    ours
        Our propensities of those, missing where a lead was not scored; or why there are none.
    seconds
        `leadscore train`, by the clock.
    """

    when: str
    stage: str
    task: Task
    ours: pd.Series[float] | str
    seconds: float


@dataclass(frozen=True)
class TeachingRows:
    """What a moment's tables offer to learn from, however little it is."""

    frame: pd.DataFrame
    labels: Labels
    catalogue: tuple[Feature, ...]
    kinds: tuple[str, ...]
    excluded: list[str]  # columns that the leakage audit takes from everyone


def walk(files: Flat | Funnel, cut: float, options: Sequence[str] = ()) -> list[Walked]:
    """Go from the raw files to scored leads at one cut.

    Parameters
    ----------
    files
        The company's.
    cut
        The share of the leads that comes before it; of undated files the seed of the split.
    options
        Of `leadscore train`.

    Returns
    -------
    list of Walked
        One a stage of which anybody can be judged.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if isinstance(files, Flat):
            return _walk_flat(files, cut, options, Path(scratch))
        return _walk_funnel(files, cut, options, Path(scratch))


def say(*arguments: object) -> str:
    """Run a command of leadscore in this process; return what it said, or how it broke."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            app([str(each) for each in arguments])
        except SystemExit:
            pass
        except Exception:  # noqa: BLE001 - a command that breaks is a result, not the end
            said.write(traceback.format_exc())
    return said.getvalue()


def why_no_model(said: str) -> str:
    """Cut what was said down to how a command broke, what the gate refused, or what is lacking."""
    text = " ".join(said.split())
    if "Traceback" in text:
        return text[-300:]
    start = next((text.find(sign) for sign in ("✗", "leadscore: ") if sign in text), 0)
    return text[start : start + 300]


def teaching_rows(tables: Tables) -> TeachingRows:
    """Build the rows as `leadscore train` does, without asking whether they are enough."""
    excluded = excluded_columns(audit(tables)[0], suspects=tables.contract.audit.suspects)
    usable = tables.without(excluded)
    ages = tables.contract.features.snapshot_ages_days
    snapshots = training_snapshots(usable, ages_days=ages)
    labels = label_snapshots(usable, snapshots)
    frame, built = feature_frame(usable, snapshots, kinds=common_kinds(usable))
    return TeachingRows(frame, labels, built.catalogue, built.kinds, excluded)


def _walk_flat(files: Flat, cut: float, options: Sequence[str], scratch: Path) -> list[Walked]:
    when, learn, test = _sides(files, cut)
    folder, later, out = scratch / "project", scratch / "later.csv", scratch / "scores.csv"
    learn.to_csv(scratch / "leads.csv", index=False)
    test.drop(columns=files.target).to_csv(later, index=False)
    said = say("init", scratch / "leads.csv", "-C", folder, "--target", files.target)
    start = time.perf_counter()
    said += say("train", "-C", folder, *options)
    seconds = time.perf_counter() - start
    said += say("score", "-C", folder, "--leads", later, "--out", out)
    task, stage = _flat_task(folder, learn, test, files.target)
    ours: pd.Series[float] | str = why_no_model(said)
    if out.exists():
        scores = pd.read_csv(out)[f"p_{stage}"]  # every row comes back, in order
        ours = scores.set_axis(range(len(learn), len(learn) + len(test)))[task.test.index]
    return [Walked(when, stage, task, ours, seconds)] if _can_judge(task) else []


def _sides(files: Flat, cut: float) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """Split a file into the rows before a cut and those after it, or at random."""
    if files.file.suffix == ".parquet":
        read = pd.read_parquet(files.file)
        rows = read.astype("str").where(read.notna(), "")
    else:
        rows = pd.read_csv(
            files.file, dtype="str", keep_default_na=False, sep=None, engine="python"
        )
    if files.date is None:
        is_test = np.random.default_rng(int(cut)).random(len(rows)) < TEST_SHARE
        return f"split {int(cut)}", rows[~is_test], rows[is_test]
    created = pd.to_datetime(rows[files.date], errors="coerce", utc=True, format="mixed")
    order = created.sort_values(kind="stable", na_position="first").index
    start, end = (int(len(rows) * share) for share in (cut, cut + WINDOW_SHARE))
    when = f"from {created[order[start]]:%Y-%m-%d}"
    return when, rows.loc[order[:start]], rows.loc[order[start:end]]


def _flat_task(
    folder: Path, learn: pd.DataFrame, test: pd.DataFrame, target: str
) -> tuple[Task, str]:
    """Give the peers the columns that the drafted contract uses, as it reads them."""
    contract = load_contract(folder)
    with open_tables(contract) as tables:
        out = excluded_columns(audit(tables)[0], suspects=contract.audit.suspects)
    both = pd.concat([learn, test], ignore_index=True)
    frame = pd.DataFrame(
        {
            name: _as_read(both[name], column.type, contract)
            for name, column in contract.leads.columns.items()
            if column.role in {"firmographic", "channel"} and name not in out
        }
    )
    words = both[target].str.strip().str.lower()
    is_positive, is_negative = (
        words.isin([word.lower() for word in named])
        for named in (contract.leads.positive, contract.leads.negative)
    )
    outcome = is_positive.astype("float64").where(is_positive | is_negative)
    is_later = both.index >= len(learn)
    taught, judged = (outcome.notna() & side for side in (~is_later, is_later))
    names = _varying(frame[taught])
    cluster = both.index.astype("str").to_series(both.index)
    task = Task(
        frame.loc[taught, names],
        outcome[taught],
        frame.loc[judged, names],
        outcome[judged],
        cluster[judged],
    )
    return task, contract.leads.stage


def _as_read(cells: pd.Series[str], kind: str | None, contract: Contract) -> pd.Series[str]:
    if kind != "number":
        return cells.where(cells != "").astype("str")
    point = cells.str.replace(",", ".") if contract.reading.decimal == "," else cells
    return pd.to_numeric(point, errors="coerce")


def _walk_funnel(files: Funnel, cut: float, options: Sequence[str], folder: Path) -> list[Walked]:
    said = _draft(files.folder, folder)
    contract = load_contract(folder)
    with open_tables(contract) as tables:
        created = tables.leads.created_at.to_pandas().dropna().sort_values()
    moment = created.iloc[int(cut * (len(created) - 1))].normalize().to_pydatetime()
    start = time.perf_counter()
    said += say("train", "-C", folder, "--as-of", f"{moment:%Y-%m-%d}", *options)
    seconds = time.perf_counter() - start
    with open_tables(contract, known_by=moment) as tables:
        taught = teaching_rows(tables)
    nights = [moment + pd.Timedelta(days=7 * week) for week in range(1, NIGHTS + 1)]
    for night in nights:
        said += say("score", "-C", folder, "--as-of", f"{night:%Y-%m-%d}", "--accept")
    frames = [_night_frame(contract, night, taught) for night in nights]
    later = pd.concat(frames, ignore_index=True)
    with open_tables(contract) as tables:
        became = label_snapshots(tables, ibis.memtable(later[KEYS])).frame
    later = later.merge(became, on=KEYS, how="left", validate="one_to_one")
    ledger = [(night, folder / "ledger" / f"night={night:%Y-%m-%d}") for night in nights]
    scored = [pd.read_parquet(file).assign(as_of=day) for day, file in ledger if file.exists()]
    found, why = [], why_no_model(said)
    for stage in taught.labels.stages:
        task = _funnel_task(taught, later, stage)
        ours = _from_ledger(later.loc[task.test.index], scored, stage) if scored else why
        if _can_judge(task):
            found.append(Walked(f"from {moment:%Y-%m-%d}", stage, task, ours, seconds))
    return found


def _draft(source: Path, folder: Path) -> str:
    """Draft the contract of a company, or take over the one it has."""
    if not (source / CONTRACT_FILE).exists():
        leads, outcomes = (_table(source, name) for name in ("leads", "outcomes"))
        events = source / "events" / "*.parquet"
        pattern = events if events.parent.is_dir() else _table(source, "events")
        others = ("--events", pattern) if pattern else ()
        return say("init", leads, "-C", folder, "--outcomes", outcomes, *others)
    contract, text = load_contract(source), (source / CONTRACT_FILE).read_text("utf-8")
    for table in (contract.leads, contract.events, contract.outcomes):
        if table is not None and table.path is not None:
            there = os.path.normpath(source.resolve() / table.path)
            text = text.replace(f'"{table.path}"', f'"{there}"')
    (folder / CONTRACT_FILE).write_text(text, "utf-8")
    shutil.copyfile(source / "tiers.toml", folder / "tiers.toml")
    return ""


def _table(source: Path, name: str) -> Path | None:
    return next((file for end in ("csv", "parquet") for file in source.glob(f"{name}.{end}")), None)


def _night_frame(contract: Contract, night: datetime, taught: TeachingRows) -> pd.DataFrame:
    """Build the features of a night's open leads from what was known by then."""
    with open_tables(contract, known_by=night) as tables:
        usable = tables.without(taught.excluded)
        snapshots = nightly_snapshots(usable, as_of=night)
        return feature_frame(usable, snapshots, kinds=taught.kinds)[0]


def _funnel_task(taught: TeachingRows, later: pd.DataFrame, stage: str) -> Task:
    """Teach by what was known at the cut; judge the nights' leads by what is known today."""
    known = taught.labels.frame[f"y_{stage}"].dropna()
    learn = taught.frame.loc[known.index, [each.name for each in taught.catalogue]]
    names = _varying(learn)
    reached = later[f"y_{stage}"].dropna()
    test = later.loc[reached.index]
    return Task(learn[names], known, test[names], reached, test["lead_id"])


def _from_ledger(
    asked: pd.DataFrame, scored: Sequence[pd.DataFrame], stage: str
) -> pd.Series[float] | str:
    found = asked[KEYS].merge(pd.concat(scored)[[*KEYS, f"p_{stage}"]], how="left")
    propensity = found[f"p_{stage}"].set_axis(asked.index)
    return propensity if propensity.notna().any() else f"the model leaves out the stage {stage}"


def _varying(rows: pd.DataFrame) -> list[str]:
    """List the columns that are not the same in every row; missing is a value, too."""
    return [name for name in rows.columns if rows[name].nunique(dropna=False) > 1]  # noqa: PD101


def _can_judge(task: Task) -> bool:
    return min(task.reached.sum(), (1 - task.reached).sum()) >= MIN_JUDGED
