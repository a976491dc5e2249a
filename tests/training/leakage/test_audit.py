import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.onboarding.draft_contract import draft_contract
from leadscore.features.onboarding.profiles.file_sample import read_sample
from leadscore.training.leakage.audit import Finding, audit_columns, excluded_columns
from leadscore.training.leakage.model_effect import auc_with_and_without

ROOT = Path(__file__).parents[3]
REAL_DATA = Path(os.environ.get("LEADSCORE_DATA", ROOT / "../shared/data"))
HARMLESS = {"identifier", "constant"}


def _companies() -> ModuleType:
    """The generator that the benchmark uses, too; benchmarks are no package."""
    place = ROOT / "benchmarks" / "leaky_companies.py"
    found = importlib.util.spec_from_file_location("leaky_companies", place)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    import sys

    sys.modules[found.name] = module  # frozen dataclasses look their module up
    found.loader.exec_module(module)
    return module


companies = _companies()


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def outcome(draw: np.random.Generator) -> pd.Series:
    return pd.Series((draw.random(3_000) < 0.3).astype(float))


def audited(column: object, outcome: pd.Series, *, name: str = "Field") -> list[Finding]:
    """The findings on one column: one or none."""
    series = pd.Series(column)
    kind = "float64" if pd.api.types.is_numeric_dtype(series) else "str"
    return audit_columns(pd.DataFrame({name: series.astype(kind)}), outcome)


def test_a_copy_of_the_outcome_is_certain(outcome: pd.Series) -> None:
    (finding,) = audited(outcome.map({1.0: "in", 0.0: "out"}), outcome)
    assert (finding.kind, finding.severity) == ("near-perfect", "certain")
    assert finding.auc_alone > 0.99


def test_an_honest_strong_column_is_left_alone(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    assert audited(outcome * 1.1 + draw.normal(size=3_000), outcome) == []


def test_a_column_filled_in_for_winners_only_is_certain(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    written = pd.Series(draw.normal(size=3_000)).where((outcome == 1) & (draw.random(3_000) < 0.8))
    (finding,) = audited(written, outcome)
    assert finding.severity == "certain"
    assert "of those who converted" in finding.evidence


def test_a_form_answered_by_interested_leads_is_left_alone(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    answered = draw.random(3_000) < np.where(outcome == 1, 0.85, 0.57)
    cells = pd.Series(draw.choice(["career", "price"], 3_000)).where(answered)
    assert audited(cells, outcome) == []


def test_a_rare_field_that_belongs_to_a_good_channel_is_left_alone(
    draw: np.random.Generator,
) -> None:
    referral = draw.random(6_000) < 0.1
    outcome = pd.Series((draw.random(6_000) < np.where(referral, 0.55, 0.06)).astype(float))
    friend = pd.Series(draw.choice(["ann", "bob"], 6_000)).where(referral)
    frame = pd.DataFrame({"Source": np.where(referral, "Referral", "Web"), "Friend": friend})
    assert "Friend" not in {each.column for each in audit_columns(frame.astype("str"), outcome)}


def test_levels_that_settle_the_outcome_are_named_with_figures(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    settled = draw.random(3_000) < 0.5
    tags = np.where(settled & (outcome == 1), "happy", draw.choice(["rang", "busy"], 3_000))
    (finding,) = audited(tags, outcome)
    assert "levels that convert almost surely (100.0%" in finding.evidence


def test_a_good_channel_of_few_leads_is_left_alone(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    referral = (draw.random(3_000) < np.where(outcome == 1, 0.2, 0.005)) * 1
    assert audited(np.where(referral == 1, "Referral", "Search"), outcome) == []


def test_a_state_overwritten_at_conversion_is_found_by_its_level(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    overwritten = (outcome == 1) & (draw.random(3_000) < 0.3)
    states = np.where(overwritten, "Converted", draw.choice(["mail", "chat"], 3_000))
    (finding,) = audited(states, outcome, name="Last activity")
    assert finding.severity == "certain"
    assert "'Converted' names the outcome" in finding.evidence


def test_a_name_alone_proves_nothing(outcome: pd.Series, draw: np.random.Generator) -> None:
    assert audited(draw.choice(["A", "B", "C"], 3_000), outcome, name="Lead Quality") == []


def test_a_judgement_where_somebody_filled_it_in_is_certain_by_name_and_power(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    grade = pd.Series(outcome * 1.7 + draw.normal(size=3_000)).where(draw.random(3_000) < 0.5)
    (named,) = audited(grade, outcome, name="Lead Quality")
    (plain,) = audited(grade, outcome, name="Field")
    assert (named.severity, plain.severity) == ("certain", "suspect")


def test_a_weak_judgement_is_suspected_and_so_are_columns_with_the_same_blanks(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    filled = draw.random(3_000) < 0.5
    frame = pd.DataFrame(
        {
            "Vendor score": pd.Series(outcome + draw.normal(size=3_000)).where(filled),
            "Vendor band": pd.Series(draw.normal(size=3_000)).where(filled),
            "Town size": pd.Series(draw.normal(size=3_000)).where(filled),
        }
    )
    kinds = {each.column: each.kind for each in audit_columns(frame, outcome)}
    assert kinds == {"Vendor score": "judgement", "Vendor band": "same blanks"}


def test_a_column_known_only_for_judged_leads_is_suspected(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    judged = draw.random(3_000) < 0.7
    cells = pd.Series(draw.choice(["x", "y"], 3_000)).where(judged)
    (finding,) = audited(cells, outcome.where(judged))
    assert finding.kind == "judged leads only"
    assert "0.0% of those still open" in finding.evidence


def test_a_field_given_up_before_the_open_leads_came_is_no_leak(draw: np.random.Generator) -> None:
    age = np.arange(4_000)
    outcome = pd.Series((draw.random(4_000) < 0.3).astype(float)).where(age < 3_000)
    cells = pd.Series(draw.choice(["x", "y"], 4_000)).where(age < 2_800)
    created = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(age, unit="h"))
    frame = pd.DataFrame({"Field": cells.astype("str")})
    assert audit_columns(frame, outcome, created_at=created) == []


def test_power_that_fresh_leads_do_not_show_is_suspected(draw: np.random.Generator) -> None:
    outcome = pd.Series((draw.random(8_000) < 0.3).astype(float))
    knows = np.where(np.arange(8_000) < 6_000, 1.0, 0.0)
    created = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(8_000), unit="h"))
    frame = pd.DataFrame({"Field": outcome * knows + draw.normal(size=8_000)})
    (finding,) = audit_columns(frame, outcome, created_at=created)
    assert (finding.kind, finding.severity) == ("fades on fresh leads", "suspect")


def test_identifiers_and_constants_are_left_out_whatever_the_outcome(outcome: pd.Series) -> None:
    frame = pd.DataFrame(
        {
            "Key": [f"k{row}" for row in range(3_000)],
            "Row": np.arange(3_000.0),
            "Language": "en",
            "Nothing": np.nan,
        }
    ).astype({"Key": "str", "Language": "str"})
    kinds = {each.column: (each.kind, each.severity) for each in audit_columns(frame, outcome)}
    assert kinds == {
        "Key": ("identifier", "certain"),
        "Row": ("identifier", "certain"),
        "Language": ("constant", "certain"),
        "Nothing": ("constant", "certain"),
    }


def test_measured_numbers_that_all_differ_are_no_identifiers(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    assert audited(draw.normal(size=3_000), outcome, name="Distance") == []


def test_a_quantity_that_is_called_a_number_is_no_identifier(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    spread = pd.Series(np.exp(draw.normal(12, 3, size=3_000)).round())
    assert audited(spread, outcome, name="Units number") == []


def test_an_overruled_column_carries_the_reason_and_is_kept(outcome: pd.Series) -> None:
    frame = pd.DataFrame({"Field": outcome})
    (finding,) = audit_columns(frame, outcome, overrule={"Field": "asked at sign-up"})
    assert finding.overruled == "asked at sign-up"
    assert excluded_columns([finding], suspects="exclude") == []


def test_suspects_are_left_out_only_if_the_contract_says_so() -> None:
    findings = [
        Finding("a", "near-perfect", "certain", "…", "…", 0.99),
        Finding("b", "judgement", "suspect", "…", "…", 0.7),
    ]
    assert excluded_columns(findings) == ["a"]
    assert excluded_columns(findings, suspects="exclude") == ["a", "b"]


def test_one_outcome_alone_accuses_nobody() -> None:
    assert audited(["a", "b"] * 50, pd.Series([1.0] * 100)) == []


def test_the_same_leads_give_the_same_findings(
    outcome: pd.Series, draw: np.random.Generator
) -> None:
    frame = pd.DataFrame({"Field": outcome * 2 + draw.normal(size=3_000)})
    assert audit_columns(frame, outcome) == audit_columns(frame, outcome)


def test_the_auc_without_a_leak_falls(outcome: pd.Series, draw: np.random.Generator) -> None:
    frame = pd.DataFrame(
        {
            "Honest": outcome + draw.normal(size=3_000),
            "Leak": outcome.map({1.0: "in", 0.0: "out"}).astype("str"),
        }
    )
    (effect,) = auc_with_and_without(frame, outcome, ["Leak"])
    assert effect.columns == ("Leak",)
    assert effect.auc_with > 0.99
    assert 0.6 < effect.auc_without < 0.85


def test_nothing_is_measured_without_suspects(outcome: pd.Series) -> None:
    assert auc_with_and_without(pd.DataFrame({"Field": outcome}), outcome, []) == []


def accused(company: object) -> set[str]:
    findings = audit_columns(company.frame, company.outcome, created_at=company.created_at)  # type: ignore[attr-defined]
    return {each.column for each in findings if each.kind not in HARMLESS}


@pytest.mark.slow
def test_of_twenty_planted_leaks_at_least_nineteen_are_found() -> None:
    leaky = [companies.made_up_company(seed, companies.KINDS[seed % 6]) for seed in range(20)]
    found = [company.leak_column in accused(company) for company in leaky]
    assert sum(found) >= 19


@pytest.mark.slow
def test_of_twenty_clean_companies_at_most_one_is_accused() -> None:
    clean = [companies.made_up_company(1_000 + seed) for seed in range(20)]
    assert sum(bool(accused(company)) for company in clean) <= 1


def real(file: str, target: str, folder: Path) -> list[Finding]:
    """The audit of a real leads table as drafted, with no hand-editing."""
    if not (REAL_DATA / file).exists():
        pytest.skip(f"{REAL_DATA / file} is missing; set LEADSCORE_DATA")
    path = (REAL_DATA / file).resolve()
    text = draft_contract(path, directory=folder, target=target).text
    (folder / "leadscore.toml").write_text(text, encoding="utf-8")
    contract = load_contract(folder)
    cells = read_sample(path).frame
    missing = {"", *(word.casefold() for word in contract.reading.missing)}
    cells = cells.mask(cells.apply(lambda column: column.str.casefold().isin(missing)))
    words = dict.fromkeys(contract.leads.positive, 1.0) | dict.fromkeys(
        contract.leads.negative, 0.0
    )
    frame = pd.DataFrame(
        {
            name: pd.to_numeric(cells[name]) if spec.type == "number" else cells[name]
            for name, spec in contract.leads.columns.items()
            if spec.role != "ignored"
        }
    )
    return audit_columns(frame, cells[target].map(words).astype("float64"))


def test_the_real_company_with_late_columns_has_them_named_and_no_other(tmp_path: Path) -> None:
    findings = real("x_education/leads.csv", "Converted", tmp_path)
    by_severity = {
        severity: {each.column for each in findings if each.severity == severity}
        for severity in ("certain", "suspect")
    }
    assert by_severity["certain"] == {"Tags", "Lead Quality"}
    assert by_severity["suspect"] == {
        "Lead Profile",
        "Last Activity",
        "Last Notable Activity",
        "Asymmetrique Activity Index",
        "Asymmetrique Profile Index",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Score",
    }


@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("edtech_channels/leads.csv", "app_complete_flag"),
        ("crm_opportunities/sales_pipeline.csv", "deal_stage"),
    ],
)
def test_real_companies_with_ordinary_columns_raise_no_alarm(
    tmp_path: Path, file: str, target: str
) -> None:
    assert [each for each in real(file, target, tmp_path) if each.kind not in HARMLESS] == []


def test_the_value_of_a_closed_deal_is_certain(tmp_path: Path) -> None:
    file = REAL_DATA / "crm_opportunities/sales_pipeline.csv"
    if not file.exists():
        pytest.skip(f"{file} is missing; set LEADSCORE_DATA")
    deals = pd.read_csv(file)
    outcome = deals["deal_stage"].map({"Won": 1.0, "Lost": 0.0})
    (finding,) = audit_columns(deals[["close_value", "product"]], outcome)
    assert (finding.column, finding.severity) == ("close_value", "certain")
