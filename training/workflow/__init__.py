"""One file a verb: train, check, compare."""
