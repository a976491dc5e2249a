from __future__ import annotations

import pytest

from leadscore.features.core import DataError
from leadscore.features.shaping.shaped_tables import is_shaped, open_shaped

PLAIN = """
[reading]
push_down = true
[leads]
address = "postgres://nobody@localhost/none"
table = "leads"
{}
[outcomes]
address = "postgres://nobody@localhost/none"
table = "outcomes"
"""
HISTORY = """[leads.history]
address = "postgres://nobody@localhost/none"
table = "changes"
old = "old"
"""


class Pushed:
    """A connection with a database that tables stay in."""

    name = "postgres"


@pytest.mark.parametrize(
    ("settings", "name", "said"),
    [
        ('deleted = ["gone"]', "leads", "`leads`"),
        ('valid_from = "since"\nlead_id = "id"', "versions", "`leads.valid_from`"),
        ('lead_id = "id"\n' + HISTORY, "versions", "`leads.history`"),
    ],
)
def test_a_table_that_is_shaped_cannot_stay_in_its_database(write_project, settings, name, said):
    contract = write_project(PLAIN.format(settings))
    with pytest.raises(DataError, match="push_down") as raised:
        open_shaped(Pushed(), contract, name=name)
    assert said in str(raised.value)
    assert "Give a view there" in str(raised.value)


def test_a_history_leaves_the_other_tables_as_they_are(write_project):
    contract = write_project(PLAIN.format('lead_id = "id"\n' + HISTORY))
    shaped = [name for name in ("leads", "versions", "outcomes") if is_shaped(contract, name)]
    assert shaped == ["versions"]
