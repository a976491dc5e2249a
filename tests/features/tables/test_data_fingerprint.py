from dataclasses import replace

import ibis
import pytest

from leadscore.features.tables.data_fingerprint import fingerprint


@pytest.fixture
def copied(tables):
    """Copy the tables, their events changed."""

    def copy(change):
        rows = change(tables.events.to_pandas())
        return replace(tables, events=ibis.memtable(rows, schema=tables.events.schema()))

    return copy


def test_the_same_rows_in_any_order_have_the_same_fingerprint(tables, copied):
    shuffled = copied(lambda rows: rows.sample(frac=1, random_state=1))
    assert fingerprint(shuffled) == fingerprint(tables)
    assert len(fingerprint(tables)) == 16


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.iloc[1:],
        lambda rows: rows.assign(kind=rows["kind"].replace("call", "visit")),
        lambda rows: rows.assign(value=rows["value"].fillna(0)),
    ],
)
def test_other_rows_have_another_fingerprint(tables, copied, change):
    assert fingerprint(copied(change)) != fingerprint(tables)


def test_another_contract_has_another_fingerprint(tables):
    contract = tables.contract.model_copy(update={"name": "other"})
    assert fingerprint(replace(tables, contract=contract)) != fingerprint(tables)
