"""Evidence on held-out later leads.

Metrics with intervals, curves, segments, simpler baselines, what the model looks at, how the
conversion rate has moved, nights as they would have been. `statistics` holds the formulas,
`display_names` what stages, metrics and methods are called.
"""
