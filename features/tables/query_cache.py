"""Answers of the tables as frames; what is asked of one bucket after another is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import ibis
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.tables.tables import Tables

Built = TypeVar("Built")
CHOSEN = "chosen_leads"  # the table of leads that are asked about


class Asked:
    """Remembers each question in the database's own words.

    Building an expression and putting it into SQL takes seconds of a processor, which tables that
    are looked at bucket by bucket need only spend once: their names stay, their rows change.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[ir.Table, pa.Schema, str]] = {}
        self._built: dict[str, Any] = {}

    def once(self, what: str, build: Callable[[], Built]) -> Built:
        """Build something over the tables the first time alone.

        Parameters
        ----------
        what
            What names it: the same name is the same thing for ever.
        build
            Builds it.
        """
        if what not in self._built:
            self._built[what] = build()
        built: Built = self._built[what]
        return built

    def arrow(self, question: str, build: Callable[[], ir.Table]) -> pa.Table:
        """Answer a question from the rows that the tables hold now.

        Parameters
        ----------
        question
            What names it: the same name is the same question for ever.
        build
            Builds the expression; called the first time alone.

        Returns
        -------
        pa.Table
        """
        if question not in self._known:
            expression = build()
            answer = expression.to_pyarrow()  # which also registers what lies in memory
            query = ibis.get_backend(expression).compile(expression)
            self._known[question] = (expression, answer.schema, query)
            return answer
        expression, schema, query = self._known[question]
        return ibis.get_backend(expression).con.sql(query).to_arrow_table().cast(schema)


def frame_of(tables: Tables, question: str, build: Callable[[], ir.Table]) -> pd.DataFrame:
    """Ask the tables for a frame.

    Parameters
    ----------
    tables
        Whom to ask. Where they are looked at bucket by bucket, the question is remembered.
    question, build
        As `Asked.arrow` takes them.

    Returns
    -------
    DataFrame
        Numbers as float64 where some are missing, text as str.
    """
    if tables.asked is not None:
        answer = tables.asked.arrow(question, build)
    else:
        answer = build().to_pyarrow()
    frame: pd.DataFrame = answer.to_pandas()
    return frame


def with_ids(tables: Tables, snapshots: ir.Table, lead_ids: Sequence[str]) -> ir.Table:
    """Keep some leads' snapshots, under a name that stays where leads are looked at in buckets.

    Parameters
    ----------
    tables
        Whose leads.
    snapshots
        Columns `lead_id`, `as_of`.
    lead_ids
        The leads.

    Returns
    -------
    ir.Table
        As `snapshots`.
    """
    wanted = pa.table({"lead_id": pa.array(lead_ids, pa.string())})
    if tables.asked is None:
        return snapshots.semi_join(ibis.memtable(wanted), "lead_id")
    backend = ibis.get_backend(snapshots)
    backend.con.register(CHOSEN, wanted)
    return snapshots.semi_join(backend.table(CHOSEN), "lead_id")
