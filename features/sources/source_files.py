"""The files that hold a table: found by path, folder or glob, told apart by ending, unpacked."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from glob import glob, has_magic
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Literal, cast
from uuid import uuid4

from leadscore.features.core import DataError
from leadscore.features.sources.remote_source import sources_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadscore.features.contract import Contract, Source

Format = Literal["csv", "json", "parquet", "workbook"]
FORMATS: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "json"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "workbook"),
}
PACKINGS = {".gz", ".zip"}
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError)


def format_of(file: Path) -> Format:
    """Return a file's format by its ending, in any case; what is not known is taken for CSV."""
    return _known_format(file) or "csv"


def is_csv(file: Path) -> bool:
    """Whether a file is a CSV by its name, packed or not."""
    return format_of(_only_member(file) if _is_zip(file) else file) == "csv"


def _known_format(file: Path) -> Format | None:
    endings = [ending.lower() for ending in file.suffixes]
    while endings and endings[-1] in PACKINGS:
        endings.pop()
    return FORMATS.get(endings[-1]) if endings else None


def _is_zip(file: Path) -> bool:
    return file.suffix.lower() == ".zip"


def is_packed(file: Path) -> bool:
    """Whether a file is packed, by its ending."""
    return file.suffix.lower() in PACKINGS


def files_of(contract: Contract, source: Source, *, name: str) -> list[Path]:
    """Find the files that hold a table, in order of their names.

    Raises
    ------
    DataError
        Where there is none, or one is empty.
    """
    remedy = f"Mend `{name}.path` in leadscore.toml, or put the file there."
    return files_at(str(source.path), directory=contract.directory, remedy=remedy)


def files_at(path: str, *, directory: Path, remedy: str) -> list[Path]:
    """Find the files of a path: a file, a folder of files of one format, or a glob of either.

    Raises
    ------
    DataError
        Where there is none, one is empty, or a folder holds several formats; it ends in `remedy`
        where nothing was found.
    """
    found = [directory / path]
    if has_magic(path) and not found[0].exists():
        matches = glob(path, root_dir=directory, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute ones
        found = [directory / each for each in sorted(matches)]
    if not found or not found[0].exists():
        raise DataError(f"{directory / path} does not exist. {remedy}")
    files = [file for each in found for file in (_files_in(each) if each.is_dir() else [each])]
    for file in files:
        if file.stat().st_size == 0:
            raise DataError(f"{file} is empty. Export it again, with its header line.")
    return files


def _files_in(folder: Path) -> list[Path]:
    """List the tables' files of a folder, which must have one format, and of its parts."""
    files = table_files(folder)
    formats = {format_of(file) for file in files if not _is_zip(file)}
    if not files:
        raise DataError(f"{folder} is a folder without a table. Put CSV or other files into it.")
    if len(formats) > 1:
        raise DataError(
            f"{folder} is a folder with files of different formats ({', '.join(sorted(formats))}). "
            f"Give one of them, or a glob such as {folder.name}/*{files[0].suffix}."
        )
    return files


def table_files(folder: Path) -> list[Path]:
    """List the files of a folder that hold tables by their endings; hidden ones are passed over."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and not any(part.startswith((".", "_", "~$")) for part in file.relative_to(folder).parts)
        and (_known_format(file) is not None or _is_zip(file))
    ]


def file_states(contract: Contract) -> list[tuple[str, int, int]]:
    """Return path, bytes and nanosecond of change of every file of a contract's tables.

    A table behind an address has a new state every time, as its changes cannot be seen.
    """
    states = []
    for name, source in sources_of(contract).items():
        if source.address is not None:
            states.append((uuid4().hex, 0, 0))
        else:
            states += [state_of(file) for file in files_of(contract, source, name=name)]
    return states


def state_of(file: Path) -> tuple[str, int, int]:
    """Return a file's path, bytes and nanosecond of change."""
    state = file.stat()
    return str(file), state.st_size, state.st_mtime_ns


def parquet_files(source: Source, contract: Contract, *, name: str) -> list[Path]:
    """List a table's files as `files_of` does; none where they are not plain Parquet.

    Files in folders that name a column are not plain: a reader of single files misses the column.
    """
    files = [] if source.address is not None else files_of(contract, source, name=name)
    plain = all(
        format_of(file) == "parquet" and not is_packed(file) and "=" not in file.parent.name
        for file in files
    )
    return files if plain else []


def opened(file: Path) -> BinaryIO:
    """Open a file's bytes; of a packed one those of the file in it.

    Raises
    ------
    DataError
        Where a zip file does not hold exactly one table.
    """
    if _is_zip(file):
        return cast("BinaryIO", zipfile.ZipFile(file).open(str(_only_member(file))))
    if file.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(file, "rb"))
    return file.open("rb")


def unpacked(files: Sequence[Path], scratch: Path) -> list[Path]:
    """Unpack what DuckDB cannot read packed into a folder; other files stay where they are.

    Raises
    ------
    DataError
        Where a packed file is broken, locked with a password, or holds no table.
    """
    return [
        each
        for number, file in enumerate(files)
        for each in (_unpack(file, scratch / str(number)) if _must_unpack(file) else [file])
    ]


def _must_unpack(file: Path) -> bool:
    return _is_zip(file) or (is_packed(file) and format_of(file) in {"parquet", "workbook"})


def _unpack(file: Path, folder: Path) -> list[Path]:
    try:
        if _is_zip(file):
            with zipfile.ZipFile(file) as archive:
                return [
                    _copied(archive.open(member), folder / str(number) / Path(member).name)
                    for number, member in enumerate(_members(file, archive))
                ]
        return [_copied(cast("IO[bytes]", opened(file)), folder / file.stem)]
    except UNREADABLE as error:
        raise DataError(f"{file} cannot be unpacked: {error}. Unpack it yourself.") from error


def _copied(stream: IO[bytes], target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
    return target


def _members(file: Path, archive: zipfile.ZipFile) -> list[str]:
    """List the tables of a zip file by name; what systems add to it are none."""
    found = [
        member.filename
        for member in archive.infolist()
        if not member.is_dir() and member.file_size
        if not any(part.startswith((".", "__")) for part in Path(member.filename).parts)
    ]
    known = [member for member in found if _known_format(Path(member)) is not None]
    if not known:
        held = f"holds {', '.join(map(repr, found[:3]))}" if found else "is an empty zip file"
        raise DataError(f"{file} {held}, and no table. Pack a CSV, JSON, Excel or Parquet file.")
    return sorted(known)


def _only_member(file: Path) -> Path:
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(file, archive)
    except UNREADABLE as error:
        raise DataError(f"{file} cannot be unpacked: {error}. Unpack it yourself.") from error
    if len(members) > 1:
        raise DataError(f"{file} holds {len(members)} files. Pack the one that is meant alone.")
    return Path(members[0])
