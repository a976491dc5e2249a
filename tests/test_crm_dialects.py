"""One company as eleven systems export it: what each carries gives the same features."""

from __future__ import annotations

from contextlib import contextmanager

import pandas as pd
import pytest

from leadscore.features.contract import CONTRACT_FILE, load_contract
from leadscore.features.families import feature_frame
from leadscore.features.onboarding import draft_contract
from leadscore.features.point_in_time import training_snapshots
from leadscore.features.tables import open_tables

COUNTS = {"leads": 1000, "events": 2761, "outcomes": 326}
STAGES = {"sql": 165, "won": 51, "lost": 110}
KEYS = ["lead_id", "as_of"]

# What a dialect does not carry as `clean` does, by the beginning of the features' names, and why.
DAYS_ONLY = ("hours_since_sql", "days_since_account_")  # outcomes have a day and no time of day
MINUTES_ONLY = (*DAYS_ONLY, "activity_days", "conversion_days", "email_opened_days")
MINUTES_ONLY = (*MINUTES_ONLY, "high_intent_days", "other_kinds_days", "days_since_colleague")
LESS: dict[str, tuple[str, ...]] = {
    "sf_objects": DAYS_ONLY,
    "history_mode": ("company_size",),  # the head count was another in the first three days
    "epoch_ms_deleted": (),
    "wide_outcomes": DAYS_ONLY,
    "jsonl": (),
    "german": MINUTES_ONLY,
    "dup_events": (),
    "ny_local": (),
}
AMBIGUOUS = {"ny_local": 2}  # cells of an event in the hour that the clock had twice


@contextmanager
def drafted(real_data, tmp_path, name, **reading):
    """Open the tables that `init` drafts from a folder, nothing edited but `reading`."""
    folder = tmp_path / name
    folder.mkdir()
    text = draft_contract(real_data / "crm_dialects" / name, directory=folder).text
    (folder / CONTRACT_FILE).write_text(text, encoding="utf-8")
    contract = load_contract(folder)
    changed = contract.reading.model_copy(update=reading)
    with open_tables(contract.model_copy(update={"reading": changed})) as tables:
        yield tables


def features_of(tables):
    ages = tables.contract.features.snapshot_ages_days
    frame, _ = feature_frame(tables, training_snapshots(tables, ages_days=ages))
    return frame


@pytest.fixture(scope="module")
def clean(real_data, tmp_path_factory):
    with drafted(real_data, tmp_path_factory.mktemp("clean"), "clean") as tables:
        return features_of(tables)


@pytest.mark.parametrize("name", LESS)
def test_init_alone_gives_the_features_of_the_clean_export(real_data, tmp_path, clean, name):
    reading = {"timezone": "America/New_York"} if name == "ny_local" else {}
    with drafted(real_data, tmp_path, name, **reading) as tables:
        counts = {each: int(getattr(tables, each).count().execute()) for each in COUNTS}
        assert counts == COUNTS
        stages = tables.outcomes.stage.value_counts().execute()
        assert dict(stages.itertuples(index=False, name=None)) == STAGES
        assert tables.quarantine.rows.empty
        found = features_of(tables)
    assert found[KEYS].equals(clean[KEYS])
    same = [each for each in clean.columns.intersection(found.columns) if each not in KEYS]
    same = [each for each in same if not each.startswith(LESS[name] or ("-",))]
    assert len(same) > 40
    differ = (found[same] != clean[same]) & ~(found[same].isna() & clean[same].isna())
    assert int(differ.to_numpy().sum()) == AMBIGUOUS.get(name, 0)
    if name == "history_mode":
        late = clean.as_of - clean.groupby("lead_id").as_of.transform("min") > pd.Timedelta(days=4)
        assert found.company_size[late].equals(clean.company_size[late])
        assert not found.company_size.equals(clean.company_size)


@pytest.mark.parametrize("name", ["hubspot_contacts", "hubspot_xlsx"])
def test_a_contact_export_tells_leads_and_stages(real_data, tmp_path, clean, name):
    with drafted(real_data, tmp_path, name) as tables:
        assert int(tables.leads.count().execute()) == COUNTS["leads"]
        stages = tables.outcomes.stage.value_counts().execute()
        assert dict(stages.itertuples(index=False, name=None)) == {"sql": 165, "won": 51}
        ignored = tables.contract.leads.columns
        assert ignored["Number of Pageviews"].role == "ignored"
        assert ignored["Last Activity Date"].role == "ignored"
        found = features_of(tables)
    # Ids are others; leads come in the same order. Losses are not told, so lost leads stay open.
    firsts = [frame.groupby("lead_id", sort=True).first() for frame in (found, clean)]
    for column in ("company_size", "industry", "country", "source"):
        assert list(firsts[0][column].fillna("")) == list(firsts[1][column].fillna(""))
