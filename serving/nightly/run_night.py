"""`leadscore score`: the nightly job over every open lead."""

from __future__ import annotations

import dataclasses
import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from leadscore.features.buckets import SMALL_MACHINE, BucketLimits
from leadscore.features.contract import ADDRESSES, load_contract
from leadscore.features.core import LeadScoreError, naive, project_lock
from leadscore.features.point_in_time import next_midnight
from leadscore.features.shaping import new_kinds
from leadscore.features.sources import file_states
from leadscore.serving.export import write_account_list
from leadscore.serving.ledger import latest_before, night_batches, nights, write_night
from leadscore.serving.nightly.bucket_passes import accounts_of, told, unseen_cells
from leadscore.serving.nightly.checkpoint_store import Workbench
from leadscore.serving.nightly.drift_checks import NightShape, shape_of, unlike, unseen_words
from leadscore.serving.nightly.engine import HERE, Engine
from leadscore.serving.nightly.night_context import Night
from leadscore.serving.nightly.run_manifest import NightResult, now, record_run
from leadscore.serving.nightly.tier_pass import decide_tiers, tier_parts
from leadscore.serving.nightly.timings import Stages
from leadscore.serving.policy import Policy, load_policy, policy_version
from leadscore.training.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leadscore.features.contract import Contract
    from leadscore.features.tables import Tables
    from leadscore.serving.export.postgres import Published
    from leadscore.serving.ledger import NightFault
    from leadscore.training.registry import Registered

logger = logging.getLogger(__name__)

KEPT_EVENTS = ".leadscore/events"  # sorted, from night to night


def score_night(
    directory: Path,
    *,
    as_of: datetime | None = None,
    replace: bool = False,
    accept: bool = False,
    at_once: BucketLimits = SMALL_MACHINE,
    workers: int | None = None,
    engine: Engine = HERE,
) -> NightResult:
    """Score every lead that is open as of a night, and write the ledger.

    Parameters
    ----------
    as_of
        The night, UTC. By default the first midnight after the data end, but not later than the
        last midnight that has passed.
    replace
        Whether a night that the ledger holds with other scores may be replaced.
    accept
        Whether a night that failed the drift checks is written all the same, after review.
    at_once
        How many leads and events one process may have in memory at once.
    workers
        How many processes share the leads where they are too many for one; by default one a core,
        up to two. Each takes about 2 GB. The result does not depend on it, nor on the engine.

    Raises
    ------
    LeadScoreError
        Where contract, policy, tables or model cannot be used; the ledger is unchanged then.
    RunLocked
        Where another run works in this project.
    """
    contract, policy, champion = project_settings(directory)
    with project_lock(directory, command="leadscore score"):
        publish = _publisher(contract)
        began_at, stages = now(), Stages()
        files = file_states(contract)
        key = _key(contract, policy, champion, as_of)
        key |= {"tables": files, "at_once": str(at_once), "engine": engine.name}
        work = Workbench.of(directory, key)
        opening = engine.open(
            contract,
            known_by=as_of,
            folder=work.folder,
            at_once=at_once,
            workers=workers,
            kept=directory / KEPT_EVENTS,
        )
        with ExitStack() as opened:
            with stages.timed("sort and screen"):
                buckets = opened.enter_context(opening)
            moment = naive(as_of) or default_night(buckets.tables)
            _warn_about_drift(buckets.tables, champion, moment)
            _warn_about_news(buckets.tables)
            logger.info("scoring open leads as of %s by model %s", moment, champion.version)
            night = Night(directory, moment, champion, policy, buckets, work, stages)
            faults = engine.judge(night)
            result = _run(directory, night, faults, replace=replace, accept=accept)
        if result.written is not None:  # held back, it is resumed once accepted
            work.clear()
        record_run(night, result, began_at=began_at, tables=files)
        if publish is None or result.written is None:
            return result
        logger.info("%s is written; now it is published", result.written.path)
        published = publish(directory, result.written.as_of, contract.publish.postgres)
        return dataclasses.replace(result, published=published)


def _warn_about_news(tables: Tables) -> None:
    """Name the kinds of events that the contract does not know."""
    source = tables.contract.events
    if tables.events is None or source is None or not source.kinds:
        return
    if tables.totals is not None:
        kinds = tables.totals.kinds
    else:
        kinds = frozenset(tables.events.select("kind").distinct().to_pyarrow()["kind"].to_pylist())
    if news := new_kinds(tables.contract, kinds):
        logger.warning("%s", news)


def _run(
    directory: Path, night: Night, faults: list[NightFault], *, replace: bool, accept: bool
) -> NightResult:
    quarantine = night.buckets.quarantine()
    quarantine.write(directory)
    quarantine.refuse_above(night.buckets.tables.contract.reading.max_quarantine_share)
    before = latest_before(directory, night.as_of.replace(tzinfo=UTC))
    with night.stages.timed("tiers"):
        tiered = decide_tiers(night, before=before)
    with night.stages.timed("checks"):
        shape = shape_of(tier_parts(night), made_by=tiered.stamp.made_by)
        drift = _drift(directory, night, shape, before)
    faults += [] if accept else drift
    written = None
    if not faults:
        with night.stages.timed("words and ledger"):
            rows = told(night, tiered)
            written = write_night(directory, rows, notes=tiered.notes, replace=replace)
            accounts = accounts_of(night)
            if accounts is not None:
                write_account_list(directory, night.as_of, accounts)
    accepted = drift if accept else []
    return NightResult(night.as_of, tiered, shape, faults, accepted, written, quarantine)


def _publisher(contract: Contract) -> Callable[..., Published] | None:
    """Find what publishes a night, before hours are spent on one that could not be published."""
    if contract.publish.postgres is None:
        return None
    from leadscore.serving.export.postgres import publish_night  # noqa: PLC0415 - an extra's driver

    return publish_night


def _drift(
    directory: Path, night: Night, shape: NightShape, before: datetime | None
) -> list[NightFault]:
    """Compare this night with the one before, and its words with those that the model knows."""
    limits = night.buckets.tables.contract.limits
    found = unseen_words(unseen_cells(night), limits)
    if before is None:
        return found
    columns = ["tier", "p_sql", "p_won", "model_version", "policy_version"]
    first = next(night_batches(directory, before, columns=columns[-2:])).to_pylist()[0]
    batches = (batch.to_pandas() for batch in night_batches(directory, before, columns=columns))
    then = shape_of(batches, made_by=(first["model_version"], first["policy_version"]))
    return found + unlike(shape, then, limits)


def _key(
    contract: Contract, policy: Policy, champion: Registered, as_of: datetime | None
) -> dict[str, object]:
    """Name all that unfinished work depends on; work with the same key is resumed."""
    return {
        "contract": contract.model_dump_json(exclude=ADDRESSES),  # each opening is new work anyway
        "policy": policy_version(policy),
        "model": f"{champion.name} {champion.version}",
        "as_of": str(as_of or f"the default of {datetime.now(UTC):%Y-%m-%d}"),
        "leadscore": version("leadscore"),
        "duckdb": version("duckdb"),
    }


def default_night(tables: Tables) -> datetime:
    """Return the first midnight after the data end, or the last one that has passed."""
    now = naive(datetime.now(UTC))
    last_passed = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if tables.data_end is None:
        return last_passed
    return min(next_midnight(tables.data_end), last_passed)


def project_settings(directory: Path) -> tuple[Contract, Policy, Registered]:
    """Load a project's contract, its policy and its champion."""
    contract = load_contract(directory)
    return contract, load_policy(directory, contract), Registry(directory, contract.name).champion()


def _warn_about_drift(tables: Tables, champion: Registered, night: datetime) -> None:
    """Warn of a model from the future and of stale tables; neither stops the night."""
    learnt_until = champion.tags.get("known_until", "")
    if learnt_until and datetime.fromisoformat(learnt_until).replace(tzinfo=None) > night:
        logger.warning(
            "model %s learnt from data up to %s, after the night %s: its scores of this night "
            "are no test of it",
            champion.version,
            learnt_until,
            night,
        )
    if tables.data_end is not None and (night - tables.data_end).days >= 2:
        logger.warning(
            "the tables end %s, %d days before the night: is the export stale?",
            tables.data_end,
            (night - tables.data_end).days,
        )


def last_night(directory: Path) -> datetime:
    """Return the newest night in the ledger.

    Raises
    ------
    LeadScoreError
        Where the ledger is empty.
    """
    found = nights(directory)
    if not found:
        raise LeadScoreError(f"the ledger of {directory} holds no night yet; run `leadscore score`")
    return found[-1]
