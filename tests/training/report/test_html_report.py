from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd
import pytest
from sklearn.metrics import auc

from leadscore.training.evaluation.display_names import with_month_words
from leadscore.training.evaluation.simpler_models import Simpler
from leadscore.training.gate.promotion_gate import Rule, Verdict
from leadscore.training.report.html_report import html_report
from tests.training.conftest import SCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from leadscore.training.report.report_data import Facts

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MOST_BYTES = 3_000_000
MOST_POINTS = 2_000


@pytest.fixture(scope="session")
def page(funnel_facts: Facts) -> str:
    return html_report(funnel_facts)


@pytest.fixture(scope="session")
def flat_page(flat_facts: Facts) -> str:
    return html_report(flat_facts)


def text_of(page: str) -> str:
    """What a person reads, on one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", body)
    return re.sub(r"\s+", " ", unescape(words)).replace("−", "-")


def charts_of(page: str) -> dict[str, list[dict[str, Any]]]:
    """The specifications of all charts by title; one a stage."""
    found: dict[str, list[dict[str, Any]]] = {}
    pattern = r'<figcaption><b>(.*?)</b>.*?class="spec">(.*?)</script>'
    for title, spec in re.findall(pattern, page, flags=re.DOTALL):
        found.setdefault(unescape(title), []).append(json.loads(spec))
    return found


def values_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for rows in spec.get("datasets", {}).values() for row in rows if row]


def chart(page: str, title: str, place: int = 0) -> pd.DataFrame:
    return pd.DataFrame(values_of(charts_of(page)[title][place]))


def test_the_headline_comes_first(page: str, funnel_facts: Facts) -> None:
    text = text_of(page)
    assert re.sub(r"\s+", " ", funnel_facts.headline) in text
    assert text.index("Of the best tenth") < text.index("May it score?")


def test_a_simpler_method_that_did_better_comes_before_the_headline(funnel_facts: Facts) -> None:
    simpler = Simpler("logistic_regression", "log_loss", own=0.42, other=0.4, low=0.01, high=0.03)
    first = replace(funnel_facts.stages[0], simpler=(simpler,))
    text = text_of(html_report(replace(funnel_facts, stages=(first,))))
    at = text.index("Logistic regression, which is simpler, beats this model on held-out leads")
    assert at < text.index("Of the best tenth")


def test_every_rule_of_the_gate_has_its_figures(page: str, funnel_facts: Facts) -> None:
    text = text_of(page)
    assert "Yes, every rule holds" in text
    for rule in funnel_facts.verdict.rules:
        assert f"{rule.name} yes {re.sub(' +', ' ', rule.detail)}" in text


def test_a_rule_that_does_not_hold_stands_out(funnel_facts: Facts) -> None:
    refused = Verdict((Rule("better than chance", passed=False, detail="AUC 0.49"),))
    page = html_report(replace(funnel_facts, verdict=refused, stages=funnel_facts.stages[:1]))
    assert "No, the gate refuses" in text_of(page)
    assert re.search(r'<tr class="marked"><td class="text">better than chance', page)


def test_metrics_are_those_of_the_evaluation_to_the_digit_shown(
    page: str, funnel_facts: Facts
) -> None:
    text = text_of(page)
    for stage in funnel_facts.stages:
        for metrics in stage.metrics.values():
            for metric in ("auc", "log_loss", "brier"):
                row = metrics.T[metric]
                shown = f"{row['value']:.3f} {row['low']:.3f}–{row['high']:.3f}"
                assert shown.replace("-", "−") in text


@pytest.mark.parametrize("place", [0, 1])
def test_the_curves_are_those_of_the_evaluation(page: str, funnel_facts: Facts, place: int) -> None:
    stage = funnel_facts.stages[place]
    roc = chart(page, "ROC: converting leads found, at the price of false alarms", place)
    for method, name in (("this model", "model"), ("logistic regression", "logistic_regression")):
        own = roc[roc["method"] == method]
        area = auc(own["false_alarms"], own["found"])
        assert area == pytest.approx(stage.metrics[name]["value"]["auc"], abs=5e-3)
    lift = chart(page, "Lift: how much better than a list in random order", place)
    at_ten = lift[(lift["method"] == "this model") & (lift["leads"] == 0.1)]
    assert at_ten["lift"].item() == pytest.approx(
        stage.metrics["model"]["value"]["lift_10"], rel=1e-2
    )


@pytest.mark.parametrize("place", [0, 1])
def test_promises_and_outcomes_in_the_charts_are_those_of_the_held_out_leads(
    page: str, funnel_facts: Facts, place: int
) -> None:
    rows = funnel_facts.stages[place].rows
    for title in ("Reliability", "Conversion by tenth of the leads"):
        tenths = chart(page, title, place)
        assert 5 <= len(tenths) <= 10  # leads with one propensity stay together
        promised = (tenths["promised"] * tenths["leads"]).sum()
        assert promised == pytest.approx(rows["propensity"].sum(), rel=1e-3)
        realised = (tenths["realised"] * tenths["leads"]).sum()
        assert realised == pytest.approx(rows["outcome"].sum(), rel=1e-3)
    spread = chart(page, "Propensities by what came of the leads", place)
    assert spread["leads"].sum() == len(rows)


def test_groups_are_those_of_the_segments_and_can_be_chosen(page: str, funnel_facts: Facts) -> None:
    segments = funnel_facts.stages[0].segments
    shown = chart(page, "Conversion promised and realised")
    assert shown["segment"].tolist() == with_month_words(segments)["segment"].tolist()
    assert shown["realised"].tolist() == pytest.approx(segments["realised"].tolist(), rel=1e-3)
    choices = re.findall(r"<option>(.*?)</option>", page)
    assert {"month", "channel", "company size", "score band"} <= set(choices)


def test_every_axis_says_what_it_shows(page: str) -> None:
    def axes(spec: Any) -> list[Any]:
        if isinstance(spec, dict):
            own = [
                channel.get("axis", {}).get("title")
                for name, channel in spec.get("encoding", {}).items()
                if name == "x" and "field" in channel and "axis" in channel
            ]
            return own + [title for part in spec.values() for title in axes(part)]
        return [title for part in spec for title in axes(part)] if isinstance(spec, list) else []

    for title, specs in charts_of(page).items():
        named = [found for spec in specs for found in axes(spec)]
        assert named, title
        assert all(named) or "month of creation" in title, title


def test_nothing_is_fetched(page: str) -> None:
    assert "default-src 'none'" in page
    assert not re.search(r"<script[^>]*\bsrc\b", page)
    markup = re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b", markup)
    assert not re.search(r"@import|url\(", re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1])
    assert all(target.startswith("#") for target in re.findall(r'<a [^>]*href="(.*?)"', page))
    for spec in re.findall(r'class="spec">(.*?)</script>', page, re.DOTALL):
        assert '"url"' not in spec


def test_the_charts_are_drawn_by_the_version_of_vega_lite_they_are_written_for(page: str) -> None:
    drawn = re.search(r"<script>/\* vega \S+, vega-lite (\S+), vega-embed", page)
    assert drawn is not None
    assert f"v{drawn[1]}" == alt.SCHEMA_VERSION


def test_every_chart_keeps_to_the_schema_of_vega_lite(page: str, flat_page: str) -> None:
    specs = [spec for each in (page, flat_page) for own in charts_of(each).values() for spec in own]
    assert len(specs) > 20
    for spec in specs:
        alt.Chart.from_dict(spec, validate=True)


def test_no_value_runs_as_a_program_and_none_is_personal(flat_page: str) -> None:
    assert SCRIPT not in flat_page
    assert "<script>alert" not in flat_page
    assert escape(SCRIPT) in flat_page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
    groups = chart(flat_page, "Conversion promised and realised")
    assert SCRIPT in set(groups["segment"])
    assert "@example.com" not in flat_page


def test_the_page_and_each_chart_stay_small(page: str, flat_page: str) -> None:
    assert len(page.encode()) < MOST_BYTES
    for specs in charts_of(page).values():
        assert all(len(values_of(spec)) <= MOST_POINTS for spec in specs)
    assert len(flat_page) < len(page)


def test_each_stage_has_a_section_and_a_flat_file_has_one(page: str, flat_page: str) -> None:
    assert re.findall(r'<section id="(sql|won)"', page) == ["sql", "won"]
    assert re.findall(r'<section id="(sql|won)"', flat_page) == ["won"]
    assert "The conversion rate over time" in page
    assert "The conversion rate over time" not in flat_page  # nothing has a date
    assert "<option>month</option>" not in flat_page


def test_the_points_table_has_the_propensities_of_the_points(
    page: str, funnel_facts: Facts
) -> None:
    text = text_of(page)
    for rule in funnel_facts.stages[0].points.rules:
        assert f"{re.sub(' +', ' ', rule.words)} {rule.points:+d}" in text
    assert "What the points stand for" in text


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to look at the page with")
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_without_network_draws_every_chart(page: str, tmp_path: Path, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    seen = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--window-size={width},2000", "--virtual-time-budget=20000",
            f"--user-data-dir={tmp_path / 'browser'}", file.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    figures = re.findall(r"<figure\b.*?</figure>", seen, flags=re.DOTALL)
    assert len(figures) == len(re.findall(r"<figure\b", page))
    assert all(re.search(r"<svg\b.*<path", figure, re.DOTALL) for figure in figures)
