import ibis
import pytest

from leadscore.features.families.job_titles import department, seniority

TITLES = [
    ("CTO", "executive", "technology"),
    ("Chief Marketing Officer", "executive", "marketing"),
    ("Geschäftsführer", "executive", "other"),
    ("VP Sales", "vice president", "sales"),
    ("Director of IT", "director", "technology"),
    ("Head of People", "director", "human resources"),
    ("Marketing Manager", "manager", "marketing"),
    ("Senior Accountant", "senior", "finance"),
    ("Junior Buyer, Procurement", "junior", "operations"),
    ("Owner", "owner", "other"),
    ("Student", "student", "education"),
    ("Nurse", "staff", "other"),
    (None, None, None),
]


@pytest.mark.parametrize(("title", "rank", "where"), TITLES)
def test_a_title_tells_rank_and_department(title, rank, where):
    column = ibis.memtable({"title": [title, "x"]}, schema={"title": "string"})["title"]
    assert seniority(column).name("rank").to_pyarrow().to_pylist()[0] == rank
    assert department(column).name("where").to_pyarrow().to_pylist()[0] == where
