from __future__ import annotations

from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from leadscore.simulation.company import START, make_company
from leadscore.simulation.exported_tables import LIGHT_KINDS, SILENT_KINDS, STRONG_KINDS
from leadscore.simulation.funnel_process import (
    BEFORE_SQL,
    MEMORIES,
    REACTIONS,
    Doing,
    Stage,
    outlook,
    won_within,
    world,
)
from leadscore.simulation.simulate import simulate

END = pd.Timestamp("2026-07-01", tz="UTC")
LEADS, SEED = 10_000, 7
Z_BOUND = 4.0  # a right simulator fails one of these checks in some ten thousand


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("company"), leads=LEADS, seed=SEED, truth_nights=3)


@pytest.fixture(scope="module")
def leads(company):
    rows = pd.read_csv(company.leads_file, dtype=str, keep_default_na=False)
    return rows.assign(created_at=pd.to_datetime(rows["created_at"], utc=True, format="ISO8601"))


@pytest.fixture(scope="module")
def events(company):
    return read_parts(company.events_glob)


@pytest.fixture(scope="module")
def outcomes(company):
    return read_outcomes(company)


@pytest.fixture(scope="module")
def truth(company, outcomes):
    return labelled(company, outcomes)


def read_parts(glob):
    return pd.concat([pd.read_parquet(part) for part in sorted(glob.parent.glob(glob.name))])


def read_outcomes(company):
    return pd.read_csv(company.outcomes_file, parse_dates=["occurred_at"])


def labelled(company, outcomes):
    """The truth with what came of it, by the trainer's definition of the labels."""
    truth = read_parts(company.truth_glob)
    as_of = truth["as_of"].dt.tz_localize("UTC")
    at = {
        stage: truth["lead_id"].map(first_times(outcomes, stage))
        for stage in ("sql", "won", "lost")
    }
    sql = at["sql"] < as_of + pd.Timedelta(days=30)
    won = at["won"] < as_of + pd.Timedelta(days=90)
    open_sql = at["sql"] < as_of
    return truth.assign(
        as_of=as_of,
        sql=sql,
        won=sql & won,
        is_sql=open_sql,
        closed=(at["won"] < as_of) | (at["lost"] < as_of),
        sql_known=as_of + pd.Timedelta(days=30) <= END,
        won_known=as_of + pd.Timedelta(days=90) <= END,
    )


def created_at(leads):
    return leads.drop_duplicates("lead_id").set_index("lead_id")["created_at"]


def first_times(outcomes, stage):
    return outcomes[outcomes["stage"] == stage].groupby("lead_id")["occurred_at"].min()


def share(outcomes, of, among):
    stages = outcomes.groupby("stage")["lead_id"].agg(set)
    return len(stages[of] & stages[among]) / len(stages[among])


def z_of_sum(rows, label):
    """How far labels are from propensities, in standard errors; a lead's snapshots go together."""
    residual = (rows[label] - rows[f"p_{label}"]).groupby(rows["lead_id"]).sum()
    expected = (rows[f"p_{label}"] * (1 - rows[f"p_{label}"])).sum()
    return float(residual.sum() / np.sqrt(max((residual**2).sum(), expected)))


def digest(company):
    directory = company.leads_file.parent
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    names = [str(path.relative_to(directory)).encode() for path in files]
    return sha256(
        b"".join(n + path.read_bytes() for n, path in zip(names, files, strict=True))
    ).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    made = [
        simulate(tmp_path / name, leads=600, seed=seed, chunk_leads=250)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    digests = [digest(each) for each in made]
    assert digests[0] == digests[1] != digests[2]


def test_a_second_simulation_leaves_nothing_of_the_first(tmp_path):
    simulate(tmp_path, leads=600, chunk_leads=200)
    made = simulate(tmp_path, leads=300, chunk_leads=200)
    ids = set(read_parts(made.events_glob)["lead_id"]) | set(read_parts(made.truth_glob)["lead_id"])
    assert ids <= set(pd.read_csv(made.leads_file)["lead_id"])
    assert len(list((tmp_path / "events").iterdir())) == 2


def test_counts_are_those_of_the_files(company, leads, events, outcomes):
    assert company.leads == LEADS == leads["lead_id"].nunique()
    assert company.leads + company.duplicates == len(leads)
    assert (company.events, company.outcomes) == (len(events), len(outcomes))
    assert company.truths == len(read_parts(company.truth_glob))


def test_the_funnel_converts_as_the_industry_does(outcomes):
    mql = outcomes.loc[outcomes["stage"] == "mql", "lead_id"].nunique()
    ends = outcomes[outcomes["stage"].isin(["won", "lost"])].set_index("lead_id")["stage"]
    sql = outcomes.loc[outcomes["stage"] == "sql", "lead_id"]
    assert 0.45 < mql / LEADS < 0.70
    assert 0.11 < share(outcomes, "sql", "mql") < 0.16
    assert 0.20 < (ends[ends.index.isin(sql)] == "won").mean() < 0.30


def test_stages_follow_one_another(outcomes):
    before = outcomes.groupby("lead_id")["stage"].shift().fillna("lead")
    allowed = {
        "mql": {"lead", "recycled"},
        "accepted": {"mql"},
        "sql": {"accepted"},
        "rejected": {"mql", "accepted"},
        "recycled": {"mql", "accepted"},
        "won": {"sql"},
        "lost": {"lead", "recycled", "rejected", "sql"},
    }
    pairs = set(zip(before, outcomes["stage"], strict=True))
    assert pairs == {(origin, stage) for stage, origins in allowed.items() for origin in origins}
    assert (outcomes["amount"].notna() == (outcomes["stage"] == "won")).all()
    with_reason = outcomes["stage"].isin(["rejected", "recycled", "lost"])
    assert (outcomes["reason"].notna() == with_reason).all()


@pytest.mark.parametrize("label", ["sql", "won"])
def test_the_truth_is_calibrated_overall_and_in_each_tenth(truth, label):
    matured = truth[truth[f"{label}_known"] & ~truth["is_sql"]]
    tenth = pd.qcut(matured[f"p_{label}"].rank(method="first"), 10, labels=False)
    assert abs(z_of_sum(matured, label)) < Z_BOUND
    assert all(abs(z_of_sum(rows, label)) < Z_BOUND for _, rows in matured.groupby(tenth))


def test_the_truth_is_calibrated_at_each_age_and_for_open_deals(truth, leads):
    created = truth["lead_id"].map(created_at(leads))
    age = (truth["as_of"] - created).dt.days
    for days in (0, 2, 7, 21, 60, 150):
        assert abs(z_of_sum(truth[truth["sql_known"] & (age == days)], "sql")) < Z_BOUND
    assert abs(z_of_sum(truth[truth["won_known"] & truth["is_sql"]], "won")) < Z_BOUND


def test_the_truth_ranks_well_and_its_top_can_keep_a_promise(truth):
    fresh = truth[truth["sql_known"] & ~truth["is_sql"]]
    best = fresh.nlargest(len(fresh) // 100, "p_sql")
    assert roc_auc_score(fresh["sql"], fresh["p_sql"]) > 0.87
    assert best["sql"].mean() > 0.3
    closing = truth[truth["won_known"]]
    assert roc_auc_score(closing["won"], closing["p_won"]) > 0.87


def test_truths_are_at_the_agreed_midnights_of_open_leads(truth, leads):
    created = truth["lead_id"].map(created_at(leads))
    age = (truth["as_of"] - created.dt.floor("D")).dt.days - 1
    last = truth["as_of"] > END - pd.Timedelta(days=3)
    assert (age.isin([0, 2, 7, 21, 60, 150]) | last).all()
    assert not truth["closed"].any()
    assert not truth.duplicated(["lead_id", "as_of"]).any()
    assert (truth["as_of"] == END).sum() > LEADS / 2
    assert (truth["p_won"] <= truth["p_sql"]).all()
    assert (truth.loc[truth["is_sql"], "p_sql"] == 1).all()


def test_the_tables_show_all_that_the_truth_knows(truth, events, outcomes):
    some = truth[truth["as_of"] == END].head(400)
    rng = np.random.default_rng([SEED, 0]).spawn(4)[0]
    world_of = make_company(rng, first=0, size=LEADS, leads=LEADS, strength=1.0, drift=0.0)
    number = some["lead_id"].str[1:].astype(int).to_numpy()
    memory = replayed_memories(some["lead_id"], events, world_of.created_us[number])
    stage = some["lead_id"].map(outcomes.groupby("lead_id")["stage"].last()).fillna("lead")
    code = np.array([Stage[name.upper()] for name in stage])
    before = code <= max(BEFORE_SQL)
    cell = world_of.fit[number] * REACTIONS + world_of.reaction[number]
    looked = outlook(1.0, 30, 90)[
        world_of.activity[number], memory, np.where(before, code, 0), cell
    ]
    p_sql = np.where(before, looked[:, 0], code == Stage.SQL)
    closes = np.where(before, looked[:, 1], (code == Stage.SQL) * won_within(90))
    assert some["p_sql"].to_numpy() == pytest.approx(p_sql, rel=1e-12)
    assert some["p_won"].to_numpy() == pytest.approx(closes * world_of.win[number], rel=1e-12)


def replayed_memories(ids, events, created_us):
    """Each lead's memory at the end of the history, from nothing but its events."""
    of_kind = (
        dict.fromkeys(SILENT_KINDS, Doing.NOTHING)
        | dict.fromkeys(LIGHT_KINDS, Doing.LIGHT)
        | dict.fromkeys(STRONG_KINDS, Doing.STRONG)
        | {"demo_request": Doing.HAND_RAISE, "email_unsubscribe": Doing.UNSUBSCRIBE}
    )
    mine = events[events["lead_id"].isin(ids)]
    day = (mine["occurred_at"] - pd.Timestamp(str(START), tz="UTC")).dt.days
    doing = mine["kind"].map(of_kind).astype(int).groupby([mine["lead_id"], day]).max()
    after, first = world(1.0).after, created_us // 86_400_000_000
    memories = np.zeros(len(ids), dtype=int)
    for place, (lead_id, born) in enumerate(zip(ids, first, strict=True)):
        done = doing.get(lead_id, pd.Series(dtype=int))
        for today in range(int(born), 546):
            memories[place] = after[done.get(today, 0), memories[place]]
    assert (memories < MEMORIES).all()
    return memories


def test_what_a_lead_does_is_recorded_before_midnight(events):
    telling = events[~events["kind"].isin(SILENT_KINDS)]
    assert (telling["recorded_at"] > telling["occurred_at"]).all()
    same_day = telling["recorded_at"].dt.floor("D") == telling["occurred_at"].dt.floor("D")
    assert same_day.all()


def test_nothing_happens_before_creation_or_after_the_end(events, outcomes, leads):
    created = created_at(leads)
    for rows in (events, outcomes):
        assert (rows["occurred_at"] >= rows["lead_id"].map(created)).all()
        assert (rows["occurred_at"] < END).all()
    assert (events["recorded_at"] < END).all()


def test_a_fiftieth_of_the_events_arrives_late(events):
    late = events["recorded_at"] - events["occurred_at"] > pd.Timedelta(hours=1)
    assert 0.01 < late.mean() < 0.04


def test_sales_enters_calls_after_the_verdict_and_dates_them_before(events, outcomes):
    calls = events[events["kind"] == "sales_call"]
    sql = calls["lead_id"].map(first_times(outcomes, "sql"))
    back_dated = (calls["occurred_at"] < sql) & (calls["recorded_at"] > sql)
    noted = calls.loc[back_dated, "lead_id"].nunique()
    assert noted > 0.6 * (outcomes["stage"] == "sql").sum()


def test_the_file_is_as_untidy_as_files_are(leads, company):
    assert company.duplicates / LEADS == pytest.approx(0.003, abs=0.0005)
    for column in ("industry", "employees", "country", "job_title", "revenue_eur"):
        assert {"", "unknown", "n/a"} <= set(leads[column])
    assert leads["revenue_eur"].str.contains(",").any()
    assert {"asdf"} <= set(leads["first_name"])
    assert {"00000"} <= set(leads["phone"])
    spring = leads.loc[leads["campaign"] == "spring-launch-2026", "created_at"]
    assert spring.min() >= pd.Timestamp("2026-02-01", tz="UTC")
    assert leads.groupby(leads["email"].str.split("@").str[1])["lead_id"].nunique().median() > 1


def test_the_sales_grade_gives_the_outcome_away(leads, outcomes):
    sql = leads["lead_id"].isin(outcomes.loc[outcomes["stage"] == "sql", "lead_id"])
    assert leads.loc[leads["sales_grade"] == "A", "lead_id"].isin(leads.loc[sql, "lead_id"]).all()
    assert (leads.loc[sql, "sales_grade"] != "").mean() > 0.85
    unjudged = ~leads["lead_id"].isin(
        outcomes.loc[outcomes["stage"].isin(["sql", "rejected", "recycled"]), "lead_id"]
    )
    assert (leads.loc[unjudged, "sales_grade"] != "").mean() < 0.03


def test_drift_makes_later_leads_convert_better_and_the_truth_knows(tmp_path):
    made = simulate(tmp_path, leads=6_000, drift=2.0, truth_nights=0, ages_days=(7,))
    truth = labelled(made, read_outcomes(made)).query("sql_known")
    later = truth["as_of"] > truth["as_of"].median()
    assert truth.loc[later, "sql"].mean() > 1.5 * truth.loc[~later, "sql"].mean()
    assert abs(z_of_sum(truth[later], "sql")) < Z_BOUND
    assert abs(z_of_sum(truth[~later], "sql")) < Z_BOUND


def test_strength_is_how_much_the_tables_tell(tmp_path, truth):
    made = simulate(tmp_path, leads=6_000, strength=0.0, truth_nights=0)
    weak = labelled(made, read_outcomes(made)).query("sql_known and not is_sql")
    strong = truth[truth["sql_known"] & ~truth["is_sql"]]
    untouched = strong["p_sql"].std() / strong["p_sql"].mean()
    assert weak["p_sql"].std() / weak["p_sql"].mean() < untouched
    assert weak["p_sql"].round(12).nunique() < 10 < strong["p_sql"].round(12).nunique()


def test_extra_events_change_no_outcome(tmp_path):
    plain = simulate(tmp_path / "plain", leads=500)
    more = simulate(tmp_path / "more", leads=500, extra_events_per_lead=20)
    assert more.events - plain.events == pytest.approx(20 * 500, rel=0.15)
    assert more.outcomes_file.read_bytes() == plain.outcomes_file.read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"leads": 0}, "leads"),
        ({"ages_days": (-1,)}, "ages_days"),
        ({"strength": -1.0}, "strength"),
        ({"sql_horizon_days": 60, "won_horizon_days": 30}, "sql_horizon_days"),
    ],
)
def test_impossible_settings_are_refused(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        simulate(tmp_path, **settings)


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """A company in which active colleagues raise a lead's propensity."""
    return simulate(tmp_path_factory.mktemp("pushed"), leads=6_000, account_effect=1.5)


def test_colleagues_raise_propensities_and_the_truth_knows(pushed):
    rows = labelled(pushed, read_outcomes(pushed))
    rows = rows[~rows["is_sql"] & ~rows["closed"] & rows["sql_known"]]
    knowing, alone = (roc_auc_score(rows["sql"], rows[name]) for name in ("p_sql", "alone_p_sql"))
    assert knowing > alone + 0.005
    assert rows["p_sql"].mean() == pytest.approx(rows["sql"].mean(), rel=0.15)


def test_without_account_effects_the_truth_has_no_such_column(truth):
    assert "alone_p_sql" not in truth
