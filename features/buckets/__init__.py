"""The tables in buckets of leads, for more leads than memory holds."""
