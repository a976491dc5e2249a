"""Champion and challenger on the same held-out leads, which neither learnt from."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from leadscore.features.core import ModelMismatch
from leadscore.features.families import build_features
from leadscore.training.dataset import unseen_by
from leadscore.training.evaluation import segments_of
from leadscore.training.registry import CHAMPION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Prepared
    from leadscore.training.evaluation import Evaluation
    from leadscore.training.registry import Registered, Registry

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Contest:
    """The champion's version and stages, and the leads both are compared on.

    Parameters
    ----------
    rows
        By stage that both score: the rows of `Evaluation.held_out` that the champion cannot have
        learnt from either, with its propensity in the column `champion`.
    segments
        The groups of these rows, of `segments_of`.
    days_newer
        How many days later the challenger's held-out leads begin; None without dates.
    """

    version: str
    stages: tuple[str, ...]
    rows: Mapping[str, pd.DataFrame]
    segments: Mapping[str, pd.DataFrame]
    days_newer: int | None


def hold_contest(
    registry: Registry, tables: Tables, prepared: Prepared, evaluation: Evaluation
) -> Contest | None:
    """Let the champion score a challenger's held-out leads; None without a champion.

    Of either version the model is taken that was held out from the leads which judged it.

    Columns that today's audit leaves out are hidden from the champion too: on old leads a column
    that is filled in after the outcome would make it unbeatable. A champion saved in another format
    is not compared with.
    """
    version = registry.version_of(CHAMPION)
    if version is None:
        return None
    try:
        champion = registry.load(version)
    except ModelMismatch as reason:
        logger.warning("the champion is not compared with: %s", reason)
        return Contest(version, (), {}, {}, None)
    stages, days_newer = tuple(champion.model.stages_), _days_newer(champion, prepared)
    held_out = {stage: rows for stage, rows in evaluation.held_out.items() if stage in stages}
    if not held_out:
        return Contest(version, stages, {}, {}, days_newer)
    index = pd.Index(sorted(set().union(*(rows.index for rows in held_out.values()))))
    frame = _champion_frame(champion, tables, prepared, index)
    propensity = champion.judged.predict(known_to(champion, frame))
    unseen = unseen_by(champion.tags, champion.learnt_from, frame, prepared.labels.frame)
    rows = {
        stage: own.assign(champion=propensity[f"p_{stage}"])[unseen.loc[own.index]]
        for stage, own in held_out.items()
    }
    segments = {stage: segments_of(prepared, own) for stage, own in rows.items()}
    return Contest(version, stages, rows, segments, days_newer)


def known_to(version: Registered, frame: pd.DataFrame) -> pd.DataFrame:
    """Select a version's features, of the types it learnt; those the frame lacks are missing."""
    model, found = version.model, frame.reindex(columns=version.model.features_)
    typed = {name: _as_type(found[name], is_text=name in model.text_) for name in found}
    return pd.DataFrame(typed, index=frame.index)


def build_for(
    version: Registered, tables: Tables, moments: pd.DataFrame, *, hidden: Sequence[str]
) -> pd.DataFrame:
    """Build features for snapshots from the columns and event kinds that a version learnt from.

    Parameters
    ----------
    moments
        `lead_id`, `as_of`, sorted by both; the result has its index.
    hidden
        Columns of the leads that it may not use.
    """
    wanted = set(version.model.attributes_) - set(hidden)
    seen = tables.without({each.column for each in tables.attributes} - wanted)
    snapshots = ibis.memtable(moments[["lead_id", "as_of"]].reset_index(drop=True))
    built = build_features(seen, snapshots, kinds=tuple(version.model.kinds_)).to_pandas()
    return built.set_axis(moments.index)


def _champion_frame(
    champion: Registered, tables: Tables, prepared: Prepared, index: pd.Index[int]
) -> pd.DataFrame:
    """Reuse the challenger's features where the champion's would be the same."""
    given = {each.column for each in tables.without(prepared.excluded).attributes}
    same_columns = given == set(champion.model.attributes_)
    if same_columns and tuple(champion.model.kinds_) == tuple(prepared.kinds):
        return prepared.frame.loc[index]
    moments = prepared.frame.loc[index, ["lead_id", "as_of"]]
    return build_for(champion, tables, moments, hidden=prepared.excluded)


def _as_type(column: pd.Series, *, is_text: bool) -> pd.Series:
    """Keep a column of the type learnt; values of another type are unknown to the model."""
    is_right = pd.api.types.is_string_dtype(column.dtype) == is_text
    kept = column if is_right else pd.Series(None, index=column.index, dtype="object")
    return kept.astype("str") if is_text else kept.astype("float64")


def _days_newer(champion: Registered, prepared: Prepared) -> int | None:
    held_out_from = champion.tags.get("held_out_from", "")
    if not held_out_from or prepared.split.test_from is None:
        return None
    return int((prepared.split.test_from - pd.Timestamp(held_out_from)).days)
