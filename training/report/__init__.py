"""What people read of a model: the HTML report and the model card.

Both fill the same template (`templates/report.jinja`) with the same data (`report_data`).
"""

from leadscore.training.report.html_report import html_report
from leadscore.training.report.model_card import model_card
from leadscore.training.report.narrative import suspect_sentences
from leadscore.training.report.report_data import Facts, gather

__all__ = [
    "Facts",
    "gather",
    "html_report",
    "model_card",
    "suspect_sentences",
]
