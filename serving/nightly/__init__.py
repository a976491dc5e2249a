"""The scoring run over every open lead, and the one-off list."""
