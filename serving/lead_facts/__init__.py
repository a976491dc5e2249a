"""What the model and the policy's rules need to know of each lead, as of a night.

The features that a version learnt from, the facts that rules ask for (with the conditions on
columns as expressions), and what winning a lead is worth.
"""

from leadscore.serving.lead_facts.deal_value import WINS, expected_amounts, wins_by_segment
from leadscore.serving.lead_facts.model_inputs import learnt_features, learnt_table
from leadscore.serving.lead_facts.rule_inputs import SETBACKS, rule_facts

__all__ = [
    "SETBACKS",
    "WINS",
    "expected_amounts",
    "learnt_features",
    "learnt_table",
    "rule_facts",
    "wins_by_segment",
]
