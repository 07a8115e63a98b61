"""Text files of tables, before pandas reads them: which bytes, which lines, which columns.

Every line is counted. What does not fit is refused with its number, and what is left out is said.
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
ZIPPED = (".csv.zip", ".tsv.zip", ".zip")  # of one file; not looked for in folders
SUFFIXES = (".csv.gz", ".csv", ".tsv", *ZIPPED, *COLUMNAR)

CHUNK = 1 << 18  # bytes
BLANK = " \t\r\n"  # what pandas takes for nothing in a line
ZERO_CELL = re.compile(rb'0[0-9](?:(?<=[\s,"]..)|(?<=[\s,"][+-]..))')
ALIEN = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


@dataclass(frozen=True)
class Layout:
    """Where the cells of a text file lie.

    Parameters
    ----------
    separator : str
        Between two cells.
    names : tuple of str
        Names of the columns that are read.
    width : int
        Cells in each line, or in the header where that has more.
    first : int
        Cells before the first column: 1 where lines begin with the name of the row, else 0.
    rows : int
        Number of rows.
    zeros : bool
        Whether some cell may be a number with zeros before it.
    """

    separator: str
    names: tuple[str, ...]
    width: int
    first: int
    rows: int
    zeros: bool


def suffix_of(file: Path) -> str:
    """Return what the file's name ends in, in small letters; refuse what cannot be read."""
    for suffix in SUFFIXES:
        if file.name.lower().endswith(suffix):
            return suffix
    raise ValueError(f"{file} is no table that can be read, which are {', '.join(READABLE)}")


def refuse_twice(file: Path, names: Iterable[str]) -> None:
    """Raise on columns of the same name: pandas would give one of them another."""
    if twice := [name for name, n in Counter(names).items() if n > 1]:
        raise ValueError(f"{file} has several columns called {listed(twice)}: rename them")


def listed(names: Iterable[str]) -> str:
    """Write names in quotes, commas between."""
    return ", ".join(map(repr, names))


# ---- bytes --------------------------------------------------------------------------------------


@contextmanager
def told_in_one_sentence(file: Path) -> Iterator[None]:
    """Turn what libraries say of a file that is no such text into one sentence."""
    try:
        yield
    except (UnicodeDecodeError, _NulByte) as error:
        raise ValueError(f"{file} is not UTF-8 text{_where(file)}: save it as UTF-8") from error
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file} is damaged, or no such archive: {error}") from error


def _where(file: Path) -> str:
    """Say where a file is no UTF-8 text."""
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
    """Open a text file, packed or not, to read its bytes behind the marks of UTF-8."""
    with _unpacked(file) as raw:
        marks = 0  # some programs add one to the one that is there
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
    found = [  # what macOS adds is no file of the user's
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
    """A text that is none."""


class _Watched(io.RawIOBase):
    """Bytes of a text, which are looked at as they pass."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw, self._tail = raw, b""
        self.zeros = False  # whether some cell seems to be a number with zeros before it

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._raw.read(len(buffer))
        if b"\0" in chunk:
            raise _NulByte
        if not self.zeros:
            self.zeros = ZERO_CELL.search(self._tail + chunk) is not None
            self._tail = chunk[-3:]
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Record(NamedTuple):
    """Cells of one row, from one line or, with quotes, several."""

    start: int
    end: int
    width: int
    content: str | list[str]


def _records(file: Path, text: Iterator[str], separator: str) -> Iterator[_Record]:
    """Yield what lines hold, but blank ones; a parser is needed from the first quote on."""
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
    """Look at every line; return where the columns lie, and what must be said about it."""
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
            f"each line of {file} has one cell more than its header: the first was taken as the "
            "name of the row, and left out"
        )
    elif max(header.width, width) > len(names):
        told.append(f"lines of {file} end in a separator: empty cells behind it are left out")
    width = max(header.width, width)
    return Layout(separator, names, width, first, rows, watched.zeros), tuple(told)


def _names(file: Path, header: list[str], separator: str) -> tuple[str, ...]:
    """Return the names of the columns; empty ones at the end name nothing."""
    first = separator.join(header).strip()
    if re.fullmatch("sep=.?", first.lower()):
        other = first[4:] or separator
        also = f", not {ALIEN[other]}" if other != separator and other in ALIEN else ""
        raise ValueError(
            f"{file} begins with {first!r}, a line for Excel: remove it, so that the names of the "
            f"columns come first, and {ALIEN[separator]} must separate them{also}"
        )
    if len(header) == 1 and header[0].startswith("#"):
        raise _commented(file)
    if len(header) == 1 and (found := [c for c in ALIEN if c in header[0]]):
        raise ValueError(
            f"{file} has one column only, {header[0]!r}: {ALIEN[separator]} must separate the "
            f"columns, not {ALIEN[found[0]]}"
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
        f"{file} begins with '#', as comments do: its first line must name the columns, so remove "
        "the lines before that one"
    )


def _nameless(file: Path, places: Sequence[str]) -> ValueError:
    return ValueError(
        f"{file} has columns without a name (number {', '.join(places)}), as when the index of a "
        "data frame was saved: give them one, or remove them"
    )


def _name_rows(labels: Collection[str]) -> bool:
    """Whether the first cells are names of rows, as R writes them: 1 to n, or no numbers.

    Other numbers are a column whose name was lost: all others would move by one.
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
        Behind the header.
    separator : str
    names : sequence of str
        Names in the header.
    headed : int
        All cells of the header.

    Returns
    -------
    first : int
        1 where lines begin with the name of the row.
    width, rows : int
    """
    top = next(records, None)
    if top is None:
        return 0, headed, 0
    named, width, rows, empty, labels = len(names), top.width, 0, True, set()
    for record in chain([top], records):
        rows += 1
        if record[2] != width:  # by number, which is faster: there may be millions
            raise _uneven(file, names, top, record)
        if width > named:  # nothing behind the names, or labels of the rows before them?
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
        top, record = record, top  # the one with a quote is the odd one
    words = f"line {record.start} of {file} has {record.width} cell{'s' * (record.width != 1)}"
    if top.width not in (named, record.width):
        words += f", and line {top.start} has {top.width}"
    words += f", but its header names {named} column{'s' * (named != 1)}"
    if record.end > record.start:
        words += f": a quote goes on to line {record.end}; is it closed where it should be?"
    elif record.width > named:
        words += ": put cells that hold a separator in quotes, or mend the line"
    else:
        words += ": mend the line"
    return ValueError(words)
