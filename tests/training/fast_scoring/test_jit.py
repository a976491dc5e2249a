from __future__ import annotations

from typing import TYPE_CHECKING

from leadscore.training.fast_scoring import jit as machine_code

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def test_where_nothing_may_be_written_machine_code_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    njit = machine_code.njit

    def read_only(**settings: bool) -> Callable[..., object]:
        if settings.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**settings)

    monkeypatch.setattr(machine_code, "njit", read_only)
    assert machine_code.compiled(lambda number: number + 1)(2) == 3
