"""How a CSV file was written: its delimiter and its encoding, told from its first bytes."""

from __future__ import annotations

import codecs
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer
import duckdb

from leadscore.features.contract import Reading
from leadscore.features.core import DataError
from leadscore.features.sources.csv_source import DELIMITERS
from leadscore.features.sources.source_files import UNREADABLE, opened

HEAD_BYTES = 262_144  # a few hundred rows of the widest exports, to tell the delimiter from
ENCODING_BYTES = 268_435_456  # decoding 256 MB takes a second

# Encodings of spreadsheets: the Windows code page of each alphabet, and that of DOS. To choose
# among more takes more text than a few names of cities.
LATIN_ENCODINGS = ["cp1250", "cp1254", "cp850"]
OTHER_ENCODINGS = [
    *("cp1251", "cp1253", "cp1255", "cp1256"),
    *("cp932", "gb18030", "big5", "cp949"),
]
QUOTES_AND_DASHES = b"\x80\x82\x84\x85\x91\x92\x93\x94\x96\x97\xa0\xab\xbb"  # in cp1252
LETTERS_SHARE = 0.9  # of words; some hold signs such as ™
# Ibis has no function for it. Lines that do not fit are ignored, as in the sample; the quotes are
# those by which the tables are read later.
SNIFF_DELIMITER = """
    SELECT Delimiter, len(Columns)
    FROM sniff_csv(?, header=true, all_varchar=true, ignore_errors=true, quote='"', escape='"')
"""

# First bytes of files that are no CSV.
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook (.xlsx) or a zip file (.zip)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file without the .parquet ending",
}


@dataclass(frozen=True)
class Dialect:
    """How CSV files were written; `encoding` is `ascii` where nothing tells: any reads it."""

    delimiter: str
    encoding: str

    @property
    def reading(self) -> Reading:
        """Say it in the contract's words."""
        encoding = "utf-8" if self.encoding == "ascii" else self.encoding
        return Reading(delimiter=self.delimiter, encoding=encoding)


def dialect_of(files: list[Path]) -> Dialect:
    """Tell how CSV files of one table were written, gzipped or not.

    Raises
    ------
    DataError
        Where a file is empty, no text, or in another encoding than the others.
    """
    heads = [head_of(file) for file in files]
    encoding = _common_encoding(files, heads)
    return Dialect(_delimiter(decoded(heads[0], encoding)), encoding)


def head_of(file: Path) -> bytes:
    """Return the first bytes of a text file, or refuse what is none."""
    try:
        with opened(file) as stream:
            head = stream.read(HEAD_BYTES)
    except UNREADABLE as error:
        raise DataError(
            f"{file} cannot be read: {error}. Check the file, or export it again."
        ) from error
    if not head.strip():
        raise DataError(f"{file} is empty. Export it again with a header line and its rows.")
    for start, what in _NOT_TEXT.items():
        if head.startswith(start):
            raise DataError(
                f"{file} is {what}, not a CSV. Save it as CSV (UTF-8), or "
                "give its name the right ending."
            )
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
    with opened(file) as stream:
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
    accented = _accented_words(telling)
    if _is_latin(accented) and _is_western(accented):
        return "cp1252"
    others = (
        LATIN_ENCODINGS if _is_latin(accented) else ["cp1252", *LATIN_ENCODINGS, *OTHER_ENCODINGS]
    )
    matches = charset_normalizer.from_bytes(telling, cp_isolation=others)
    best = matches.best()
    if best is not None and not any("cp1252" in each.could_be_from_charset for each in matches):
        return best.encoding
    # Not latin-1: it has control codes where cp1252 has € and curly quotes, else they are the same.
    return "cp1252"


def _accented_words(text: bytes) -> list[bytes]:
    words = re.findall(rb"[A-Za-z\x80-\xff]+", text)
    bare = (word.strip(QUOTES_AND_DASHES) for word in words)
    return [word for word in bare if not word.isascii()]


def _is_latin(words: list[bytes]) -> bool:
    """Whether words are of ASCII letters, with some others among them."""
    text = b"".join(words)
    plain = len(re.findall(rb"[A-Za-z]", text))
    return plain > len(text) - plain or not words


def _is_western(words: list[bytes]) -> bool:
    """Whether words have letters only when read by the Western code page."""
    western = [word for word in words if word.decode("cp1252", errors="replace").isalpha()]
    return len(western) >= LETTERS_SHARE * len(words)


def decoded(head: bytes, encoding: str) -> str:
    """Return the complete lines of a file's head."""
    text = head.decode(encoding, errors="ignore")
    lines = text.splitlines(keepends=True)
    return "".join(lines[:-1] if len(head) == HEAD_BYTES and len(lines) > 1 else lines)


def _delimiter(text: str) -> str:
    """Detect the delimiter with DuckDB, or by the lines that have it equally often."""
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
    lines = [line for line in text.split("\n") if line.strip()]
    return max(DELIMITERS, key=lambda mark: _lines_alike(lines, mark))


def _lines_alike(lines: list[str], mark: str) -> tuple[int, int]:
    """Count the lines that have a mark as often as most lines that have it."""
    counts = Counter(found for line in lines if (found := line.count(mark)))
    return counts.most_common(1)[0][::-1] if counts else (0, 0)
