"""What leaves the project: spreadsheets and lists here, a database in a room of its own.

A publishing target is a file or a room here; its settings are in `features.contract`.
"""
