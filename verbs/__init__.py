"""The command line's verbs that have verbs of their own, and what all verbs share."""
