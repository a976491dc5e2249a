"""Predictive lead scoring that a company can trust with its pipeline."""
