"""Columns that know the outcome, found before they teach a model."""
