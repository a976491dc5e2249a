"""One file a verb: train, check, compare two versions.

Nothing is computed here: each file calls the rooms before it in order.
"""
