"""A few leads whose tables tests of the serving side write and open."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import pytest

from leadscore.features.tables.open_tables import open_tables
from tests.serving.small_company import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadscore.features.tables.tables import Tables


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Tables]]:
    """Open a few leads, with what they did and what became of them; the same ones once."""
    with ExitStack() as stack:

        @cache
        def opened(**written: str) -> Tables:
            contract = write(tmp_path_factory.mktemp("small"), **written)
            return stack.enter_context(open_tables(contract))

        yield opened
