"""`tiers.toml`: what marketing and sales agreed that a tier means.

Every setting of the file is a typed field here: promises, rules (hand-raisers, disqualifiers,
cool-off) and their conditions, capacity, hysteresis, control group; and its first draft.
"""
