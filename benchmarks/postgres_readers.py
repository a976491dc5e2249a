"""Readers who poll while nights are swapped: what each of them saw, and how long it waited."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from multiprocessing.synchronize import Event

    Counted = tuple[int, datetime | None, datetime | None]

SEEN = "SELECT count(*), min(as_of), max(as_of) FROM {}"
ONE = "SELECT as_of, score FROM {} WHERE lead_id = 'L000000000'"


@dataclass
class Seen:
    """What readers saw.

    Parameters
    ----------
    statements
        How many they ran.
    errors
        How many failed, by what the server said.
    nights
        How often each (rows, first night, last night) was counted.
    longest
        The longest a lookup of one lead took, in seconds: waiting for locks included.
    """

    statements: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    nights: Counter[Counted] = field(default_factory=Counter)
    longest: float = 0.0

    def add(self, other: Seen) -> None:
        """Take in what another reader saw."""
        self.statements += other.statements
        self.longest = max(self.longest, other.longest)
        self.errors.update(other.errors)
        self.nights.update(other.nights)

    def empty(self) -> int:
        """How many statements saw no row."""
        return sum(count for (rows, *_), count in self.nights.items() if rows == 0)

    def mixed(self, leads: int) -> int:
        """How many statements saw rows, but not one whole night of so many leads."""
        return sum(
            count
            for (rows, first, last), count in self.nights.items()
            if rows and (rows != leads or first != last)
        )


@contextmanager
def polling(url: str, schema: str, table: str, *, readers: int, pause: float) -> Iterator[Seen]:
    """Let readers poll, each in a process of its own, for the length of a `with` block.

    Parameters
    ----------
    url, schema, table
        Where they read.
    readers
        How many.
    pause
        Seconds that each rests between two rounds; a round counts the night and looks up a lead.

    Yields
    ------
    Seen
        Filled when the block ends.
    """
    context = multiprocessing.get_context("spawn")
    over, found = context.Event(), context.Queue()
    arguments = (url, (schema, table), pause, over, found)
    processes = [context.Process(target=_poll, args=arguments) for _ in range(readers)]
    for process in processes:
        process.start()
    for _ in processes:
        found.get()  # each says when it has connected
    seen = Seen()
    try:
        yield seen
    finally:
        over.set()
        for _ in processes:
            seen.add(found.get())
        for process in processes:
            process.join()


def _poll(url: str, at: tuple[str, str], pause: float, over: Event, found: Any) -> None:
    seen = Seen()
    with psycopg.connect(url, autocommit=True) as connection:
        whole, one = (SQL(text).format(Identifier(*at)) for text in (SEEN, ONE))
        found.put("here")
        while not over.is_set():
            seen.statements += 2
            try:
                since = time.perf_counter()
                connection.execute(one).fetchall()
                seen.longest = max(seen.longest, time.perf_counter() - since)
                row = connection.execute(whole).fetchone()
            except psycopg.Error as error:
                seen.errors[error.diag.message_primary or str(error)] += 1
                continue
            seen.nights[row] += 1
            over.wait(pause)
    found.put(seen)
