"""Columns that know the outcome, found before they can teach a model.

A rule that accuses a column, with its evidence and threshold, is in `evidence_rules`; how well one
column ranks is `column_power`; what leaving suspects out does to the model is `model_effect`.
"""
