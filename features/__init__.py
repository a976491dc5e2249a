"""From the user's tables to point-in-time features."""
