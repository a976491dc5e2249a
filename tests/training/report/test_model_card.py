from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from leadscore.training.evaluation.simpler_models import Simpler
from leadscore.training.leakage.audit import Finding
from leadscore.training.report.model_card import model_card
from tests.training.conftest import SCRIPT

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts


def card(facts: Facts, **changes: object) -> str:
    prepared = replace(facts.prepared, **changes)  # type: ignore[arg-type]
    return model_card(replace(facts, prepared=prepared))


def test_the_card_shows_gate_stages_data_and_drivers(funnel_facts: Facts) -> None:
    text = model_card(funnel_facts)
    headings = ("## May it score? Yes", "## Becoming SQL", "### What drives won", "## The data")
    assert all(heading in text for heading in headings)
    assert text.startswith(f"# {funnel_facts.name}\n\n{funnel_facts.headline}")
    fact, moved = next(iter(funnel_facts.stages[0].drivers.by_fact.items()))
    assert f"| {fact} | {moved:.3f} |" in text
    since = funnel_facts.prepared.split.test_from
    assert f"- Held out: leads created from {since.day} {since:%B %Y} on" in text


def test_metrics_of_every_way_of_scoring_have_their_interval(funnel_facts: Facts) -> None:
    text = model_card(funnel_facts)
    for name, words, strong in (
        ("model", "**this model**", "**"),
        ("logistic_regression", "logistic regression", ""),
    ):
        auc = funnel_facts.stages[0].metrics[name].T["auc"]
        shown = f"{strong}{auc['value']:.3f}{strong} ({auc['low']:.3f}–{auc['high']:.3f})"
        assert f"| {words} | {shown} |" in text


def test_a_simpler_way_that_did_better_comes_first(flat_facts: Facts) -> None:
    simpler = Simpler("points_table", "auc", own=0.7, other=0.72, low=-0.01, high=0.05)
    ahead = replace(flat_facts.stages[0], simpler=(simpler,))
    text = model_card(replace(flat_facts, stages=(ahead,)))
    first = text.removeprefix(f"# {flat_facts.name}\n\n")
    assert first.startswith("A points table made by hand, which is simpler, did at least as well")


def test_a_column_left_out_is_named_with_its_evidence(flat_facts: Facts) -> None:
    finding = Finding("Tags", "near-perfect", "certain", "AUC 0.97 | alone", "left out", 0.97)
    text = card(flat_facts, findings=[finding], excluded=["Tags"])
    assert r"| Tags | near-perfect | left out | AUC 0.97 \| alone | left out |" in text
    assert "Columns that may" not in card(flat_facts, findings=[])


def test_tags_and_links_in_the_users_texts_stay_text(flat_facts: Facts) -> None:
    finding = Finding("<b>Tags</b>", "dull", "certain", "![x](http://a.example)", "&lt;", 0.97)
    text = card(flat_facts, findings=[finding], cautions=[SCRIPT])
    assert r"| &lt;b>Tags&lt;/b> | dull | certain | ![x]\(http://a.example) | &amp;lt; |" in text
    assert "- &lt;script>alert" in text
    assert "<" not in text


def test_cautions_begin_the_limits(flat_facts: Facts) -> None:
    assert "## Limits and cautions\n\n- beware\n" in card(flat_facts, cautions=["beware"])
