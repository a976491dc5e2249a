"""A made-up company whose true propensities are known: to test, to show, to measure by."""

from leadscore.simulation.simulate import AGES_DAYS, HORIZON_DAYS, SimulatedCompany, simulate

__all__ = [
    "AGES_DAYS",
    "HORIZON_DAYS",
    "SimulatedCompany",
    "simulate",
]
