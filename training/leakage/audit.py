"""The audit of the leads table: which columns know the outcome, with what evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from leadscore.features.cells import may_be_keys
from leadscore.features.contract import mentions, name_words, speaks_of_outcome, words_of
from leadscore.training.leakage.column_power import Levels, levels_of, single_column_power
from leadscore.training.leakage.evidence_rules import ColumnData, Evidence, evidence_against

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Severity = Literal["certain", "suspect"]

# Shares and AUCs of 25,000 leads a side are sure to half a percentage point; more only cost time.
SAMPLED_LEADS_A_SIDE = 25_000
SAMPLED_OPEN_LEADS = 10_000
SEED = 20_260_703

IDENTIFIER_SHARE = 0.97  # of cells that differ; repeated rows do not make a key a property
FEWEST_CELLS = 20  # in fewer rows, all different means nothing
FEWEST_OF_AN_OUTCOME = 10  # below it no share of that outcome's leads means anything

# A vendor's or a team's block of columns: blank in the same rows, but neither nearly all nor none.
BLOCK_MISSING = (0.05, 0.95)

# Blanks are no evidence where a column without evidence decides them, but for a few errors.
BLANKS_KINDS = frozenset({"missingness", "one outcome only"})
CAUSE_ERRORS = 0.01  # of the filled or the blank cells, whichever are fewer
LEADS_A_CAUSE = 20  # with fewer leads a level, any column would decide anything

# Words that columns share without belonging together.
_COMMON_WORDS = frozenset(
    {"lead", "what", "is", "your", "the", "of", "to", "in", "a", "and", "for"}
)

_REMEDIES = {
    "certain": "left out; if it is known when a lead is scored, say so in [audit.overrule]",
    "suspect": "ask who fills it in and when; if only after the outcome, set it to ignored, "
    "if before, say so in [audit.overrule]",
    "identifier": "left out: it names a lead and tells nothing about others",
    "constant": "left out: it is the same for every lead",
}


@dataclass(frozen=True)
class Finding:
    """A column that should not, or perhaps should not, be learnt from.

    `certain` is left out of training; `suspect` is reported, and left out if the contract says so.
    """

    column: str
    kind: str  # near-perfect, missingness, judgement, …, identifier, constant
    severity: Severity
    evidence: str  # with figures
    remedy: str
    auc_alone: float  # cross-validated, blanks as a level
    overruled: str | None = None  # why the contract keeps the column all the same


def audit_columns(
    frame: pd.DataFrame,
    outcome: pd.Series,
    *,
    created_at: pd.Series | None = None,
    overrule: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Find the columns of the leads table that know the outcome, identify leads or never vary.

    Up to 25,000 leads of each outcome and 10,000 open ones are looked at, drawn by a fixed seed.

    Parameters
    ----------
    frame
        Attribute columns: text with missing NA, or float64.
    outcome
        1, 0, or NaN where not yet known, in the frame's order.
    created_at
        Lets power on old and fresh leads be compared.
    overrule
        By column, the contract's reason for keeping it.

    Returns
    -------
    list of Finding
        Certain ones first, then by power.
    """
    rows = _sampled(outcome.to_numpy(dtype=np.float64))
    known = outcome.to_numpy(dtype=np.float64)[rows]
    age_order = None if created_at is None else _age_order(created_at.iloc[rows])
    findings: dict[str, Finding] = {}
    columns: dict[str, ColumnData] = {}
    for position, label in enumerate(frame.columns):
        name, cells = str(label), frame.iloc[rows, position]
        useless = _constant_or_identifier(name, cells)
        if useless is None:
            columns[name] = ColumnData(name, levels_of(cells), known, age_order)
        else:
            findings[name] = useless
    findings |= _findings(columns)
    findings |= _same_blanks(columns, findings)
    reasons = overrule or {}
    marked = [replace(each, overruled=reasons.get(each.column)) for each in findings.values()]
    return sorted(marked, key=lambda each: (each.severity, -each.auc_alone))


def excluded_columns(
    findings: Sequence[Finding], *, suspects: Literal["keep", "exclude"] = "keep"
) -> list[str]:
    """Name the columns to leave out: certain ones, and suspects if `audit.suspects` says so.

    Never one that the contract overrules.
    """
    return [
        each.column
        for each in findings
        if each.overruled is None and (each.severity == "certain" or suspects == "exclude")
    ]


def _sampled(outcome: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows to look at; each outcome by itself, as shares within outcomes are what counts."""
    generator = np.random.default_rng(SEED)
    parts = []
    for chosen, limit in (
        (outcome == 1, SAMPLED_LEADS_A_SIDE),
        (outcome == 0, SAMPLED_LEADS_A_SIDE),
        (np.isnan(outcome), SAMPLED_OPEN_LEADS),
    ):
        rows = np.flatnonzero(chosen)
        parts.append(generator.choice(rows, limit, replace=False) if len(rows) > limit else rows)
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _age_order(created_at: pd.Series) -> NDArray[np.int64] | None:
    """Rows from the oldest lead to the newest; None where dates are lacking."""
    if created_at.isna().any():
        return None
    return np.argsort(created_at.to_numpy(), kind="stable").astype(np.int64)


def _constant_or_identifier(name: str, cells: pd.Series) -> Finding | None:
    filled = cells.dropna()
    distinct = filled.nunique()
    if distinct == 0 or (distinct == 1 and len(filled) == len(cells)):
        text = "empty in every row" if distinct == 0 else "the same in every row"
        return Finding(name, "constant", "certain", text, _REMEDIES["constant"], 0.5)
    full = len(filled) == len(cells) and len(cells) >= FEWEST_CELLS
    if full and distinct >= IDENTIFIER_SHARE * len(cells) and _is_key(name, filled):
        text = f"{distinct:,} different values in {len(cells):,} rows"
        return Finding(name, "identifier", "certain", text, _REMEDIES["identifier"], 0.5)
    return None


def _is_key(name: str, filled: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(filled):
        return True
    whole = bool((filled == filled.round()).all())
    counted_up = bool(filled.is_monotonic_increasing or filled.is_monotonic_decreasing)
    names = (*name_words().id, *name_words().row_number)
    named = mentions(words_of(name), names) and may_be_keys(filled)
    return whole and (counted_up or named)


def _findings(columns: Mapping[str, ColumnData]) -> dict[str, Finding]:
    """Find the columns with evidence against them other than blanks that have a cause."""
    evidence = {name: _evidence(column) for name, column in columns.items()}
    clean = [column.levels for name, column in columns.items() if not evidence[name][1]]
    findings = {}
    for name, (auc, pieces) in evidence.items():
        besides = [each for each in pieces if each.kind not in BLANKS_KINDS]
        explained = len(besides) < len(pieces) and _blanks_have_cause(columns[name].levels, clean)
        left = besides if explained else pieces
        if left:
            findings[name] = _finding(name, auc, left)
    return findings


def _evidence(column: ColumnData) -> tuple[float, list[Evidence]]:
    _codes, outcome = column.known
    if min((outcome == 1).sum(), (outcome == 0).sum()) < FEWEST_OF_AN_OUTCOME:
        return 0.5, []
    power, pieces = evidence_against(column)
    return power.auc.value, pieces


def _blanks_have_cause(levels: Levels, clean: Sequence[Levels]) -> bool:
    """Whether another column decides the blanks, as the source does for `referred by`."""
    filled = levels.codes >= 0
    fewest = min(int(filled.sum()), int((~filled).sum()))
    for cause in clean:
        if len(cause.names) > len(filled) / LEADS_A_CAUSE:
            continue
        leads = np.bincount(cause.codes + 1)
        filled_in = np.bincount(cause.codes + 1, weights=filled)
        if np.minimum(filled_in, leads - filled_in).sum() <= CAUSE_ERRORS * fewest:
            return True
    return False


def _finding(name: str, auc: float, evidence: list[Evidence]) -> Finding:
    severity = _severity(evidence, named=speaks_of_outcome(name) is not None)
    texts = "; ".join(each.text for each in evidence)
    return Finding(name, evidence[0].kind, severity, texts, _REMEDIES[severity], round(auc, 3))


def _severity(evidence: list[Evidence], *, named: bool) -> Severity:
    """One strong piece is proof; so are two moderate ones, or one that the name bears out."""
    strong = sum(each.weight == "strong" for each in evidence)
    moderate = sum(each.weight == "moderate" for each in evidence)
    if strong or moderate > 1 or (moderate and named):
        return "certain"
    return "suspect"


def _same_blanks(
    columns: Mapping[str, ColumnData], found: Mapping[str, Finding]
) -> dict[str, Finding]:
    """Find columns that are blank in exactly the rows of one found, and related to it by name."""
    related: dict[str, Finding] = {}
    for name, column in columns.items():
        blank = column.levels.codes < 0
        if name in found or not BLOCK_MISSING[0] <= blank.mean() <= BLOCK_MISSING[1]:
            continue
        for other in found:
            same = other in columns and bool(((columns[other].levels.codes < 0) == blank).all())
            if same and _related_by_name(name, other):
                related[name] = _filled_in_together(column, other)
                break
    return related


def _related_by_name(name: str, other: str) -> bool:
    shared = (set(words_of(name)) & set(words_of(other))) - _COMMON_WORDS
    return bool(shared) or speaks_of_outcome(name) is not None


def _filled_in_together(column: ColumnData, other: str) -> Finding:
    power = single_column_power(*column.known)
    text = (
        f"missing in exactly the {(column.levels.codes < 0).sum():,} rows in which {other!r} is, "
        f"so filled in together with it; AUC {power.auc.value:.2f} alone, "
        f"{power.auc_filled.value:.2f} where filled in"
    )
    remedy, auc = _REMEDIES["suspect"], round(power.auc.value, 3)
    return Finding(column.name, "same blanks", "suspect", text, remedy, auc)
