"""What every room needs and no domain: errors, settings, locks, files, clocks, formatting."""
