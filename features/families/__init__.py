"""What each feature is, and the one function that builds them all."""
