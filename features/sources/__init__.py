"""Files and database tables, opened as they are.

CSV, JSON, Excel and Parquet files, packed or not, databases behind an address, and tables that
stay in PostgreSQL, with the user's own columns. What the columns mean is decided in `tables`.
"""

from leadscore.features.sources.csv_dialect import dialect_of
from leadscore.features.sources.csv_source import split_lines
from leadscore.features.sources.found_tables import tables_in
from leadscore.features.sources.postgres_pushdown import (
    is_pushed,
    keep_rows,
    pushed_down,
    refuse_text,
)
from leadscore.features.sources.remote_source import places_of, sources_of
from leadscore.features.sources.row_numbers import ROW, ROWS_A_TABLE, own_columns, row_number
from leadscore.features.sources.source_files import (
    file_states,
    files_at,
    files_of,
    is_csv,
    parquet_files,
    state_of,
)
from leadscore.features.sources.source_tables import (
    close_sources,
    open_source,
    place_of,
    rows_about,
    scan_files,
)

__all__ = [
    "ROW",
    "ROWS_A_TABLE",
    "close_sources",
    "dialect_of",
    "file_states",
    "files_at",
    "files_of",
    "is_csv",
    "is_pushed",
    "keep_rows",
    "open_source",
    "own_columns",
    "parquet_files",
    "place_of",
    "places_of",
    "pushed_down",
    "refuse_text",
    "row_number",
    "rows_about",
    "scan_files",
    "sources_of",
    "split_lines",
    "state_of",
    "tables_in",
]
