from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.write_features_page import feature_page
from leadscore.features.families.feature_table import build_features

PAGE = Path(__file__).parents[3] / "docs" / "features.md"


@pytest.fixture(scope="module")
def page() -> str:
    return feature_page()


def test_the_page_is_current(page):
    message = "run `python -m docs.write_features_page > docs/features.md`"
    assert PAGE.read_text(encoding="utf-8") == page, message


def test_every_feature_of_a_company_is_on_the_page(page, tables, snapshots):
    named = set(re.findall(r"^\| `(\S+)` \|", page, flags=re.MULTILINE))
    slots = ("activity", "email_sent", "email_opened", "sales_touch", "interest", "other_kinds")
    for each in build_features(tables, snapshots, kinds=()).catalogue:
        if each.name.startswith("lead_") and each.family == "firmographic":
            continue
        general = each.name.replace(each.fact, "<kind>", 1) if each.fact in slots else each.name
        for slot in slots:
            general = general.replace(f"colleagues_{slot}_", "colleagues_<group>_")
        assert {each.name, general} & named, each.name


def test_no_feature_is_on_the_page_twice(page):
    names = re.findall(r"^\| `(\S+)` \|", page, flags=re.MULTILINE)
    assert len(names) == len(set(names))
