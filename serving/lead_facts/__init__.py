"""What the model and the policy's rules need to know of each lead, as of a night.

The features that a version learnt from, the facts that rules ask for (with the conditions on
columns as expressions), and what winning a lead is worth.
"""
