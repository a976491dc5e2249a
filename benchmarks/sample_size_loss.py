"""How far a model of `benchmarks/sample_size.py` stays behind the truth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Loss:
    """How far one model stays behind the truth on fresh leads.

    Parameters
    ----------
    leads, seed
        The company it learnt from.
    stage, model
        What was learnt, and by whom.
    rows, positives
        Snapshots that taught, and how many of them reached the stage.
    auc_behind, log_loss_behind
        The truth's AUC minus the model's; the model's log loss minus the truth's.
    seconds
        To simulate, prepare and learn the company with both models.
    peak_mb
        The most memory that took.
    """

    leads: int
    seed: int
    stage: str
    model: str
    rows: int
    positives: int
    auc_behind: float
    log_loss_behind: float
    seconds: float
    peak_mb: float
