"""The report of a model as one page that works offline, from disk, for good."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from leadscore.training.report.driver_charts import driver_figures
from leadscore.training.report.narrative import (
    METRIC_MEANINGS,
    METRIC_WORDS,
    REACHED,
    STAGE_WORDS,
    data_facts,
    figure,
    limits,
    percent,
    span,
    suspect_sentences,
)
from leadscore.training.report.segment_charts import (
    reliability_by_segment,
    segment_figures,
    shift_figures,
)
from leadscore.training.report.stage_charts import promise_figures, ranking_figures
from leadscore.training.report.tables import (
    counts_table,
    findings_table,
    gate_table,
    metrics_table,
    once_sql_table,
    points_lookup,
    points_table,
    segments_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.training.report.chart_style import Figure
    from leadscore.training.report.report_data import Facts, StageFacts

TEMPLATES = Path(__file__).parent / "templates"
KEY_METRICS = ("auc", "lift_10", "log_loss", "calibration_error")


@dataclass(frozen=True)
class Chapter:
    """What the page tells of one stage.

    Parameters
    ----------
    facts
        The stage's facts.
    words, reached
        The stage as a person names it, and what its leads did.
    ranking, promise, word_by_group, groups, shift, drivers
        The charts of each section.
    """

    facts: StageFacts
    words: str
    reached: str
    ranking: Sequence[Figure]
    promise: Sequence[Figure]
    word_by_group: Figure
    groups: Sequence[Figure]
    shift: Sequence[Figure]
    drivers: Sequence[Figure]


def html_report(facts: Facts) -> str:
    """Write the report as one self-contained HTML page.

    Charts, their data, the styles and the programs that draw them stand in the page itself; its
    content security policy forbids the browser to fetch anything.

    Parameters
    ----------
    facts
        What is told of the model.

    Returns
    -------
    str
        HTML.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "metric": figure,
        "span": span,
        "date": _date,
        "told": _told,
    }
    page = environment.get_template("report.html")
    return page.render(
        facts=facts,
        chapters=[_chapter(each) for each in facts.stages],
        gate=gate_table(facts.verdict),
        data_facts=data_facts(facts),
        counts=counts_table(facts.prepared),
        findings=findings_table(facts.prepared, facts.overruled),
        suspects=suspect_sentences(facts.prepared),
        limits=limits(facts.prepared),
        meanings=METRIC_MEANINGS,
        metric_words=METRIC_WORDS,
        key_metrics=KEY_METRICS,
        tables={
            "metrics": metrics_table,
            "segments": segments_table,
            "points": points_table,
            "lookup": points_lookup,
            "once_sql": once_sql_table,
        },
        style=_text("report.css"),
        program=_text("report.js"),
        library=_library(),
    )


def _chapter(facts: StageFacts) -> Chapter:
    return Chapter(
        facts,
        words=STAGE_WORDS[facts.stage],
        reached=REACHED[facts.stage],
        ranking=ranking_figures(facts),
        promise=promise_figures(facts),
        word_by_group=reliability_by_segment(facts),
        groups=segment_figures(facts),
        shift=shift_figures(facts),
        drivers=driver_figures(facts.drivers),
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, of the version that Altair writes for."""
    from altair import SCHEMA_VERSION  # noqa: PLC0415
    from vl_convert import javascript_bundle  # noqa: PLC0415 - 30 MB that only a report needs

    version = ".".join(SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return javascript_bundle("window.vegaEmbed = vegaEmbed;", version)


def _told(text: str) -> Markup:
    """Set a sentence: minus signs, `settings` as such, numbers and their sign on one line."""
    signed = re.sub(r"(?<![\w-])-(?=\d)", "−", re.sub(r"(?<=\d) ?%", "\u00a0%", text))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(signed))))  # noqa: S704


def _date(moment: Any) -> str:
    return f"{moment.day} {moment:%B %Y}"
