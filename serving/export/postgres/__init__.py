"""The night in PostgreSQL (extra `postgres`)."""
