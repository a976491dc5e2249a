"""The report of a model as one page that works offline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from leadscore.training.report.driver_charts import driver_figures
from leadscore.training.report.report_templates import TEMPLATES, fill
from leadscore.training.report.segment_charts import (
    reliability_by_segment,
    segment_figures,
    shift_figures,
)
from leadscore.training.report.stage_charts import calibration_figures, ranking_figures

if TYPE_CHECKING:
    from leadscore.training.report.report_data import Facts

CHARTS = {
    "ranking": ranking_figures,
    "calibration": calibration_figures,
    "calibration_by_group": reliability_by_segment,
    "groups": segment_figures,
    "shift": shift_figures,
    "drivers": driver_figures,
}


def html_report(facts: Facts) -> str:
    """Write the report as one self-contained HTML page.

    Its content security policy forbids the browser to fetch anything.
    """
    return fill(
        "page.html",
        facts,
        macros="html.jinja",
        escape=_escape,
        charts=CHARTS,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        program=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
        library=(TEMPLATES / "vega.js").read_text(encoding="utf-8"),  # docs/write_vega.py made it
    )


def _escape(text: str) -> Markup:
    """Escape a text, with `settings` as code and no line break before a per cent sign."""
    spaced = re.sub(r"(?<=\d) ?%", "\u00a0%", text)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(spaced))))  # noqa: S704
