"""Which columns of the three tables hold ids, times, kinds and stages, by name and by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.features.contract.column_names import mentions, words_of
from leadscore.features.core.errors import DataError
from leadscore.features.onboarding.guess_words import FREE_TEXT_SHARE
from leadscore.features.onboarding.outcome_labels import understands_stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from leadscore.features.onboarding.column_profile import ColumnFacts
    from leadscore.features.onboarding.file_sample import Sample

# How plainly a date's name says that the lead came into being then, most plainly first.
CREATION_WORDS = (
    ("created", "create", "creation", "erstellt", "angelegt", "creado", "cree", "aangemaakt"),
    (
        "registered",
        "registration",
        "signup",
        "sign up",
        "signed up",
        "subscribed",
        "inquiry",
        "enquiry",
    ),
    ("submitted", "submission", "received", "application", "applied", "entered", "entry", "added"),
    (
        "first seen",
        "first contact",
        "first touch",
        "acquired",
        "engage",
        "engaged",
        "enrolled",
        "opened",
    ),
    ("lead date", "lead time", "start", "started", "arrival", "arrived", "captured", "inserted"),
    ("date", "day", "time", "timestamp", "datum", "fecha", "data", "datetime", "dt", "ts"),
)
# Dates of something later, or of the person: never the creation.
LATER_WORDS = (
    *(
        "close",
        "closed",
        "closing",
        "won",
        "lost",
        "converted",
        "conversion",
        "modified",
        "updated",
    ),
    *(
        "update",
        "last",
        "latest",
        "recent",
        "end",
        "ended",
        "due",
        "expected",
        "next",
        "follow",
        "deleted",
    ),
    *(
        "birth",
        "birthday",
        "dob",
        "sent",
        "meeting",
        "demo",
        "paid",
        "payment",
        "renewal",
        "expiry",
    ),
)
CREATED_FILLED_SHARE = 0.5  # a creation date that most rows lack is another event's date

LEAD_ID_WORDS = (
    (
        "lead id",
        "leadid",
        "prospect id",
        "contact id",
        "customer id",
        "opportunity id",
        "person id",
    ),
    ("lead", "prospect", "contact", "customer", "opportunity", "user id", "client id", "case id"),
    ("id", "user", "client", "uuid", "key", "number"),
)
OCCURRED_WORDS = (
    (
        "occurred at",
        "occurred",
        "occurred on",
        "event time",
        "event date",
        "event timestamp",
        "happened",
    ),
    ("activity date", "activity time", "timestamp", "datetime", "stage date", "changed", "entered"),
    ("date", "time", "at", "ts", "on", "day", "created", "datum", "fecha"),
)
RECORDED_WORDS = (
    (
        "recorded at",
        "recorded",
        "ingested",
        "loaded",
        "synced",
        "inserted",
        "processed",
        "received",
    ),
    ("logged", "imported", "updated"),
)
KIND_WORDS = (
    (
        "kind",
        "event kind",
        "event type",
        "event name",
        "activity type",
        "activity name",
        "action type",
    ),
    ("event", "activity", "action", "type", "name"),
)
STAGE_NAME_WORDS = (
    ("stage", "deal stage", "status", "outcome", "phase", "to stage", "new stage"),
    ("state",),
)
# Of two columns of stages in a history of changes, the one that a lead came from.
BEFORE_WORDS = ("old", "from", "previous", "prior", "before")
REASON_WORDS = (("reason", "rejection reason", "lost reason", "loss reason", "disposition reason"),)
AMOUNT_WORDS = (
    ("amount", "value", "revenue", "price", "deal value"),
    ("betrag", "wert", "umsatz", "montant", "importe", "bedrag"),
)
EVENT_VALUE_WORDS = (("value", "amount", "score", "duration", "seconds", "quantity"), ("wert",))

# A column of ids names mostly leads that exist; the rest is quarantined later.
ID_OVERLAP = 0.5
MAX_KINDS = (
    2_000  # kinds of events are a vocabulary; beyond it the column is text or a page address
)

# English words in the names of event kinds, by the group that the features know them as.
GROUP_WORDS: dict[str, tuple[str, ...]] = {
    "conversion": (
        "form",
        "form submission",
        "download",
        "downloaded",
        "submit",
        "submitted",
        "signup",
    ),
    "email_sent": ("email sent", "sent email", "email delivered", "email send", "mail sent"),
    "email_opened": ("email opened", "email open", "opened email", "open email", "mail opened"),
    "unsubscribe": ("unsubscribe", "unsubscribed", "opt out", "opted out", "email unsubscribed"),
    "sales_touch": (
        "sales call",
        "outbound call",
        "call made",
        "sales email",
        "sales touch",
        "sdr call",
    ),
    "high_intent": (
        *(
            "demo",
            "demo request",
            "pricing",
            "pricing page",
            "contact request",
            "contact us",
            "quote",
        ),
        *("trial", "request demo", "talk to sales", "contact sales", "meeting request", "callback"),
    ),
}


def guess_created_at(columns: Mapping[str, ColumnFacts]) -> str | None:
    """Find the date at which a lead came into being, or None where no name speaks of it.

    Parameters
    ----------
    columns
        Facts by column name.
    """
    dates = [
        facts
        for facts in columns.values()
        if facts.kind == "date"
        and facts.filled >= CREATED_FILLED_SHARE * facts.rows
        and not mentions(facts.words, LATER_WORDS)
    ]
    named = _by_name(dates, CREATION_WORDS)
    if named is None and len(dates) == 1:
        return dates[0].name
    return None if named is None else named.name


def guess_lead_key(
    columns: Mapping[str, ColumnFacts], known_ids: pd.Series, *, sample: Sample
) -> str:
    """Find the column of an events or outcomes table that names leads of the leads table.

    Parameters
    ----------
    columns
        Facts by column name.
    known_ids
        The ids of the leads that were read.
    sample
        The table, for the message.

    Raises
    ------
    DataError
        Where no column holds ids of leads.
    """
    known = set(known_ids)
    overlap = {
        name: float(facts.counts[facts.counts.index.isin(known)].sum()) / facts.filled
        for name, facts in columns.items()
        if facts.filled and facts.kind != "date"
    }
    best = max(overlap.values(), default=0.0)
    if best > ID_OVERLAP:
        close = [columns[name] for name, share in overlap.items() if share > best - 0.05]
        return (_by_name(close, LEAD_ID_WORDS) or max(close, key=lambda each: each.distinct)).name
    named = _by_name(columns.values(), LEAD_ID_WORDS[:1])
    if named is not None and overlap.get(named.name, 0) > 0:
        return named.name
    raise DataError(
        f"{sample.path}: no column holds the ids of the leads table. "
        "Check that both files come from the same system, and name the column lead_id."
    )


def guess_event_columns(columns: Mapping[str, ColumnFacts], *, sample: Sample) -> dict[str, str]:
    """Map an events table's columns: `occurred_at`, `kind`, and where found `recorded_at`, `value`.

    Raises
    ------
    DataError
        Where there is no date or no kind.
    """
    mapped = _times(columns, sample=sample)
    mapped["kind"] = _kind_column(columns, sample=sample).name
    value = _by_name(
        (each for each in columns.values() if each.kind == "number"), EVENT_VALUE_WORDS
    )
    return mapped if value is None else {**mapped, "value": value.name}


def guess_outcome_columns(columns: Mapping[str, ColumnFacts], *, sample: Sample) -> dict[str, str]:
    """Map an outcomes table's columns: `occurred_at`, `stage`, and where found the others.

    Raises
    ------
    DataError
        Where there is no date or no stage.
    """
    mapped = _times(columns, sample=sample)
    texts = [facts for facts in columns.values() if facts.kind == "text"]
    stage = _stage_column(texts, sample=sample)
    mapped["stage"] = stage.name
    numbers = [facts for facts in columns.values() if facts.kind == "number"]
    reason, amount = _by_name(texts, REASON_WORDS), _by_name(numbers, AMOUNT_WORDS)
    if reason is not None and reason.name != stage.name:
        mapped["reason"] = reason.name
    return mapped if amount is None else {**mapped, "amount": amount.name}


def _kind_column(columns: Mapping[str, ColumnFacts], *, sample: Sample) -> ColumnFacts:
    """Find what names the kinds of events: words, codes under a plain name, or the only words."""
    few = [facts for facts in columns.values() if facts.distinct <= MAX_KINDS]
    texts = [facts for facts in few if facts.kind == "text"]
    repeated = [facts for facts in few if facts.distinct_share <= FREE_TEXT_SHARE]
    codes = [facts for facts in repeated if facts.whole_numbers]
    words = [facts for facts in repeated if facts.kind == "text" and facts.distinct > 1]
    found = _by_name(texts, KIND_WORDS) or _by_name(codes, KIND_WORDS[:1])
    if found is None and len(words) == 1:
        return words[0]
    return found or _missing(columns, sample, "tells what kind of event each row is", "kind")


def _stage_column(texts: list[ColumnFacts], *, sample: Sample) -> ColumnFacts:
    """Find what names the stage reached; words that are stages count before a column's name."""
    after = [facts for facts in texts if not mentions(facts.words, BEFORE_WORDS)]
    understood = [facts for facts in after if understands_stages(facts)]
    found = _by_name(understood, STAGE_NAME_WORDS) or next(iter(understood), None)
    found = found or _by_name(after, STAGE_NAME_WORDS)
    names = {facts.name: facts for facts in texts}
    return found or _missing(names, sample, "tells which stage was reached", "stage")


def _missing(
    columns: Mapping[str, ColumnFacts], sample: Sample, what: str, term: str
) -> ColumnFacts:
    """Say which column was looked for, among which."""
    seen = f" among {', '.join(map(repr, columns))}" if columns else ""
    raise DataError(f"{sample.path}: no column{seen} {what}. Name that column {term} in the file.")


def guess_groups(kinds: Iterable[str]) -> dict[str, list[str]]:
    """Group event kinds whose English names say what they are; a kind is in one group only.

    Examples
    --------
    >>> guess_groups(["demo_request", "Email Opened", "page_view"])
    {'email_opened': ['Email Opened'], 'high_intent': ['demo_request']}
    """
    groups: dict[str, list[str]] = {}
    order = (
        "unsubscribe",
        "email_opened",
        "email_sent",
        "sales_touch",
        "high_intent",
        "conversion",
    )
    for kind in kinds:
        words = words_of(kind)
        group = next((name for name in order if mentions(words, GROUP_WORDS[name])), None)
        if group is not None:
            groups.setdefault(group, []).append(kind)
    return {name: groups[name] for name in GROUP_WORDS if name in groups}


def _times(columns: Mapping[str, ColumnFacts], *, sample: Sample) -> dict[str, str]:
    dates = [facts for facts in columns.values() if facts.kind == "date"]
    recorded = _by_name(dates, RECORDED_WORDS) if len(dates) > 1 else None
    others = [facts for facts in dates if facts is not recorded]
    occurred = _by_name(others, OCCURRED_WORDS) or next(iter(others), None)
    if occurred is None:
        raise DataError(
            f"{sample.path} has no column of dates. Each row needs the time it happened; "
            "write it as 2024-05-31 18:05 in a column occurred_at."
        )
    times = {"occurred_at": occurred.name}
    return times if recorded is None else {**times, "recorded_at": recorded.name}


def _by_name(
    columns: Iterable[ColumnFacts], ranked: tuple[tuple[str, ...], ...]
) -> ColumnFacts | None:
    """Return the column whose name speaks most plainly; the first of equals."""
    named = list(columns)
    for phrases in ranked:
        for facts in named:
            if mentions(facts.words, phrases):
                return facts
    return None
