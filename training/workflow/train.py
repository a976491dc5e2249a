"""`leadscore train`: learn from what was known by then, judge on later leads, register, promote."""

from __future__ import annotations

import getpass
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from leadscore.features.contract import load_contract
from leadscore.features.tables import fingerprint, open_tables
from leadscore.training.dataset import Prepared, all_learn, held_out_in_turn, prepare
from leadscore.training.evaluation import Evaluation, account_chance, evaluate, nightly_evidence
from leadscore.training.gate import Verdict, champion_rules, hold_contest, judge
from leadscore.training.model import PATIENCE_ASKED, FunnelModel, Search
from leadscore.training.registry import CHAMPION, ChampionChanged, Registry
from leadscore.training.report import gather
from leadscore.training.workflow.training_record import to_register, write_reports

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from leadscore.features.tables import Quarantine, Tables
    from leadscore.training.dataset import Split
    from leadscore.training.gate import Contest

logger = logging.getLogger(__name__)

TRIALS = "tuning"  # folder of a project


@dataclass(frozen=True)
class TrainingResult:
    """What a training run did.

    `headline` is two sentences for everybody, after what a simpler method does better; `shifts`
    describe for each dated stage whether the conversion rate has changed since training.
    """

    name: str
    version: str
    promoted: bool
    headline: str
    prepared: Prepared
    evaluation: Evaluation
    verdict: Verdict
    quarantine: Quarantine
    card: Path
    page: Path
    shifts: tuple[str, ...]


@dataclass(frozen=True)
class AlreadyTrained:
    """A version was trained on exactly these tables and this contract before."""

    name: str
    version: str
    is_champion: bool


def train(
    directory: Path,
    *,
    as_of: datetime | None = None,
    again: bool = False,
    budget_seconds: float | None = None,
) -> TrainingResult | AlreadyTrained:
    """Train a project's model on what was known by a moment, and promote it if the gate agrees.

    Parameters
    ----------
    as_of
        Use only what was known before this moment (UTC); by default everything.
    again
        Train even where a version has learnt from exactly these tables.
    budget_seconds
        How long to search hyperparameters; by default until nothing gains, two minutes at most.
        Trials are kept, so that a run that was stopped, or one with more time, continues.
    """
    contract = load_contract(directory)
    registry = Registry(directory, contract.name)
    with open_tables(contract, known_by=as_of) as tables:
        tables.quarantine.write(directory)
        data = fingerprint(tables)
        known = None if again else _trained_before(registry, data)
        return known or _train(registry, tables, data, _search(directory, data, budget_seconds))


def _train(registry: Registry, tables: Tables, data: str, search: Search) -> TrainingResult:
    prepared = prepare(tables)
    counts = (
        f"{count.stage}: {count.learn_rows:,} snapshots, {count.learn_positives:,} reached it"
        for count in prepared.counts
    )
    logger.info("learning from %s", "; ".join(counts))
    judged = fit_funnel(tables, prepared, search)
    logger.info("judging on held-out leads")
    evaluation = _judged_on_held_out(tables, prepared, judged)
    contest = hold_contest(registry, tables, prepared, evaluation)
    verdict = judge(
        evaluation,
        prepared.findings,
        excluded=prepared.excluded,
        overruled=tables.contract.audit.overrule,
        against_champion=champion_rules(contest) if contest is not None else (),
    )
    facts = gather(
        tables.contract,
        judged,
        prepared,
        evaluation,
        verdict,
        contest=contest,
        known_until=tables.data_end,
    )
    logger.info("learning from all matured leads by the same recipe")
    model = refit_funnel(tables, prepared, judged)
    trained = to_register(model, judged, evaluation, facts, tables, fingerprint=data)
    version = registry.register(trained)
    promoted = verdict.passed and _promote(registry, version, contest)
    card, page = write_reports(registry.directory, version, trained)
    return TrainingResult(
        registry.name,
        version,
        promoted,
        " ".join([*facts.simpler_sentences, facts.headline]),
        prepared,
        evaluation,
        verdict,
        tables.quarantine,
        card,
        page,
        tuple(each.shift.sentence for each in facts.stages if each.shift is not None),
    )


def _judged_on_held_out(tables: Tables, prepared: Prepared, judged: FunnelModel) -> Evaluation:
    """Measure on later leads, night by night for the cut-offs; without dates on all in turn."""
    if prepared.split.by_time:
        evidence = nightly_evidence(tables, prepared, judged.predict)
        chance = account_chance(tables, prepared, judged.predict)
        return replace(evaluate(judged, prepared), evidence=evidence, account_chance=chance)
    others = [
        (_fitted(tables, prepared, split, judged=judged), split)
        for split in held_out_in_turn(prepared.split)
    ]
    return evaluate(judged, prepared, others)


def fit_funnel(tables: Tables, prepared: Prepared, search: Search) -> FunnelModel:
    """Fit the funnel to the learning side; `tables` are those that the snapshots come from."""
    return _fitted(tables, prepared, prepared.split, search=search)


def refit_funnel(tables: Tables, prepared: Prepared, judged: FunnelModel) -> FunnelModel:
    """Fit the funnel to all matured leads by the recipe of a model that some were held out from."""
    return _fitted(tables, prepared, all_learn(prepared.split, prepared.labels), judged=judged)


def _fitted(
    tables: Tables,
    prepared: Prepared,
    split: Split,
    *,
    search: Search | None = None,
    judged: FunnelModel | None = None,
) -> FunnelModel:
    attributes = tables.without(prepared.excluded).attributes
    return FunnelModel().fit(
        prepared.frame,
        prepared.labels,
        split,
        catalogue=prepared.catalogue,
        kinds=prepared.kinds,
        attributes=[each.column for each in attributes],
        search=search,
        judged=judged,
    )


def _search(directory: Path, data: str, budget_seconds: float | None) -> Search:
    """Continue the trials of these tables; those of others are deleted."""
    folder = directory / TRIALS
    file = folder / f"{data[:16]}.log"
    for other in folder.glob("*.log"):
        if other != file:
            other.unlink(missing_ok=True)
    if budget_seconds is None:
        return Search(file=file, name=data)
    return Search(seconds=budget_seconds, patience=PATIENCE_ASKED, file=file, name=data)


def _trained_before(registry: Registry, data: str) -> AlreadyTrained | None:
    versions = registry.versions()
    if versions.empty or "fingerprint" not in versions:
        return None
    same = versions[versions["fingerprint"] == data]
    if same.empty:
        return None
    newest = same.iloc[0]
    is_champion = CHAMPION in str(newest["aliases"]).split(", ")
    return AlreadyTrained(registry.name, str(newest["version"]), is_champion)


def _promote(registry: Registry, version: str, contest: Contest | None) -> bool:
    """Promote unless somebody else became champion while the two were compared."""
    champion = contest.version if contest is not None else ""
    who, why = getpass.getuser(), "passed every rule of the gate"
    try:
        registry.promote(version, who=who, why=why, instead_of=champion)
    except ChampionChanged as error:
        logger.warning("not promoted: %s", error)
        return False
    return True
