"""The model card: the report in Markdown, without charts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from leadscore.training.report.report_templates import fill

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts


def model_card(facts: Facts) -> str:
    """Write the model card in Markdown."""
    card = fill("report.jinja", facts, macros="markdown.jinja", escape=_escape, charts={})
    return re.sub(r"\n{3,}", "\n\n", card).strip() + "\n"


def _escape(text: str) -> Markup:
    """Escape tags, links, images and the ends of table cells."""
    plain = re.sub(r"&(?=#?\w+;)", "&amp;", re.sub(r"\s*\n\s*", " ", text))
    plain = plain.replace("<", "&lt;").replace("|", r"\|")
    return Markup(re.sub(r"\](?=[(\[])", r"]\\", plain))  # noqa: S704
