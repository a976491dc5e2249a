"""Evidence on held-out later leads: metrics, curves, segments, baselines."""
