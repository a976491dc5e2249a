"""What a column of the leads table is: its role, the term it stands for, its type."""

from __future__ import annotations

import re
from typing import Literal

from leadscore.features.core import Settings, nearest

Role = Literal["firmographic", "channel", "personal", "value", "ignored"]
ColumnType = Literal["number", "text"]

# The words of the contract that a column may be mapped to, by role, with the type each is read as.
TERMS: dict[str, dict[str, ColumnType]] = {
    "firmographic": {
        "company_size": "text",  # a head count, or a band such as 51-200
        "revenue": "text",
        "industry": "text",
        "country": "text",
        "region": "text",
        "job_title": "text",
    },
    "channel": {
        "source": "text",
        "medium": "text",
        "campaign": "text",
        "landing_page": "text",
        "latest_source": "text",
        "latest_medium": "text",
        "latest_campaign": "text",
        "latest_landing_page": "text",
    },
    "personal": {
        "email": "text",
        "phone": "text",
        "first_name": "text",
        "last_name": "text",
        "full_name": "text",
    },
    "value": {"amount": "number"},
    "ignored": {},
}


class ColumnSpec(Settings):
    """What one column of the leads table is: its role, the term it stands for, its type."""

    role: Role
    term: str | None = None
    type: ColumnType | None = None

    @classmethod
    def parse(cls, text: str) -> ColumnSpec:
        """Read the short form `role`, `role.term`, `role:type` or `role.term:type`.

        Examples
        --------
        >>> ColumnSpec.parse("channel.source").term
        'source'
        >>> ColumnSpec.parse("firmographic:number").type
        'number'
        """
        match = re.fullmatch(r"(\w+)(?:\.(\w+))?(?::(\w+))?", text.strip())
        if match is None:
            message = 'expected "role", "role.term", "role:type" or "role.term:type"'
            raise ValueError(message)
        role, term, kind = match.groups()
        if role not in TERMS:
            raise ValueError(f"{role!r} is not a role. {nearest(role, TERMS)}")
        if term is not None and term not in TERMS[role]:
            raise ValueError(f"{term!r} is not a term of {role}. {nearest(term, TERMS[role])}")
        if kind not in {None, "number", "text"}:
            raise ValueError(f"{kind!r} is not a type; use number or text")
        return cls.model_validate({"role": role, "term": term, "type": kind})
