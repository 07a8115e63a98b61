"""Check text files before pandas parses them: their encoding, lines and columns.

Every line is counted. One that does not fit is refused with its number; what is ignored is said.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

from gan_resample.encoding.numerals import read_number

__all__ = [
    "COLUMNAR",
    "READABLE",
    "SUFFIXES",
    "ZIPPED",
    "Layout",
    "lay_out",
    "listed",
    "opened",
    "refuse_twice",
    "suffix_of",
    "told_in_one_sentence",
]

READABLE = (".csv", ".tsv", ".csv.gz", ".zip", ".parquet", ".feather")
COLUMNAR = (".parquet", ".feather")
ZIPPED = (".csv.zip", ".tsv.zip", ".zip")  # archives of one file; ignored in folders
SUFFIXES = (".csv.gz", ".csv", ".tsv", *ZIPPED, *COLUMNAR)

CHUNK = 1 << 18  # bytes
BLANK = " \t\r\n"  # pandas skips a line of these
LEADING_ZERO = re.compile(rb'0[0-9](?:(?<=[\s,"]..)|(?<=[\s,"][+-]..))')
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


@dataclass(frozen=True)
class Layout:
    """Which cells of a text file hold data.

    Parameters
    ----------
    separator : str
        Character between two cells.
    names : tuple of str
        Names of the columns to read.
    width : int
        Number of cells in each line, or in the header if that has more.
    first : int
        Number of cells before the first column: 1 if lines begin with a row name, else 0.
    rows : int
        Number of rows.
    zeros : bool
        Whether some cell may have leading zeros.
    """

    separator: str
    names: tuple[str, ...]
    width: int
    first: int
    rows: int
    zeros: bool


def suffix_of(file: Path) -> str:
    """Return the suffix of the file's name, in lower case; raise if it is not supported."""
    for suffix in SUFFIXES:
        if file.name.lower().endswith(suffix):
            return suffix
    raise ValueError(f"{file} cannot be read: its name must end in {', '.join(READABLE)}")


def refuse_twice(file: Path, names: Iterable[str]) -> None:
    """Raise on duplicate column names, which pandas would rename."""
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"{file} has several columns called {listed(twice)}: rename them")


def listed(names: Iterable[str]) -> str:
    """Return quoted names, separated by commas."""
    return ", ".join(map(repr, names))


# ---- bytes --------------------------------------------------------------------------------------


@contextmanager
def told_in_one_sentence(file: Path) -> Iterator[None]:
    """Turn the errors of decoders and archives into one sentence that names the file."""
    try:
        yield
    except (UnicodeDecodeError, _NulByte) as error:
        raise ValueError(f"{file} is not UTF-8 text{_where(file)}: save it as UTF-8") from error
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file} is damaged, or no such archive: {error}") from error


def _where(file: Path) -> str:
    """Return where a file stops being UTF-8 text, in words."""
    with opened(file) as raw:
        for number, line in enumerate(raw, 1):
            if number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return " but UTF-16"
            if b"\0" in line:
                return f" (line {number}, a NUL byte)"
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f" (line {number}, byte 0x{line[error.start]:02x})"
    return ""


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a text file, compressed or not, for reading bytes after its byte order marks."""
    with _unpacked(file) as raw:
        marks = 0  # some programs add a second one
        while raw.read(3) == codecs.BOM_UTF8:
            marks += 1
        raw.seek(3 * marks)
        yield raw


@contextmanager
def _unpacked(file: Path) -> Iterator[IO[bytes]]:
    suffix = suffix_of(file)
    if suffix == ".csv.gz":
        with gzip.open(file) as raw:
            yield raw  # type: ignore[misc]  # typeshed knows it as a GzipFile only
    elif suffix in ZIPPED:
        with zipfile.ZipFile(file) as archive, archive.open(_member(file, archive)) as raw:
            yield raw
    else:
        with file.open("rb") as raw:
            yield raw


def _member(file: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table of an archive."""
    found = [  # macOS adds files of its own
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]
    if len(found) != 1 or not found[0].filename.lower().endswith((".csv", ".tsv")):
        holds = ", ".join(info.filename for info in found) or "nothing"
        raise ValueError(f"{file} must hold one .csv or .tsv file, but holds {holds}")
    if found[0].flag_bits & 1:
        raise ValueError(f"{file} is encrypted: unpack it first")
    return found[0]


def _separator(file: Path) -> str:
    name = file.name
    if suffix_of(file) in ZIPPED:
        with zipfile.ZipFile(file) as archive:
            name = _member(file, archive).filename
    return "\t" if name.lower().endswith(".tsv") else ","


# ---- the lines of a text ------------------------------------------------------------------------


class _NulByte(ValueError):
    """A NUL byte, which no text holds."""


class _Watched(io.RawIOBase):
    """A raw stream that watches for NUL bytes and leading zeros as it is read."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._tail = raw, b""
        self.zeros = False  # whether some cell seems to have leading zeros

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._raw.read(len(buffer))
        if b"\0" in chunk:
            raise _NulByte
        if not self.zeros:
            self.zeros = LEADING_ZERO.search(self._tail + chunk) is not None
            self._tail = chunk[-3:]
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Record(NamedTuple):
    """One row of the file, on one line or, within quotes, several."""

    start: int
    end: int
    width: int
    content: str | list[str]


def _records(file: Path, text: Iterator[str], separator: str) -> Iterator[_Record]:
    """Yield all rows except blank lines; from the first quote on by a parser, which is slower."""
    make, end, line = _Record._make, 0, ""
    for line in text:
        if '"' in line:
            break
        end += 1
        width = line.count(separator) + 1
        if width > 1 or line.strip(BLANK):
            yield make((end, end, width, line))
    else:
        return
    reader, before, start = csv.reader(chain([line], text), delimiter=separator), end, end + 1
    try:
        for cells in reader:
            end = before + reader.line_num
            if len(cells) > 1 or (cells and (not cells[0] or cells[0].strip(BLANK))):
                yield make((start, end, len(cells), cells))
            start = end + 1
    except csv.Error as error:
        raise ValueError(
            f"line {start} of {file} cannot be read ({error}): is a quote opened and never closed?"
        ) from error


def _cells(record: _Record, separator: str) -> list[str]:
    if isinstance(record.content, str):
        return record.content.rstrip("\r\n").split(separator)
    return record.content


def lay_out(file: Path) -> tuple[Layout, tuple[str, ...]]:
    """Check every line; return the layout, and sentences about what was guessed or ignored."""
    separator = _separator(file)
    with opened(file) as raw:
        watched = _Watched(raw)
        text = io.TextIOWrapper(io.BufferedReader(watched, CHUNK), "utf-8", newline="")
        records = _records(file, text, separator)
        header = next(records, None)
        if header is None:
            raise ValueError(f"{file} is empty")
        names = _names(file, _cells(header, separator), separator)
        first, width, rows = _count(file, records, separator, names, header.width)
    told = []
    if first:
        told.append(
            f"each line of {file} has one cell more than its header: the first was taken as a "
            "row name, and ignored"
        )
    elif max(header.width, width) > len(names):
        told.append(f"lines of {file} end in a separator: the empty cells after it are ignored")
    width = max(header.width, width)
    return Layout(separator, names, width, first, rows, watched.zeros), tuple(told)


def _names(file: Path, header: list[str], separator: str) -> tuple[str, ...]:
    """Return the names of the columns, without empty ones at the end; raise on a bad header."""
    first = separator.join(header).strip()
    if re.fullmatch("sep=.?", first.lower()):
        other = first[4:] or separator
        also = f", not {SEPARATORS[other]}" if other != separator and other in SEPARATORS else ""
        raise ValueError(
            f"{file} begins with {first!r}, a line for Excel: remove it, so that the names of the "
            f"columns come first, and {SEPARATORS[separator]} must separate them{also}"
        )
    if len(header) == 1 and header[0].startswith("#"):
        raise _commented(file)
    if len(header) == 1 and (found := [c for c in SEPARATORS if c in header[0]]):
        raise ValueError(
            f"{file} has only one column, {header[0]!r}: {SEPARATORS[separator]} must separate "
            f"the columns, not {SEPARATORS[found[0]]}"
        )
    names = [*header]
    while names and not names[-1].strip():
        names.pop()
    if nameless := [str(j) for j, name in enumerate(names, 1) if not name.strip()]:
        raise _nameless(file, nameless)
    refuse_twice(file, names)
    return tuple(names)


def _commented(file: Path) -> ValueError:
    return ValueError(
        f"{file} begins with '#', like a comment: its first line must name the columns, so "
        "remove the lines above that one"
    )


def _nameless(file: Path, places: Sequence[str]) -> ValueError:
    return ValueError(
        f"{file} has columns without a name (number {', '.join(places)}), as when the index of a "
        "data frame was saved: give them one, or remove them"
    )


def _name_rows(labels: Collection[str]) -> bool:
    """Return whether the first cells are row names, as R writes them: 1 to n, or no numbers.

    Other numbers are a column whose name was lost; the names of all others would be off by one.
    """
    if "" in labels:
        return False
    counted = {str(number) for number in range(1, len(labels) + 1)}
    return counted == set(labels) or not any(read_number(label) is not None for label in labels)


def _count(
    file: Path, records: Iterator[_Record], separator: str, names: Sequence[str], headed: int
) -> tuple[int, int, int]:
    """Count the cells of every line.

    Parameters
    ----------
    file : Path
    records : iterator
        Rows after the header.
    separator : str
    names : sequence of str
        Names in the header.
    headed : int
        Number of cells of the header.

    Returns
    -------
    first : int
        1 if lines begin with a row name, else 0.
    width, rows : int
    """
    top = next(records, None)
    if top is None:
        return 0, headed, 0
    named, width, rows, empty, labels = len(names), top.width, 0, True, set()
    for record in chain([top], records):
        rows += 1
        if record[2] != width:  # by index, which is faster: there may be millions
            raise _uneven(file, names, top, record)
        if width > named:  # empty cells at the end, or row names at the beginning?
            cells = _cells(record, separator)
            empty = empty and not any(cell.strip() for cell in cells[named:])
            labels.add(cells[0])
    if width == named or (width > named and empty):
        return 0, width, rows
    if width == headed:
        raise _nameless(file, [str(j + 1) for j in range(named, headed)])
    with_labels = headed == named and width == named + 1 and not names[0].startswith("#")
    if with_labels and len(labels) == rows and _name_rows(labels):
        return 1, width, rows
    raise _uneven(file, names, top, top)


def _uneven(file: Path, names: Sequence[str], top: _Record, record: _Record) -> ValueError:
    named = len(names)
    if names and names[0].startswith("#") and top.width != named:
        return _commented(file)
    if record.width == named and top.end > top.start:
        top, record = record, top  # the line with a quote is to blame
    words = f"line {record.start} of {file} has {record.width} cell{'s' * (record.width != 1)}"
    if top.width not in (named, record.width):
        words += f", and line {top.start} has {top.width}"
    words += f", but its header names {named} column{'s' * (named != 1)}"
    if record.end > record.start:
        words += f": a quote goes on to line {record.end}; is it closed where it should be?"
    elif record.width > named:
        words += ": quote the cells that hold a separator, or correct the line"
    else:
        words += ": correct the line"
    return ValueError(words)
