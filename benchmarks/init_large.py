"""What `leadscore init` costs on files too long to hold in memory, and whether it sees all of them.

Run as `python benchmarks/init_large.py --gb 1`; writes `benchmarks/results/init_large.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The parent stays small: what it holds in memory when it forks counts as its child's peak.
from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.pipeline import Stopwatch  # noqa: E402

RESULT = Path(__file__).parent / "results" / "init_large.md"
KINDS = 33
STAGES = ("SQL", "Closed Won", "Closed Lost")
EVENT_BYTES = 122  # of CSV an event, with its share of leads and outcomes, about
EVENTS_A_LEAD = 30
BOOK_ROWS = 200_000  # of the workbook
LEADS = """
    SELECT printf('L-%08d', i) AS "Lead ID",
        timestamp '2024-01-01' + interval (i % 500) day AS Created,
        printf('person%d@firm%d.example', i, i % 90001) AS "E-mail",
        'Firm ' || i % 90001 AS Company,
        ['1-10', '11-50', '51-200'][1 + i % 3] AS Employees, 'Industry ' || i % 37 AS Industry,
        CASE WHEN i % 9 = 0 THEN 'n/a' ELSE 'google' END AS "Lead Source", i % 7 // 6 AS Won
    FROM range({rows}) t(i)"""
EVENTS = """
    SELECT md5(i::VARCHAR) AS event_id, printf('L-%08d', i * 7919 % {leads}) AS lead_id,
        timestamp '2024-01-02' + interval (i * 7919 % {leads} % 500) day
            + interval (i % 86400) second AS occurred_at,
        'kind ' || i * {kinds} // {rows} AS kind, 'https://firm.example/page/' || i % 7001 AS url,
        ['google', 'bing', 'newsletter'][1 + i % 3] AS utm_source, i % 1000 / 10 AS value
    FROM range({rows}) t(i)"""
OUTCOMES = """
    SELECT printf('L-%08d', i) AS lead_id,
        timestamp '2024-01-20' + interval (i % 500) day AS occurred_at,
        CASE WHEN i < {rows} * 0.9 THEN 'SQL' WHEN i < {rows} - 50 THEN 'Closed Lost'
            ELSE 'Closed Won' END AS stage
    FROM range({rows}) t(i)"""
HEAD = ["what", "files", "GB", "rows", "seconds", "CPU seconds", "peak MB", "kinds", "stages"]
INTRODUCTION = f"""\
A made-up company: leads, events written one kind after the other ({KINDS} kinds), outcomes with
{len(STAGES)} stages, the rarest of which stands at the end of the file. A job runs in a process of
its own; seconds leave out the start of Python, peak memory has the libraries in it. `kinds` and
`stages` are how many of them the contract that was drafted counts. The workbook holds the leads
alone, {BOOK_ROWS:,} rows of 8 columns."""
REMARK = """\
One run of each. Other work ran on the same cores: CPU seconds leave it out, seconds do not. Opening
and screening the tables, by which `leadscore init` drafts the policy afterwards, is not in it:
that is measured in pipeline.md."""


@dataclass(frozen=True)
class Cost:
    """What one job took: files, bytes and rows read, seconds, memory, and what it saw."""

    files: int
    gb: float
    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    kinds: int
    stages: int


def main() -> None:
    """Write the company's files, draft its contract, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=1.0, help="how much CSV")
    parser.add_argument("--folder", type=Path, help="where the files of --work lie")
    parser.add_argument("--work", choices=WORK, help="one job in this process, as JSON")
    asked = parser.parse_args()
    if asked.work:
        cost = WORK[asked.work](asked.folder, asked.gb)
        print(json.dumps(None if cost is None else asdict(cost)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = {work: _in_own_process(work, folder, asked.gb) for work in WORK}
    costs = {work: Cost(**cost) for work, cost in found.items() if cost is not None}
    text = report(costs, f"python benchmarks/init_large.py --gb {asked.gb:g}")
    RESULT.write_text(text, encoding="utf-8")
    print(text)


def _in_own_process(work: str, folder: str, gb: float) -> dict[str, float] | None:
    command = [sys.executable, str(Path(__file__).resolve()), "--work", work]
    command += ["--folder", folder, "--gb", str(gb)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{work} failed:\n{done.stderr}")
    found: dict[str, float] | None = json.loads(done.stdout.splitlines()[-1])
    return found


def write_company(folder: Path, gb: float) -> None:
    """Write leads, events, outcomes and a workbook; the events make up most of the bytes."""
    import duckdb

    events = int(gb * 1e9 / EVENT_BYTES)
    leads = max(1_000, events // EVENTS_A_LEAD)
    connection = duckdb.connect()
    for name, query, rows in (
        ("leads.csv", LEADS, leads),
        ("events.csv", EVENTS, events),
        ("outcomes.csv", OUTCOMES, leads),
    ):
        given = {"rows": rows, "leads": leads, "events": events, "kinds": KINDS}
        text = query.format(**given)
        connection.execute(f"COPY ({text}) TO '{folder / name}' (HEADER)")
    text = LEADS.format(rows=BOOK_ROWS, leads=BOOK_ROWS)
    connection.sql(text).df().to_excel(folder / "leads.xlsx", index=False, engine="xlsxwriter")


def draft(folder: Path, gb: float) -> Cost:  # noqa: ARG001 - every job is called alike
    """Draft a contract from the three files and count what it names."""
    from leadscore.features.onboarding import draft_contract

    files = {name: folder / f"{name}.csv" for name in ("leads", "events", "outcomes")}
    watch = Stopwatch()
    text = draft_contract(**files, directory=folder).text
    return _cost(list(files.values()), watch, text)


def draft_from_workbook(folder: Path, gb: float) -> Cost:  # noqa: ARG001
    """Draft a contract from the workbook."""
    from leadscore.features.onboarding import draft_contract

    file = folder / "leads.xlsx"
    watch = Stopwatch()
    text = draft_contract(file, directory=folder, target="Won").text
    return _cost([file], watch, text)


WORK: dict[str, Callable[[Path, float], Cost | None]] = {
    "write the files": write_company,
    "draft the contract": draft,
    "draft the contract from a workbook": draft_from_workbook,
}


def _cost(files: list[Path], watch: Stopwatch, text: str) -> Cost:
    spent = watch.read()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    contract = tomllib.loads(text)
    stages = contract.get("outcomes", {}).get("stages", {})
    kinds = re.search(r"^kind = .*# ([\d,]+) different", text, re.MULTILINE)
    return Cost(
        len(files),
        sum(file.stat().st_size for file in files) / 1e9,
        sum(_rows_of(file) for file in files),
        spent.seconds,
        spent.cpu_seconds,
        peak / (1e6 if sys.platform == "darwin" else 1e3),  # bytes on a Mac, else kilobytes
        int(kinds[1].replace(",", "")) if kinds else 0,
        sum(len(words) for words in stages.values()),
    )


def _rows_of(file: Path) -> int:
    if file.suffix == ".xlsx":
        return BOOK_ROWS
    with file.open("rb") as content:
        blocks = iter(lambda: content.read(1 << 20), b"")
        return sum(block.count(b"\n") for block in blocks) - 1


def report(costs: dict[str, Cost], command: str) -> str:
    """Write the table."""
    rows = [
        [
            work,
            str(cost.files),
            f"{cost.gb:.2f}",
            f"{cost.rows:,}",
            f"{cost.seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.peak_mb:,.0f}",
            f"{cost.kinds} of {KINDS}" if cost.kinds else "–",
            f"{cost.stages} of {len(STAGES)}" if cost.stages else "–",
        ]
        for work, cost in costs.items()
    ]
    table = markdown_table(HEAD, rows, words=1)
    below = circumstances(command, remark=REMARK.replace("\n", " "), also=("python-calamine",))
    return "\n\n".join(["# What `init` costs on large files", INTRODUCTION, table, below]) + "\n"


if __name__ == "__main__":
    main()
