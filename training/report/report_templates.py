"""The template that report and model card share, filled in with a model's data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leadscore.features.core import percent
from leadscore.training.evaluation import METRIC_WORDS, REACHED, STAGE_WORDS, figure, span
from leadscore.training.report import tables
from leadscore.training.report.narrative import suspect_sentences

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from leadscore.training.report.report_data import Facts

TEMPLATES = Path(__file__).parent / "templates"


def fill(
    template: str, facts: Facts, *, macros: str, escape: Callable[[str], Markup], **context: object
) -> str:
    """Fill in a template.

    Parameters
    ----------
    template, macros
        Files of `templates/`: the content, and how a format writes each element.
    escape
        Writes a text in that format; applied to everything that is not markup already.
    context
        Further variables; `charts` is empty where a format has none.
    """

    def write(value: object) -> Markup:
        return value if isinstance(value, Markup) else escape(_with_minus_signs(str(value)))

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=write,
    )
    environment.filters |= {"count": "{:,}".format, "date": _date, "percent": percent}
    environment.filters |= {"metric": figure, "span": span}
    environment.globals |= {"metric_words": METRIC_WORDS, "reached": REACHED}
    environment.globals |= {"stage_words": STAGE_WORDS, "tables": tables}
    show = environment.get_template(macros).module
    suspects = suspect_sentences(facts.prepared)
    return environment.get_template(template).render(
        facts=facts, show=show, suspects=suspects, **context
    )


def _with_minus_signs(text: str) -> str:
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
