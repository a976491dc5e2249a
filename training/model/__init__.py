"""The model: trees, regression, their blend, calibrated, stage by stage."""
