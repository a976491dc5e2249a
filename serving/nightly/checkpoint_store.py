"""The unfinished work of a night: what one run finished, the next need not do again."""

from __future__ import annotations

import json
import logging
import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import feather

from leadscore.features.core import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

WORK = ".leadscore/night"
KEY = "key.json"
ROWS_A_BATCH = 65_536
# What is kept of every bucket; `DONE` last of what the first pass keeps.
FEATURES, LEADS, UNSEEN, DONE = "features", "leads", "unseen", "done"
ACCOUNTS = "accounts"  # where the model has chances of accounts
OFFERS, PLACES, TIERS, ROWS = "offers", "places", "tiers", "rows"

logger = logging.getLogger(__name__)


class Workbench:
    """A folder of one night's unfinished work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, directory: Path, key: Mapping[str, object]) -> Workbench:
        """Go on with what a run that died left behind, if it has the same key.

        The key is all that the work depends on: tables, contract, policy, model, night, versions.
        The caller holds the lock of the project folder.
        """
        folder = directory / WORK
        text = json.dumps(key, sort_keys=True, indent=1)
        file = folder / KEY
        if file.exists() and file.read_text(encoding="utf-8") == text:
            logger.info("going on with the night that an earlier run did not finish")
            return cls(folder)
        work = cls(folder)
        work.clear()
        folder.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        return work

    def clear(self) -> None:
        """Throw the work away; the key first, or what is half thrown away would be gone on with."""
        (self.folder / KEY).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def has(self, what: str, bucket: int) -> bool:
        """Whether a bucket's part was finished."""
        return self._file(what, bucket).exists()

    def keep(self, what: str, bucket: int, frame: pd.DataFrame | pa.Table) -> None:
        """Keep a bucket's part, whole or not at all."""
        is_table = isinstance(frame, pa.Table)
        table = frame if is_table else pa.Table.from_pandas(frame, preserve_index=False)
        with replacing(self._file(what, bucket)) as part:
            feather.write_feather(table, part, compression="lz4", chunksize=ROWS_A_BATCH)

    def take(self, what: str, bucket: int) -> pd.DataFrame:
        """Take up a bucket's part again; rows are numbered from 0."""
        frame: pd.DataFrame = self.table(what, bucket).to_pandas()
        return frame

    def table(self, what: str, bucket: int) -> pa.Table:
        """Take up a bucket's part as it lies."""
        return feather.read_table(self._file(what, bucket))

    def drop(self, what: str, bucket: int) -> None:
        """Throw a bucket's part away."""
        self._file(what, bucket).unlink(missing_ok=True)

    def _file(self, what: str, bucket: int) -> Path:
        return self.folder / what / f"{bucket}.arrow"
