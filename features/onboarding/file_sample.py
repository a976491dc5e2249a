"""A first look at somebody's file: its cells as text, its delimiter and its encoding."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from leadscore.features.core.errors import DataError
from leadscore.features.sources.csv_source import without_repeats

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 200_000  # enough to meet words of 1 in 10,000; some 300 MB at 40 columns of text
HEAD_BYTES = 262_144  # a few hundred rows of the widest exports, to tell the delimiter from
ENCODING_BYTES = 268_435_456  # decoding 256 MB takes a second; later bytes rarely differ in kind
DELIMITERS = (",", ";", "\t", "|")

# First bytes of what people take for a table: an Excel workbook (new, old), a PDF, a Parquet file.
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file without the .parquet ending",
}


@dataclass(frozen=True)
class Sample:
    """The first rows of a table as text, and how its file is to be read."""

    path: str
    frame: pd.DataFrame  # every column text without blanks around it, "" where empty
    delimiter: str = ","
    encoding: str = "utf-8"  # "ascii" where nothing tells: then any encoding reads it
    is_text: bool = False  # a CSV, to which delimiter and encoding matter
    is_whole: bool = True

    def require(self, column: str, *, setting: str) -> str:
        """Return `column` if the table has it, or say which name was probably meant."""
        if column not in self.frame.columns:
            raise DataError.from_missing_column(
                self.path, column, map(str, self.frame.columns), setting=setting
            )
        return column


def read_sample(path: str | Path, *, rows: int = SAMPLE_ROWS) -> Sample:
    """Read the first rows of a CSV (also gzipped) or Parquet file, or of a glob of either.

    Parameters
    ----------
    path
        A file or a glob.
    rows
        How many rows to read at most.

    Returns
    -------
    Sample
        Cells as text, the delimiter and the encoding.

    Raises
    ------
    DataError
        Where there is no file, it is empty, holds only a header, or is no table; says what to do.
    """
    files = _files(str(path))
    if files[0].suffix.lower() in {".parquet", ".pq"}:
        sample = Sample(str(path), _read_parquet(files, rows + 1))
    else:
        heads = [_head(file) for file in files]
        encoding = _common_encoding(files, heads)
        delimiter = _guess_delimiter(_decoded(heads[0], encoding))
        frame = _read_csv(files, rows + 1, delimiter=delimiter, encoding=encoding)
        sample = Sample(str(path), frame, delimiter, encoding, is_text=True)
    if sample.frame.empty:
        raise DataError(f"{path} has a header but no rows. Export it again with its rows.")
    is_whole = len(sample.frame) <= rows
    return Sample(
        sample.path,
        sample.frame.head(rows),
        sample.delimiter,
        sample.encoding,
        is_text=sample.is_text,
        is_whole=is_whole,
    )


def _files(path: str) -> list[Path]:
    if Path(path).is_dir():
        raise DataError(f"{path} is a folder. Give a file in it, or a glob such as {path}/*.csv.")
    if Path(path).is_file():
        return [Path(path)]
    found = sorted(Path(each) for each in glob.glob(path, recursive=True))  # noqa: PTH207 - absolute globs too
    files = [each for each in found if each.is_file()]
    if not files:
        raise DataError(
            f"{path} does not exist. Check the name, or give a glob that matches files."
        )
    return files


def _open(file: Path) -> BinaryIO:
    if file.suffix.lower() == ".gz":
        return cast("BinaryIO", gzip.open(file, "rb"))
    return file.open("rb")


def _head(file: Path) -> bytes:
    """Return the first bytes of a text file, or refuse what is none."""
    try:
        with _open(file) as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise DataError(
            f"{file} cannot be read: {error}. Check the file, or export it again."
        ) from error
    if not head.strip():
        raise DataError(f"{file} is empty. Export it again with a header line and its rows.")
    for start, what in _NOT_TEXT.items():
        if head.startswith(start):
            raise DataError(f"{file} is {what}, not a CSV. Save it as CSV (UTF-8) or as .parquet.")
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(
            f"{file} is a binary file, not a CSV. Save it as CSV (UTF-8) or as .parquet."
        )
    return head


def _common_encoding(files: list[Path], heads: list[bytes]) -> str:
    """One encoding that reads all the files; pure ASCII goes with any."""
    found = {_encoding(file, head) for file, head in zip(files, heads, strict=True)}
    telling = found - {"ascii"}
    if {"utf-8", "utf-8-sig"} <= telling:
        telling.discard("utf-8")  # a mark at the start is optional when read as utf-8-sig
    if len(telling) > 1:
        raise DataError(
            f"{files[0].parent}: files in {' and '.join(sorted(telling))} cannot be read as one "
            "table. Save all of them as UTF-8."
        )
    return next(iter(telling), "ascii")


def _encoding(file: Path, head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if _decodes(file, "ascii"):
        return "ascii"
    if _decodes(file, "utf-8"):
        return "utf-8"
    # The two differ in 0x80-0x9f alone: curly quotes and € from Windows, control codes in latin-1.
    windows = any(0x80 <= byte <= 0x9F for byte in set(head))
    return "cp1252" if windows and _decodes(file, "cp1252") else "latin-1"


def _decodes(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _open(file) as stream:
            for _ in range(ENCODING_BYTES // HEAD_BYTES):
                chunk = stream.read(HEAD_BYTES)
                decoder.decode(chunk, final=not chunk)
                if not chunk:
                    break
    except UnicodeDecodeError:
        return False
    return True


def _decoded(head: bytes, encoding: str) -> str:
    """Return the complete lines of a file's head."""
    text = head.decode(encoding, errors="ignore")
    lines = text.splitlines(keepends=True)
    return "".join(lines[:-1] if len(head) == HEAD_BYTES and len(lines) > 1 else lines)


def _guess_delimiter(text: str) -> str:
    """Find the character by which most rows have as many fields as the header."""
    return max(DELIMITERS, key=lambda delimiter: _regularity(text, delimiter))


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error:
        return (0.0, 0)
    width = len(rows[0])
    if width == 1:
        return (0.0, 0)
    share = sum(len(row) == width for row in rows) / len(rows)
    return (round(share, 1), width)  # in tenths: a few torn rows should not decide


def _read_csv(files: list[Path], rows: int, *, delimiter: str, encoding: str) -> pd.DataFrame:
    """Read the first rows over all files; torn rows are left to the quarantine."""
    import pandas as pd  # noqa: PLC0415 - half a second that `leadscore --help` need not wait for

    codec = "utf-8" if encoding == "ascii" else encoding
    frames: list[pd.DataFrame] = []
    for file in files:
        wanted = rows - sum(len(frame) for frame in frames)
        names = _header(file, delimiter, encoding)
        try:
            with io.TextIOWrapper(_open(file), codec, errors="replace", newline="") as lines:
                records = islice(csv.reader(lines, delimiter=delimiter), 1, wanted + 1)
                cells = [record for record in records if len(record) == len(names)]
        except csv.Error as error:
            raise DataError(f"{file} cannot be read as a table: {error}") from error
        frame = pd.DataFrame(cells, columns=names, dtype="str")
        frames.append(frame.apply(lambda column: column.str.strip()))
        if len(frame) == wanted:
            break
    return pd.concat(frames, ignore_index=True).fillna("")


def _header(file: Path, delimiter: str, encoding: str) -> list[str]:
    """Return the columns' names as the tables will have them later."""
    first = next(csv.reader(io.StringIO(_decoded(_head(file), encoding)), delimiter=delimiter))
    if not any(name.strip() for name in first):
        raise DataError(f"{file} begins with a blank line. The first line must name the columns.")
    return without_repeats(tuple(first))


def _read_parquet(files: list[Path], rows: int) -> pd.DataFrame:
    """Read the first rows, every cell as the text that the engine makes of it."""
    import duckdb  # noqa: PLC0415
    import ibis  # noqa: PLC0415

    connection = ibis.duckdb.connect()
    try:
        table = connection.read_parquet([str(file) for file in files], union_by_name=True)
        texts = {name: table[name].cast("string").strip().fill_null("") for name in table.columns}
        frame: pd.DataFrame = table.limit(rows).select(**texts).to_pyarrow().to_pandas()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{files[0]} cannot be read as Parquet: {reason}") from error
    finally:
        connection.disconnect()
    return frame
