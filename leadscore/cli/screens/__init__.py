"""What the command line shows a person, a file a verb; only here is Rich imported."""
