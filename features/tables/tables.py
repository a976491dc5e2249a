"""The three cleaned tables as one value, which every later step takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    import ibis.expr.types as ir
    import pandas as pd

    from leadscore.features.contract import Contract
    from leadscore.features.tables.attributes import Attribute
    from leadscore.features.tables.listed_leads import ListedLeads
    from leadscore.features.tables.quarantine import Quarantine
    from leadscore.features.tables.query_cache import QueryCache

CHOSEN = "chosen_leads"  # the table of `Tables.of_leads`


@dataclass(frozen=True)
class CompanyTotals:
    """Totals over all leads, which tables of one bucket cannot give."""

    has_unknown_target: bool  # in a flat file
    kinds: frozenset[str]  # of events
    reasons: frozenset[str]  # of outcomes
    # Results of `Buckets.ask_all` by key, those of all buckets concatenated.
    answers: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountTables:
    """A night's accounts, of which tables of one bucket have some leads only."""

    members: ir.Table  # of the bucket, as `families.account_members` returns them
    totals: ir.Table  # of all buckets, as `families.account_totals` returns them


@dataclass(frozen=True)
class Tables:
    """The three tables of the contract, cleaned, as Ibis expressions over one connection.

    Parameters
    ----------
    leads
        Columns `lead_id` (string, unique), `created_at` (timestamp, UTC; null where unknown),
        `account` (string: the company; null where unknown), `listed` (bool: to be scored; all but
        where a one-off file is),
        `target` (float64: 1, 0 or null for not yet known; flat files only)
        and one column an attribute.
    events
        Columns `lead_id`, `occurred_at`, `recorded_at`, `kind`, `value` (float64) and the touch's
        `source`, `medium`, `campaign`, `landing_page`; None where the contract has none.
    outcomes
        Columns `lead_id`, `occurred_at`, `recorded_at`, `stage`, `reason`, `amount`; None for a
        flat file.
    versions
        The leads' former states: columns `lead_id`, `valid_from` (timestamp, UTC; unique a lead),
        `valid_until` (that of the next, null for the last) and one an attribute that has a
        history; None where the source keeps none. `leads` then holds the values known by the
        moment that the tables were opened for, today's without one.
    """

    contract: Contract
    leads: ir.Table
    events: ir.Table | None
    outcomes: ir.Table | None
    versions: ir.Table | None
    attributes: tuple[Attribute, ...]
    event_terms: tuple[str, ...]  # the optional columns that events have: `value`, `source`, …
    data_end: datetime | None  # UTC, without a zone; None where nothing has a date
    quarantine: Quarantine
    engine: str = "duckdb"  # by Ibis's name
    totals: CompanyTotals | None = None  # of tables of one bucket
    cache: QueryCache | None = None  # of tables of one bucket: the queries of earlier ones
    accounts: AccountTables | None = None  # of tables of one bucket, where accounts are features
    listed: ListedLeads | None = None  # where a one-off list is scored

    @property
    def has_dates(self) -> bool:
        """Whether leads have a creation date, so that later leads can test earlier ones."""
        return self.data_end is not None

    @property
    def has_accounts(self) -> bool:
        """Whether a column tells a lead's account, by its name or by a company's e-mail address."""
        leads = self.contract.leads
        has_email = any(each.term == "email" for each in leads.columns.values())
        return leads.account is not None or has_email

    def without(self, columns: Collection[str]) -> Tables:
        """Leave out some attributes, by the user's names."""
        kept = tuple(each for each in self.attributes if each.column not in columns)
        return replace(self, attributes=kept)

    def to_arrow(self, key: str, build: Callable[[], ir.Table]) -> pa.Table:
        """Run a query; tables of one bucket build it once a key and run it again for the next."""
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
