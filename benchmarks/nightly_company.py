"""A company of any size from the simulator: its open leads and their events, many times over.

Ten million simulated leads would take an hour and say nothing that a hundred thousand do not, so
these are simulated, and the open ones among them stand for as many as are wanted, each copy with
ids of its own and its own choice of their events. The closed ones, which a night only counts, stay
as they are.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

MEMORY_LIMIT = "4GB"
COPIES_AT_ONCE = 8  # which bounds memory


@dataclass(frozen=True)
class Grown:
    """How large a company has become.

    Parameters
    ----------
    leads, open_leads, events, new_events, outcomes
        Rows; of the leads those open as of the night, of the events those in a file of their own.
    """

    leads: int
    open_leads: int
    events: int
    new_events: int
    outcomes: int


def grow(base: Path, raw: Path, *, open_leads: int, events: int, night: datetime) -> Grown:
    """Write a large company's tables as Parquet.

    Parameters
    ----------
    base
        The tables of a simulated company: `leads.csv`, `events/`, `outcomes.csv`.
    raw
        Where to; replaced.
    open_leads, events
        How many leads shall be open as of the night, and how many events they shall have; nearly.
    night
        The night, UTC without a zone. Events of the day that follows come as `events/new.parquet`:
        the next night has them, too.

    Returns
    -------
    Grown
    """
    shutil.rmtree(raw, ignore_errors=True)
    (raw / "events").mkdir(parents=True)
    settings = {"memory_limit": MEMORY_LIMIT, "temp_directory": str(raw / "spilled")}
    with duckdb.connect(config=settings) as company:
        company.execute("set timezone = 'UTC'")
        _read(company, base, night)
        copies = round(open_leads / _count(company, "from open_leads"))
        share = events / (copies * _count(company, "from known_events"))
        _write(company, raw / "leads.parquet", _copied("leads", copies))
        _write(company, raw / "outcomes.parquet", _copied("outcomes", copies))
        for first in range(0, copies, COPIES_AT_ONCE):
            part = range(first, min(first + COPIES_AT_ONCE, copies))
            for table, name in (("known_events", "part"), ("new_events", "new")):
                query = _thinned(table, part, share=share)
                _write(company, raw / "events" / f"{name}-{first:05d}.parquet", query)
        return Grown(
            leads=_count(company, f"from '{raw}/leads.parquet'"),
            open_leads=copies * _count(company, "from open_leads"),
            events=_count(company, f"from '{raw}/events/part-*.parquet'"),
            new_events=_count(company, f"from '{raw}/events/new-*.parquet'"),
            outcomes=_count(company, f"from '{raw}/outcomes.parquet'"),
        )


def _read(company: duckdb.DuckDBPyConnection, base: Path, night: datetime) -> None:
    """Tell the leads that are open as of the night, and what was known of them by then."""
    moment = f"timestamptz '{night}+00'"
    for name in ("leads", "outcomes"):
        company.execute(
            f"create table {name} as from read_csv('{base}/{name}.csv', all_varchar = true)"
        )
    company.execute(
        f"create table open_leads as select distinct lead_id from leads "
        f"where created_at::timestamptz < {moment} and lead_id not in (select lead_id "
        f"from outcomes where stage in ('won', 'lost') and occurred_at::timestamptz < {moment})"
    )
    for name, first, last in (
        ("known_events", "timestamptz '1970-01-01'", moment),
        ("new_events", moment, f"{moment} + interval 1 day"),
    ):
        company.execute(
            f"create table {name} as from '{base}/events/*.parquet' semi join open_leads "
            f"using (lead_id) where greatest(occurred_at, recorded_at) >= {first} "
            f"and greatest(occurred_at, recorded_at) < {last}"
        )


def _copied(name: str, copies: int) -> str:
    """Repeat what is known of open leads under new ids; of the others it stays as it is."""
    return (
        f"select lead_id || '-' || copy as lead_id, * exclude (lead_id, copy) from {name} "
        f"semi join open_leads using (lead_id), range({copies}) as t(copy) "
        f"union all by name from {name} anti join open_leads using (lead_id)"
    )


def _thinned(name: str, copies: range, *, share: float) -> str:
    """Give each copy its own choice of a share of the events; above 1 it repeats some."""
    chance = f"hash(lead_id, occurred_at, kind, copy) / {2.0**64}"
    return (
        f"select lead_id || '-' || copy as lead_id, * exclude (lead_id, copy, again) from {name}, "
        f"range({copies.start}, {copies.stop}) as t(copy), "
        f"range({int(share) + 1}) as u(again) where again + {chance} < {share} "
        "order by copy, occurred_at"
    )


def _write(company: duckdb.DuckDBPyConnection, file: Path, query: str) -> None:
    company.execute(f"copy ({query}) to '{file}' (format parquet, compression zstd)")


def _count(company: duckdb.DuckDBPyConnection, rows: str) -> int:
    found = company.execute(f"select count(*) {rows}").fetchone()
    return int(found[0]) if found else 0
