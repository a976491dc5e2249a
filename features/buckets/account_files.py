"""A night's accounts, whose leads are in different buckets: files that every bucket reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ibis import _

from leadscore.features.core import replacing
from leadscore.features.families import account_totals
from leadscore.features.tables import AccountTables

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.backends.duckdb import Backend

    from leadscore.features.contract import Contract

MEMBERS, TOTALS = "account_members", "account_totals"  # the views that features are built from


class AccountFiles:
    """A file a bucket of what was known of its leads, and one of the accounts of all."""

    def __init__(self, connection: Backend, folder: Path) -> None:
        self.connection, self.folder = connection, folder

    def file(self, bucket: int) -> Path:
        """Return the file of a bucket's leads."""
        return self.folder / "members" / f"{bucket}.parquet"

    @property
    def are_complete(self) -> bool:
        """Whether all leads were looked at, and their accounts added up."""
        return self._totals.exists()

    def add_up(self, contract: Contract) -> None:
        """Add up the leads of each account; accounts of one lead have nothing to tell it."""
        members = self.connection.read_parquet(self.folder / "members" / "*.parquet")
        totals = account_totals(members, contract).filter(_.members > 1)
        with replacing(self._totals) as part:
            self.connection.to_parquet(totals, part)

    def show(self, bucket: int) -> AccountTables:
        """Show a bucket's leads and all accounts, replacing the leads of another bucket."""
        for name, file in ((MEMBERS, self.file(bucket)), (TOTALS, self._totals)):
            self.connection.con.read_parquet(str(file)).create_view(name, replace=True)
        return AccountTables(self.connection.table(MEMBERS), self.connection.table(TOTALS))

    @property
    def _totals(self) -> Path:
        return self.folder / "totals.parquet"
