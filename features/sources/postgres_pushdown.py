"""Tables that stay in their PostgreSQL database, which runs the queries."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import ibis
import sqlglot.expressions as sge

from leadscore.features.core import DataError
from leadscore.features.sources.remote_source import (
    address_of,
    connected_to,
    places_of,
    remote_table,
    with_plain_types,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

    from leadscore.features.contract import Contract, Source

POSTGRES = ("postgres", "postgresql")


@ibis.udf.scalar.builtin(name="set_config", signature=((str, str, bool), str))
def _set_config(setting, value, is_local):  # type: ignore[no-untyped-def]
    """Call PostgreSQL's function: set one of its options, here for the connection."""


@contextmanager
def pushed_down(contract: Contract) -> Iterator[BaseBackend]:
    """Connect to the one PostgreSQL database that holds all tables of a contract.

    Screened rows are kept there as temporary tables, which nobody else sees and which end with
    the connection: the login needs no right to create anything else.

    Raises
    ------
    DataError
        Where the tables lie in several places, or not in PostgreSQL.
    """
    sources = places_of(contract)
    addresses = {name: address_of(source, name=name) for name, source in sources.items()}
    elsewhere = [name for name, address in addresses.items() if address != addresses["leads"]]
    address = addresses["leads"]
    if address is None or elsewhere:
        raise DataError(
            "`reading.push_down` needs all tables behind one `address`; "
            f"`{elsewhere[0] if elsewhere else 'leads'}` lies elsewhere. Take it out, and the "
            "tables are copied."
        )
    if address.split(":", 1)[0] not in POSTGRES:
        raise DataError(
            "`reading.push_down` is for PostgreSQL; of other databases the tables are copied. "
            "Take it out."
        )
    connection = connected_to(address, what="`leads.address`")
    from leadscore.features.sources.postgres_dialect import AsDuckDB  # noqa: PLC0415 - half a second for one engine's sake

    connection.compiler = AsDuckDB()
    try:
        # Compiling queries of this length takes PostgreSQL longer than running them.
        connection.execute(_set_config("jit", "off", False))
        yield connection
    except Exception as error:
        if not type(error).__module__.startswith("psycopg"):
            raise
        # The driver's message may repeat a cell.
        kind = f"{type(error).__name__}, SQLSTATE {getattr(error, 'sqlstate', None)}"
        raise DataError(f"the database could not work the tables out: {kind}") from None
    finally:
        connection.disconnect()


def pushed_table(connection: BaseBackend, source: Source, *, name: str) -> ir.Table:
    """Find one table of the contract in the database; `DataError` where it is not there."""
    try:
        table = remote_table(connection, str(source.table))
    except ibis.common.exceptions.TableNotFound:
        raise DataError(f"`{name}`: there is no table {source.table!r} in the database") from None
    return with_plain_types(table, lead_id=source.lead_id)


def keep_rows(connection: BaseBackend, name: str, rows: ir.Table) -> ir.Table:
    """Store rows in a temporary table, which ends with the connection."""
    kept = connection.create_table(name, rows, temp=True)
    # PostgreSQL has no statistics of temporary tables by itself: minutes instead of seconds.
    connection.raw_sql(sge.Analyze(this=sge.to_identifier(name, quoted=True)))
    return kept


def is_pushed(connection: BaseBackend) -> bool:
    """Whether the tables stay in the company's own database, and not in DuckDB."""
    return str(connection.name) != "duckdb"


def refuse_text(column: ir.Column, *, expected: str) -> None:
    """Raise `DataError` for text in place of numbers or dates, which only DuckDB can parse."""
    if is_pushed(ibis.get_backend(column)):
        raise DataError(
            f"column {column.get_name()!r} is text where {expected} are expected. With "
            "`reading.push_down` the database must know its types: name a view that has "
            f"{expected} there, or take `push_down` out, and the text is read here."
        )
