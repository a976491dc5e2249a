"""How a night comes into the ledger: whole or not at all, and never over another.

It is staged on the same file system, checked, forced to disk and then moved into place by one
rename, so that a reader sees the whole night or none of it. A night that is said again differently
keeps its earlier verdicts in `ledger_replaced/`.
"""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadscore.serving.ledger.reader import LEDGER, folder_of, read_columns
from leadscore.serving.ledger.schema import SCHEMA, LedgerError
from leadscore.serving.ledger.staging import PART, STAGING, clear_staging, keep, move, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from leadscore.serving.ledger.night_metadata import NightNotes

REPLACED = "ledger_replaced"
ABOUT_THE_RUN = ("run_id", "scored_at")  # the same verdicts from another run are the same verdicts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Written:
    """What became of a night.

    Parameters
    ----------
    as_of
        The night.
    rows
        How many leads it holds.
    outcome
        `written`; `unchanged`, where the same verdicts stood there already; `replaced`.
    path
        The night's file.
    replaced
        Where the earlier verdicts went, if they were replaced.
    """

    as_of: datetime
    rows: int
    outcome: Literal["written", "unchanged", "replaced"]
    path: Path
    replaced: Path | None = None


def write_night(
    directory: Path,
    night: pd.DataFrame | pa.Table | Iterable[pd.DataFrame | pa.Table],
    *,
    notes: NightNotes | None = None,
    replace: bool = False,
) -> Written:
    """Write one night, whole or not at all; call it under the project's lock.

    Parameters
    ----------
    directory
        The project folder.
    night
        A row a lead with the columns of `SCHEMA`, of one `as_of`, one run, one model and one
        policy. Missing is None or NaN. Or parts of it, no lead in two of them: one at a time is
        in memory.
    notes
        What holds for the whole night; the file carries it beside the rows.
    replace
        Whether a night that stands there with other verdicts may be said again. Its rows move to
        `ledger_replaced/<night>/<run_id>/`.

    Returns
    -------
    Written
        What became of it. The same verdicts again leave what is there untouched.

    Raises
    ------
    LedgerError
        Where the night is faulty, or another verdict stands and `replace` is false; nothing is
        written then.
    """
    parts = [night] if isinstance(night, (pd.DataFrame, pa.Table)) else night
    ledger = directory / LEDGER
    clear_staging(ledger)
    staging = ledger / f"{STAGING}{os.getpid()}"
    try:
        staged = stage(parts, staging / PART, notes)
        file = ledger / folder_of(staged.as_of) / PART
        if not file.exists():
            move(staging, file.parent)
            return Written(staged.as_of, staged.rows, "written", file)
        differing = _differing(file, staging / PART)
        if not differing:
            logger.info("The ledger holds the same verdicts for %s already", file.parent.name)
            return Written(staged.as_of, staged.rows, "unchanged", file)
        said_by = _run_of(file)
        if not replace:
            raise LedgerError(_conflict(staged.as_of, said_by, differing))
        kept = keep(file, directory / REPLACED / file.parent.name, said_by)
        move(staging / PART, file)
        return Written(staged.as_of, staged.rows, "replaced", file, kept)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if ledger.is_dir() and not any(ledger.iterdir()):
            ledger.rmdir()


def _differing(standing: Path, staged: Path) -> str:
    """Name what two files of a night say differently; empty where it is nothing.

    A column at a time: two whole nights may not fit in memory.
    """
    orders, ids = [], []
    for file in (standing, staged):
        lead_id = read_columns(file, ["lead_id"])["lead_id"]
        order = pc.sort_indices(lead_id)
        orders.append(order)
        ids.append(lead_id.take(order))
    if not ids[0].equals(ids[1]):
        return f"which leads there are ({len(ids[0]):,} then, {len(ids[1]):,} now)"
    names = [name for name in SCHEMA.names if name not in ABOUT_THE_RUN]
    return ", ".join(name for name in names if not _same(standing, staged, name, orders))


def _same(standing: Path, staged: Path, name: str, orders: Sequence[pa.Array]) -> bool:
    then, now = (
        read_columns(file, [name])[name].take(order)
        for file, order in zip((standing, staged), orders, strict=True)
    )
    return bool(then.equals(now))


def _run_of(file: Path) -> str:
    first = next(pq.ParquetFile(file).iter_batches(1, columns=["run_id"]))
    return str(first["run_id"][0].as_py())


def _conflict(as_of: datetime, said_by: str, differing: str) -> str:
    return (
        f"The ledger holds other verdicts for the night {as_of:%Y-%m-%d %H:%M} UTC, from run "
        f"{said_by}; different now: {differing}. It is unchanged. To say that night anew, ask for "
        "it to be replaced; the earlier verdicts are kept beside it."
    )
