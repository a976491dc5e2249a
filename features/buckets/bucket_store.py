"""Buckets of leads on disk, shown one after another in tables of the same names.

First the leads and outcomes of each bucket are screened, and asked for what only all leads
together can tell (`CompanyTotals`); then one bucket at a time is looked at, with its events. What
is asked of one bucket can be asked of the next in the same words.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from leadscore.features.buckets.bucket_files import BucketFiles
from leadscore.features.tables.cell_parsing import time_cell
from leadscore.features.tables.clean_events_outcomes import screen_events, screen_outcomes
from leadscore.features.tables.clean_leads import screen_leads
from leadscore.features.tables.company_totals import past_of_bucket
from leadscore.features.tables.data_end import last_passed
from leadscore.features.tables.quarantine import Quarantine, Screened
from leadscore.features.tables.query_cache import Asked
from leadscore.features.tables.tables import ONE_DAY, Tables, connected, known, known_leads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract.contract import Contract
    from leadscore.features.tables.company_totals import BucketPast

ROWS, DROPPED = "rows", "dropped"  # under which a file of faults tells of how many rows they are


@dataclass(frozen=True)
class Shelving:
    """Where sorted buckets lie, and how to look at them.

    Parameters
    ----------
    contract
        Whose tables.
    folder
        Where they lie.
    count
        How many buckets there are.
    known_by
        Keep only what was known before this moment, UTC without a zone; None keeps everything.
    memory_mb
        How much of it DuckDB may take before it spills.
    threads
        On how many threads DuckDB works; None for one a core.
    token
        What names it, for `buckets.worker_pool`.
    kept
        Where sorted events stay from night to night; None where they do not.
    """

    contract: Contract
    folder: Path
    count: int
    known_by: datetime | None
    memory_mb: int
    threads: int | None
    token: str
    kept: Path | None

    @contextmanager
    def open(self) -> Iterator[Shelf]:
        """Open them, on a connection of their own."""
        memory, raw = f"{self.memory_mb}MB", self.folder / "raw"
        with connected(memory, threads=self.threads, folder=self.folder) as connection:
            files = BucketFiles(connection, self.contract, raw, count=self.count, kept=self.kept)
            yield Shelf(connection, files, self.folder, self.known_by)


class Shelf:
    """The buckets on disk, and the tables that show one of them.

    Parameters
    ----------
    connection
        The DuckDB connection that shows them.
    files
        The rows as they are, sorted.
    folder
        Where screened leads and outcomes are kept, and what was wrong with them.
    known_by
        Keep only what was known before this moment, UTC without a zone; None keeps everything.

    Attributes
    ----------
    tables
        The tables that show a bucket; without rows until `turn_to` is called.
    """

    def __init__(
        self, connection: Backend, files: BucketFiles, folder: Path, known_by: datetime | None
    ) -> None:
        self.connection, self.files, self.contract = connection, files, files.contract
        self.folder, self.known_by = folder, known_by
        self.asked = Asked()
        self.shown: dict[str, Screened] = {}  # by table, the bucket at hand
        self.tables = self._tables()

    def _tables(self) -> Tables:
        """Write down how rows are screened; there are none yet."""
        raw = self.files.show("leads", None)
        leads, attributes = screen_leads(self.connection, raw, self.contract)
        self.shown["leads"] = leads
        tables = Tables(
            contract=self.contract,
            leads=known_leads(leads.kept, self.known_by),
            events=None,
            outcomes=None,
            attributes=attributes,
            event_terms=(),
            data_end=None,
            quarantine=Quarantine.from_screened([leads]),
            asked=self.asked,
        )
        if self.contract.events is not None:
            tables = self._with_events(tables)
        return tables if self.contract.outcomes is None else self._with_outcomes(tables)

    def _with_events(self, tables: Tables) -> Tables:
        raw, leads = self.files.show("events", None), self.shown["leads"].kept
        screened, terms = screen_events(
            self.connection, raw, self.contract, leads, strangers_wanted=True
        )
        self.shown["events"] = screened
        return replace(tables, events=known(screened.kept, self.known_by), event_terms=terms)

    def _with_outcomes(self, tables: Tables) -> Tables:
        raw, leads = self.files.show("outcomes", None), self.shown["leads"].kept
        screened = screen_outcomes(
            self.connection, raw, self.contract, leads, strangers_wanted=True
        )
        self.shown["outcomes"] = screened
        return replace(tables, outcomes=known(screened.kept, self.known_by))

    def screen(self, bucket: int) -> BucketPast:
        """Screen a bucket's leads and outcomes, keep them, and ask them of the past."""
        for name, shown in self.shown.items():
            if name != "events":
                self.files.show(name, bucket)
                screened = shown.by.run()
                file = self._file(name, bucket)
                file.parent.mkdir(parents=True, exist_ok=True)
                self.connection.con.table(screened.by.table).write_parquet(str(file))
                self._keep_faults(bucket, screened)
        if "events" not in self.shown:
            return past_of_bucket(self.tables, self.asked, kinds=frozenset())
        kinds = self.files.words("events", "kind", bucket)
        past = past_of_bucket(self.tables, self.asked, kinds=kinds)
        return replace(past, ends=(*past.ends, self._events_end(bucket)))

    def _events_end(self, bucket: int) -> datetime | None:
        """Find the last event that can be used; of most buckets the last day alone is screened."""
        self.files.show("events", bucket)
        last = self._latest("end of all events", self._moments)
        if last is None:
            return None
        self.files.show_some("events", bucket, lambda rows: self._since(rows, last - ONE_DAY))
        self.shown["events"].by.run()
        found = self._latest("end of events", self._usable_moments)
        if found is None or found > last:  # what passed on the last day cannot be used
            self.files.show("events", bucket)
            self.shown["events"].by.run()
            found = self._latest("end of events", self._usable_moments)
        return found

    def _latest(self, question: str, moments: Callable[[], ir.Table]) -> datetime | None:
        def latest() -> ir.Table:
            rows = moments()
            return rows.aggregate(latest=last_passed(rows.moment))

        answer = self.asked.arrow(question, latest)
        found: datetime | None = answer["latest"][0].as_py()
        return found

    def _moments(self) -> ir.Table:
        raw = self.connection.table("raw_events")
        rows = raw.select(moment=self._moment(raw))
        return rows if self.known_by is None else rows.filter(_.moment < self.known_by)

    def _usable_moments(self) -> ir.Table:
        return known(self.shown["events"].kept, self.known_by).select(moment=_.recorded_at)

    def _since(self, raw: ir.Table, moment: datetime) -> ir.Table:
        return raw.filter(self._moment(raw) >= moment)

    def _moment(self, raw: ir.Table) -> ir.TimestampValue:
        """Read when an event was recorded, or else occurred, as `clean_events` does."""
        source, reading = self.contract.events, self.contract.reading
        terms = [getattr(source, term, None) or term for term in ("recorded_at", "occurred_at")]
        return ibis.coalesce(*(time_cell(raw[each], reading) for each in terms if each in raw))

    def ask(self, bucket: int, question: str, build: Callable[[Tables], ir.Table]) -> pa.Table:
        """Ask the leads and outcomes of a bucket."""
        self._take_up(bucket)
        return self.asked.arrow(question, lambda: build(self.tables))

    def turn_to(self, bucket: int, only: Sequence[str] | None) -> None:
        """Show a bucket's rows in the tables; events of some leads alone where `only` says so."""
        self._take_up(bucket)
        if "events" in self.shown:
            self.files.show("events", bucket, only=only)
            screened = self.shown["events"].by.run()
            if only is None:
                self._keep_faults(bucket, screened)

    def _take_up(self, bucket: int) -> None:
        """Show a bucket's screened leads and outcomes again."""
        for name in self.shown:
            if name != "events":
                table = self.shown[name].by.table
                self.connection.drop_table(table, force=True)
                self.connection.con.read_parquet(str(self._file(name, bucket))).create(table)

    def _file(self, name: str, bucket: int) -> Path:
        return self.folder / "screened" / name / f"{bucket}.parquet"

    def _keep_faults(self, bucket: int, screened: Screened) -> None:
        """Keep what was wrong with a bucket's rows for whoever collects it."""
        counts = {ROWS: str(screened.rows), DROPPED: str(screened.dropped)}
        file = self._file(f"faults of {screened.name}", bucket)
        file.parent.mkdir(parents=True, exist_ok=True)
        faults = pa.Table.from_pandas(screened.aside, preserve_index=False)
        pq.write_table(faults.replace_schema_metadata({**faults.schema.metadata, **counts}), file)

    def _kept_faults(self, name: str, bucket: int) -> Screened | None:
        file = self._file(f"faults of {name}", bucket)
        if not file.exists():
            return None
        faults = pq.ParquetFile(file).read()
        rows, dropped = (int(faults.schema.metadata[key.encode()]) for key in (ROWS, DROPPED))
        return replace(self.shown[name], aside=faults.to_pandas(), rows=rows, dropped=dropped)

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""
        found = []
        for name in self.shown:
            kept = [self._kept_faults(name, bucket) for bucket in range(self.files.count)]
            broken = self.files.broken(name)
            lines = replace(self.shown[name], aside=broken, rows=len(broken), dropped=len(broken))
            found += [lines, *(each for each in kept if each is not None)]
        return Quarantine.from_buckets(found)
