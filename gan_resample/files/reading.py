"""Read tables from files: every line is checked, and no guess goes unsaid.

pandas parses the cells, but it also shifts columns where lines are longer than the header, renames
duplicate names, and pads lines that are too short. So each line of a text file is checked first,
and one that does not fit is refused with its number.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from gan_resample.encoding.columns import is_missing_token
from gan_resample.encoding.numerals import has_leading_zero, is_percentage, read_number
from gan_resample.files.text import (
    COLUMNAR,
    READABLE,
    SUFFIXES,
    ZIPPED,
    Layout,
    lay_out,
    listed,
    opened,
    refuse_twice,
    suffix_of,
    told_in_one_sentence,
)

__all__ = [
    "MISSING",
    "READABLE",
    "Table",
    "labels_of_one_number",
    "read_table",
    "separate_target",
    "table_files",
]

MISSING = ["", "?", "NA", "NaN", "nan"]  # not "None", which may be a category
LEADING_ZERO = r"\s*[+-]?0[0-9]"  # 007 is a code, and not the number 7


@dataclass(frozen=True)
class Table:
    """A table as it was read; make one with :func:`read_table`.

    Parameters
    ----------
    file : Path
        Where it was read from.
    frame : DataFrame of shape (n_rows, n_columns)
        Columns of a text file are numeric where every cell is a number, else text.
    told : tuple of str
        Sentences for the user: what was guessed about the file.
    layout : Layout or None
        Layout of a text file; None for a Parquet or Feather file.
    """

    file: Path
    frame: pd.DataFrame = field(repr=False)
    told: tuple[str, ...] = ()
    layout: Layout | None = None

    def texts(self) -> pd.DataFrame | None:
        """Return the cells of a text file verbatim; None for a Parquet or Feather file."""
        if self.layout is None:
            return None
        return _read_cells(self.file, self.layout, dtype=str, na_filter=False)


def read_table(file: Path, missing: Sequence[str] = ()) -> Table:
    """Read a table from a file.

    Parameters
    ----------
    file : Path
        Its name ends in one of ``READABLE``; text is UTF-8: ``.csv`` with commas, ``.tsv`` with
        tabs, ``.csv.gz``, a ``.zip`` of one of them, ``.parquet`` or ``.feather``.
    missing : sequence of str, default=()
        Cells that mean a missing value, besides ``MISSING``. Blanks around them are ignored, and
        numbers are compared by value: -9999 also means -9999.0 and "-9,999".

    Returns
    -------
    table : Table

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        The file does not exist, or is a folder.
    ImportError
        The file is Parquet or Feather and pyarrow is not installed.
    ValueError
        The file is no such table: lines of different lengths, columns without a name or with
        the same name, no rows, a single column, another encoding.
    """
    suffix = suffix_of(file)
    if not file.exists():
        raise FileNotFoundError(f"no such file: {file}")
    if not file.is_file():
        raise IsADirectoryError(f"{file} is a folder, or no regular file: name a file")
    try:
        table = _read_columnar(file, missing) if suffix in COLUMNAR else _read_text(file, missing)
    except PermissionError as error:
        raise PermissionError(f"{file} cannot be read: {error.strerror}") from error
    if len(table.frame.columns) < 2:
        raise ValueError(
            f"{file} has only one column, {listed(table.frame.columns)}: a target and at least "
            "one feature are needed"
        )
    if not len(table.frame):
        raise ValueError(f"{file} has no rows")
    return table


def table_files(path: Path, written: Iterable[str] = ()) -> dict[str, Path]:
    """Return a dict of names and files: the file itself, or every table in a folder.

    Parameters
    ----------
    path : Path
        A file or a folder. Zip files in a folder are ignored.
    written : iterable of str, default=()
        Names of files in the folder to ignore: results of an earlier comparison.
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
            f"{path} is a folder without a table: no file in it ends in {', '.join(inside)}"
        )
    names = {file.name[: -len(suffix_of(file))]: file for file in files}
    if len(names) < len(files):
        raise ValueError(f"{path} holds the same table in two formats: keep one of each")
    return names


def usual_target(frame: pd.DataFrame) -> str:
    """Return the default target: the column "target", else the last one."""
    return "target" if "target" in frame.columns else str(frame.columns[-1])


def separate_target(
    frame: pd.DataFrame, target: str | None, drop: Sequence[str] = (), *, name: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Split off the target: the named column, else "target", else the last one."""
    target = usual_target(frame) if target is None else target
    if unknown := [column for column in (target, *drop) if column not in frame.columns]:
        raise ValueError(
            f"{name} has no column {listed(unknown)}; its columns are {listed(frame.columns)}"
        )
    if target in drop:
        raise ValueError(f"the target, {target!r}, cannot be dropped")
    y = frame[target]
    counts = y.value_counts().items()
    if doubtful := [(x, n) for x, n in counts if isinstance(x, str) and is_missing_token(x)]:
        told = ", ".join(f"{cell!r} ({n} rows)" for cell, n in doubtful)
        warnings.warn(
            f"the target {target!r} of {name} has labels that look like missing values, and takes "
            f"them for a class: {told}. If they are missing, say so with --missing, or remove "
            "these rows",
            stacklevel=2,
        )
    return frame.drop(columns=[target, *drop]), y


def labels_of_one_number(table: Table, target: str) -> list[str]:
    """Return warnings of labels that are written differently but are one number: 1 and 1.0."""
    column, cells = table.frame[target], None
    if column.dtype.kind == "f":  # one cell "1.0" makes a column of integers float
        cells = table.texts()
    if cells is None:
        return []
    written = cells[target].groupby(column).unique()
    return [
        f"the labels {listed(sorted(texts))} of {target!r} in {table.file} are the same number, "
        "and one class"
        for texts in written
        if len(texts) > 1
    ]


# ---- text ---------------------------------------------------------------------------------------


def _read_text(file: Path, missing: Sequence[str]) -> Table:
    with told_in_one_sentence(file):
        layout, told = lay_out(file)
        if layout.rows == 0:
            return Table(file, pd.DataFrame(columns=[*layout.names]))
        tokens, frame = MISSING, _read_cells(file, layout, na_values=MISSING)
        if missing:
            tokens = MISSING + _as_spelled(frame, missing)
            frame = _read_cells(file, layout, na_values=tokens)
        return Table(file, _with_codes(file, layout, frame, tokens), told, layout)


def _read_cells(file: Path, layout: Layout, **options: Any) -> pd.DataFrame:
    kept = range(layout.first, layout.first + len(layout.names))
    try:
        with opened(file) as raw:
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
    except pd.errors.ParserError as error:
        why = "a quote is opened and never closed" if "EOF inside" in str(error) else str(error)
        raise ValueError(f"{file} cannot be read as a table: {why.strip()}") from error
    if len(frame) != layout.rows:
        raise ValueError(f"{file} has {layout.rows} rows, but {len(frame)} could be read")
    frame.columns = pd.Index(layout.names)
    return frame


def _as_spelled(frame: pd.DataFrame, missing: Sequence[str]) -> list[str]:
    """Return the cells that ``missing`` names, as the file spells them, blanks included."""
    wanted = {token.strip() for token in missing}
    # pandas compares the text of the cells where it parses a column of integers
    numbers = _numbers_of(wanted)
    whole = [f"{n.to_integral_value():f}" for n in numbers if n == n.to_integral_value()]
    texts = (frame[name] for name in frame if not pd.api.types.is_numeric_dtype(frame[name]))
    cells = {cell for column in texts for cell in column.dropna().unique()}
    return [*wanted, *whole, *(cell for cell in cells if _is_wanted(cell, wanted, numbers))]


def _numbers_of(wanted: Collection[str]) -> set[Decimal]:
    found = map(read_number, wanted)
    return {number for number in found if number is not None}


def _is_wanted(cell: Any, wanted: Collection[str], numbers: Collection[Decimal]) -> bool:
    """Return whether a cell equals one of the texts, or one of the numbers in any spelling.

    A code with leading zeros is not a number, and 12% is not 12.
    """
    if isinstance(cell, Decimal):
        return cell in numbers
    if not isinstance(cell, str):
        return False
    if cell.strip() in wanted:
        return True
    return not (has_leading_zero(cell) or is_percentage(cell)) and read_number(cell) in numbers


def _with_codes(
    file: Path, layout: Layout, frame: pd.DataFrame, missing: Sequence[str]
) -> pd.DataFrame:
    """Read columns with leading zeros as text: 007 is not 7."""
    if not layout.zeros:
        return frame
    numbers = [j for j, dtype in enumerate(frame.dtypes) if dtype.kind in "iuf"]
    texts = _read_cells(file, layout, dtype=str, na_values=[*missing])
    columns = {
        name: texts[name]
        if j in numbers and texts[name].str.match(LEADING_ZERO, na=False).any()
        else frame[name]
        for j, name in enumerate(frame.columns)
    }
    return pd.DataFrame(columns)


# ---- Parquet and Feather ------------------------------------------------------------------------


def _read_columnar(file: Path, missing: Sequence[str]) -> Table:
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
    except Exception as error:  # pyarrow raises classes of its own
        first = str(error).partition("\n")[0]
        raise ValueError(f"{file} cannot be read as a {kind} file: {first}") from error
    frame, told = _with_index(file, frame)
    refuse_twice(file, frame.columns)
    return Table(file, _mask(frame, missing), told)


def _mask(frame: pd.DataFrame, missing: Sequence[str]) -> pd.DataFrame:
    """Replace the cells that the user calls missing by missing values."""
    texts = {token.strip() for token in missing}
    numbers = _numbers_of(texts)
    floats = [float(number) for number in numbers]
    frame = frame.copy(deep=False)
    for name, column in frame.items():
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            none = column.isin(floats)
        else:
            none = column.astype(object).map(lambda cell: _is_wanted(cell, texts, numbers))
        if missing and none.any():
            frame[name] = column.mask(none)
    return frame


def _with_index(file: Path, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Turn named levels of the index into columns; unnamed ones only number the rows."""
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
        told.append(f"the index of {file} is read as columns: {listed(levels)}")
    nameless = len(levels) < index.nlevels
    if nameless and not isinstance(index, pd.RangeIndex):
        told.append(f"the index of {file} has no name and is ignored")
    return frame, tuple(told)
