"""Which lead gets which tier.

Cut-offs that keep a promise, the model's tier with hysteresis, rules over it, cool-off, control
group, capacity and the waiting queue; and the policy described in sentences.
"""
