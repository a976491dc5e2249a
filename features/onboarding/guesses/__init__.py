"""What columns and tables probably are, from names and cells, each guess with its reason."""

from leadscore.features.onboarding.guesses.column_roles import Guess, guess_account, guess_columns
from leadscore.features.onboarding.guesses.horizons import guess_horizons, measure_durations
from leadscore.features.onboarding.guesses.lead_id import choose_lead_id
from leadscore.features.onboarding.guesses.outcome_labels import (
    TargetWords,
    find_target,
    stage_words,
    target_words,
)
from leadscore.features.onboarding.guesses.table_columns import (
    guess_created_at,
    guess_event_columns,
    guess_groups,
    guess_lead_key,
    guess_outcome_columns,
)
from leadscore.features.onboarding.guesses.table_roles import role_of, stage_dates

__all__ = [
    "Guess",
    "TargetWords",
    "choose_lead_id",
    "find_target",
    "guess_account",
    "guess_columns",
    "guess_created_at",
    "guess_event_columns",
    "guess_groups",
    "guess_horizons",
    "guess_lead_key",
    "guess_outcome_columns",
    "measure_durations",
    "role_of",
    "stage_dates",
    "stage_words",
    "target_words",
]
