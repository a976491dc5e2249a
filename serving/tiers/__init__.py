"""Which lead gets which tier: cut-offs with a promise, rules, capacity, hysteresis."""
