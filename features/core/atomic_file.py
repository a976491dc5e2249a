"""Writes a file whole or not at all: a reader sees the old one or the new one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def replacing(file: Path, *, sync: bool = False) -> Iterator[Path]:
    """Yield the path of a temporary file, which replaces `file` when the block succeeds.

    The name is hidden and unique: two machines may write the same file on shared storage. With
    `sync`, the contents are on disk before the name changes.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{uuid4().hex}.part")
    try:
        yield part
        if sync:
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with replacing(file) as part:
        part.write_text(text, encoding="utf-8")
