"""What the command line shows a person, a file a verb; only here is Rich imported."""

from leadscore.cli.screens.comparison_table import comparison_table
from leadscore.cli.screens.lead_screen import lead_record, lead_summary
from leadscore.cli.screens.models_screen import promotions_table, versions_table
from leadscore.cli.screens.night_screen import list_summary, night_summary
from leadscore.cli.screens.publish_screen import published_record, published_summary
from leadscore.cli.screens.systems_screen import found_screen, systems_table
from leadscore.cli.screens.training_screen import check_summary, training_summary
from leadscore.cli.screens.what_if_screen import what_if_record, what_if_screen

__all__ = [
    "check_summary",
    "comparison_table",
    "found_screen",
    "lead_record",
    "lead_summary",
    "list_summary",
    "night_summary",
    "promotions_table",
    "published_record",
    "published_summary",
    "systems_table",
    "training_summary",
    "versions_table",
    "what_if_record",
    "what_if_screen",
]
