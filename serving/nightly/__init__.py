"""The scoring run over every open lead, and the one-off list.

`run_night` is the order of a night; scoring, tiers and texts are done bucket by bucket, with
checkpoints, timings, drift checks, a manifest; Spark is an engine of the same run.
"""
