"""Any two registered versions on the same leads: who is better by how much, and who would move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from leadscore.features.contract import load_contract
from leadscore.features.core import TooLittleData
from leadscore.features.point_in_time import training_snapshots
from leadscore.features.tables import open_tables
from leadscore.training.dataset import MIN_JUDGED, audit, label_snapshots, unseen_by
from leadscore.training.evaluation import account_or_lead, compare, measure, rank_bands, rarer
from leadscore.training.gate import build_for, known_to
from leadscore.training.leakage import excluded_columns
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from leadscore.features.tables import Tables
    from leadscore.training.dataset import Labels
    from leadscore.training.registry import Registered

# Shares of the leads, best first: what sales works, what marketing nurtures closely, the rest.
BANDS = ((0.1, "best tenth"), (0.3, "next fifth"), (0.6, "middle"), (1.0, "lower two fifths"))
BEST = BANDS[0][1]
EXAMPLES = 10  # leads that change most; enough to look some up, few enough to read


@dataclass(frozen=True)
class StageComparison:
    """Two versions at one stage.

    Parameters
    ----------
    first, second, difference
        The tables of `metrics.measure`, and second minus first by a paired bootstrap.
    rank_correlation
        Spearman's, over each lead's latest snapshot.
    new_in_best
        The share of the best tenth of the second that is not in the best tenth of the first.
    moves
        Share of leads by band of the first (rows) and of the second (columns).
    examples
        `lead_id`, `as_of`, `first`, `second` (propensities) of the leads that change most.
    """

    stage: str
    leads: int
    snapshots: int
    reached: int
    first: pd.DataFrame
    second: pd.DataFrame
    difference: pd.DataFrame
    rank_correlation: float
    new_in_best: float
    moves: pd.DataFrame
    examples: pd.DataFrame

    def to_record(self) -> dict[str, object]:
        """Return the comparison as plain values for JSON."""
        tables = {
            name: getattr(self, name).T.to_dict() for name in ("first", "second", "difference")
        }
        moves, examples = self.moves.T.to_dict(), self.examples.to_dict("records")
        return vars(self) | tables | {"moves": moves, "examples": examples}


@dataclass(frozen=True)
class Comparison:
    """Two registered versions on the newest matured leads that neither learnt from.

    `since` is the creation date of the first of them, None without dates; `stages` are those that
    both score and that have leads enough.
    """

    name: str
    first: str
    second: str
    since: pd.Timestamp | None
    stages: Mapping[str, StageComparison]
    cautions: Sequence[str]

    def to_record(self) -> dict[str, object]:
        """Return the comparison as plain values for JSON."""
        stages = [each.to_record() for each in self.stages.values()]
        return vars(self) | {"cautions": list(self.cautions), "stages": stages}


def compare_versions(directory: Path, first: str, second: str) -> Comparison:
    """Compare two registered versions on the leads that neither judged model has learnt from.

    Both see today's tables by the columns and event kinds that each learnt from. Columns that
    today's audit leaves out are hidden from both: what is filled in after the outcome would make
    the version that uses it look better than it can be tonight.

    Raises
    ------
    TooLittleData
        Where too few matured leads are unknown to both.
    """
    contract = load_contract(directory)
    registry = Registry(directory, contract.name)
    both = [registry.load(version) for version in (first, second)]
    with open_tables(contract) as tables:
        findings, _effects = audit(tables)
        hidden = excluded_columns(findings, suspects=contract.audit.suspects)
        snapshots = training_snapshots(tables, ages_days=contract.features.snapshot_ages_days)
        labels = label_snapshots(tables, snapshots)
        rows = _scored(both, tables, labels, hidden=hidden)
    shared = [each for each in both[0].model.stages_ if each in both[1].model.stages_]
    stages = {}
    for stage in shared:
        known = rows[rows[f"y_{stage}"].notna()]
        if rarer(known[f"y_{stage}"]) >= MIN_JUDGED:
            stages[stage] = compare_stage(known, stage)
    if not stages:
        raise TooLittleData(_too_few(rows, shared, both))
    return Comparison(
        registry.name,
        first,
        second,
        None if rows["created_at"].isna().all() else rows["created_at"].min(),
        stages,
        _cautions(both, hidden, shared, stages),
    )


def _scored(
    both: Sequence[Registered], tables: Tables, labels: Labels, *, hidden: Sequence[str]
) -> pd.DataFrame:
    """Return the labelled rows that neither learnt from, with the propensities of both."""
    known = labels.frame[[f"y_{stage}" for stage in labels.stages]].notna().any(axis=1)
    rows = labels.frame[known]
    for version in both:
        if version.tags.get("held_out_from"):  # a date decides without any feature
            rows = rows[unseen_by(version.tags, version.learnt_from, rows, labels.frame)]
    if rows.empty:
        return rows
    scored = []
    frames: dict[tuple[object, ...], pd.DataFrame] = {}
    for version in both:
        learnt = (frozenset(version.model.attributes_), tuple(version.model.kinds_))
        if learnt not in frames:  # features take longer than all the rest
            frames[learnt] = build_for(version, tables, rows, hidden=hidden)
        frame = frames[learnt]
        unseen = unseen_by(version.tags, version.learnt_from, frame, labels.frame)
        scored.append(version.judged.predict(known_to(version, frame))[unseen])
    return rows.join(scored[0].add_prefix("first_"), how="inner").join(
        scored[1].add_prefix("second_"), how="inner"
    )


def compare_stage(rows: pd.DataFrame, stage: str) -> StageComparison:
    """Compare the propensities of two versions at one stage.

    `rows` has `lead_id`, `as_of`, `account`, `y_<stage>`, `first_p_<stage>`, `second_p_<stage>`.
    """
    outcome, cluster = rows[f"y_{stage}"], account_or_lead(rows)
    first, second = rows[f"first_p_{stage}"], rows[f"second_p_{stage}"]
    pair = pd.DataFrame({"first": first, "second": second})
    latest = pair.join(rows[["lead_id", "as_of"]]).sort_values("as_of", kind="stable")
    latest = latest.drop_duplicates("lead_id", keep="last")
    bands = pd.DataFrame(
        {name: rank_bands(latest[name], BANDS, ties="first") for name in pair.columns}
    )
    is_best = bands == BEST
    entered = is_best["second"] & ~is_best["first"]
    return StageComparison(
        stage=stage,
        leads=len(latest),
        snapshots=len(rows),
        reached=int(outcome.sum()),
        first=measure(outcome, first, cluster),
        second=measure(outcome, second, cluster),
        difference=compare(outcome, second, first, cluster),
        rank_correlation=float(latest["first"].corr(latest["second"], method="spearman")),
        new_in_best=float(entered.sum() / max(is_best["second"].sum(), 1)),
        moves=_moves(bands),
        examples=_examples(latest),
    )


def _moves(bands: pd.DataFrame) -> pd.DataFrame:
    words = [band for _, band in BANDS]
    counted = pd.crosstab(bands["first"], bands["second"], normalize=True)
    return counted.reindex(index=words, columns=words, fill_value=0.0)


def _examples(latest: pd.DataFrame) -> pd.DataFrame:
    """Take the leads whose propensities differ most."""
    change = (latest["second"] - latest["first"]).abs()
    chosen = change.sort_values(ascending=False, kind="stable").index[:EXAMPLES]
    return latest.loc[chosen, ["lead_id", "as_of", "first", "second"]].reset_index(drop=True)


def _too_few(rows: pd.DataFrame, shared: Sequence[str], both: Sequence[Registered]) -> str:
    names = f"versions {both[0].version} and {both[1].version}"
    if not shared:
        scores = (", ".join(each.model.stages_) for each in both)
        return f"{names} have no stage in common: one scores {', the other '.join(scores)}"
    return (
        f"only {rows['lead_id'].nunique():,} matured leads are unknown to both {names}, with fewer "
        f"than {MIN_JUDGED} of either outcome. Wait until newer leads have matured"
    )


def _cautions(
    both: Sequence[Registered],
    hidden: Sequence[str],
    shared: Sequence[str],
    stages: Mapping[str, StageComparison],
) -> list[str]:
    cautions = []
    for version in both:
        lost = [column for column in version.model.attributes_ if column in hidden]
        if lost:
            cautions.append(
                f"Version {version.version} learnt from {', '.join(lost)}, which the audit now "
                "leaves out; it was compared without."
            )
        if not version.tags.get("held_out_from"):
            cautions.append(
                f"Version {version.version} held out a random share of undated leads: it knows "
                "the period that it is compared on."
            )
    cautions += [
        f"{stage}: too few leads have matured to compare."
        for stage in shared
        if stage not in stages
    ]
    return cautions
