"""Phrases about a policy that more than one file says."""

from __future__ import annotations

from leadscore.features.core import percent


def fallback_phrase(share: float) -> str:
    """Say what happens to a tier whose promise cannot be kept.

    Examples
    --------
    >>> fallback_phrase(0.0)
    'nobody gets this tier from the model'
    """
    if share == 0:
        return "nobody gets this tier from the model"
    return f"the best {percent(share)} of the open leads get it, without the promise"
