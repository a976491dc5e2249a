"""`leadscore.toml`: where the tables are and what their columns mean, typed and checked."""
