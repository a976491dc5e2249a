"""What the engagement features cost: ours through Ibis, DuckDB's SQL by hand, Polars, pandas.

Run as `python benchmarks/features.py --leads 200000 --training-leads 40000`; writes
`benchmarks/results/features.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.features_data import Bench

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# The parent stays small: what it holds in memory when it forks counts as its child's peak.
from benchmarks.machine import circumstances, markdown_table
from benchmarks.pipeline import Stopwatch

RESULT = Path(__file__).parent / "results" / "features.md"
OURS, OUR_QUERY = "leadscore", "leadscore, one query"
ONE_PASS, TWO_STAGES = "DuckDB, one pass by hand", "DuckDB, two stages by hand"
POLARS, PANDAS = "Polars, streaming", "pandas"
CONTENDERS = (OURS, OUR_QUERY, TWO_STAGES, ONE_PASS, POLARS, PANDAS)
FASTEST = (OURS, OUR_QUERY, TWO_STAGES)
# Events above which only these run: the others take many minutes, or all the memory.
SLOW_MOST = 15_000_000
CLOSE = (
    1e-9  # of two values, as a share of the larger: what float64 sums in another order differ by
)
HEAD = ["", "seconds", "against ours", "CPU seconds", "against ours", "peak GB", "values"]
INTRODUCTION = """\
The engagement features (counts in windows, recency, fading counts, active days, silence, trend,
values; for each group of event kinds) of a made-up company, from Parquet file to Parquet file.
*leadscore* counts them in one sweep over the events in memory; *one query* is the same through
Ibis, which other databases answer, too. Each run has a process of its own; opening the company is
not counted, writing the query is. *One pass* is the query that suggests itself: an aggregate with
FILTER for each column. *Two stages* is the fastest that we could write by hand: kinds first, then
columns, and no FILTER, for which DuckDB copies every column of the input once an aggregate.
*Values* are compared with ours, cell by cell; Polars and pandas add floating point numbers in the
order in which they come."""
REMARK = """\
Medians of {repeats} runs, the contenders taking turns. Other work may have run on the same cores: \
CPU seconds leave it out, seconds do not. DuckDB is given 4 GB."""


@dataclass(frozen=True)
class Run:
    """What one contender took.

    Parameters
    ----------
    rows, columns, groups
        Of the table it made, and how many groups of kinds it has.
    seconds, cpu_seconds
        As in `benchmarks.pipeline.Spent`.
    peak_gb
        The most memory the process held, libraries included.
    """

    rows: int
    columns: int
    groups: int
    seconds: float
    cpu_seconds: float
    peak_gb: float


def main() -> None:
    """Measure every contender at the sizes asked for and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, nargs="+", default=[200_000], help="of a night")
    parser.add_argument("--events-a-lead", type=float, default=50.0)
    parser.add_argument("--training-leads", type=int, default=100_000, help="of the snapshots")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; medians are shown")
    parser.add_argument("--without", nargs="*", default=[], choices=CONTENDERS)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--run", choices=CONTENDERS, help="one contender in this process, as JSON")
    parser.add_argument("--folder", type=Path, help="where the company of --run lies")
    parser.add_argument("--snapshots", nargs="+", help="which of its snapshots, one after another")
    asked = parser.parse_args()
    if asked.run:
        run = run_contender(asked.run, asked.folder, asked.snapshots)
        print(json.dumps(asdict(run)))
        return
    parts = [
        night_part(leads, asked.events_a_lead, repeats=asked.repeats, without=asked.without)
        for leads in asked.leads
    ]
    if asked.training_leads:
        parts.append(training_part(asked.training_leads, asked.events_a_lead, asked.repeats))
    command = shlex.join(["python", "benchmarks/features.py", *sys.argv[1:]])
    below = circumstances(
        command, remark=REMARK.format(repeats=asked.repeats), also=("polars", "pyarrow")
    )
    text = "\n\n".join(["# What the engagement features cost", INTRODUCTION, *parts, below]) + "\n"
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def run_contender(name: str, folder: Path, snapshots: list[str]) -> Run:
    """Compute the features in this process and write each result beside the company.

    Parameters
    ----------
    name
        One of `CONTENDERS`.
    folder
        Where `features_data.write_company` wrote the company.
    snapshots
        Which snapshots: one query for each.

    Returns
    -------
    Run
        Of all of them together.
    """
    from benchmarks.features_data import open_company

    rows = columns = groups = 0
    seconds = cpu_seconds = 0.0
    for each in snapshots:
        with open_company(folder, each) as bench:
            out = result_file(folder, name, each)
            watch = Stopwatch()
            _compute(name, bench, folder, each, out)
            spent = watch.read()
            groups = len(bench.groups)
        seconds, cpu_seconds = seconds + spent.seconds, cpu_seconds + spent.cpu_seconds
        rows, columns = rows + _shape(out)[0], _shape(out)[1] - 2
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_gb = peak / (1e9 if sys.platform == "darwin" else 1e6)
    return Run(rows, columns, groups, seconds, cpu_seconds, peak_gb)


def result_file(folder: Path, name: str, snapshots: str) -> Path:
    """Say where a contender writes its features."""
    return folder / f"out-{CONTENDERS.index(name)}-{snapshots}.parquet"


def _compute(name: str, bench: Bench, folder: Path, snapshots: str, out: Path) -> None:
    from benchmarks.features_frames import in_pandas, in_polars
    from benchmarks.features_sql import one_pass, two_stages
    from leadscore.features.families import FeatureTable, build_engagement

    if name in {OURS, OUR_QUERY}:
        family = build_engagement(bench.tables, bench.snapshots, kinds=bench.kinds)
        if name == OUR_QUERY:
            family.table.to_parquet(out)
            return
        built = FeatureTable((family,), bench.kinds, cache=None, engine=bench.tables.engine)
        built.to_pandas().to_parquet(out, index=False)
    elif name in {ONE_PASS, TWO_STAGES}:
        query = (one_pass if name == ONE_PASS else two_stages)(bench, folder)
        bench.snapshots.get_backend().raw_sql(f"COPY ({query}) TO '{out}' (FORMAT parquet)")
    else:
        (in_polars if name == POLARS else in_pandas)(bench, folder, snapshots, out)


def _shape(file: Path) -> tuple[int, int]:
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(file)
    return metadata.num_rows, metadata.num_columns


def night_part(leads: int, events_a_lead: float, *, repeats: int, without: list[str]) -> str:
    """Measure one night of one company.

    Parameters
    ----------
    leads, events_a_lead
        The company's size.
    repeats
        Runs of each contender; they take turns.
    without
        Contenders to leave out.

    Returns
    -------
    str
        A section in Markdown.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        leads, events = _company(folder, leads, events_a_lead)
        turns = [
            (each, each, ["night"])
            for each in CONTENDERS
            if each not in without and (each in FASTEST or events <= SLOW_MOST)
        ]
        runs = _measured(folder, turns, repeats)
        values = {each: _compared_apart(folder, each, ["night"], ["night"]) for each in runs}
    ours = runs[OURS]
    title = f"## A night: {ours.rows:,} open of {leads:,} leads, {events:,} events"
    said = f"{ours.columns} columns, {ours.groups} groups of event kinds."
    return f"{title}\n\n{said}\n\n{_table(runs, values)}"


def training_part(leads: int, events_a_lead: float, repeats: int) -> str:
    """Measure the snapshots that training takes: one query for all ages, and one for each.

    Parameters
    ----------
    leads, events_a_lead, repeats
        As for `night_part`.

    Returns
    -------
    str
        A section in Markdown.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        leads, events = _company(folder, leads, events_a_lead)
        ages = sorted(file.stem for file in folder.glob("training-*.parquet"))
        turns = [
            (OURS, OURS, ["training"]),
            (TWO_STAGES, TWO_STAGES, ["training"]),
            (f"{len(ages)} passes of {OURS}", OURS, ages),
            (f"{len(ages)} passes of {TWO_STAGES}", TWO_STAGES, ages),
            (f"{len(ages)} passes of {ONE_PASS}", ONE_PASS, ages),
        ]
        runs = _measured(folder, turns, repeats)
        values = {
            title: _compared_apart(folder, name, which, ["training"])
            for title, name, which in turns
        }
    title = f"## Training: {runs[OURS].rows:,} snapshots of {leads:,} leads, {events:,} events"
    said = (
        f"Each lead at {len(ages)} ages. *{len(ages)} passes* ask for one age after another, "
        "each with a query of its own."
    )
    return f"{title}\n\n{said}\n\n{_table(runs, values)}"


def _company(folder: Path, leads: int, events_a_lead: float) -> tuple[int, int]:
    """Write the company in a process of its own."""
    call = f"write_company(Path({str(folder)!r}), leads={leads}, events_a_lead={events_a_lead})"
    found = _apart("from benchmarks.features_data import write_company", f"print(*{call})").split()
    return int(found[-2]), int(found[-1])


def _compared_apart(folder: Path, name: str, snapshots: list[str], ours: list[str]) -> str:
    """Compare in a process of its own."""
    call = f"compared(Path({str(folder)!r}), {name!r}, {snapshots!r}, {ours!r})"
    return _apart("from benchmarks.features import compared", f"print({call})").splitlines()[-1]


def _apart(*lines: str) -> str:
    """Run some Python beside this process, which stays small."""
    return _output([sys.executable, "-c", "\n".join(["from pathlib import Path", *lines])])


def _measured(
    folder: Path, turns: list[tuple[str, str, list[str]]], repeats: int
) -> dict[str, Run]:
    """Let the contenders take turns, each in a process of its own, and take medians."""
    found: dict[str, list[Run]] = {title: [] for title, _name, _which in turns}
    for _repeat in range(repeats):
        for title, name, which in turns:
            command = [sys.executable, str(Path(__file__).resolve()), "--run", name]
            command += ["--folder", str(folder), "--snapshots", *which]
            found[title].append(Run(**json.loads(_output(command).splitlines()[-1])))
    return {title: _median(runs) for title, runs in found.items()}


def _output(command: list[str]) -> str:
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)} failed:\n{done.stderr}")
    return done.stdout


def _median(runs: list[Run]) -> Run:
    seconds = median(run.seconds for run in runs)
    cpu_seconds = median(run.cpu_seconds for run in runs)
    peak_gb = median(run.peak_gb for run in runs)
    first = runs[0]
    return Run(first.rows, first.columns, first.groups, seconds, cpu_seconds, peak_gb)


def compared(folder: Path, name: str, snapshots: list[str], ours: list[str]) -> str:
    """Compare a contender's values with ours, cell by cell.

    Parameters
    ----------
    folder
        Where the results lie.
    name
        The contender.
    snapshots, ours
        Of which snapshots its results and ours are.

    Returns
    -------
    str
        What a reader is told.

    Raises
    ------
    ValueError
        Where a value differs by more than adding in another order does.
    """
    import pandas as pd

    keys = ["lead_id", "as_of"]

    def table(contender: str, which: list[str]) -> pd.DataFrame:
        parts = [pd.read_parquet(result_file(folder, contender, each)) for each in which]
        return pd.concat(parts).set_index(keys).sort_index()

    expected, found = table(OURS, ours), table(name, snapshots)
    found = found[list(expected.columns)]
    if found.equals(expected):
        return "equal to the last bit"
    pd.testing.assert_frame_equal(found, expected, rtol=CLOSE, atol=CLOSE, check_dtype=False)
    return f"equal to {CLOSE:.0e}"


def _table(runs: dict[str, Run], values: dict[str, str]) -> str:
    ours = runs[OURS]
    rows = [
        [
            title,
            f"{run.seconds:.1f}",
            f"{run.seconds / ours.seconds:.2f} ×",
            f"{run.cpu_seconds:.1f}",
            f"{run.cpu_seconds / ours.cpu_seconds:.2f} ×",
            f"{run.peak_gb:.1f}",
            values[title],
        ]
        for title, run in runs.items()
    ]
    return markdown_table(HEAD, rows, words=1)


if __name__ == "__main__":
    main()
