"""AutoGluon's answer over files; runs in an environment that has AutoGluon and not leadscore.

`quality_peers.autogluon` calls it as `PYTHON quality_autogluon.py FOLDER SECONDS`: it reads
`learn.parquet`, whose last column is the outcome, and `test.parquet`, and writes `said.parquet`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def main() -> None:
    """Learn for so many seconds by log loss and predict."""
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    learn = pd.read_parquet(folder / "learn.parquet").reset_index(drop=True)
    test = pd.read_parquet(folder / "test.parquet").reset_index(drop=True)
    outcome = learn.columns[-1]
    predictor = TabularPredictor(
        outcome,
        problem_type="binary",
        eval_metric="log_loss",
        path=str(folder / "models"),
        verbosity=0,
    )
    learn[outcome] = learn[outcome].astype("int64")
    predictor.fit(learn, presets="best_quality", time_limit=seconds)
    said = predictor.predict_proba(test)[1]
    pd.DataFrame({"p": said.to_numpy()}).to_parquet(folder / "said.parquet")


if __name__ == "__main__":
    main()
