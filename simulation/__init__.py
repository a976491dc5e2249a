"""A made-up company whose true propensities are known: to test, to show, to measure by."""
