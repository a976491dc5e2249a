"""The night in PostgreSQL; it needs the extra `postgres`."""

from importlib.util import find_spec

from features.errors import LeadScoreError

if find_spec("adbc_driver_postgresql") is None or find_spec("psycopg") is None:
    raise LeadScoreError(
        "PostgreSQL needs two libraries that are not installed: pip install 'leadscore[postgres]'"
    )
