"""The model as a table of points that a person can add up and a CRM can run."""

from leadscore.training.scorecard.scorecard import PointsTable, distil

__all__ = [
    "PointsTable",
    "distil",
]
