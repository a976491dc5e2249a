"""Files and database tables, opened as they are.

CSV and Parquet files, databases behind an address, and tables that stay in PostgreSQL, with the
user's own columns. What the columns mean is decided in `tables`.
"""

from leadscore.features.sources.csv_dialect import decoded, dialect_of, head_of, opened
from leadscore.features.sources.csv_source import split_lines, without_repeats
from leadscore.features.sources.postgres_pushdown import (
    is_pushed,
    keep_rows,
    pushed_down,
    refuse_text,
)
from leadscore.features.sources.remote_source import places_of, sources_of
from leadscore.features.sources.row_numbers import ROW, ROWS_A_TABLE, own_columns, row_number
from leadscore.features.sources.source_tables import (
    close_sources,
    file_states,
    files_of,
    is_parquet,
    open_source,
    parquet_files,
    place_of,
    rows_about,
    state_of,
)

__all__ = [
    "ROW",
    "ROWS_A_TABLE",
    "close_sources",
    "decoded",
    "dialect_of",
    "file_states",
    "files_of",
    "head_of",
    "is_parquet",
    "is_pushed",
    "keep_rows",
    "open_source",
    "opened",
    "own_columns",
    "parquet_files",
    "place_of",
    "places_of",
    "pushed_down",
    "refuse_text",
    "row_number",
    "rows_about",
    "sources_of",
    "split_lines",
    "state_of",
    "without_repeats",
]
