"""From margins to propensities: the map, the level that moves in time, and young leads.

Also the losses and intervals that metrics, selection and the gate share.
"""

from leadscore.training.calibration.calibrator import Calibrator
from leadscore.training.calibration.level_tracking import level_free
from leadscore.training.calibration.statistics import (
    clustered_error,
    log_losses,
    log_losses_of_margin,
    share_interval,
)
from leadscore.training.calibration.young_rows import YoungRows, young_rows

__all__ = [
    "Calibrator",
    "YoungRows",
    "clustered_error",
    "level_free",
    "log_losses",
    "log_losses_of_margin",
    "share_interval",
    "young_rows",
]
