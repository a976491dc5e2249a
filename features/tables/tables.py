"""The user's tables in the contract's terms: renamed, typed, in UTC, screened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.contract import Contract
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.company_totals import CompanyTotals
    from leadscore.features.tables.listed_leads import ListedLeads
    from leadscore.features.tables.quarantine import Quarantine
    from leadscore.features.tables.query_cache import QueryCache

CHOSEN = "chosen_leads"  # the table of `Tables.of_leads`


@dataclass(frozen=True)
class Tables:
    """The three tables of the contract, cleaned, as Ibis expressions over one connection.

    Parameters
    ----------
    contract
        The contract they were read by.
    leads
        Columns `lead_id` (string, unique), `created_at` (timestamp, UTC; null where unknown),
        `account` (string), `listed` (bool: to be scored; all but where a one-off file is),
        `target` (float64: 1, 0 or null for not yet known; flat files only)
        and one column an attribute.
    events
        Columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` (float64) and the touch's
        `source`, `medium`, `campaign`, `landing_page`; None where the contract has none.
    outcomes
        Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason`, `amount`; None for a
        flat file.
    attributes
        The attribute columns of `leads`, with the user's names and roles.
    event_terms
        Which optional columns the events have: `value`, `source`, `medium`, …
    data_end
        Until when the tables are complete (UTC, without a zone); None where nothing has a date.
    quarantine
        The rows and cells that could not be used.
    engine
        What runs the queries, by Ibis's name.
    totals
        Totals over all leads, where these are the tables of one bucket of them.
    cache
        The queries of earlier buckets, where these are the tables of one bucket.
    listed
        Where a one-off list is scored: all its rows, and what could not be used of them.
    """

    contract: Contract
    leads: ir.Table
    events: ir.Table | None
    outcomes: ir.Table | None
    attributes: tuple[Attribute, ...]
    event_terms: tuple[str, ...]
    data_end: datetime | None
    quarantine: Quarantine
    engine: str = "duckdb"
    totals: CompanyTotals | None = None
    cache: QueryCache | None = None
    listed: ListedLeads | None = None

    @property
    def has_dates(self) -> bool:
        """Whether leads have a creation date, so that later leads can test earlier ones."""
        return self.data_end is not None

    def without(self, columns: Collection[str]) -> Tables:
        """Return the same tables without some attributes, by the user's names."""
        kept = tuple(each for each in self.attributes if each.column not in columns)
        return replace(self, attributes=kept)

    def to_arrow(self, key: str, build: Callable[[], ir.Table]) -> pa.Table:
        """Run a query; tables of one bucket build it once a key and keep it for the next bucket."""
        return build().to_pyarrow() if self.cache is None else self.cache.to_arrow(key, build)

    def to_frame(self, key: str, build: Callable[[], ir.Table]) -> pd.DataFrame:
        """Run a query as `to_arrow` does: float64 where numbers are missing, text as str."""
        frame: pd.DataFrame = self.to_arrow(key, build).to_pandas()
        return frame

    def of_leads(self, snapshots: ir.Table, lead_ids: Sequence[str]) -> ir.Table:
        """Keep some leads' snapshots, in a table whose name is the same in every bucket."""
        wanted = pa.table({"lead_id": pa.array(lead_ids, pa.string())})
        if self.cache is None:
            return snapshots.semi_join(ibis.memtable(wanted), "lead_id")
        backend = ibis.get_backend(snapshots)
        backend.con.register(CHOSEN, wanted)
        return snapshots.semi_join(backend.table(CHOSEN), "lead_id")
