"""The user's tables in the contract's terms: typed, in UTC, bad rows in quarantine."""
