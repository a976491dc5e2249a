"""The report of a model as one page that works offline, from disk, for good."""

from __future__ import annotations

import re
from functools import cache
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

    Charts, their data, the styles and the programs that draw them stand in the page itself; its
    content security policy forbids the browser to fetch anything.
    """
    return fill(
        "page.html",
        facts,
        macros="html.jinja",
        escape=_escape,
        charts=CHARTS,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        program=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
        library=_library(),
    )


@cache
def _library() -> str:
    """Bundle Vega, Vega-Lite and Vega-Embed, of the version that Altair writes for."""
    from altair import SCHEMA_VERSION  # noqa: PLC0415
    from vl_convert import javascript_bundle  # noqa: PLC0415 - 30 MB that only a report needs

    version = ".".join(SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return javascript_bundle("window.vegaEmbed = vegaEmbed;", version)


def _escape(text: str) -> Markup:
    """Escape a text, with `settings` as code and each per cent sign on the line of its number."""
    spaced = re.sub(r"(?<=\d) ?%", "\u00a0%", text)
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(spaced))))  # noqa: S704
