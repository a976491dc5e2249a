"""The contract of frames in memory: drafted from them, or the user's own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from leadscore.features.contract import ADDRESSES, CONTRACT_FILE, Contract
from leadscore.features.core import ContractError, DataError, validated
from leadscore.features.onboarding import draft_contract
from leadscore.frames import to_arrow, write_frames

if TYPE_CHECKING:
    from leadscore.frames import Frame

Given: TypeAlias = "Contract | Mapping[str, Any] | Path | str | None"

NAMES_COLUMN = ("target", "created_at")
TABLES = ("leads", "events", "outcomes")


def frame_contract(folder: Path, frames: Mapping[str, Frame | None], given: Given = None) -> str:
    """Write frames into a folder, and tell the contract that describes them.

    Parameters
    ----------
    folder
        Gets a Parquet file a frame.
    frames
        By the contract's word: `leads`, and `events` or `outcomes` where there are any.
    given
        None drafts a contract from the frames; a dict is settings to change in the draft. A
        `Contract`, the text of a `leadscore.toml`, its path or its folder is a whole contract,
        of which only the places of the tables are changed.

    Returns
    -------
    str
        The text of a `leadscore.toml` for the folder.

    Raises
    ------
    ContractError
        Where the contract cannot be used.
    DataError
        Where frames cannot be used, or are not the tables that the contract describes.
    """
    if not isinstance(given, Contract | Mapping | Path | str | None):
        raise ContractError(f"contract={given!r} is neither settings, a path nor a contract's text")
    if given is None:
        return _drafted(folder, write_frames(folder, frames), {})
    if isinstance(given, Mapping):
        drafted = _drafted(folder, write_frames(folder, frames), given)
        raw = _merged(tomllib.loads(drafted), given)
    else:
        whole = _whole(given)
        raw = _placed(whole, write_frames(folder, _with_target(frames, whole)))
    validated(raw, Contract, place="contract")
    return to_toml(raw)


def contract_in(folder: Path, text: str) -> Contract:
    """Return the contract of a text, its paths relative to a folder."""
    raw = tomllib.loads(text)
    return validated(raw, Contract, place=folder / CONTRACT_FILE).in_directory(folder)


def to_toml(settings: Mapping[str, Any], section: str = "") -> str:
    """Write settings as TOML: values first, then a section for each mapping.

    Examples
    --------
    >>> print(to_toml({"name": "acme", "leads": {"path": "leads.csv"}}))
    name = "acme"
    <BLANKLINE>
    [leads]
    path = "leads.csv"
    """
    lines = [f"[{section}]"] if section else []
    sections = []
    for key, value in settings.items():
        place = f"{section}.{_bare(key)}" if section else _bare(key)
        if isinstance(value, Mapping):
            sections.append("\n" + to_toml(value, place))
        elif value is not None:
            lines.append(f"{_bare(key)} = {_toml(value)}")
    return "\n".join([*lines, *sections])


def _bare(key: str) -> str:
    return key if key.isascii() and key.isidentifier() else _toml(key)


def _toml(value: object) -> str:
    """Write a value as TOML, whose strings, numbers, truth and lists are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _drafted(folder: Path, files: Mapping[str, str], changes: Mapping[str, Any]) -> str:
    leads = changes.get("leads", {})
    if not isinstance(leads, Mapping):
        raise ContractError(
            f"contract: leads={leads!r} must be settings, such as {{'target': 'Won'}}"
        )
    leads = {
        key: str(value) if key in NAMES_COLUMN and value is not None else value
        for key, value in leads.items()
    }
    return draft_contract(
        folder / files["leads"],
        directory=folder,
        events=folder / files["events"] if "events" in files else None,
        outcomes=folder / files["outcomes"] if "outcomes" in files else None,
        target=leads.get("target"),
        stage=leads.get("stage", "won"),
        created_at=leads.get("created_at"),
        name=changes.get("name"),
    ).text


def _merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change settings, section by section."""
    merged = dict(settings)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(old, value)
        else:
            merged[key] = value
    return merged


def _whole(given: Contract | Path | str) -> dict[str, Any]:
    """Read a contract that is not to be drafted."""
    if isinstance(given, Contract):
        return given.model_dump(mode="json", exclude_none=True, exclude=ADDRESSES)
    text, place = str(given), "contract"
    if isinstance(given, Path) or not {"\n", "="} & set(given):
        file = Path(given) / CONTRACT_FILE if Path(given).is_dir() else Path(given)
        if not file.exists():
            raise ContractError(f"contract={text!r}: {file} does not exist")
        text, place = file.read_text(encoding="utf-8"), str(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{place} is not valid TOML: {error}") from error


def _with_target(
    frames: Mapping[str, Frame | None], raw: Mapping[str, Any]
) -> dict[str, Frame | None]:
    """Add the target of a flat file where it is absent: leads to score do not have it yet."""
    leads, target = to_arrow(frames["leads"], name="leads"), raw.get("leads", {}).get("target")
    if target is not None and target not in leads.column_names:
        leads = leads.append_column(target, pa.nulls(len(leads), pa.string()))
    return {**frames, "leads": leads}


def _placed(raw: dict[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Point a contract's tables to the files of the frames."""
    placed = dict(raw)
    for table in TABLES:
        if (table in raw) != (table in files):
            known = "describes" if table in raw else "does not describe"
            raise DataError(
                f"the contract {known} {table}, and {table}= is "
                f"{'missing' if table in raw else 'given'}. Give the tables of the contract."
            )
        if table in files:
            elsewhere = {"path", "address", "table"}
            kept = {key: value for key, value in raw[table].items() if key not in elsewhere}
            placed[table] = {"path": files[table], **kept}
    return placed
