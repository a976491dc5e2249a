"""A feature frame as numbers: words by a stored vocabulary, or by how earlier leads fared.

`TextEncoder` keeps the words seen in training; `WordRates` replaces a word by its leads' outcomes,
from earlier leads only; `feature_columns` reads a frame once for all stages.
"""
