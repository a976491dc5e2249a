"""Reads a table from behind an Ibis address, in types that every driver can hand over."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import ibis
import ibis.expr.datatypes as dt
from ibis.common.exceptions import TableNotFound

from leadscore.features.core import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    import pyarrow as pa
    from ibis.backends import BaseBackend

    from leadscore.features.contract import Contract, Source

BATCH_ROWS = 50_000  # as Python objects some 100 MB
# The extras with the drivers, by scheme of the address; others come with Ibis's own extras.
EXTRAS = {
    "postgres": "leadscore[postgres]",
    "postgresql": "leadscore[postgres]",
    "snowflake": "leadscore[snowflake]",
    "bigquery": "leadscore[bigquery]",
}

AS_TEXT = (dt.UUID, dt.INET, dt.MACADDR, dt.Unknown, dt.GeoSpatial)


def remote_table(remote: BaseBackend, name: str) -> ir.Table:
    """Find a table or view by its name, or by `schema.name`; upper and lower case count.

    A name that is not there raises Ibis's `TableNotFound`.
    """
    try:
        return remote.table(name)
    except TableNotFound:
        schema, dot, bare = name.partition(".")
        if not dot:
            raise
        return remote.table(bare, database=schema)


def remote_batches(table: ir.Table, *, lead_id: str | None) -> pa.RecordBatchReader:
    """Read a table batch by batch, in the types of `with_plain_types`."""
    return with_plain_types(table, lead_id=lead_id).to_pyarrow_batches(chunk_size=BATCH_ROWS)


def with_plain_types(table: ir.Table, *, lead_id: str | None) -> ir.Table:
    """Cast what Arrow or a driver would refuse.

    UUIDs, network addresses and types that Ibis does not know become text; exact numbers become
    text in the column of lead ids, and float64 elsewhere.
    """
    casts = {}
    for name, kind in table.schema().items():
        if isinstance(kind, AS_TEXT):
            casts[name] = "string"
        elif isinstance(kind, dt.Decimal):
            casts[name] = "string" if name == lead_id else "float64"
    return table.cast(casts)


def sources_of(contract: Contract) -> dict[str, Source]:
    """Return a contract's sources by table: leads, their versions, events, outcomes."""
    versions = contract.leads.history or contract.leads if contract.leads.has_history else None
    given: dict[str, Source | None] = {"leads": contract.leads, "versions": versions}
    given |= {"events": contract.events, "outcomes": contract.outcomes}
    return {name: source for name, source in given.items() if source is not None}


def places_of(contract: Contract) -> dict[str, Source]:
    """Return each place that a contract reads, by its section: `leads`, `events.tables.calls`."""
    found: dict[str, Source] = {}
    for name, source in sources_of(contract).items():
        tables = getattr(source, "tables", {})
        found |= {f"{name}.tables.{table}": each for table, each in tables.items()}
        if not tables:
            found["leads.history" if name == "versions" else name] = source
    links = {f"{name}.link": getattr(source, "link", None) for name, source in found.items()}
    found |= {name: link for name, link in links.items() if link is not None}
    if contract.leads.merged is not None:
        found["leads.merged"] = contract.leads.merged
    if contract.leads.history is None:
        found.pop("leads.history", None)  # the leads' own file
    return found


def address_of(source: Source, *, name: str) -> str | None:
    """Return the address of the table `name` with its secrets; None where it is a file.

    An address in an environment variable that is not set raises `DataError`.
    """
    if source.address is None or not source.address.startswith("env:"):
        return source.address
    variable = source.address.removeprefix("env:")
    if variable not in os.environ:
        raise DataError(f"`{name}.address` names the variable {variable}, which is not set")
    return os.environ[variable]


@contextmanager
def connection_to(address: str, *, what: str) -> Iterator[BaseBackend]:
    """Connect to an Ibis address to read; `what` is what a message calls it.

    Raises
    ------
    DataError
        Where the driver is not installed, or connecting or reading fails; without secrets.
    """
    remote = connected_to(address, what=what)
    try:
        yield remote
    except Exception as error:  # noqa: BLE001 - every driver raises kinds of its own
        raise _cannot_be_read(what, address, error) from None
    finally:
        remote.disconnect()


def connected_to(address: str, *, what: str) -> BaseBackend:
    """Connect to an Ibis address, as `connection_to` does; the caller disconnects."""
    scheme = address.split(":", 1)[0]
    # DuckDB would create a file that is missing, and refuse one that another process reads.
    options = {"read_only": True} if scheme == "duckdb" else {}
    try:
        return ibis.connect(address, **options)
    except ImportError:
        extra = EXTRAS.get(scheme, f"ibis-framework[{scheme}]")
        raise DataError(
            f"{what} is behind {scheme}:…, whose driver is not installed; "
            f"`pip install '{extra}'` brings it"
        ) from None
    except Exception as error:  # noqa: BLE001 - every driver raises kinds of its own
        raise _cannot_be_read(what, address, error) from None


def _cannot_be_read(what: str, address: str, error: Exception) -> DataError:
    scheme = address.split(":", 1)[0]
    return DataError(f"{what} behind {scheme}:… cannot be read: {_without_secrets(error, address)}")


def _without_secrets(error: Exception, address: str) -> str:
    """Return the first line of a driver's message, without the address or a part of it."""
    parts = urlsplit(address)
    credentials = parts.netloc.rpartition("@")[0]
    secrets = {address, credentials, credentials.partition(":")[2]}
    secrets |= {value for _, value in parse_qsl(parts.query)}
    shown = (str(error).splitlines() or [""])[0]
    for secret in sorted(secrets | {unquote(secret) for secret in secrets}, key=len, reverse=True):
        shown = shown.replace(secret, "…") if secret else shown
    return f"{type(error).__name__}: {shown}"
