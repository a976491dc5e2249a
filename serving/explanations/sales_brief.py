"""The salesperson's brief: what the lead did, who spoke to it last, where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis import _

from leadscore.features.core import as_words, day, looks_personal, number, shortened
from leadscore.features.families import not_by_the_lead, one_of, several
from leadscore.features.point_in_time import events_before, paired_before

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import ibis.expr.types as ir

    from leadscore.features.tables import Tables

RECENT_DAYS = 30  # what a lead did before that, nobody opens a call with
MOST_KINDS = 6  # more are no brief; the rest is counted
MOST_TOUCHES = 3
MOST_VERDICTS = 2
MOST_DETAILS = 4  # of a channel: medium, campaign and two columns of the user's own
VERDICTS = {
    "accepted": "Accepted by sales",
    "sql": "Qualified by sales",
    "rejected": "Rejected by sales",
    "recycled": "Sent back to marketing",
}
SHOWN = r"impressions?$"  # an advertisement that was shown: the lead did nothing
PHRASED_TERMS = ("source", "medium", "campaign", "landing_page")


def handoff_briefs(tables: Tables, snapshots: ir.Table) -> pd.DataFrame:
    """Write what a salesperson wants to know before the first call, in up to three lines.

    Parameters
    ----------
    snapshots
        Columns `lead_id`, `as_of` (timestamp, UTC); a row a lead. Only what had occurred and was
        recorded strictly before `as_of` is told.

    Returns
    -------
    pd.DataFrame
        `lead_id` (str), `brief` (list of str), sorted by `lead_id`: what the lead itself did in
        the last 30 days, commonest first; the last three touches with their dates (UTC), those of
        sales included; its channel and the latest verdicts of sales, newest first. E-mails sent
        and advertisements shown are left out; what the tables do not say has no line. Nothing of a
        personal column is read.
    """
    lead_ids = tables.to_frame(
        "leads of the brief", lambda: snapshots.select("lead_id").order_by("lead_id")
    )["lead_id"]
    lines = []
    if tables.events is not None:
        groups = _groups(tables)
        counted = tables.to_frame(
            "done of the brief", lambda: _counts(_shown(tables, snapshots), groups)
        )
        touched = tables.to_frame(
            "touches of the brief", lambda: _latest(_shown(tables, snapshots), groups)
        )
        lines.append(_done(counted).reindex(lead_ids, fill_value=_nothing_done()))
        lines.append(_touches(touched, groups).reindex(lead_ids))
    lines.append(_origin(tables, snapshots, lead_ids))
    told = zip(*(line.to_numpy(dtype=object) for line in lines), strict=True)
    briefs = [[line for line in brief if isinstance(line, str)] for brief in told]
    return pd.DataFrame({"lead_id": lead_ids, "brief": pd.Series(briefs, dtype=object)})


def _groups(tables: Tables) -> Mapping[str, tuple[str, ...]]:
    return tables.contract.events.groups if tables.contract.events is not None else {}


def _shown(tables: Tables, snapshots: ir.Table) -> ir.Table:
    """Leave out advertisements that were merely shown."""
    return events_before(tables, snapshots).filter(~_.kind.lower().re_search(SHOWN))


def _counts(seen: ir.Table, groups: Mapping[str, tuple[str, ...]]) -> ir.Table:
    own = seen.filter(_.kind.notin(not_by_the_lead(dict(groups))), _.age_days < RECENT_DAYS)
    return own.group_by("lead_id", "kind").aggregate(n=_.count())


def _done(counted: pd.DataFrame) -> pd.Series[str]:
    """Count what the lead itself did lately, commonest first; leads that did nothing are absent."""
    ranked = counted.sort_values(["lead_id", "n", "kind"], ascending=[True, False, True])
    place = ranked.groupby("lead_id").cumcount()
    told = ranked[place < MOST_KINDS]
    phrases = pd.Series(map(_counted, told["kind"], told["n"]), told.index, dtype=object)
    lists = phrases.groupby(told["lead_id"]).agg(", ".join)
    others = ranked[place >= MOST_KINDS].groupby("lead_id")["n"].sum()
    tails = others.map(lambda n: f" and {number(n)} other{'s' if n > 1 else ''}")
    told_of: pd.Series[str] = lists + tails.astype(object).reindex(lists.index).fillna("")
    return f"Did in the last {RECENT_DAYS} days: " + told_of + "."


def _nothing_done() -> str:
    return f"Did nothing in the last {RECENT_DAYS} days."


def _counted(kind: str, count: int) -> str:
    return f"{number(count)} {one_of(kind) if count == 1 else several(kind)}"


def _latest(seen: ir.Table, groups: Mapping[str, tuple[str, ...]]) -> ir.Table:
    """Find the last touches, newest first; those of one kind on one day are one."""
    wanted = seen.filter(_.kind.notin(groups.get("email_sent", ())))
    daily = (
        wanted.mutate(day=_.occurred_at.truncate("D"))
        .group_by("lead_id", "as_of", "kind", "day")
        .aggregate(n=_.count(), latest=_.occurred_at.max())
    )
    newest = ibis.window(group_by="lead_id", order_by=[_.latest.desc(), _.kind])
    last = daily.mutate(place=ibis.row_number().over(newest)).filter(_.place < MOST_TOUCHES)
    return last.order_by("lead_id", "place")


def _touches(told: pd.DataFrame, groups: Mapping[str, tuple[str, ...]]) -> pd.Series[str]:
    by_sales = groups.get("sales_touch", ())
    columns = (told[name].tolist() for name in ("kind", "n", "day", "as_of"))
    phrases = [
        _touch(kind, count, day(on, as_of), by_sales=kind in by_sales)
        for kind, count, on, as_of in zip(*columns, strict=True)
    ]
    lists = pd.Series(phrases, told.index, dtype=object).groupby(told["lead_id"]).agg(", ".join)
    return "Last: " + lists + "."


def _touch(kind: str, count: int, on: str, *, by_sales: bool) -> str:
    words = one_of(kind) if count == 1 else _counted(kind, count)
    whose = " by sales" if by_sales and "sales" not in words else ""
    return f"{words}{whose} on {on}"


def _origin(tables: Tables, snapshots: ir.Table, lead_ids: pd.Series[str]) -> pd.Series[str]:
    """Join the channel and earlier verdicts to one line; None where neither is known."""
    parts = [_channel(tables, snapshots), _verdicts(tables, snapshots)]
    both = zip(*(part.reindex(lead_ids).to_numpy(dtype=object) for part in parts), strict=True)
    lines = [" ".join(part for part in pair if isinstance(part, str)) or None for pair in both]
    return pd.Series(lines, lead_ids, dtype=object)


def _channel(tables: Tables, snapshots: ir.Table) -> pd.Series[str]:
    attributes = [
        each for each in tables.attributes if each.role == "channel" and each.type == "text"
    ]
    names = [each.name for each in attributes]
    chosen = tables.to_frame(
        "channels of the brief",
        lambda: tables.leads.semi_join(snapshots, "lead_id").select("lead_id", *names),
    )
    rows = chosen.set_index("lead_id")
    terms = {each.name: each.term or "" for each in attributes}
    words = {
        each.name: as_words(each.column) for each in attributes if each.term not in PHRASED_TERMS
    }
    told = [_came_from(dict(zip(names, row, strict=True)), terms, words) for row in rows.to_numpy()]
    return pd.Series(told, rows.index, dtype=object)


def _came_from(
    values: Mapping[str, object], terms: Mapping[str, str], words: Mapping[str, str]
) -> str | None:
    """Phrase one lead's channel, as far as it is known."""
    texts = {
        name: _without_query(value) if terms[name] == "landing_page" else value
        for name, value in values.items()
        if isinstance(value, str)
    }
    known = {name: shortened(text) for name, text in texts.items() if not looks_personal(text)}
    says_more = "medium" in known and known["medium"] != known.get("source")
    details = [known["medium"]] if says_more else []
    details += [f"campaign {known['campaign']}"] if "campaign" in known else []
    details += [f"{said} {known[name]}" for name, said in words.items() if name in known]
    detail = ", ".join(details[:MOST_DETAILS])
    landed = known.get("landing_page", "")
    page = f"landed on {'the home page' if landed == '/' else landed}" if landed else ""
    if "source" in known:
        origin = f"came from {known['source']}" + (f" ({detail})" if detail else "")
    else:
        origin = f"channel: {detail}" if detail else ""
    sentence = ", ".join(part for part in (origin, page) if part)
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else None


def _without_query(page: str) -> str:
    """Leave out what a page's address says of its visitor."""
    return page.partition("?")[0].partition("#")[0]


def _verdicts(tables: Tables, snapshots: ir.Table) -> pd.Series[str]:
    """Tell the latest verdicts of sales, newest first, each with its day and reason."""
    outcomes = tables.outcomes
    if outcomes is None:
        return pd.Series(dtype=object)
    rows = tables.to_frame("verdicts of the brief", lambda: _told_verdicts(outcomes, snapshots))
    order = {"lead_id": True, "occurred_at": False, "stage": True, "reason": True}
    ordered = rows.sort_values(list(order), ascending=list(order.values()))
    last = ordered.groupby("lead_id").head(MOST_VERDICTS)
    columns = (last[name].tolist() for name in ("stage", "occurred_at", "as_of", "reason"))
    phrases = [_verdict(*row) for row in zip(*columns, strict=True)]
    return pd.Series(phrases, last.index, dtype=object).groupby(last["lead_id"]).agg(" ".join)


def _told_verdicts(outcomes: ir.Table, snapshots: ir.Table) -> ir.Table:
    verdicts = outcomes.filter(_.stage.isin(list(VERDICTS)))
    known = paired_before(verdicts, snapshots.select("lead_id", "as_of"))
    return known.select("lead_id", "as_of", "occurred_at", "stage", "reason").distinct()


def _verdict(stage: str, occurred_at: datetime, as_of: datetime, reason: object) -> str:
    said = f"{VERDICTS[stage]} on {day(occurred_at, as_of)}"
    if not isinstance(reason, str) or looks_personal(reason):
        return f"{said}."
    return f"{said}: {shortened(reason)}."
