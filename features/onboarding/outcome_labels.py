"""Which words of the data mean won or lost, and which stage of the funnel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.features.contract.column_names import speaks_of_outcome, words_of
from leadscore.features.contract.contract import OUTCOME_STAGES
from leadscore.features.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from leadscore.features.contract.contract import Stage
    from leadscore.features.onboarding.column_profile import ColumnFacts

POSITIVE_WORDS = frozenset(
    {
        *("1", "true", "t", "yes", "y", "x", "positive", "success", "successful", "succeeded"),
        *("won", "win", "closed won", "close won", "deal won", "converted", "conversion", "sold"),
        *("sale", "customer", "client", "purchased", "bought", "signed", "subscribed", "enrolled"),
        *(
            "registered",
            "approved",
            "accepted",
            "complete",
            "completed",
            "paid",
            "funded",
            "booked",
        ),
        *("ja", "oui", "si", "sim", "gewonnen", "gagne", "ganado", "ganada"),
    }
)
SQL_WORDS = frozenset(
    {"sql", "qualified", "sales qualified", "sales qualified lead", "opportunity"}
)
NEGATIVE_WORDS = frozenset(
    {
        *("0", "-1", "false", "f", "no", "n", "negative", "failure", "failed", "unsuccessful"),
        *(
            "lost",
            "closed lost",
            "close lost",
            "deal lost",
            "dead",
            "rejected",
            "declined",
            "denied",
        ),
        *("disqualified", "unqualified", "refused", "cancelled", "canceled", "dropped", "churned"),
        *("not interested", "no sale", "no conversion", "junk", "abandoned", "withdrawn", "closed"),
        *("nein", "non", "nao", "verloren", "perdu", "perdido", "perdida"),
    }
)
# Words of a deal that still runs: neither side, even where only two words occur.
OPEN_WORDS = frozenset(
    {
        *("open", "new", "pending", "in progress", "in process", "in review", "ongoing", "active"),
        *(
            "working",
            "working lead",
            "contacted",
            "attempted",
            "engaging",
            "engaged",
            "prospecting",
        ),
        *("negotiation", "proposal", "nurturing", "nurture", "follow up", "waiting", "on hold"),
        *("qualifying", "qualification", "lead", "mql", "scheduled", "undecided", "processing"),
    }
)
_NEGATION = re.compile(r"(not|non|no|never|un|in)[ -]?")

STAGE_WORDS: dict[str, frozenset[str]] = {
    "mql": frozenset(
        {"mql", "marketing qualified", "marketing qualified lead", "marketing accepted"}
    ),
    "accepted": frozenset({"accepted", "sal", "sales accepted", "sales accepted lead"}),
    "sql": SQL_WORDS
    | {"qualified lead", "opportunity created", "demo held"}
    | {"qualifiziert", "qualifie", "cualificado", "calificado", "gekwalificeerd"},
    "rejected": frozenset(
        {
            *("rejected", "sales rejected", "disqualified", "unqualified", "declined"),
            *("abgelehnt", "rejete", "rechazado", "afgewezen"),
        }
    ),
    "recycled": frozenset({"recycled", "recycle", "nurture", "nurturing", "back to marketing"}),
    "won": frozenset(
        {
            *("won", "closed won", "close won", "deal won", "customer", "converted", "win"),
            *("gewonnen", "gagne", "ganado"),
        }
    ),
    "lost": frozenset(
        {
            *("lost", "closed lost", "close lost", "deal lost", "loss"),
            *("verloren", "perdu", "perdido"),
        }
    ),
}

SHOWN_WORDS = 8  # of a column's words in a message; more is a list nobody reads
CANDIDATE_WORDS = 12  # a stage column has few words; a target is not searched in wider ones


@dataclass(frozen=True)
class TargetWords:
    """The words of a target column that mean reached, not reached, and not yet known."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def find_target(columns: Mapping[str, ColumnFacts], *, path: str, stage: Stage) -> str:
    """Find the one column that tells the outcome, when the user names none.

    Parameters
    ----------
    columns
        Facts by column name.
    path
        The file, for the message.
    stage
        The stage the target stands for.

    Raises
    ------
    DataError
        Where no column, or more than one, can be it.
    """
    found = []
    for name, facts in columns.items():
        words = words_of(name)
        named = speaks_of_outcome(name) is not None or bool({"target", "y", "label"} & set(words))
        if named and 1 < facts.distinct <= CANDIDATE_WORDS:
            both = _by_words(facts, stage)
            if both.positive and both.negative:
                found.append(name)
    if len(found) == 1:
        return found[0]
    which = f"These could be it: {', '.join(map(repr, found))}. " if found else ""
    raise DataError(
        f"{path}: which column tells the outcome? {which}"
        "Name it with --target COL, or give a table of stages with --outcomes FILE."
    )


def target_words(facts: ColumnFacts, *, path: str, stage: Stage) -> TargetWords:
    """Tell the target's words apart.

    Parameters
    ----------
    facts
        The target column.
    path
        The file, for the message.
    stage
        The stage the target stands for; words such as `qualified` mean it for `sql`.

    Returns
    -------
    TargetWords
        Every other value of the column is not yet known.

    Raises
    ------
    DataError
        Where the column is empty, a measured number, or none of its words is understood.
    """
    if facts.kind == "empty":
        raise DataError(
            f"{path}: target {facts.name!r} is empty in every row. Choose another column."
        )
    words = _by_words(facts, stage)
    numeric_surplus = facts.kind == "number" and bool(words.unknown)
    if numeric_surplus or not (words.positive or words.negative):
        raise DataError(
            f"{path}: target {facts.name!r} is not binary: {_seen(facts)}. Choose a column of two "
            "outcomes such as 0/1, yes/no or Won/Lost with --target, or add one to the file."
        )
    return words


def _by_words(facts: ColumnFacts, stage: Stage) -> TargetWords:
    cells = [str(cell) for cell in facts.counts.index]
    positive_words = POSITIVE_WORDS | SQL_WORDS if stage == "sql" else POSITIVE_WORDS
    positive = tuple(cell for cell in cells if _plain(cell) in positive_words)
    negative = tuple(cell for cell in cells if _is_negative(cell, positive_words))
    rest = tuple(cell for cell in cells if cell not in {*positive, *negative})
    # Of exactly two words, one understood, the other is its opposite unless it says "still open".
    if len(cells) == 2 and len(rest) == 1 and _plain(rest[0]) not in OPEN_WORDS:
        if facts.kind != "number" and positive and not negative:
            return TargetWords(positive, rest)
        if facts.kind != "number" and negative and not positive:
            return TargetWords(rest, negative)
    return TargetWords(positive, negative, rest)


def _is_negative(cell: str, positive_words: frozenset[str]) -> bool:
    plain = _plain(cell)
    negation = _NEGATION.match(plain)
    denied = negation is not None and plain[negation.end() :].strip() in positive_words - {"y", "x"}
    return plain in NEGATIVE_WORDS or denied


def _plain(cell: str) -> str:
    """Lower case, words apart by single spaces: `Closed-Won` and `closed_won` are one."""
    if re.fullmatch(r"-?\d+(\.0+)?", cell):
        return str(int(float(cell)))
    return " ".join(words_of(cell)) or cell.casefold()


def _seen(facts: ColumnFacts) -> str:
    if facts.kind == "number" and facts.distinct > SHOWN_WORDS:
        return f"{facts.distinct:,} different numbers"
    if facts.distinct_share > 0.5 and facts.distinct > SHOWN_WORDS:  # may be names of people
        return f"{facts.distinct:,} different texts"
    shown = ", ".join(repr(str(cell)) for cell in facts.counts.index[:SHOWN_WORDS])
    more = facts.distinct - SHOWN_WORDS
    return f"it holds {shown}" + (f" and {more:,} more" if more > 0 else "")


def stage_words(facts: ColumnFacts, *, path: str) -> tuple[dict[str, list[str]], list[str]]:
    """Map the words of an outcomes table to the stages, and list those not understood.

    Parameters
    ----------
    facts
        The column of stages.
    path
        The file, for the message.

    Returns
    -------
    tuple
        Words by stage, in the funnel's order; then the words that stand for no stage.

    Raises
    ------
    DataError
        Where no word is understood.
    """
    by_stage: dict[str, list[str]] = {}
    other = []
    for cell in map(str, facts.counts.index):
        stage = _stage_of(cell)
        if stage is None:
            other.append(cell)
        else:
            by_stage.setdefault(stage, []).append(cell)
    if not by_stage:
        raise DataError(
            f"{path}: none of the stages in {facts.name!r} is understood: {_seen(facts)}. "
            f"The stages are {', '.join(OUTCOME_STAGES)}; rename yours in the file."
        )
    return {stage: by_stage[stage] for stage in OUTCOME_STAGES if stage in by_stage}, other


def understands_stages(facts: ColumnFacts) -> bool:
    """Whether a column holds a word that stands for a stage of the funnel."""
    return any(_stage_of(str(cell)) is not None for cell in facts.counts.index)


def _stage_of(cell: str) -> str | None:
    plain = _plain(cell)
    return next((stage for stage, known in STAGE_WORDS.items() if plain in known), None)
