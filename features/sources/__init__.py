"""Raw files and database tables, opened as they are."""
