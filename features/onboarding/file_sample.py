"""The first rows of a user's file: its cells as text, its delimiter and its encoding."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import io
import re
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import charset_normalizer
import duckdb
import ibis
import pandas as pd

from leadscore.features.core import DataError
from leadscore.features.sources import DELIMITERS, without_repeats

SAMPLE_ROWS = 200_000  # enough to meet words of 1 in 10,000; some 300 MB at 40 columns of text
HEAD_BYTES = 262_144  # a few hundred rows of the widest exports, to tell the delimiter from
ENCODING_BYTES = 268_435_456  # decoding 256 MB takes a second

# Encodings of spreadsheets: the Windows code page of each alphabet, and that of DOS. To choose
# among more takes more text than a few names of cities.
LEGACY_ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp850"),
    *("cp932", "gb18030", "big5", "cp949"),
]
# Ibis has no function for it. Lines that do not fit are ignored, as in the sample; the quotes are
# those by which the tables are read later.
SNIFF_DELIMITER = """
    SELECT Delimiter, len(Columns)
    FROM sniff_csv(?, header=true, all_varchar=true, ignore_errors=true, quote='"', escape='"')
"""

# First bytes of files that are no CSV.
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

    def require(self, column: str, *, setting: str) -> None:
        """Raise `DataError` for a missing column, with the nearest name."""
        if column not in self.frame.columns:
            raise DataError.from_missing_column(
                self.path, column, map(str, self.frame.columns), setting=setting
            )


def read_sample(path: str | Path, *, rows: int = SAMPLE_ROWS) -> Sample:
    """Read the first rows of a CSV (also gzipped) or Parquet file, or of a glob of either.

    Raises
    ------
    DataError
        Where there is no file, it is empty, has only a header, or is no table.
    """
    files = _files(str(path))
    is_text = files[0].suffix.lower() not in {".parquet", ".pq"}
    delimiter, encoding = ",", "utf-8"
    if is_text:
        heads = [_head(file) for file in files]
        encoding = _common_encoding(files, heads)
        delimiter = _delimiter(_decoded(heads[0], encoding))
        frame = _read_csv(files, rows + 1, delimiter=delimiter, encoding=encoding)
    else:
        frame = _read_parquet(files, rows + 1)
    if frame.empty:
        raise DataError(f"{path} has a header but no rows. Export it again with its rows.")
    is_whole = len(frame) <= rows
    return Sample(
        str(path), frame.head(rows), delimiter, encoding, is_text=is_text, is_whole=is_whole
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
    """Return one encoding for all the files; pure ASCII fits any."""
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
    """Decode as much as the sample reads: the only accent may be in its last line."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    decoder, is_ascii = codecs.getincrementaldecoder("utf-8")(), True
    with _open(file) as stream:
        for _ in range(ENCODING_BYTES // HEAD_BYTES):
            chunk = stream.read(HEAD_BYTES)
            is_ascii = is_ascii and chunk.isascii()
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                return _legacy_encoding(chunk)
            if not chunk:
                break
    return "ascii" if is_ascii else "utf-8"


def _legacy_encoding(chunk: bytes) -> str:
    """Detect the encoding by the lines that are not ASCII; what may be Western is taken for it.

    charset-normalizer takes German for Polish, as both decode without an error.
    """
    telling = b"\n".join(line for line in chunk.splitlines() if not line.isascii())
    matches = charset_normalizer.from_bytes(telling, cp_isolation=LEGACY_ENCODINGS)
    best = matches.best()
    if best is not None and not any("cp1252" in each.could_be_from_charset for each in matches):
        return best.encoding
    # The two differ in 0x80-0x9f alone: curly quotes and € from Windows, control codes in latin-1.
    return "cp1252" if best is not None and re.search(rb"[\x80-\x9f]", telling) else "latin-1"


def _decoded(head: bytes, encoding: str) -> str:
    """Return the complete lines of a file's head."""
    text = head.decode(encoding, errors="ignore")
    lines = text.splitlines(keepends=True)
    return "".join(lines[:-1] if len(head) == HEAD_BYTES and len(lines) > 1 else lines)


def _delimiter(text: str) -> str:
    """Detect the delimiter with DuckDB, or by the header where a quote is never closed."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder) / "head.csv"
        file.write_text(text, encoding="utf-8", newline="")
        try:
            sniffed = connection.execute(SNIFF_DELIMITER, [str(file)]).fetchone()
        except duckdb.Error:
            sniffed = None
    delimiter, width = sniffed or ("", 1)
    if width > 1 and delimiter in DELIMITERS:
        return str(delimiter)
    return max(DELIMITERS, key=text.split("\n", 1)[0].count)


def _read_csv(files: list[Path], rows: int, *, delimiter: str, encoding: str) -> pd.DataFrame:
    """Read the first rows over all files, without those that have another number of cells."""
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
    """Read the first rows, every cell as the engine's text."""
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
