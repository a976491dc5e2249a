"""Columns that know the outcome, found before a model learns from them.

`evidence_rules` has a rule for each kind of evidence and `thresholds` the figures from which it
counts; `column_power` is how well one column ranks; `model_effect` is what suspects are worth.
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
