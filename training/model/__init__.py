"""The model: fit and predict.

A stage's candidates (boosted trees, a regression, their blend), how text becomes numbers, time
folds, the search for hyperparameters, calibration, and the funnel that chains the stages.
"""
