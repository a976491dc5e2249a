"""Which lead is looked at, as of when, and what was known then.

Snapshots for training and for a night, the filter of rows known before a moment, when a stage was
reached, and how channels had converted by then.
"""
