"""Promotions and rollbacks: which version scores, by whose decision, when and why."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from leadscore.features.core import LeadScoreError, locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from leadscore.training.registry.mlflow_store import ModelVersions

CHAMPION, CHALLENGER = "champion", "challenger"
PROMOTIONS = "promotions"  # the tag: all promotions of a version, one JSON list
LOCK_FILE = ".leadscore/promotions.lock"
PATIENCE_SECONDS = 60.0  # a promotion takes well under a second


class ChampionChanged(LeadScoreError):  # noqa: N818 - reads as the verdict it is
    """Another version became champion between the comparison and the promotion."""


@dataclass(frozen=True)
class Promotion:
    """One move of the alias `champion`.

    `number` counts all promotions of the registered model from 1; `before` is the champion until
    then, or empty; `at` is ISO 8601, UTC; `gate` was its verdict, `passed` or `refused: …`.
    """

    number: int
    version: str
    before: str
    who: str
    at: str
    why: str
    gate: str
    is_rollback: bool = False


def promote(
    versions: ModelVersions, version: str, *, who: str, why: str, instead_of: str | None = None
) -> Promotion:
    """Make a version the champion; hold `one_at_a_time` meanwhile.

    The record is written before the alias moves, each in one transaction: a process killed in
    between leaves a record that never came into force, and the next promotion removes it.

    Parameters
    ----------
    instead_of
        The champion it was compared with, empty where there was none; None skips the check.

    Raises
    ------
    ChampionChanged
        Where the champion is not the one it was compared with.
    LeadScoreError
        Where there is no such version, or it is the champion already.
    """
    champion = versions.aliases().get(CHAMPION, "")
    if version not in versions.tags():
        raise LeadScoreError(
            f"the registry has no version {version}; `leadscore models` lists them"
        )
    if instead_of is not None and instead_of != champion:
        raise ChampionChanged(
            f"version {version} was compared with {_champion_words(instead_of)}, but meanwhile "
            f"{_champion_words(champion)} scores; compare again: leadscore models compare "
            f"{champion} {version}"
        )
    if version == champion:
        raise LeadScoreError(f"version {version} is the champion already")
    return _move(versions, version, who=who, why=why, is_rollback=False)


def roll_back(versions: ModelVersions, *, who: str, why: str) -> Promotion:
    """Undo the latest promotion that has not been undone; hold `one_at_a_time` meanwhile.

    Each rollback goes one step further back: after promotions of 1, 2 and 3, the first returns
    to 2 and the second to 1.
    """
    champion = versions.aliases().get(CHAMPION)
    if champion is None:
        raise LeadScoreError("no model is champion, so there is nothing to roll back")
    *earlier, _ = _line(history(versions), champion)
    if not earlier:
        raise LeadScoreError(f"version {champion} had no predecessor to roll back to")
    return _move(versions, earlier[-1], who=who, why=why, is_rollback=True)


def history(versions: ModelVersions) -> tuple[Promotion, ...]:
    """Return all promotions that came into force, in order."""
    written = sorted(
        (each for tags in versions.tags().values() for each in _read(tags)),
        key=lambda each: each.number,
    )
    champion = versions.aliases().get(CHAMPION, "")
    if written and written[-1].version != champion and written[-1].before == champion:
        written.pop()  # its process was killed before the alias moved
    return tuple(written)


def settle_challenger(versions: ModelVersions) -> None:
    """Point `challenger` at the newest version, unless that has been champion."""
    newest, tags = next(iter(versions.tags().items()))
    aliases = versions.aliases()
    if _read(tags) or aliases.get(CHAMPION) == newest:
        if CHALLENGER in aliases:
            versions.drop_alias(CHALLENGER)
    elif aliases.get(CHALLENGER) != newest:
        versions.set_alias(CHALLENGER, newest)


@contextlib.contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Let one process or thread at a time change the aliases; others raise `RunLocked` in a minute.

    The lock is a file of the project folder: it does not bind users of a remote registry elsewhere.
    """
    message = (
        f"another run has been changing the champion of {directory} for "
        f"{PATIENCE_SECONDS:.0f} s. Wait until it ends, then try again."
    )
    with locked(directory / LOCK_FILE, busy=lambda: message, wait_seconds=PATIENCE_SECONDS):
        yield


def _move(
    versions: ModelVersions, version: str, *, who: str, why: str, is_rollback: bool
) -> Promotion:
    tags, before = versions.tags(), versions.aliases().get(CHAMPION, "")
    in_force = history(versions)
    _remove_unfinished(versions, tags, in_force)
    made = Promotion(
        number=max((each.number for each in in_force), default=0) + 1,
        version=version,
        before=before,
        who=who,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        why=why,
        gate=tags[version].get("gate", ""),
        is_rollback=is_rollback,
    )
    own = [each for each in in_force if each.version == version]
    versions.set_tag(version, PROMOTIONS, _written([*own, made]))
    versions.set_alias(CHAMPION, version)
    settle_challenger(versions)
    return made


def _remove_unfinished(
    versions: ModelVersions, tags: Mapping[str, Mapping[str, str]], in_force: Sequence[Promotion]
) -> None:
    for version, own in tags.items():
        written = _read(own)
        kept = [each for each in written if each in in_force]
        if kept != written:
            versions.set_tag(version, PROMOTIONS, _written(kept))


def _line(promotions: Sequence[Promotion], champion: str) -> list[str]:
    """List today's champion, last, after its predecessors."""
    line: list[str] = []
    for each in promotions:
        line = _ending_in(each.before, line)
        line = _ending_in(each.version, line[:-1] if each.is_rollback else line)
    return _ending_in(champion, line)


def _ending_in(version: str, line: list[str]) -> list[str]:
    """Add a version that is not there, such as one set in MLflow by other means."""
    return line if not version or line[-1:] == [version] else [*line, version]


def _read(tags: Mapping[str, str]) -> list[Promotion]:
    return [Promotion(**each) for each in json.loads(tags.get(PROMOTIONS, "[]"))]


def _written(promotions: Sequence[Promotion]) -> str:
    return json.dumps([asdict(each) for each in promotions], ensure_ascii=False)


def _champion_words(version: str) -> str:
    return f"version {version}" if version else "no champion"
