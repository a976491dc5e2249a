"""A night in PostgreSQL (extra `postgres`): whole or not at all.

Connection, schema versions, roles, the history by night, the live tables and their swap.
"""
