"""The leads table in the contract's terms: one row a lead, its attributes read as their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from leadscore.features.cells import (
    text_cell,
    time_cell,
    unreadable_numbers,
    with_free_mail,
)
from leadscore.features.core import DataError
from leadscore.features.sources import own_columns, place_of, row_number
from leadscore.features.tables.attributes import attributes_of, read_attributes
from leadscore.features.tables.quarantine import NOT_A_DATE
from leadscore.features.tables.screening import UNREADABLE, broken_lines, screen

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract
    from leadscore.features.tables.attributes import Attribute
from leadscore.features.tables.screening import Screened

DIGEST_SIGNS = 16  # of a million domains, no two are likely to share them
HELPERS = ("row", "raw_created_at", UNREADABLE, "copy")  # columns that only screening needs


def screen_leads(
    connection: Backend, raw: ir.Table, contract: Contract
) -> tuple[Screened, tuple[Attribute, ...]]:
    """Type and screen the leads; of rows with the same id the earliest is kept.

    Returns the screened rows (columns `lead_id`, `created_at`, `account`, `target`, `listed` and
    one an attribute) and the attributes. A missing column raises `DataError`.
    """
    place = place_of(contract, contract.leads)
    attributes = attributes_of(contract, raw.select(own_columns(raw)).schema(), place=place)
    names = reserved_columns(raw, contract, place=place, with_target=True)
    # A personal cell is not shown, even where it is not the number it should be.
    impersonal = [each for each in attributes if each.role != "personal"]
    numbers = {each.column: raw[each.column] for each in impersonal if each.type == "number"}
    unreadable = unreadable_numbers(numbers, contract.reading)
    typed = typed_leads(raw, contract, attributes, names, unreadable=unreadable)
    return _screened(connection, typed), attributes


def with_listed(leads: ir.Table, listed: ir.Table, contract: Contract) -> ir.Table:
    """Replace leads by the same leads of a one-off list; the others stay, to learn from.

    Of two creation dates the earlier holds, or what a lead did before would not count.
    """
    # Without ids no lead can be matched, and without dates the others tell nothing of the past.
    if contract.leads.lead_id is None or leads.created_at.max().to_pyarrow().as_py() is None:
        return listed
    known = leads.select(known_id="lead_id", known_since="created_at")
    dated = listed.left_join(known, listed.lead_id == known.known_id)
    earliest = ibis.coalesce(
        ibis.least(dated.created_at, dated.known_since), dated.created_at, dated.known_since
    )
    listed = dated.mutate(created_at=earliest).select(listed.columns)
    return ibis.union(listed, leads.anti_join(listed, "lead_id").mutate(listed=False))


def reserved_columns(
    raw: ir.Table, contract: Contract, *, place: str, with_target: bool
) -> dict[str, str]:
    """Find the user's columns for our terms; what the contract names must be there."""
    source = contract.leads
    dated = contract.events is not None or contract.outcomes is not None
    found = {}
    for term, given, required in (
        ("lead_id", source.lead_id, dated),
        ("created_at", source.created_at, dated),
        ("account", source.account, False),
        ("target", source.target if with_target else None, False),
    ):
        by_default = term if term in {"lead_id", "created_at"} else None
        column = given or by_default
        if column is None:
            continue
        if column in raw.columns:
            found[term] = column
        elif given is not None or required:
            raise DataError.from_missing_column(
                place, column, own_columns(raw), setting=f"leads.{term}"
            )
    return found


def typed_leads(
    raw: ir.Table,
    contract: Contract,
    attributes: tuple[Attribute, ...],
    names: dict[str, str],
    *,
    unreadable: ir.StringValue,
) -> ir.Table:
    """Read every cell; where the file has no id, the row's number becomes it.

    A contract without an account has that of the e-mail's corporate domain.
    """
    reading = contract.reading
    row, nothing = row_number(raw), ibis.null("string")
    own = {term: raw[column] for term, column in names.items()}
    lead_id, created = own.get("lead_id"), own.get("created_at")
    account, target = own.get("account"), own.get("target")
    typed = raw.select(
        row=row,
        lead_id=row.cast("string") if lead_id is None else text_cell(lead_id, reading),
        created_at=ibis.null("timestamp") if created is None else time_cell(created, reading),
        account=nothing if account is None else text_cell(account, reading).lower(),
        target=ibis.null("float64") if target is None else _target(target, contract),
        **read_attributes(raw, attributes, reading),
        raw_created_at=nothing if created is None else text_cell(created, reading),
        **{UNREADABLE: unreadable},
        listed=True,
    )
    has_email = any(each.term == "email" for each in attributes)
    return _with_domain_accounts(typed, contract) if account is None and has_email else typed


def _with_domain_accounts(typed: ir.Table, contract: Contract) -> ir.Table:
    """Take leads of one corporate e-mail domain as one account, named by a digest of the domain.

    The digest's key is the project's name: another project's digests are others.
    """
    found = with_free_mail(typed)
    text = ibis.literal(f"{contract.name} account ") + found.email_domain
    digest = ibis.literal("domain-") + text.hexdigest("md5").left(DIGEST_SIGNS)
    account = ibis.ifelse(found.is_free_mail.isnull(), digest, ibis.null("string"))
    return found.mutate(account=account).select(typed.columns)


def with_copies(typed: ir.Table) -> ir.Table:
    """Add `copy`, which numbers the rows of the same id from 0, the earliest first."""
    first = ibis.window(group_by="lead_id", order_by=["created_at", "row"])
    return typed.mutate(copy=ibis.row_number().over(first))


def _screened(connection: Backend, typed: ir.Table) -> Screened:
    ranked = with_copies(typed)
    unreadable_date = ranked.created_at.isnull() & ranked.raw_created_at.notnull()
    return screen(
        connection,
        ranked,
        name="leads",
        faults=(
            ("lead_id", ranked.lead_id.isnull(), ranked.lead_id, "no lead_id"),
            ("created_at", unreadable_date, ranked.raw_created_at, NOT_A_DATE),
            ("lead_id", ranked["copy"] > 0, ranked.lead_id, "lead_id stands in an earlier row"),
        ),
        helpers=("raw_created_at", "copy"),
        broken=broken_lines(connection, "leads"),
    )


def _target(column: ir.Column, contract: Contract) -> ir.FloatingColumn:
    """Read 1, 0 or null by the contract's words, without case; `1.0` and `1` are the same."""
    text = text_cell(column, contract.reading).lower().re_replace(r"^(-?\d+)\.0+$", r"\1")
    positive = [word.strip().lower() for word in contract.leads.positive]
    negative = [word.strip().lower() for word in contract.leads.negative]
    return ibis.cases((text.isin(positive), 1.0), (text.isin(negative), 0.0), else_=None)
