"""What it costs that attributes are known as they stood each night: leads with versions of rows.

Run as `python benchmarks/histories.py --leads 100000`; writes `benchmarks/results/histories.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# The parent stays small: what it holds in memory when it forks counts as its child's peak.
from benchmarks.machine import circumstances, markdown_table  # noqa: E402
from benchmarks.pipeline import Stopwatch  # noqa: E402

RESULT = Path(__file__).parent / "results" / "histories.md"
VERSIONS = (1, 10)
DAYS_A_VERSION = 10
LEADS = """
    SELECT printf('L%08d', i % {leads}) AS id,
        timestamp '2024-01-01' + interval (i % {leads} * 7919 % 51840000) second AS created,
        1 + i * 31 % 5000 AS size, 'Industry ' || i % 7 AS industry, 'Country ' || i % 3 AS country,
        ['new', 'open', 'working'][1 + i % 3] AS status, 'Source ' || i % 5 AS source,
        created + interval (i // {leads} * {days}) day AS valid_from
    FROM range({leads} * {versions}) t(i)"""
EVENTS = """
    SELECT printf('L%08d', i % {leads}) AS id,
        timestamp '2024-01-01' + interval (i % {leads} * 7919 % 51840000) second
            + interval (i * 104729 % 7776000) second AS at,
        ['visit', 'mail', 'demo'][1 + i % 3] AS kind
    FROM range({leads} * 10) t(i)"""
OUTCOMES = """
    SELECT printf('L%08d', i * 5) AS id, 'sql' AS stage,
        timestamp '2024-01-01' + interval (i * 5 * 7919 % 51840000) second
            + interval (1 + i % 40) day AS at
    FROM range({leads} // 5) t(i)"""
CONTRACT = """
[leads]
path = "leads.parquet"
lead_id = "id"
created_at = "created"
{history}
[leads.columns]
size = "firmographic.company_size"
industry = "firmographic.industry"
country = "firmographic.country"
status = "firmographic:text"
source = "channel.source"
[events]
path = "events.parquet"
lead_id = "id"
occurred_at = "at"
kind = "kind"
[outcomes]
path = "outcomes.parquet"
lead_id = "id"
occurred_at = "at"
stage = "stage"
"""
STAGES = ("open and screen", "a night's features", "training features")
HEAD = ["stage", "snapshots", *(f"CPU seconds, {n} a lead" for n in VERSIONS), "ratio"]
INTRODUCTION = f"""\
A made-up company in Parquet files: leads with five attributes, ten events a lead, an outcome for
every fifth. Its leads table has a row a lead, and then {VERSIONS[-1]} versions of each,
{DAYS_A_VERSION} days apart (`valid_from`). Each runs in a process of its own; a training looks at
every lead at six ages. CPU seconds of all cores."""


@dataclass(frozen=True)
class Costs:
    """CPU seconds and snapshots by stage, and the process's peak memory."""

    seconds: tuple[float, ...]
    snapshots: tuple[int, ...]
    peak_mb: float


def main() -> None:
    """Measure leads without and with versions, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--versions", type=int, help="one of the two in this process, as JSON")
    parser.add_argument("--out", type=Path, default=RESULT)
    asked = parser.parse_args()
    if asked.versions:
        print(json.dumps(asdict(measure(asked.leads, asked.versions))))
        return
    found = [_in_own_process(asked.leads, versions) for versions in VERSIONS]
    text = report(asked.leads, *found)
    asked.out.write_text(text, encoding="utf-8")
    print(text)


def _in_own_process(leads: int, versions: int) -> Costs:
    command = [sys.executable, str(Path(__file__).resolve()), "--leads", str(leads)]
    command += ["--versions", str(versions)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{versions} versions failed:\n{done.stderr}")
    return Costs(**json.loads(done.stdout.splitlines()[-1]))


def measure(leads: int, versions: int) -> Costs:
    """Write a company, open it, and compute the features of a night and of a training."""
    from leadscore.features.contract import load_contract
    from leadscore.features.families import feature_frame
    from leadscore.features.point_in_time import nightly_snapshots, training_snapshots
    from leadscore.features.tables import open_tables

    with tempfile.TemporaryDirectory() as folder:
        write_company(Path(folder), leads, versions)
        contract = load_contract(Path(folder))
        ages = contract.features.snapshot_ages_days
        watch = Stopwatch()
        with open_tables(contract) as tables:
            seconds, snapshots = [watch.read().cpu_seconds], [leads]
            for spine in (
                nightly_snapshots(tables, as_of=tables.data_end),
                training_snapshots(tables, ages_days=ages),
            ):
                frame, _ = feature_frame(tables, spine)
                seconds.append(watch.read().cpu_seconds - sum(seconds))
                snapshots.append(len(frame))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Costs(tuple(seconds), tuple(snapshots), peak_mb)


def write_company(folder: Path, leads: int, versions: int) -> None:
    """Write the tables and the contract."""
    import duckdb

    connection = duckdb.connect()
    given = {"leads": leads, "versions": versions, "days": DAYS_A_VERSION}
    for name, query in (("leads", LEADS), ("events", EVENTS), ("outcomes", OUTCOMES)):
        connection.execute(f"COPY ({query.format(**given)}) TO '{folder / name}.parquet'")
    history = 'valid_from = "valid_from"' if versions > 1 else ""
    text = CONTRACT.format(history=history)
    (folder / "leadscore.toml").write_text(text, encoding="utf-8")


def report(leads: int, without: Costs, held: Costs) -> str:
    """Write the table."""
    rows = [
        [stage, f"{snapshots:,}", f"{plain:.1f}", f"{own:.1f}", f"{own / plain:.2f} ×"]
        for stage, snapshots, plain, own in zip(
            STAGES, held.snapshots, without.seconds, held.seconds, strict=True
        )
    ]
    plain, own = sum(without.seconds), sum(held.seconds)
    rows.append(["all", "", f"{plain:.1f}", f"{own:.1f}", f"{own / plain:.2f} ×"])
    remark = f"Peak memory {without.peak_mb:,.0f} and {held.peak_mb:,.0f} MB. One run of each."
    return "\n".join(
        [
            "# What former values of attributes cost",
            "",
            INTRODUCTION,
            "",
            f"## {leads:,} leads",
            "",
            markdown_table(HEAD, rows, words=1),
            "",
            circumstances(f"python benchmarks/histories.py --leads {leads}", remark=remark),
        ]
    )


if __name__ == "__main__":
    main()
