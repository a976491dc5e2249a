from leadscore.features.catalogue.event_groups import event_groups, not_by_the_lead


def test_activity_is_all_kinds_but_those_done_to_the_lead():
    groups = {"email_sent": ("mail out",), "sales_touch": ("call", "visit"), "demo": ("demo",)}
    everything = event_groups(groups, ())[0]
    assert everything.name == "activity"
    assert everything.is_rest
    assert everything.kinds == not_by_the_lead(groups) == ("call", "mail out", "visit")


def test_a_kind_that_is_a_group_by_itself_is_not_counted_twice():
    names = [
        group.name for group in event_groups({"trial": ("trial_start",)}, ("trial_start", "visit"))
    ]
    assert names == ["activity", "trial", "visit", "other_kinds"]


def test_a_kind_of_a_larger_group_keeps_columns_of_its_own():
    names = [group.name for group in event_groups({"interest": ("demo", "visit")}, ("demo",))]
    assert names == ["activity", "interest", "demo", "other_kinds"]


def test_the_rest_are_the_kinds_that_nothing_else_counts():
    rest = event_groups({"interest": ("demo", "visit")}, ("click",))[-1]
    assert rest.is_rest
    assert rest.kinds == ("click", "demo", "visit")


def test_kinds_whose_plain_names_agree_are_told_apart():
    names = [group.name for group in event_groups({}, ("Demo!", "demo", "Démo", "???", "注文"))]
    assert names[1:-1] == ["demo", "demo_2", "demo_3", "kind", "kind_2"]


def test_no_kind_takes_the_columns_of_another_measure():
    kinds = ("activity", "other kinds", "event value", "active days")
    names = [group.name for group in event_groups({}, kinds)]
    assert names[1:-1] == ["activity_2", "other_kinds_2", "event_value_2", "active_days_2"]
