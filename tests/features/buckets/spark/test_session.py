from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadscore.features.buckets.spark.session import SETTINGS, spark_session
from leadscore.features.core.errors import LeadScoreError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_an_active_session_is_used_with_our_settings_and_left_running(spark: SparkSession) -> None:
    with spark_session(None) as used:
        assert used.sparkContext is spark.sparkContext
        assert {name: used.conf.get(name) for name in SETTINGS} == SETTINGS
    assert spark.range(3).count() == 3


def test_speculation_is_refused(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(spark.conf), "get", lambda _conf, _name, _default=None: "true")
    refusal = pytest.raises(LeadScoreError, match=r"set spark\.speculation to false")
    with refusal, spark_session(None):
        pass
