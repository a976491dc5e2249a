from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from leadscore.training.calibration.statistics import log_losses
from leadscore.training.gate.segment_regressions import ALPHA, segment_gaps

LEADS, TRIALS = 1000, 60
NUMBER = pd.Series(np.arange(LEADS))
FIVE = pd.DataFrame({"channel": [f"c{number % 5}" for number in range(LEADS)]})


def equals(seed: int) -> pd.DataFrame:
    """Two models that are equally far from the truth."""
    random = np.random.default_rng(seed)
    margin = random.normal(-0.5, 1.3, LEADS)
    outcome = (random.random(LEADS) < expit(margin)).astype(float)
    one, two = (expit(margin + random.normal(0, 0.4, LEADS)) for _ in range(2))
    ids = {"lead_id": NUMBER, "cluster": NUMBER}
    return pd.DataFrame(ids | {"outcome": outcome, "propensity": one, "champion": two})


def test_among_five_segments_of_equals_one_is_called_worse_in_one_gate_of_twenty() -> None:
    called = [
        any(gap.low > 0 for gap in segment_gaps(equals(seed), FIVE)) for seed in range(TRIALS)
    ]
    assert 0 < np.mean(called) < 3 * ALPHA


def test_a_gap_is_the_mean_difference_of_log_loss_in_its_segment() -> None:
    rows = equals(1)
    gap = segment_gaps(rows, FIVE)[3]
    own = rows[FIVE["channel"] == "c3"]
    ours, theirs = (log_losses(own["outcome"], own[name]) for name in ("propensity", "champion"))
    assert gap.words == "channel: c3"
    assert gap.leads == 200
    assert gap.value == pytest.approx((ours - theirs).mean())
    assert gap.low < gap.value


def test_rows_of_one_cluster_widen_the_bound() -> None:
    rows = equals(1)
    alone = segment_gaps(rows, FIVE)[0]
    doubled = pd.concat([rows, rows], ignore_index=True)
    same = segment_gaps(doubled, pd.concat([FIVE, FIVE], ignore_index=True))[0]
    assert same.value == pytest.approx(alone.value)
    assert same.low == pytest.approx(alone.low)
