"""What `leadscore explain` shows of one lead: on the terminal, and as a record."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leadscore.features.core import moment, percent, printable
from leadscore.serving.tiers import rule_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import RenderableType

    from leadscore.serving.explanations import Cause, Change, Part, ScoreRecord, Split
    from leadscore.serving.jobs import Explained

SHOWN_NIGHTS = 10
CAUSES: dict[Cause, str] = {
    "edits": "edits and late rows",
    "time": "passing time",
    "activity": "activity and verdicts",
    "model": "new model",
    "policy": "new policy",
    "others": "the night's other leads",
}


def lead_summary(explained: Explained) -> Group:
    """Show one lead in 100 columns: tier, reasons, brief, what changed, and earlier nights.

    Columns that a ledger of earlier versions lacks are left out.
    """
    row = explained.row
    parts: list[RenderableType] = [
        Text(
            f"Lead {printable(str(row['lead_id']))} as of {row['as_of']:%Y-%m-%d %H:%M} UTC", "bold"
        ),
        Text(_verdict(row)),
        *(Text(line) for line in _rule(row)),
        *(Text(f"! {remark}", "yellow") for remark in [explained.remark] if remark),
        Text(_known(row)),
    ]
    for side, words in (("reasons_for", "For"), ("reasons_against", "Against")):
        parts += [Text(f"{words}: {printable(reason)}") for reason in _lines(row, side)]
    brief = _lines(row, "brief")
    if brief:
        parts += [
            Text("\nFor the salesperson", "bold"),
            *(Text(f"  {printable(line)}") for line in brief),
        ]
    if explained.change is not None:
        parts += [Text(), *_change(explained.change)]
    if not explained.history.empty:
        parts += [Text(), _nights(explained.history.tail(SHOWN_NIGHTS))]
    return Group(*parts)


def _verdict(row: pd.Series[str]) -> str:
    chances = [
        f"{percent(float(row[column]))} to {words}"
        for column, words in (("p_sql", "become sales qualified"), ("p_won", "be won"))
        if pd.notna(row[column])  # there may be no such stage
    ]
    return f"Tier {row['tier']}, score {float(row['score']):.0f}: {', '.join(chances)}"


def _rule(row: pd.Series[str]) -> Iterator[str]:
    """Say what overruled the model, and what the model had said."""
    rule = row["rule"]
    if pd.isna(rule):
        return
    yield f"By rule: {rule_words(rule)}."
    own = row.get("model_tier")
    if own is not None and pd.notna(own):
        yield f"The model by itself says {own}."


def _known(row: pd.Series[str]) -> str:
    known = f"{percent(float(row['coverage']))} of what the model asks for is known."
    missing = _lines(row, "missing_facts")
    return f"{known} What would tell most: {'; '.join(missing)}." if missing else known


def _lines(row: pd.Series[str], column: str) -> list[str]:
    found: object = row.get(column)
    return [str(line) for line in found] if isinstance(found, list | np.ndarray) else []


def _change(change: Change) -> Iterator[RenderableType]:
    since = moment(change.before.as_of.replace(tzinfo=UTC))
    if change.score is None:
        yield Text(f"Since {since}", "bold")
    else:
        title = f"Since {since} the score went from {_from_to(change.score)}"
        yield Text(title, "bold")
        yield Padding(_split_table(change, change.score), (0, 0, 0, 2))
    yield from (Text(line) for line in _cut_off(change))
    yield from (Text(f"! {remark}", "yellow") for remark in change.remarks)


def _from_to(split: Split) -> str:
    before, after = round(split.before, 1), round(split.after, 1)
    return f"{before:.1f} to {after:.1f} ({_signed(after - before)})"


def _split_table(change: Change, split: Split) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for part, shown in zip(split.parts, _rounded(split.before, split.parts), strict=True):
        table.add_row(_cause(part), _signed(shown), _because(part, change))
    return table


def _rounded(start: float, parts: tuple[Part, ...]) -> list[float]:
    """Round the steps, not the parts: what is shown adds up, too."""
    steps = np.round(start + np.cumsum([0.0, *(part.points for part in parts)]), 1)
    return [float(each) for each in np.diff(steps)]


def _cause(part: Part) -> str:
    return " and ".join(CAUSES[cause] for cause in part.causes)


def _because(part: Part, change: Change) -> str:
    if part.causes == ("model",):
        return _versions(change.before.model_version, change.after.model_version)
    if part.causes == ("policy",) and change.before.policy_version != change.after.policy_version:
        return "it moves where a tier begins, not the score"
    return "\n".join(part.facts)


def _versions(before: str, after: str) -> str:
    return f"still version {after}" if before == after else f"version {before} → {after}"


def _cut_off(change: Change) -> Iterator[str]:
    """Say where the SQL tier began and begins, and on which side of it the lead stood."""
    split, began, begins = change.distance, change.before.sql_begins, change.after.sql_begins
    if split is None or began is None or begins is None:
        return
    shifts = tuple(part for part in split.parts if part.of == "cut_off")
    steps = _rounded(-100 * began, shifts)
    told = [f"{_cause(p)} {_signed(-step)}" for p, step in zip(shifts, steps, strict=True) if step]
    if told:
        yield (
            f"The SQL tier began at {100 * began:.1f} and begins at {100 * begins:.1f}: "
            f"{', '.join(told)}."
        )
    else:
        yield f"The SQL tier begins at {100 * begins:.1f}, as it did then."
    yield f"The lead was {_side(split.before)} it, and is {_side(split.after)} it."


def _side(points: float) -> str:
    return f"{abs(points):.1f} {'below' if points < 0 else 'above'}"


def _signed(points: float) -> str:
    shown = round(points, 1)
    sign = "+" if shown > 0 else "\N{MINUS SIGN}" if shown < 0 else ""
    return f"{sign}{abs(shown):.1f}"


def _nights(history: pd.DataFrame) -> Table:
    table = Table(title="What the ledger said", title_justify="left", box=None)
    for head in ("night", "score", "tier", "moved", "rule", "model", "policy"):
        table.add_column(head, justify="right" if head == "score" else "left")
    for night in history.itertuples():
        rule = night.rule if isinstance(night.rule, str) else ""
        table.add_row(
            f"{night.as_of:%Y-%m-%d}",
            f"{night.score:.1f}",
            *map(str, (night.tier, night.moved, rule, night.model_version, night.policy_version)),
        )
    return table


def lead_record(explained: Explained) -> dict[str, object]:
    """Give what is known of one lead as plain values, as `--json` prints it.

    Returns
    -------
    dict
        `lead` (the row), `remark`, `change` (None where there is no earlier night) and `history`;
        missing is None, a moment its ISO text.
    """
    history = [_plain(row) for row in explained.history.to_dict("records")]
    change = None if explained.change is None else _change_record(explained.change)
    return {
        "lead": _plain(explained.row.to_dict()),
        "remark": explained.remark or None,
        "change": change,
        "history": history,
    }


def _change_record(change: Change) -> dict[str, object]:
    return {
        "before": _score_record(change.before),
        "after": _score_record(change.after),
        "score": None if change.score is None else asdict(change.score),
        "distance": None if change.distance is None else asdict(change.distance),
        "remarks": list(change.remarks),
    }


def _score_record(record: ScoreRecord) -> dict[str, object]:
    return {
        "as_of": f"{record.as_of.isoformat()}+00:00",
        "chances": dict(record.chances),
        "model_version": record.model_version,
        "policy_version": record.policy_version,
        "sql_begins": record.sql_begins,
    }


def _plain(row: Mapping[Any, object]) -> dict[str, object]:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    if isinstance(value, list | np.ndarray):
        return [str(each) for each in value]
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
