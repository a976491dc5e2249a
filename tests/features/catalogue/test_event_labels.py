from __future__ import annotations

import pytest

from leadscore.features.catalogue.event_labels import either, group_names, one_of, several


@pytest.mark.parametrize(
    ("kind", "one", "many"),
    [
        ("pricing_view", "pricing view", "pricing views"),
        ("PageViews", "page view", "page views"),
        ("web enquiry", "web enquiry", "web enquiries"),
        ("site searches", "site search", "site searches"),
        ("Email Opened", "email opened", "emails opened"),
        ("form_submitted", "form submitted", "forms submitted"),
        ("downloaded", "downloaded event", "downloaded events"),
        ("offertes nagebeld", "offertes nagebeld event", "offertes nagebeld events"),
    ],
)
def test_a_kind_is_called_as_a_person_would(kind, one, many):
    assert (one_of(kind), several(kind)) == (one, many)


def test_a_group_of_few_kinds_is_called_by_them():
    names = group_names("interest", ("demo_request", "pricing_view", "trial_login"))
    assert either([one for one, _many in names]) == "demo request, pricing view or trial login"
    assert either([many for _one, many in names]) == "demo requests, pricing views or trial logins"


@pytest.mark.parametrize(
    "kinds", [(), ("a", "b", "c", "d"), ("a kind of a very long name", "b" * 40)]
)
def test_a_group_whose_kinds_take_long_to_read_goes_by_its_own_name(kinds):
    assert group_names("high_intent", kinds) == (("high intent event", "high intent events"),)
