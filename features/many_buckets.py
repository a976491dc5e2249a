"""Buckets of leads on disk, shown one after another in tables of the same names.

First the leads and outcomes of each bucket are screened, and asked for what only all leads
together can tell (`features.past`); then one bucket at a time is looked at, with its events. What
is asked of one bucket can be asked of the next in the same words.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from features.asked import Asked
from features.cells import time_cell
from features.dated_rows import screen_events, screen_outcomes
from features.lead_rows import screen_leads
from features.past import Past, past_of_bucket, summed
from features.quarantine import Quarantine, Screened
from features.tables import Tables, end_of, known, known_leads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from features.bucket_files import BucketFiles
    from features.past import BucketPast

ROWS, DROPPED = "rows", "dropped"  # under which a file of faults tells of how many rows they are
ORDER = ("leads", "events", "outcomes")  # of the quarantine


class Shelf:
    """The buckets on disk, and the tables that show one of them.

    Parameters
    ----------
    connection
        The DuckDB connection that shows them.
    files
        The rows as they are, sorted.
    folder
        Where screened leads and outcomes are kept.
    known_by
        Keep only what was known before this moment, UTC without a zone; None keeps everything.
    """

    def __init__(
        self, connection: Backend, files: BucketFiles, folder: Path, known_by: datetime | None
    ) -> None:
        self.connection, self.files, self.contract = connection, files, files.contract
        self.folder, self.known_by = folder, known_by
        self.asked = Asked()
        self.shown: dict[str, Screened] = {}  # by table, the bucket at hand
        self.screened: dict[tuple[str, int], Screened] = {}  # by table and bucket

    def show_first(self) -> Tables:
        """Ask the leads and outcomes of every bucket of the past; show tables of one of them."""
        tables = self._leads_and_outcomes()
        count = self.files.count
        pasts = [self._first_pass(bucket, tables) for bucket in range(count)]
        ends = [end for past in pasts for end in past.ends]
        if self.contract.events is not None:
            ends += [self._events_end(bucket) for bucket in range(count)]
            tables = self._with_events(tables)
        return replace(
            tables,
            past=self._past(pasts),
            asked=self.asked,
            data_end=end_of(ends, self.known_by),
            quarantine=self.quarantine(),
        )

    def _leads_and_outcomes(self) -> Tables:
        """Show the first bucket's leads and outcomes, in tables whose rows will be replaced."""
        raw = self.files.show("leads", 0)
        leads, attributes = screen_leads(self.connection, raw, self.contract)
        self.shown["leads"] = leads
        outcomes = None
        if self.contract.outcomes is not None:
            raw = self.files.show("outcomes", 0)
            screened = screen_outcomes(
                self.connection, raw, self.contract, leads.kept, strangers_wanted=True
            )
            self.shown["outcomes"] = screened
            outcomes = known(screened.kept, self.known_by)
        kept = known_leads(leads.kept, self.known_by)
        nothing = Quarantine.from_screened(list(self.shown.values()))
        return Tables(self.contract, kept, None, outcomes, attributes, (), None, nothing)

    def _first_pass(self, bucket: int, tables: Tables) -> BucketPast:
        """Screen a bucket's leads and outcomes, keep them, and ask them of the past."""
        for name, shown in self.shown.items():
            self.files.show(name, bucket)
            screened = shown.by.run()
            self.screened[name, bucket] = screened
            file = self._file(name, bucket)
            file.parent.mkdir(parents=True, exist_ok=True)
            self.connection.con.table(screened.by.table).write_parquet(str(file))
        return past_of_bucket(tables, self.asked)

    def _file(self, name: str, bucket: int) -> Path:
        return self.folder / name / f"{bucket}.parquet"

    def _past(self, pasts: Sequence[BucketPast]) -> Past:
        since = [past.sql_since for past in pasts if past.sql_since]
        matured = {
            level: self.connection.create_table(
                f"matured_{level}", summed([past.matured[level] for past in pasts])
            )
            for level in pasts[0].matured
        }
        return Past(
            sql_since=min(since, default=None),
            matured=matured,
            has_unknown_target=any(past.has_unknown_target for past in pasts),
            kinds=cache(lambda: self.files.words("events", "kind")),
            reasons=cache(lambda: self.files.words("outcomes", "reason")),
        )

    def _events_end(self, bucket: int) -> datetime | None:
        raw, source = self.files.show("events", bucket), self.contract.events
        terms = [getattr(source, term, None) or term for term in ("recorded_at", "occurred_at")]
        column = next(raw[name] for name in terms if name in raw.columns)

        def latest() -> ir.Table:
            rows = raw.select(moment=time_cell(column, self.contract.reading))
            rows = rows if self.known_by is None else rows.filter(_.moment < self.known_by)
            return rows.aggregate(latest=_.moment.max())

        found: datetime | None = self.asked.arrow("end of events", latest)["latest"][0].as_py()
        return found

    def _with_events(self, tables: Tables) -> Tables:
        self._take_up(0)
        screened, terms = screen_events(
            self.connection,
            self.files.show("events", 0),
            self.contract,
            self.shown["leads"].kept,
            strangers_wanted=True,
        )
        self.shown["events"] = screened
        return replace(tables, events=known(screened.kept, self.known_by), event_terms=terms)

    def turn_to(self, bucket: int, only: Sequence[str] | None) -> None:
        """Show a bucket's rows in the tables; events of some leads alone where `only` says so."""
        self._take_up(bucket)
        if "events" in self.shown:
            self.files.show("events", bucket, only=only)
            screened = self.shown["events"].by.run()
            if only is None:
                self._keep_faults(bucket, screened)

    def _keep_faults(self, bucket: int, screened: Screened) -> None:
        """Keep what was wrong with a bucket's events for a run that goes on after this one."""
        self.screened["events", bucket] = screened
        counts = {ROWS: str(screened.rows), DROPPED: str(screened.dropped)}
        file = self._file("faults", bucket)
        file.parent.mkdir(parents=True, exist_ok=True)
        faults = pa.Table.from_pandas(screened.aside, preserve_index=False)
        pq.write_table(faults.replace_schema_metadata({**faults.schema.metadata, **counts}), file)

    def _kept_faults(self, bucket: int) -> Screened | None:
        file = self._file("faults", bucket)
        if not file.exists():
            return None
        faults = pq.ParquetFile(file).read()
        rows, dropped = (int(faults.schema.metadata[name.encode()]) for name in (ROWS, DROPPED))
        shown = self.shown["events"]
        return replace(shown, aside=faults.to_pandas(), rows=rows, dropped=dropped)

    def _take_up(self, bucket: int) -> None:
        """Show a bucket's screened leads and outcomes again."""
        for name in self.shown:
            if name != "events":
                table = self.shown[name].by.table
                self.connection.drop_table(table, force=True)
                self.connection.con.read_parquet(str(self._file(name, bucket))).create(table)

    def ask_all(self, question: str, build: Callable[[], ir.Table]) -> pa.Table:
        """Ask the leads and outcomes of every bucket; the answers stand one below the other."""
        answers = []
        for bucket in range(self.files.count):
            self._take_up(bucket)
            answers.append(self.asked.arrow(question, build))
        return pa.concat_tables(answers)

    def quarantine(self) -> Quarantine:
        """Collect what could not be used, in the buckets that were looked at."""
        if "events" in self.shown:
            for bucket in range(self.files.count):
                kept = self._kept_faults(bucket)
                if kept is not None:
                    self.screened.setdefault(("events", bucket), kept)
        found = sorted(self.screened, key=lambda each: (ORDER.index(each[0]), each[1]))
        return Quarantine.from_buckets([self.screened[each] for each in found])
