"""A company of any size for the benchmark of features: a small one, repeated under other names.

Simulating fifty million events takes longer than anything that is measured with them. A company of
some thousand leads is simulated and cleaned once; each of its leads then stands in the tables many
times, each time with another id. Events lie in the order of time, as exports have them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import pyarrow.parquet as pq

from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.families import common_kinds, event_groups
from leadscore.features.point_in_time import nightly_snapshots, training_snapshots
from leadscore.features.tables import open_tables
from leadscore.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir

    from leadscore.features.families import EventGroup
    from leadscore.features.tables import Tables

LEADS_AT_ONCE = 10_000  # different leads; more of them differ no more
EVENTS_OF_THEIR_OWN = 39  # events a lead that the simulator makes unasked
NIGHT = datetime(2026, 6, 30)  # the last midnight but one of the simulated history
NAMES = ("leads", "events", "outcomes")
CONTRACT = """
[leads]
path = "leads.csv"
account = "company"

[leads.columns]
email = "personal.email"
job_title = "firmographic.job_title"
industry = "firmographic.industry"
employees = "firmographic.company_size"
source = "channel.source"

[events]
path = "events/*.parquet"
recorded_at = "recorded_at"
value = "value"
source = "source"

[events.groups]
conversion = ["content_download", "form_submit", "webinar_signup"]
email_sent = ["email_sent"]
email_opened = ["email_open"]
unsubscribe = ["email_unsubscribe"]
sales_touch = ["sales_call"]
high_intent = ["pricing_view", "trial_login", "demo_request"]

[outcomes]
path = "outcomes.csv"
reason = "reason"
amount = "amount"

[horizon_days]
sql = 30
won = 90
"""


@dataclass(frozen=True)
class Bench:
    """The tables of one company, open, and what is asked of them.

    Parameters
    ----------
    tables
        The cleaned tables, each over one Parquet file.
    snapshots
        Columns `lead_id`, `as_of`.
    kinds, groups
        The event kinds with columns of their own, and what is counted together.
    half_life_days
        In which a weight halves.
    """

    tables: Tables
    snapshots: ir.Table
    kinds: tuple[str, ...]
    groups: tuple[EventGroup, ...]
    half_life_days: float


def write_company(folder: Path, *, leads: int, events_a_lead: float) -> tuple[int, int]:
    """Write a company's cleaned tables and two sets of snapshots as Parquet files.

    Parameters
    ----------
    folder
        Where the files go: `leads`, `events`, `outcomes`, `night` (the leads open on one night)
        and `training` (each lead at every age of the contract; `training-007` at seven days alone),
        and the small company itself.
    leads
        About how many; above 10,000 a multiple of 10,000.
    events_a_lead
        About how many events each has.

    Returns
    -------
    leads, events : int
        How many there are.
    """
    different = min(leads, LEADS_AT_ONCE)
    extra = max(events_a_lead - EVENTS_OF_THEIR_OWN, 0.0)
    simulate(folder, leads=different, extra_events_per_lead=extra)
    (folder / CONTRACT_FILE).write_text(CONTRACT, encoding="utf-8")
    copies = ibis.range(max(leads // different, 1)).unnest().name("copy").as_table()
    with open_tables(load_contract(folder)) as tables:
        for name in NAMES:
            rows = getattr(tables, name).cross_join(copies)
            renamed = rows.lead_id + "-" + rows["copy"].cast("string")
            table = rows.mutate(lead_id=renamed).drop("copy")
            if name == "events":
                table = table.order_by("occurred_at")
            table.to_parquet(folder / f"{name}.parquet")
    _write_snapshots(folder)
    rows_of = {name: pq.read_metadata(folder / f"{name}.parquet").num_rows for name in NAMES}
    return rows_of["leads"], rows_of["events"]


def _write_snapshots(folder: Path) -> None:
    with _opened(folder) as tables:
        ages = tables.contract.features.snapshot_ages_days
        nightly_snapshots(tables, as_of=NIGHT).to_parquet(folder / "night.parquet")
        training_snapshots(tables, ages_days=ages).to_parquet(folder / "training.parquet")
        for age in ages:
            spine = training_snapshots(tables, ages_days=(age,))
            spine.to_parquet(folder / f"training-{age:03}.parquet")


@contextmanager
def open_company(folder: Path, snapshots: str) -> Iterator[Bench]:
    """Open the tables of a company with one set of its snapshots.

    Parameters
    ----------
    folder
        Where `write_company` wrote them.
    snapshots
        `night`, `training` or `training-007`, as `write_company` named it.

    Yields
    ------
    Bench
    """
    with _opened(folder) as tables:
        kinds = common_kinds(tables)
        connection = tables.leads.get_backend()
        spine = connection.create_table(
            "spine", connection.read_parquet(folder / f"{snapshots}.parquet")
        )
        source = tables.contract.events
        groups = source.groups if source is not None else {}
        half_life_days = tables.contract.features.half_life_days
        yield Bench(tables, spine, kinds, event_groups(groups, kinds), half_life_days)


@contextmanager
def _opened(folder: Path) -> Iterator[Tables]:
    """Open the small company, for its contract, with the large one's rows."""
    with open_tables(load_contract(folder)) as small:
        connection = small.leads.get_backend()
        rows = {name: connection.read_parquet(folder / f"{name}.parquet") for name in NAMES}
        yield replace(small, **rows)
