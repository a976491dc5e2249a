"""From the user's tables to training data: audit, snapshots, labels, split, features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ibis import _

from leadscore.features.cells import measure_cell
from leadscore.features.core import DataError, TooLittleData
from leadscore.features.families import common_kinds, feature_frame
from leadscore.features.point_in_time import reached_at, training_snapshots
from leadscore.features.tables import MEASURED, rows_of_the_future
from leadscore.training.dataset.data_sufficiency import (
    NotViable,
    StageViability,
    Viability,
    stage_viability,
    viability,
)
from leadscore.training.dataset.label_maturity import young_leads_caution
from leadscore.training.dataset.labels import Labels, label_snapshots, stages_of
from leadscore.training.dataset.splits import Split, split_at_random, split_by_time
from leadscore.training.dataset.stage_rows import StageCounts, count_stages
from leadscore.training.leakage import (
    AucEffect,
    Finding,
    auc_with_and_without,
    audit_columns,
    excluded_columns,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from leadscore.features.families import Feature
    from leadscore.features.tables import Tables

AUDITED = ("firmographic", "channel")


@dataclass(frozen=True)
class Prepared:
    """Everything a model learns from and is judged by."""

    frame: pd.DataFrame  # features, sorted by `lead_id`, `as_of` (included), aligned with labels
    labels: Labels
    split: Split
    counts: list[StageCounts]
    catalogue: tuple[Feature, ...]
    kinds: tuple[str, ...]  # event kinds with columns of their own
    findings: list[Finding]
    effects: list[AucEffect]  # a quick model's AUC with and without the suspects
    excluded: list[str]  # columns that the audit leaves out
    cautions: list[str]  # what a reader must know about all this
    viability: Viability


def prepare(tables: Tables) -> Prepared:
    """Audit the columns, choose and label snapshots, split them, and build their features.

    Raises
    ------
    DataError
        Where the target or the outcomes hold one outcome only.
    NotViable
        Where no stage has enough matured leads; says what there is and what is lacking.
    """
    _refuse_one_sided(tables)
    findings, effects = audit(tables)
    excluded = excluded_columns(findings, suspects=tables.contract.audit.suspects)
    tables = tables.without(excluded)
    snapshots = training_snapshots(tables, ages_days=tables.contract.features.snapshot_ages_days)
    labels = label_snapshots(tables, snapshots)
    frame, built = feature_frame(tables, snapshots, kinds=common_kinds(tables))
    if not built.catalogue:
        raise DataError(
            "no column is left to learn from. Give some columns of leadscore.toml a role other "
            "than ignored, or describe an [events] table."
        )
    labels, split, viable = _learnable(labels, frame)
    return Prepared(
        frame,
        labels,
        split,
        count_stages(labels, split),
        built.catalogue,
        built.kinds,
        findings,
        effects,
        excluded,
        _cautions(tables, labels, split, viable),
        viable,
    )


def audit(tables: Tables) -> tuple[list[Finding], list[AucEffect]]:
    """Audit the attributes that would be features against the outcome of each lead.

    Findings have the user's names of the columns.
    """
    audited = [each for each in tables.attributes if each.role in AUDITED]
    if not audited:
        return [], []
    leads = _with_outcome(tables)
    frame = leads[[each.name for each in audited]].set_axis(
        [each.column for each in audited], axis=1
    )
    created = leads["created_at"] if tables.has_dates else None
    overrule = tables.contract.audit.overrule
    findings = audit_columns(frame, leads["outcome"], created_at=created, overrule=overrule)
    suspects = [
        each.column for each in findings if each.severity == "suspect" and each.overruled is None
    ]
    learnable = frame.drop(columns=excluded_columns(findings))
    return findings, auc_with_and_without(learnable, leads["outcome"], suspects)


def _with_outcome(tables: Tables) -> pd.DataFrame:
    """Each lead's attributes and whether it reached the first stage; missing where too young."""
    every = _measured(tables)
    if tables.contract.is_flat:
        frame: pd.DataFrame = every.order_by("lead_id").to_pandas()
        return frame.assign(outcome=frame["target"])
    stage = stages_of(tables)[0]
    reached_stage = reached_at(tables, stage)
    leads = every.left_join(reached_stage, every.lead_id == reached_stage.reached_id)
    frame = leads.order_by("lead_id").to_pandas()
    days = getattr(tables.contract.horizon_days, stage)
    matured = frame["created_at"] + pd.Timedelta(days=days) <= np.datetime64(
        tables.data_end or "NaT"
    )
    reached = frame["reached_at"].notna()
    return frame.assign(outcome=np.where(reached, 1.0, np.where(matured, 0.0, np.nan)))


def _measured(tables: Tables) -> ir.Table:
    """Return the leads with sizes and revenues as the numbers that features make of them.

    As texts, revenues would be different in every row, and so pass for names of leads.
    """
    measured = [each.name for each in tables.attributes if each.term in MEASURED]
    reading = tables.contract.reading
    return tables.leads.mutate(
        **{name: measure_cell(tables.leads[name], reading) for name in measured}
    )


def _refuse_one_sided(tables: Tables) -> None:
    if tables.contract.is_flat:
        _refuse_one_sided_target(tables)
    elif not stages_of(tables):
        raise DataError(
            "no lead has reached the stage sql or won in the outcomes. Map your words under "
            '[outcomes.stages], such as sql = ["Qualified"], or bring an export with outcomes.'
        )


def _refuse_one_sided_target(tables: Tables) -> None:
    leads, column = tables.contract.leads, tables.contract.leads.target
    counts = tables.leads.group_by("target").aggregate(n=_.count()).to_pandas()
    known = counts.dropna().set_index("target")["n"]
    for value, setting, words in (
        (1.0, "positive", leads.positive),
        (0.0, "negative", leads.negative),
    ):
        if not known.get(value, 0):
            other = "every known lead converted" if value == 0 else "no lead converted"
            place = f"{leads.path or leads.table}: target {column!r}: {other}"
            if not words:
                raise DataError(
                    f"{place}, as `leads.{setting}` names no word. Write there which words of the "
                    "column mean it; all that is named nowhere is not yet known."
                )
            shown = ", ".join(repr(word) for word in words)
            raise DataError(
                f"{place}; none holds {shown}, the words of `leads.{setting}`. Name the right "
                "words or column, or bring leads of both kinds."
            )


def _learnable(labels: Labels, frame: pd.DataFrame) -> tuple[Labels, Split, Viability]:
    """Keep the stages that have enough to learn from; the first must."""
    short: list[StageViability] = []
    for last in range(len(labels.stages), 0, -1):
        kept = Labels(labels.frame, labels.stages[:last])
        split, why = _split(kept, frame)
        found = [stage_viability(kept, split, each) for each in kept.stages]
        if split is not None and not any(each.shortage for each in found):
            return kept, split, viability(labels, (*found, *short))
        # With too few matured leads an earlier stage is short, too: the last one's are held out.
        why = why or found[-1].shortage or next(filter(None, (each.shortage for each in found)))
        short.insert(0, replace(found[-1], shortage=why))
    raise NotViable(viability(labels, tuple(short)))


def _split(labels: Labels, frame: pd.DataFrame) -> tuple[Split | None, str]:
    """Split, or say why no lead can be held out."""
    if labels.frame["created_at"].notna().any():
        try:
            return split_by_time(labels), ""
        except TooLittleData as error:
            first = labels.frame[f"known_{labels.stages[-1]}_at"].min()
            return None, f"{error} The first lead matures on {first:%-d %B %Y}."
    same = pd.util.hash_pandas_object(frame.drop(columns=["lead_id", "as_of"]), index=False)
    return split_at_random(labels, same.astype("str")), ""


def _cautions(tables: Tables, labels: Labels, split: Split, viable: Viability) -> list[str]:
    """List what a reader must know: stages left out, the split, young, undated and future leads."""
    cautions = [f"Left out for now: {shortage}" for shortage in viable.shortages]
    cautions += [*filter(None, [split.caution]), *viable.cautions]
    undated = labels.frame["created_at"].isna()
    if undated.any() and not undated.all():
        cautions.append(
            f"{int(undated.sum()):,} leads have no creation date; they neither teach nor test."
        )
    cautions += filter(None, [young_leads_caution(tables, labels.frame, labels.stages[0])])
    cautions += [
        f"{name}: {rows:,} row{'' if rows == 1 else 's'} dated in the future, after "
        f"{tables.data_end:%-d %B %Y}. They count for nothing until then: plans, or wrong dates?"
        for name, rows in rows_of_the_future(tables).items()
    ]
    return cautions
