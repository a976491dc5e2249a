from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import numpy as np
import pandas as pd
import pytest

from leadscore.features.families.feature_table import build_features

KINDS = ["page_view", "Reactive ü", "email_sent", "email_open", "call", "webinar", "rare", "odd"]
BORN = datetime(2020, 1, 1)


def company_of(tables, *, seed, events, horizon_days):
    """Give the company's leads other events: at any fraction of a second, many at once."""
    rng = np.random.default_rng(seed)
    leads = tables.leads.lead_id.as_table().to_pandas()["lead_id"]
    microseconds = rng.integers(0, horizon_days * 86_400 * 10**6, events)
    microseconds[: events // 4] //= 86_400 * 10**6  # on midnight, where windows begin
    microseconds[: events // 4] *= 86_400 * 10**6
    occurred = pd.Timestamp(BORN) + pd.to_timedelta(microseconds, unit="us")
    worth = rng.normal(0, 1, events) * 10.0 ** rng.integers(-6, 15, events)
    rows = pd.DataFrame(
        {
            "lead_id": rng.choice(leads, events),
            "occurred_at": occurred.astype("datetime64[us]"),
            "recorded_at": (
                occurred + pd.to_timedelta(rng.integers(0, 3, events), unit="D")
            ).astype("datetime64[us]"),
            "kind": rng.choice(KINDS, events),
            "value": np.where(rng.random(events) < 0.5, np.nan, worth),
        }
    )
    return replace(tables, events=ibis.memtable(rows), event_terms=("value",))


@pytest.mark.parametrize(
    ("seed", "events", "horizon_days"), [(1, 6_000, 200), (2, 3_000, 4), (3, 3, 3_000), (4, 0, 1)]
)
def test_what_is_counted_in_memory_is_what_the_query_counts(tables, seed, events, horizon_days):
    company = company_of(tables, seed=seed, events=events, horizon_days=horizon_days)
    ids = company.leads.lead_id.as_table().to_pandas()["lead_id"]
    moments = [datetime(2020, 1, 3), datetime(2020, 3, 1, 12, 30, 15, 250_000)]
    spine = pd.DataFrame({"lead_id": ids}).merge(pd.DataFrame({"as_of": moments}), how="cross")
    spine["as_of"] = spine["as_of"].astype("datetime64[us]")
    built = build_features(company, ibis.memtable(spine), kinds=("page_view", "Reactive ü"))
    asked = built.table.order_by("lead_id", "as_of").to_pandas()
    counted = built.to_pandas()
    assert counted["activity_ever"].sum() > 0 or events < 10
    pd.testing.assert_frame_equal(counted, asked, rtol=1e-9, check_dtype=False)
