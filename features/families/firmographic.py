"""Who the lead is: company, job, and how well the form was filled in.

Nothing personal (names, e-mail addresses, phone numbers) leaves this file: an e-mail is reduced
to the kind of its domain, a name and a phone number to whether they are plausible.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import ibis
from ibis import _

from leadscore.features.catalogue import Feature, FeatureSet, Lookup
from leadscore.features.cells import measure_cell, with_free_mail
from leadscore.features.core import as_words
from leadscore.features.families.job_titles import department, seniority
from leadscore.features.point_in_time import leads_as_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.catalogue import Kind
    from leadscore.features.contract import Reading
    from leadscore.features.tables import Attribute, Tables

SIZE_BANDS = (
    (10, "1-9"),
    (50, "10-49"),
    (250, "50-249"),
    (1000, "250-999"),
    (5000, "1,000-4,999"),
    (inf, "5,000 and more"),
)
REVENUE_BANDS = (
    (1e6, "under 1 million"),
    (1e7, "1-10 million"),
    (5e7, "10-50 million"),
    (2.5e8, "50-250 million"),
    (1e9, "250 million-1 billion"),
    (inf, "over 1 billion"),
)
NAMES = ("first_name", "last_name", "full_name")
# Typed to get past a required field.
IMPLAUSIBLE_NAME = r"^(test|asdf.*|qwer.*|x+|none|foo|bar|abc|-+|\.+|.)$|\d"
MIN_PHONE_DIGITS, MAX_PHONE_DIGITS = 7, 15  # the ITU's E.164 allows 15


def firmographic_features(tables: Tables, snapshots: ir.Table) -> FeatureSet:
    """Build the features of the company, the person's job and the form."""
    by_term = {each.term: each for each in tables.attributes if each.term is not None}
    # Parsing text is slow: only of leads with snapshots, and once a lead or a version of it.
    states = leads_as_of(tables, snapshots)
    leads = with_free_mail(states.leads) if "email" in by_term else states.leads
    measured: list[tuple[Feature, ir.Value]] = []
    for attribute in tables.attributes:
        measured += _attribute(leads, attribute, tables.contract.reading)
    if "email" in by_term:
        measured.append(_email_kind(leads))
    measured += _plausibility(leads, by_term)
    asked_for = tuple(each for each in tables.attributes if each.role != "value")
    if asked_for:
        measured.append(_filled_in(leads, asked_for))
    per_lead = leads.select(*states.keys, **{feature.name: value for feature, value in measured})
    values = tuple((feature, _[feature.name]) for feature, _value in measured)
    return FeatureSet(snapshots, (Lookup(*states.by_snapshot(per_lead)),), values)


def _attribute(
    leads: ir.Table, attribute: Attribute, reading: Reading
) -> list[tuple[Feature, ir.Value]]:
    """Return one firmographic column as it is, or the features of its term."""
    if attribute.role != "firmographic":
        return []
    column, name, words = leads[attribute.name], attribute.name, as_words(attribute.column)
    match attribute.term:
        case "company_size":
            own = _feature("company_size", "number", "head count", "people")
            return _number_and_band(own, measure_cell(column, reading), SIZE_BANDS)
        case "revenue":
            own = _feature("revenue", "number", "revenue")
            return _number_and_band(own, measure_cell(column, reading), REVENUE_BANDS)
        case "job_title":
            return [
                (_feature("seniority", "text", "seniority by job title"), seniority(column)),
                (_feature("department", "text", "department by job title"), department(column)),
            ]
    return [(_feature(name, attribute.type, words), column)]


def _feature(name: str, kind: Kind, words: str, unit: str = "", *, fact: str = "") -> Feature:
    return Feature(name, "firmographic", kind, unit, words, fact or name)


def _number_and_band(
    feature: Feature, number: ir.Value, bands: tuple[tuple[float, str], ...]
) -> list[tuple[Feature, ir.Value]]:
    band = _feature(f"{feature.name}_band", "text", f"{feature.words} band", fact=feature.name)
    words = ibis.cases(
        (number.isnull(), ibis.null("string")),
        *((number < limit, word) for limit, word in bands[:-1]),
        else_=bands[-1][1],
    )
    return [(feature, number), (band, words)]


def _email_kind(leads: ir.Table) -> tuple[Feature, ir.Value]:
    kind = ibis.cases(
        (leads.email.isnull(), ibis.null("string")),
        (leads.email_domain.isnull(), "invalid"),
        (leads.is_free_mail.notnull(), "free-mail"),
        else_="corporate",
    )
    return _feature("email_kind", "text", "kind of e-mail address"), kind


def _plausibility(leads: ir.Table, by_term: dict[str, Attribute]) -> list[tuple[Feature, ir.Value]]:
    """Flag implausible names and phone numbers; null where none was given."""
    measured = []
    names = [leads[term] for term in NAMES if term in by_term]
    if names:
        odd = [name.lower().re_search(IMPLAUSIBLE_NAME).fill_null(False) for name in names]
        implausible = ibis.ifelse(ibis.coalesce(*names).notnull(), ibis.or_(*odd), None)
        measured.append((_feature("name_implausible", "flag", "implausible name"), implausible))
    if "phone" in by_term:
        digits = leads.phone.re_replace(r"\D", "")
        wrong_length = ~digits.length().between(MIN_PHONE_DIGITS, MAX_PHONE_DIGITS)
        repeated = ibis.or_(*(digits.contains(str(digit) * 6) for digit in range(10)))
        implausible = wrong_length | repeated | digits.contains("123456")
        feature = _feature("phone_implausible", "flag", "implausible phone number")
        measured.append((feature, implausible))
    return [(feature, flag.cast("float64")) for feature, flag in measured]


def _filled_in(leads: ir.Table, attributes: tuple[Attribute, ...]) -> tuple[Feature, ir.Value]:
    words = "share of the lead's fields filled in"
    filled = ibis.literal(0)
    for each in attributes:
        filled = filled + leads[each.name].notnull().cast("int64")
    feature = _feature("fields_filled_in", "number", words, "share")
    return replace(feature, measure="share"), filled / float(len(attributes))
