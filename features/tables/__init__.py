"""The user's tables in the contract's terms: renamed, typed, in UTC, screened.

How a cell is read (numbers, dates, words for missing), which rows go to quarantine and why, when
the data end. `open_tables` gives `Tables`: leads, events, outcomes, clean.
"""
