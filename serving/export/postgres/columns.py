"""The columns of the tables in PostgreSQL, and which of them readers see."""

from __future__ import annotations

# As version 1 of the schema made them. A later column of the ledger comes by a migration of its
# own, which a test asks for.
COLUMNS: dict[str, str] = {
    "lead_id": "text NOT NULL",
    "as_of": "timestamptz NOT NULL",
    "p_sql": "float8",
    "p_won": "float8",
    "score": "float8",
    "tier": "text NOT NULL",
    "model_tier": "text",
    "previous_tier": "text",
    "moved": "text NOT NULL",
    "rule": "text",
    "team": "text",
    "waiting": "int4",
    "waiting_since": "timestamptz",
    "nights_below": "int4",
    "handoff_probability": "float8",
    "reasons_for": "text[]",
    "reasons_against": "text[]",
    "brief": "text[]",
    "missing_facts": "text[]",
    "expected_value": "float8",
    "coverage": "float8",
    "facts_digest": "text",
    "facts_changed_at": "timestamptz",
    "model_version": "text NOT NULL",
    "policy_version": "text NOT NULL",
    "run_id": "text NOT NULL",
    "scored_at": "timestamptz NOT NULL",
}

# What the job remembers from night to night and how the model came to its verdict; a salesperson
# who sees how the lot was drawn can no longer be surprised by it.
INTERNAL = (
    "nights_below",
    "handoff_probability",
    "facts_digest",
    "facts_changed_at",
    "model_version",
    "run_id",
    "scored_at",
)

READABLE = tuple(name for name in COLUMNS if name not in INTERNAL)

# Nobody filters by them, and to count the words in lists is half the cost of ANALYZE.
WITHOUT_STATISTICS = frozenset(name for name, kind in COLUMNS.items() if kind == "text[]")
