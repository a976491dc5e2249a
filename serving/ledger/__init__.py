"""A night's rows: their columns, checked, written once, read back.

A new column of the ledger begins in `schema`.
"""
