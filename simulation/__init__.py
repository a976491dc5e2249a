"""A made-up company whose true propensities are known."""
