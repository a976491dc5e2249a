from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from leadscore.features.contract.contract import load_contract
from leadscore.features.point_in_time.snapshots import nightly_snapshots
from leadscore.features.tables.open_tables import open_tables
from leadscore.serving.explanations.reasons import reasons, subject
from leadscore.serving.explanations.sales_brief import handoff_briefs
from leadscore.serving.lead_facts.model_inputs import learnt_features
from leadscore.training.registry.registry import Registry
from tests.serving.recount import COMPARISON, Raw, Recount, agrees

if TYPE_CHECKING:
    from leadscore.features.catalogue.feature import Feature
    from tests.conftest import Project

NIGHT = pd.Timestamp("2026-06-01")
LEADS = 100
# Read from one cell by rules of their own, which tests/features checks: bands, titles, e-mails.
BY_RULE = r".+ band|.+ by job title|Kind of .+|Implausible .+|Share of .+"


@dataclass(frozen=True)
class Told:
    """What a hundred leads are handed over with, and what it is checked against."""

    rows: pd.DataFrame
    frame: pd.DataFrame
    by_subject: dict[str, list[Feature]]
    typical: dict[str, float | str | None]
    raw: Raw

    def sentences(self) -> list[tuple[str, str]]:
        return [
            (lead_id, sentence)
            for lead_id, row in self.rows.iterrows()
            for sentence in [*row["reasons_for"], *row["reasons_against"]]
        ]


@pytest.fixture(scope="module")
def told(project: Project) -> Told:
    contract = load_contract(project.directory)
    champion = Registry(project.directory, contract.name).champion()
    model = champion.model.stages_[champion.model.first_stage]
    columns = model.encoder_.columns_
    with open_tables(contract) as tables:
        spine = nightly_snapshots(tables, as_of=NIGHT.to_pydatetime())
        frame = learnt_features(tables, spine, champion).set_index("lead_id")
        still_open = frame[frame["hours_since_sql"].isna()]
        best = np.argsort(-model.propensity(still_open), kind="stable")[:LEADS]
        chosen = still_open.iloc[best]
        briefs = handoff_briefs(tables, spine).set_index("lead_id")
    known = tuple(each for each in champion.catalogue if each.name in columns)
    found = reasons(
        chosen[columns], model.contributions(chosen)[0], known, champion.model.typical_, top=6
    )
    by_subject: dict[str, list[Feature]] = {}
    for each in known:
        by_subject.setdefault(subject(each), []).append(each)
    rows = found.join(briefs)
    raw = Raw.read(project.directory, set(rows.index))
    return Told(rows, chosen, by_subject, champion.model.typical_, raw)


def disagreement(told: Told, lead_id: str, sentence: str) -> str:
    """Say what of a reason is not so; empty where all of it is."""
    said, _colon, value = sentence.partition(": ")
    compared = COMPARISON.search(value)
    value = value[: compared.start()] if compared else value
    feature = told.by_subject[said][0]
    in_frame = told.frame.loc[lead_id, feature.name]
    true = in_frame if re.fullmatch(BY_RULE, said) else Recount(told.raw, lead_id, NIGHT).fact(said)
    if not agrees(value, true):
        return f"{sentence}: is {true}"
    usual = (compared["usual"] or value) if compared else None
    typical = told.typical[feature.name]
    if usual is not None and not agrees(usual, _as_told(feature, typical)):
        return f"{sentence}: typical is {typical}"
    return ""


def _as_told(feature: Feature, typical: float | str | None) -> float | str | None:
    return typical / 24 if isinstance(typical, float) and feature.unit == "hours" else typical


def test_every_number_of_every_reason_is_what_the_raw_files_say(told: Told) -> None:
    sentences = told.sentences()
    assert len(told.rows) == LEADS
    assert len(sentences) > 5 * LEADS
    wrong = [disagreement(told, lead_id, sentence) for lead_id, sentence in sentences]
    assert not [each for each in wrong if each]


def test_most_reasons_are_worked_out_from_the_raw_files(told: Told) -> None:
    by_rule = [re.match(BY_RULE, sentence) is not None for _lead, sentence in told.sentences()]
    assert np.mean(by_rule) < 0.4


def test_every_brief_is_what_the_raw_files_say(told: Told) -> None:
    for lead_id, brief in told.rows["brief"].items():
        assert brief == Recount(told.raw, lead_id, NIGHT).brief()


def test_a_wrong_number_in_a_reason_is_found(told: Told) -> None:
    numbered = [
        (lead_id, sentence)
        for lead_id, sentence in told.sentences()
        if re.search(r": -?\d", sentence)
    ]
    assert len(numbered) > LEADS
    for lead_id, sentence in numbered:
        planted = re.sub(
            r"(: -?)(\d)", lambda found: f"{found[1]}{int(found[2]) + 1}", sentence, count=1
        )
        assert disagreement(told, lead_id, planted), planted


def test_a_wrong_word_in_a_reason_is_found(told: Told) -> None:
    lead_id, sentence = next(
        each for each in told.sentences() if each[1].startswith("Landing page")
    )
    assert disagreement(told, lead_id, sentence.replace(": /", ": /not-"))
