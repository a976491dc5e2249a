"""Through the command line, as a new user goes: `init`, `train`, `score`, and what became of it.

Run as `python benchmarks/quality_walks.py`; writes `benchmarks/results/quality_walks.md`. Each
company is cut at several moments: what was known before one goes through `leadscore init` and
`leadscore train`, nothing edited; the leads of the weeks after it through `leadscore score`. The
peers learn from the same rows and columns and are judged on the same leads.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.quality_peers import PEERS, Answer, flaml, peer_answer  # noqa: E402
from benchmarks.quality_sets import DATA, TARGETS, Task  # noqa: E402
from leadscore.cli import app  # noqa: E402
from leadscore.features.contract import CONTRACT_FILE, load_contract  # noqa: E402
from leadscore.features.families import feature_frame  # noqa: E402
from leadscore.features.point_in_time import nightly_snapshots  # noqa: E402
from leadscore.features.tables import open_tables  # noqa: E402
from leadscore.simulation import simulate  # noqa: E402
from leadscore.training.dataset import MIN_JUDGED, prepare  # noqa: E402
from leadscore.training.evaluation import measure  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from leadscore.training.dataset import Prepared

RESULT = Path(__file__).parent / "results" / "quality_walks.md"
CUT_SHARES = (0.4, 0.55, 0.7, 0.85)  # of the leads, in the order of time
WINDOW_SHARE = 0.15  # of the leads, after a cut, are scored
SPLITS, TEST_SHARE = 5, 0.25  # of undated files
NIGHTS = 6  # a week apart, after a cut
DATES = {"edtech_channels": "created_date"}
SIMULATED = {"seed 11": {"seed": 11}, "seed 12, drift": {"seed": 12, "drift": 1.0}}
OURS = "leadscore"


@dataclass(frozen=True)
class Cut:
    """One company at one moment.

    Parameters
    ----------
    company, when, stage
        Where it is.
    task
        The rows that the peers learn from, and those that all are judged on.
    ours
        Our propensities of those, or why there are none.
    seconds
        `leadscore train`, by the clock.
    """

    company: str
    when: str
    stage: str
    task: Task
    ours: pd.Series[float] | str
    seconds: float


def main() -> None:
    """Walk with every company asked for and write the table."""
    asked = _parser().parse_args()
    rows = []
    for cut in _cuts(asked):
        rows += _standings(cut, asked.peers, asked.budget)
        print(rows[-1 - len(asked.peers) :], file=sys.stderr, flush=True)
    command = shlex.join(["python", "benchmarks/quality_walks.py", *sys.argv[1:]])
    text = _report(pd.DataFrame(rows), circumstances(command))
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=[*TARGETS, "loan_funnel", *SIMULATED])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real companies")
    parser.add_argument("--leads", type=int, default=8_000, help="of a simulated company")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=[*PEERS, "FLAML"])
    parser.add_argument("--budget", type=float, default=60.0, help="seconds that FLAML has")
    parser.add_argument("--train", nargs="*", default=[], help="options of `leadscore train`")
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser


def _cuts(asked: argparse.Namespace) -> Iterator[Cut]:
    for name in asked.sets:
        if name in TARGETS:
            yield from flat_cuts(name, asked.data / name / "leads.csv", asked.train)
        elif name in SIMULATED:
            with tempfile.TemporaryDirectory() as scratch:
                simulate(Path(scratch), leads=asked.leads, **SIMULATED[name])
                yield from funnel_cuts(name, Path(scratch), asked.train)
        else:
            yield from funnel_cuts(name, asked.data / name, asked.train)


def flat_cuts(name: str, file: Path, options: Sequence[str]) -> Iterator[Cut]:
    """Cut a flat file by its date, or draw the leads that are scored where it has none."""
    rows = pd.read_csv(file, dtype="str", keep_default_na=False)
    target = TARGETS[name]
    if name in DATES:
        rows = rows.sort_values(DATES[name], kind="stable", ignore_index=True)
        edges = [
            (int(len(rows) * share), int(len(rows) * (share + WINDOW_SHARE)))
            for share in CUT_SHARES
        ]
        for start, end in edges:
            when = f"from {rows[DATES[name]].iloc[start]:.10}"
            yield _flat_cut(name, when, (rows[:start], rows[start:end]), target, options)
        return
    for number in range(SPLITS):
        draw = np.random.default_rng(number).random(len(rows))
        is_test = draw < TEST_SHARE
        yield _flat_cut(name, f"draw {number}", (rows[~is_test], rows[is_test]), target, options)


def _flat_cut(
    name: str,
    when: str,
    sides: tuple[pd.DataFrame, pd.DataFrame],
    target: str,
    options: Sequence[str],
) -> Cut:
    learn, test = sides
    with tempfile.TemporaryDirectory() as scratch:
        folder, given = Path(scratch) / "project", Path(scratch) / "leads.csv"
        later, out = Path(scratch) / "later.csv", Path(scratch) / "scores.csv"
        learn.to_csv(given, index=False)
        test.drop(columns=target).to_csv(later, index=False)
        said = _say("init", given, "-C", folder, "--target", target)
        start = time.perf_counter()
        said += _say("train", "-C", folder, *options)
        seconds = time.perf_counter() - start
        said += _say("score", "-C", folder, "--leads", later, "--out", out)
        task = _flat_task(folder, learn, test, target)
        if not out.exists():
            return Cut(name, when, "won", task, said[-400:], seconds)
        p = pd.read_csv(out)["p_won"].set_axis(task.test.index)
    return Cut(name, when, "won", task, p, seconds)


def _flat_task(folder: Path, learn: pd.DataFrame, test: pd.DataFrame, target: str) -> Task:
    """Give the peers the columns that the drafted contract uses, as it reads them."""
    contract = load_contract(folder)
    with open_tables(contract) as tables:
        prepared = prepare(tables)
        out = set(prepared.excluded)
    used = {
        name: column.type
        for name, column in contract.leads.columns.items()
        if column.role in {"firmographic", "channel"} and name not in out
    }
    both = pd.concat([learn, test], ignore_index=True)
    frame = pd.DataFrame(
        {
            name: pd.to_numeric(both[name], errors="coerce")
            if kind == "number"
            else both[name].replace("", None).astype("str")
            for name, kind in used.items()
        }
    )
    positive = {str(word).lower() for word in contract.leads.positive}
    outcome = both[target].str.lower().isin(positive).astype("float64")
    lead = pd.Series(both.index.astype(str))
    rows = len(learn)
    return Task(
        frame[:rows], outcome[:rows], lead[:rows], frame[rows:], outcome[rows:], lead[rows:]
    )


def funnel_cuts(name: str, source: Path, options: Sequence[str]) -> Iterator[Cut]:
    """Cut a company with events and outcomes; score the weeks after each cut night by night."""
    with tempfile.TemporaryDirectory() as scratch:
        drafted = Path(scratch) / "drafted"
        events = source / "events.parquet"
        pattern = events if events.exists() else source / "events" / "*.parquet"
        others = ("--events", pattern, "--outcomes", source / "outcomes.csv")
        _say("init", source / "leads.csv", "-C", drafted, *others)
        with open_tables(load_contract(drafted)) as tables:
            created = tables.leads.created_at.to_pandas().dropna().sort_values()
        for share in CUT_SHARES:
            moment = created.iloc[int(share * (len(created) - 1))].normalize()
            folder = Path(scratch) / f"{share}"
            folder.mkdir()
            for file in (CONTRACT_FILE, "tiers.toml"):
                (folder / file).write_text((drafted / file).read_text())
            yield from _funnel_cut(name, folder, moment, options)


def _funnel_cut(
    name: str, folder: Path, moment: pd.Timestamp, options: Sequence[str]
) -> Iterator[Cut]:
    start = time.perf_counter()
    said = _say("train", "-C", folder, "--as-of", f"{moment:%Y-%m-%d}", *options)
    seconds = time.perf_counter() - start
    nights = [moment + pd.Timedelta(days=7 * week) for week in range(1, NIGHTS + 1)]
    contract = load_contract(folder)
    with open_tables(contract, known_by=moment.to_pydatetime()) as known:
        prepared = prepare(known)
    scored, frames = [], []
    for night in nights:
        said += _say("score", "-C", folder, "--as-of", f"{night:%Y-%m-%d}", "--accept")
        ledger = folder / "ledger" / f"night={night:%Y-%m-%d}"
        if ledger.exists():
            scored.append(pd.read_parquet(ledger).assign(as_of=night))
        with open_tables(contract, known_by=night.to_pydatetime()) as tables:
            usable = tables.without(prepared.excluded)
            snapshots = nightly_snapshots(usable, as_of=night.to_pydatetime())
            frames.append(feature_frame(usable, snapshots, kinds=prepared.kinds)[0])
    later = pd.concat(frames, ignore_index=True)
    with open_tables(contract) as tables:
        end = tables.data_end
        outcomes = tables.outcomes.to_pandas()
    ours = pd.concat(scored) if scored else None
    for stage in prepared.labels.stages:
        days = getattr(contract.horizon_days, stage)
        task = _funnel_task(prepared, later, outcomes[outcomes["occurred_at"] < end], stage, days)
        if min(task.reached.sum(), (1 - task.reached).sum()) < MIN_JUDGED:
            continue  # too young: nobody can be judged on them
        propensity: pd.Series[float] | str = said[-400:]
        if ours is not None:
            keys = later.loc[task.test.index, ["lead_id", "as_of"]]
            found = keys.merge(ours[["lead_id", "as_of", f"p_{stage}"]], how="left")
            propensity = found[f"p_{stage}"].set_axis(task.test.index)
        yield Cut(name, f"from {moment:%Y-%m-%d}", stage, task, propensity, seconds)


def _funnel_task(
    prepared: Prepared, later: pd.DataFrame, outcomes: pd.DataFrame, stage: str, days: int
) -> Task:
    """Label the nights' leads by what came of them within the horizon."""
    labels = prepared.labels.frame
    known = labels.index[labels[f"y_{stage}"].notna()]
    names = [each.name for each in prepared.catalogue]
    learn = prepared.frame.loc[known, names]
    names = [name for name in names if len(learn[name].unique()) > 1]
    horizon, end = pd.Timedelta(days=days), outcomes["occurred_at"].max()
    reached = outcomes[outcomes["stage"] == stage].groupby("lead_id")["occurred_at"].min()
    at = later["lead_id"].map(reached)
    is_judged = (later["as_of"] + horizon <= end) & ~(at < later["as_of"])
    outcome = (at < later["as_of"] + horizon).astype("float64")
    test = later.index[is_judged]
    return Task(
        learn[names],
        labels.loc[known, f"y_{stage}"],
        labels.loc[known, "lead_id"],
        later.loc[test, names],
        outcome[test],
        later.loc[test, "lead_id"],
    )


def _say(*arguments: object) -> str:
    """Run a command of leadscore in this process; return what it said."""
    said = io.StringIO()
    told = (contextlib.redirect_stdout(said), contextlib.redirect_stderr(said))
    with told[0], told[1], contextlib.suppress(SystemExit):
        app([str(each) for each in arguments])
    return said.getvalue()


def _standings(cut: Cut, peers: Sequence[str], budget: float) -> list[dict[str, object]]:
    where = {"company": cut.company, "when": cut.when, "stage": cut.stage}
    answers: dict[str, pd.Series[float] | str] = {OURS: cut.ours}
    seconds = {OURS: cut.seconds}
    for name in peers:
        peer: Callable[..., object] = PEERS.get(name, flaml)
        answer: Answer = peer_answer(peer, cut.task, seed=0, seconds=budget)
        answers[name], seconds[name] = answer.propensity, answer.seconds
    rows = []
    for name, found in answers.items():
        row = where | {"model": name, "leads": len(cut.task.reached), "seconds": seconds[name]}
        row["rate"] = float(cut.task.reached.mean())
        if isinstance(found, str):
            print(f"{where}: no score: {found}", file=sys.stderr)
            rows.append(row | {"auc": np.nan, "log_loss": np.nan, "promised": np.nan})
            continue
        own = measure(cut.task.reached, found, cut.task.cluster)["value"]
        rows.append(
            row | {"auc": own["auc"], "log_loss": own["log_loss"], "promised": found.mean()}
        )
    return rows


def _report(rows: pd.DataFrame, below: str) -> str:
    heads = ["company", "cut", "stage", "leads", "reached it", "model", "AUC", "log loss"]
    heads += ["promised", "seconds"]
    cells = [
        [
            *(str(row[name]) for name in ("company", "when", "stage")),
            f"{row['leads']:,}",
            f"{row['rate']:.3f}",
            str(row["model"]),
            *(_cell(row[name]) for name in ("auc", "log_loss")),
            _cell(row["promised"], digits=3),
            f"{row['seconds']:.0f}",
        ]
        for row in rows.to_dict("records")
    ]
    means = rows.groupby("model", sort=False)[["auc", "log_loss"]].mean()
    unscored = rows["auc"].isna().groupby(rows["model"], sort=False).sum()
    summary = [
        [str(model), *(_cell(each) for each in mean), str(unscored[model])]
        for model, mean in zip(means.index, means.to_numpy(), strict=True)
    ]
    return "\n".join(
        [
            "# Through the command line",
            "",
            *__doc__.split("\n\n")[-1].strip().split("\n"),
            "*promised* is the mean propensity, to be held beside the share that *reached it*.",
            "",
            "## Over all cuts",
            "",
            markdown_table(["model", "AUC", "log loss", "cuts without a score"], summary, words=1),
            "",
            "## Each cut",
            "",
            markdown_table(heads, cells, words=3),
            "",
            below,
        ]
    )


def _cell(figure: float, *, digits: int = 4) -> str:
    return "–" if pd.isna(figure) else f"{figure:.{digits}f}"


if __name__ == "__main__":
    main()
