"""Which lead is looked at, as of when, and what was known then."""
