"""Columns that know the outcome, found before they can teach a model.

A rule that accuses a column, with its evidence and threshold, is in `evidence_rules`; how well one
column ranks is `column_power`; what leaving suspects out does to the model is `model_effect`.
"""

from leadscore.training.leakage.audit import Finding, audit_columns, excluded_columns
from leadscore.training.leakage.model_effect import AucEffect, auc_with_and_without

__all__ = [
    "AucEffect",
    "Finding",
    "auc_with_and_without",
    "audit_columns",
    "excluded_columns",
]
