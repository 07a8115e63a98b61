"""Tables from files: every line is counted, and nothing is guessed in silence.

pandas reads the cells, but it also shifts columns where lines are longer than the header, renames
a name that the header holds twice, and fills up lines that are too short. So each line of a text
file is looked at first, and what does not fit is refused with its number.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import pandas as pd

__all__ = [
    "MISSING",
    "READABLE",
    "Table",
    "read_table",
    "separate_target",
    "suffix_of",
    "table_files",
]

READABLE = (".csv", ".tsv", ".csv.gz", ".zip", ".parquet", ".feather")
COLUMNAR = (".parquet", ".feather")
ZIPPED = (".csv.zip", ".tsv.zip", ".zip")  # of one file; not looked for in folders
SUFFIXES = (".csv.gz", ".csv", ".tsv", *ZIPPED, *COLUMNAR)
MISSING = ["", "?", "NA", "NaN", "nan"]  # cells without a value; "None" may be a category

CHUNK = 1 << 18  # bytes
ZERO = r"\s*[+-]?0[0-9]"  # 007 is a code, and 7 another
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
        Cells in each line.
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


@dataclass(frozen=True)
class Table:
    """A table as it was read; make one with :func:`read_table`.

    Parameters
    ----------
    file : Path
        Where it was read from.
    frame : DataFrame of shape (n_rows, n_columns)
        Numbers where every cell of a text file is one, else texts.
    told : tuple of str
        What was guessed about the file, in sentences.
    layout : Layout or None
        Of a text file.
    """

    file: Path
    frame: pd.DataFrame = field(repr=False)
    told: tuple[str, ...] = ()
    layout: Layout | None = None

    def texts(self) -> pd.DataFrame | None:
        """Cells as they stand in a text file; None for a Parquet or Feather file."""
        if self.layout is None:
            return None
        return _read_cells(self.file, self.layout, dtype=str, na_filter=False)


def read_table(file: Path, missing: Sequence[str] = ()) -> Table:
    """Read a table from a file.

    Parameters
    ----------
    file : Path
        One of ``READABLE``, in UTF-8 where it is text: ``.csv`` with commas, ``.tsv`` with tabs,
        ``.csv.gz``, a ``.zip`` of one of them, ``.parquet`` or ``.feather``.
    missing : sequence of str, default=()
        Cells without a value, besides ``MISSING``; blanks around them do not matter.

    Returns
    -------
    table : Table

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        For a file that is not there, or is none.
    ImportError
        For a Parquet or Feather file without pyarrow.
    ValueError
        For a file that is no such table: lines of several lengths, columns without a name or with
        the same one, no rows, one column, another encoding.
    """
    suffix = suffix_of(file)
    if not file.exists():
        raise FileNotFoundError(f"no such file: {file}")
    if not file.is_file():
        raise IsADirectoryError(f"{file} is a folder, or no regular file: name a file")
    try:
        table = _read_columnar(file) if suffix in COLUMNAR else _read_text(file, missing)
    except PermissionError as error:
        raise PermissionError(f"{file} cannot be read: {error.strerror}") from error
    names = [*table.frame.columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{file} has several columns called {_listed(twice)}: rename them")
    if len(names) < 2:
        raise ValueError(f"{file} has one column only, {_listed(names)}, but a table needs a target and at least one more")
    if not len(table.frame):
        raise ValueError(f"{file} has no rows")
    return table


def suffix_of(file: Path) -> str:
    """Return what the file's name ends in, in small letters; refuse what cannot be read."""
    for suffix in SUFFIXES:
        if file.name.lower().endswith(suffix):
            return suffix
    raise ValueError(f"{file} is no table that can be read, which are {', '.join(READABLE)}")


def table_files(path: Path, written: Iterable[str] = ()) -> dict[str, Path]:
    """Return name -> file: the file itself, or every table in a folder.

    Parameters
    ----------
    path : Path
        A file or a folder; of a folder, zip files are not looked at.
    written : iterable of str, default=()
        Names of files in a folder that are no tables of the user's.
    """
    if not path.exists():
        raise FileNotFoundError(f"no such file or folder: {path}")
    if not path.is_dir():
        return {path.name[: -len(suffix_of(path))]: path}
    inside = tuple(suffix for suffix in SUFFIXES if suffix not in ZIPPED)
    files = [
        file
        for file in sorted(path.iterdir())
        if file.name.lower().endswith(inside) and file.is_file() and file.name not in set(written)
    ]
    if not files:
        raise ValueError(
            f"{path} is a folder without a table, which are {', '.join(inside)} in a folder"
        )
    names = {file.name[: -len(suffix_of(file))]: file for file in files}
    if len(names) < len(files):
        raise ValueError(f"{path} holds the same table in two formats: keep one of each")
    return names


def separate_target(
    frame: pd.DataFrame, target: str | None, drop: Sequence[str] = (), *, name: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Split off the target: the named column, else "target", else the last one."""
    if target is None:
        target = "target" if "target" in frame.columns else str(frame.columns[-1])
    if unknown := [column for column in (target, *drop) if column not in frame.columns]:
        raise ValueError(
            f"{name} has no column {_listed(unknown)}; its columns are "
            f"{', '.join(map(str, frame.columns))}"
        )
    if target in drop:
        raise ValueError(f"the target, {target!r}, cannot be dropped")
    return frame.drop(columns=[target, *drop]), frame[target]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


# ---- text ---------------------------------------------------------------------------------------


def _read_text(file: Path, missing: Sequence[str]) -> Table:
    with _told_in_one_sentence(file):
        layout, told = _lay_out(file)
        if layout.rows == 0:
            return Table(file, pd.DataFrame(columns=[*layout.names]))
        frame = _read_cells(file, layout, na_values=MISSING)
        if missing:
            tokens = MISSING + _as_spelled(frame, missing)
            frame = _read_cells(file, layout, na_values=tokens)
        else:
            tokens = MISSING
        return Table(file, _with_codes(file, layout, frame, tokens), told, layout)


def _read_cells(file: Path, layout: Layout, **options: Any) -> pd.DataFrame:
    kept = range(layout.first, layout.first + len(layout.names))
    with _opened(file) as raw:
        frame = pd.read_csv(
            raw,
            sep=layout.separator,
            header=0,
            names=[*range(layout.width)],
            usecols=[*kept] if len(kept) < layout.width else None,
            index_col=False,
            keep_default_na=False,
            low_memory=False,
            **options,
        )
    if len(frame) != layout.rows:
        raise ValueError(f"{layout.rows} rows were counted, but {len(frame)} read")
    frame.columns = pd.Index(layout.names)
    return frame


def _as_spelled(frame: pd.DataFrame, missing: Sequence[str]) -> list[str]:
    """Return the wanted cells without a value as they stand in the file, blanks and all."""
    wanted = {token.strip() for token in missing}
    texts = (frame[name] for name in frame if not pd.api.types.is_numeric_dtype(frame[name]))
    cells = {cell for column in texts for cell in column.dropna().unique()}
    return [*wanted, *(c for c in cells if isinstance(c, str) and c.strip() in wanted)]


def _with_codes(
    file: Path, layout: Layout, frame: pd.DataFrame, missing: Sequence[str]
) -> pd.DataFrame:
    """Return columns where some number has zeros before it as texts: 007 is not 7."""
    if not layout.zeros:
        return frame
    numbers = [j for j, dtype in enumerate(frame.dtypes) if dtype.kind in "iuf"]
    texts = _read_cells(file, layout, dtype=str, na_values=[*missing])
    columns = {
        name: texts[name]
        if j in numbers and texts[name].str.match(ZERO, na=False).any()
        else frame[name]
        for j, name in enumerate(frame.columns)
    }
    return pd.DataFrame(columns)


@contextmanager
def _told_in_one_sentence(file: Path) -> Iterator[None]:
    try:
        yield
    except (UnicodeDecodeError, _NulByte) as error:
        raise ValueError(f"{file} is not UTF-8 text{_where(file)}: save it as UTF-8") from error
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file} is damaged, or no such archive: {error}") from error
    except pd.errors.ParserError as error:
        why = "a quote is opened and never closed" if "EOF inside" in str(error) else str(error)
        raise ValueError(f"{file} cannot be read as a table: {why.strip()}") from error


def _where(file: Path) -> str:
    """Say where a file is no UTF-8 text."""
    with _opened(file) as raw:
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
def _opened(file: Path) -> Iterator[IO[bytes]]:
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
        if width > 1 or not line.isspace():
            yield make((end, end, width, line))
    else:
        return
    reader, before, start = csv.reader(chain([line], text), delimiter=separator), end, end + 1
    try:
        for cells in reader:
            end = before + reader.line_num
            if len(cells) > 1 or (cells and not cells[0].isspace()):
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


def _lay_out(file: Path) -> tuple[Layout, tuple[str, ...]]:
    """Look at every line; return where the columns lie, and what must be said about it."""
    separator = _separator(file)
    with _opened(file) as raw:
        if raw.read(3) != codecs.BOM_UTF8:
            raw.seek(0)
        watched = _Watched(raw)
        text = io.TextIOWrapper(io.BufferedReader(watched, CHUNK), "utf-8", newline="")
        records = _records(file, text, separator)
        header = next(records, None)
        if header is None:
            raise ValueError(f"{file} is empty")
        names = _names(file, _cells(header, separator), separator)
        first, width, rows = _count(file, records, separator, len(names), header.width)
    told = []
    if first:
        told.append(
            f"each line of {file} has one cell more than its header: the first was taken as the "
            "name of the row, and left out"
        )
    elif max(header.width, width) > len(names):
        told.append(f"lines of {file} end in a separator: empty cells behind it are left out")
    return Layout(separator, names, width, first, rows, watched.zeros), tuple(told)


def _names(file: Path, header: list[str], separator: str) -> tuple[str, ...]:
    """Return the names of the columns; empty ones at the end name nothing."""
    if len(header) == 1 and (other := next((c for c in ALIEN if c in header[0]), None)):
        raise ValueError(
            f"{file} has one column only, {header[0]!r}: {ALIEN[separator]} must separate the "
            f"columns, not {ALIEN[other]}"
        )
    names = [*header]
    while names and not names[-1].strip():
        names.pop()
    if nameless := [str(j) for j, name in enumerate(names, 1) if not name.strip()]:
        raise _nameless(file, nameless)
    return tuple(names)


def _nameless(file: Path, places: Sequence[str]) -> ValueError:
    return ValueError(
        f"{file} has columns without a name (number {', '.join(places)}), as when the index of a "
        "data frame was saved: give them one, or remove them"
    )


def _count(
    file: Path, records: Iterator[_Record], separator: str, named: int, headed: int
) -> tuple[int, int, int]:
    """Count the cells of every line.

    Parameters
    ----------
    file : Path
    records : iterator
        Behind the header.
    separator : str
    named, headed : int
        Cells of the header that are names, and all of them.

    Returns
    -------
    first : int
        1 where lines begin with the name of the row.
    width, rows : int
    """
    top = next(records, None)
    if top is None:
        return 0, headed, 0
    width, rows, empty, labels = top.width, 0, True, set()
    for record in chain([top], records):
        rows += 1
        if record[2] != width:  # by number, which is faster: there may be millions
            raise _uneven(file, named, top, record)
        if width > named:  # nothing behind the names, or labels of the rows before them?
            cells = _cells(record, separator)
            empty = empty and not any(cell.strip() for cell in cells[named:])
            labels.add(cells[0])
    if width == named or (width > named and empty):
        return 0, width, rows
    if width == headed:
        raise _nameless(file, [str(j + 1) for j in range(named, headed)])
    if headed == named and width == named + 1 and len(labels) == rows and "" not in labels:
        return 1, width, rows
    raise _uneven(file, named, top, top)


def _uneven(file: Path, named: int, top: _Record, record: _Record) -> ValueError:
    if record.width == named and top.end > top.start:
        top, record = record, top  # the one with a quote is the odd one
    words = f"line {record.start} of {file} has {record.width} cell{'s' * (record.width != 1)}"
    if top.width not in (named, record.width):
        words += f", and line {top.start} has {top.width}"
    words += f", but its header names {named} columns"
    if record.end > record.start:
        words += f": a quote goes on to line {record.end}; is it closed where it should be?"
    elif record.width > named:
        words += ": put cells that hold a separator in quotes, or mend the line"
    else:
        words += ": mend the line"
    return ValueError(words)


# ---- Parquet and Feather ------------------------------------------------------------------------


def _read_columnar(file: Path) -> Table:
    parquet = suffix_of(file) == ".parquet"
    kind = "Parquet" if parquet else "Feather"
    try:
        frame = pd.read_parquet(file) if parquet else pd.read_feather(file)
    except ImportError as error:
        raise ImportError(
            f"{file} is a {kind} file, which needs pyarrow: pip install pyarrow, or save the "
            "table as CSV"
        ) from error
    except PermissionError:
        raise
    except Exception as error:  # of pyarrow, which has classes of its own
        first = str(error).partition("\n")[0]
        raise ValueError(f"{file} cannot be read as a {kind} file: {first}") from error
    frame, told = _with_index(file, frame)
    return Table(file, frame, told)


def _with_index(file: Path, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Turn levels of the index that have a name into columns; others number the rows."""
    index = frame.index
    levels = {
        str(name): index.get_level_values(level)
        for level, name in enumerate(index.names)
        if name is not None
    }
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype="str")
    told = []
    if levels:
        own = [pd.Series(values, name=name) for name, values in levels.items()]
        frame = pd.concat([*(column.reset_index(drop=True) for column in own), frame], axis=1)
        told.append(f"the index of {file} is read as columns: {_listed(levels)}")
    nameless = len(levels) < index.nlevels
    if nameless and not isinstance(index, pd.RangeIndex):
        told.append(f"the index of {file} has no name, and is left out")
    return frame, tuple(told)
