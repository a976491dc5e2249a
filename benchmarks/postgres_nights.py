"""Made-up nights of any size, as the ledger keeps them, for the benchmarks of PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from leadscore.serving.ledger import MOVES, ROW_GROUP, SCHEMA
from leadscore.serving.tiers import TIERS

if TYPE_CHECKING:
    from pathlib import Path

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
SHARES = (0.03, 0.1, 0.82, 0.05)  # of the tiers, as a policy of 30 % and 13 % leaves them
ANEW = 0.05  # of the leads score differently from one night to the next
REASONS = ["Pricing page views: 4 (typical lead: 0)", "Trial: yes", "Head count: 51-200"]
BRIEF = ["Came by a webinar on 3 May.", "Last: pricing view on 28 Jun, 2 days ago."]
BATCH = 250_000  # a part of a night, so that ten million leads need no memory to speak of

# The columns of issue and table that is measured beside the ledger's own: twelve plain ones.
PLAIN = (
    "lead_id", "as_of", "p_sql", "p_won", "score", "tier", "model_tier", "previous_tier", "moved",
    "team", "expected_value", "coverage",
)  # fmt: skip


def write_made_up_night(directory: Path, *, leads: int, day: int = 0) -> datetime:
    """Write a night of made-up verdicts into the ledger of a project folder.

    Parameters
    ----------
    directory
        The project folder.
    leads
        How many.
    day
        Days after the first night; a night differs from the one before it in a few leads.

    Returns
    -------
    datetime
        The night.
    """
    as_of = FIRST + timedelta(days=day)
    folder = directory / "ledger" / f"night={as_of:%Y-%m-%d}"
    folder.mkdir(parents=True)
    with pq.ParquetWriter(folder / "part-0.parquet", SCHEMA, compression="zstd") as writer:
        for start in range(0, leads, BATCH):
            part = _rows(start, min(BATCH, leads - start), as_of, day)
            writer.write_table(part, row_group_size=ROW_GROUP)
    return as_of


def _rows(start: int, leads: int, as_of: datetime, day: int) -> pa.Table:
    numbers = np.arange(start, start + leads)
    random = np.random.default_rng([start, 0])
    p_sql = random.beta(1, 15, leads)
    for night in range(1, day + 1):
        drawn = np.random.default_rng([start, night])
        p_sql = np.where(drawn.random(leads) < ANEW, drawn.beta(1, 15, leads), p_sql)
    cuts = np.quantile(p_sql, 1 - np.cumsum(SHARES)[:-1])
    tier = np.array(TIERS)[np.searchsorted(-cuts, -p_sql)]
    explained = np.isin(tier, ("SQL", "MQL"))
    values = {
        "lead_id": pa.array(np.char.mod("L%09d", numbers)),
        "p_sql": pa.array(p_sql),
        "p_won": pa.array(p_sql / 4),
        "score": pa.array(100 * p_sql),
        "tier": pa.array(tier),
        "model_tier": pa.array(tier),
        "previous_tier": pa.array(tier),
        "handoff_probability": pa.array((tier == "SQL").astype(float)),
        "expected_value": pa.array(p_sql * 1_000),
        "coverage": pa.array(random.random(leads).round(2)),
        "reasons_for": _words(REASONS, explained),
        "reasons_against": _words(REASONS[:1], explained),
        "brief": _words(BRIEF, explained),
        "missing_facts": _words([], explained),
    }
    same = {
        "as_of": as_of,
        "moved": MOVES[3],
        "team": "sales",
        "nights_below": 0,
        "facts_digest": "0f3a9c21",
        "model_version": "3",
        "policy_version": "de7e9c51cc3f",
        "run_id": f"run-{day}",
        "scored_at": as_of,
    }
    columns = [
        values[field.name]
        if field.name in values
        else pa.repeat(pa.scalar(same.get(field.name), field.type), leads)
        for field in SCHEMA
    ]
    return pa.table(columns, schema=SCHEMA)


def _words(words: list[str], wanted: np.ndarray) -> pa.Array:
    """Give some leads all of the words, and the others none."""
    lists = pa.array([[], words], pa.list_(pa.string()))
    return lists.take(pa.array(wanted.astype(np.int8)))
