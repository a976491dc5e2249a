"""What holds for a whole night: the policy in force and where its tiers began."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from leadscore.serving.policy import Policy

KEY = b"leadscore"  # under which a night's Parquet file carries its notes
POLICY, BEGINS_AT = "policy", "begins_at"


@dataclass(frozen=True)
class NightNotes:
    """What a night's file says beside its rows.

    Parameters
    ----------
    policy
        The policy in force, whole, so that a version found beside a score can be read years later.
    begins_at
        By tier: the propensity (or expected value) at which it began; None where nobody got it.
    """

    policy: Policy
    begins_at: dict[str, float | None]

    def to_metadata(self) -> dict[bytes, bytes]:
        """Write the notes as a Parquet file's key-value metadata holds them."""
        notes = {POLICY: self.policy.model_dump(mode="json"), BEGINS_AT: self.begins_at}
        return {KEY: json.dumps(notes, sort_keys=True).encode()}

    @classmethod
    def from_metadata(cls, metadata: dict[bytes, bytes] | None) -> Self | None:
        """Read what `to_metadata` wrote; None where a file has no notes."""
        if not metadata or KEY not in metadata:
            return None
        notes = json.loads(metadata[KEY])
        return cls(Policy.model_validate(notes[POLICY]), notes[BEGINS_AT])
