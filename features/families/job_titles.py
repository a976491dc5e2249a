"""Seniority and department from a free-text job title, by tables of patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

# The first rule that matches decides.
# Patterns are searched in the title in lower case; \b keeps "cto" out of "director".
SENIORITY = (
    ("student", r"\bstudent|\bintern\b|\btrainee\b|praktikant|\bstagiair|werkstudent|\bpupil\b"),
    ("owner", r"\bowner\b|\bfounder\b|\bco-?founder\b|\binhaber|\bpropriet|\bself.?employed\b"),
    (
        "executive",
        (
            r"\bc[etfmorisp]o\b|\bchief\b|\bpresident\b|managing director|general manager"
            r"|geschäftsführer|\bvorstand|\bdirecteur général|\bdirector general"
        ),
    ),
    ("vice president", r"\bvp\b|\bs?evp\b|\bsvp\b|vice.president"),
    ("director", r"\bdirector\b|\bhead of\b|\bhead\b|\bdirecteur|\bdirectora?\b|\bleiter"),
    ("manager", r"\bmanager\b|\bmgr\b|\blead\b|\bteam.?lead|\bsupervisor\b|\bmanagerin\b"),
    ("senior", r"\bsenior\b|\bsr\b\.?|\bprincipal\b|\bstaff engineer\b|\barchitect\b"),
    ("junior", r"\bjunior\b|\bjr\b\.?|\bassistant\b|\bassociate\b|\bassistent|\bentry.level\b"),
)
OTHER_SENIORITY = "staff"

DEPARTMENT = (
    ("marketing", r"marketing|\bcmo\b|\bbrand\b|\bgrowth\b|communications?|\bseo\b|\bcontent\b"),
    ("sales", r"\bsales\b|\bcro\b|account executive|business development|\brevenue\b|vertrieb"),
    ("finance", r"financ|\bcfo\b|account(ant|ing)|controller|treasur|\bbuchhalt"),
    ("human resources", r"\bhr\b|human resources|recruit|\btalent\b|\bpeople\b|\bchro\b"),
    ("product", r"\bproduct\b|\bcpo\b|\bux\b|\bdesign"),
    (
        "technology",
        (
            r"\bit\b|engineer|developer|\bcto\b|\bcio\b|\bciso\b|software|\bdata\b|devops"
            r"|architect|informati|technolog|security|entwickler"
        ),
    ),
    ("operations", r"operations?\b|\bcoo\b|logisti|supply|procure|purchas|\beinkauf|\bquality\b"),
    ("legal", r"\blegal\b|lawyer|counsel|complian|\bjurist"),
    ("education", r"student|teacher|professor|research|university|lehrer"),
)
OTHER_DEPARTMENT = "other"


def seniority(title: ir.StringColumn) -> ir.StringColumn:
    """Derive the seniority from a job title; null without a title."""
    return _first_rule(title, SENIORITY, OTHER_SENIORITY)


def department(title: ir.StringColumn) -> ir.StringColumn:
    """Derive the department from a job title; null without a title."""
    return _first_rule(title, DEPARTMENT, OTHER_DEPARTMENT)


def _first_rule(
    title: ir.StringColumn, rules: tuple[tuple[str, str], ...], otherwise: str
) -> ir.StringColumn:
    text = title.lower()
    branches = [(text.re_search(pattern), word) for word, pattern in rules]
    return ibis.cases((title.isnull(), ibis.null("string")), *branches, else_=otherwise)
