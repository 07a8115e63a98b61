"""Tables from files: every line is counted, and nothing is guessed in silence.

pandas reads the cells, but it also shifts columns where lines are longer than the header, renames
a name that the header holds twice, and fills up lines that are too short. So each line of a text
file is looked at first, and what does not fit is refused with its number.
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

MISSING = ["", "?", "NA", "NaN", "nan"]  # cells without a value; "None" may be a category
ZERO = r"\s*[+-]?0[0-9]"  # 007 is a code, and 7 another


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
        Cells without a value, besides ``MISSING``; blanks around them do not matter, nor how a
        number is written: -9999 means -9999.0 and "-9,999" too.

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
        table = _read_columnar(file, missing) if suffix in COLUMNAR else _read_text(file, missing)
    except PermissionError as error:
        raise PermissionError(f"{file} cannot be read: {error.strerror}") from error
    if len(table.frame.columns) < 2:
        raise ValueError(
            f"{file} has one column only, {listed(table.frame.columns)}: needed are a target and "
            "something to learn it from"
        )
    if not len(table.frame):
        raise ValueError(f"{file} has no rows")
    return table


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


def usual_target(frame: pd.DataFrame) -> str:
    """Name the target where nobody said which it is: "target", else the last column."""
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
    """Say which labels of a text file are taken as one, being the same number: 1 and 1.0."""
    column, cells = table.frame[target], None
    if column.dtype.kind == "f":  # of whole numbers 1.0 makes these
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
    """Return the wanted cells without a value as they stand in the file, blanks and all."""
    wanted = {token.strip() for token in missing}
    # in columns of whole numbers pandas goes by the text
    numbers = _numbers_of(wanted)
    whole = [f"{n.to_integral_value():f}" for n in numbers if n == n.to_integral_value()]
    texts = (frame[name] for name in frame if not pd.api.types.is_numeric_dtype(frame[name]))
    cells = {cell for column in texts for cell in column.dropna().unique()}
    return [*wanted, *whole, *(cell for cell in cells if _is_wanted(cell, wanted, numbers))]


def _numbers_of(wanted: Collection[str]) -> set[Decimal]:
    found = map(read_number, wanted)
    return {number for number in found if number is not None}


def _is_wanted(cell: Any, wanted: Collection[str], numbers: Collection[Decimal]) -> bool:
    """Return whether a cell is one of some texts or reads as one of some numbers.

    A code with zeros before it is no number, and 12% is not 12.
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
    except Exception as error:  # of pyarrow, which has classes of its own
        first = str(error).partition("\n")[0]
        raise ValueError(f"{file} cannot be read as a {kind} file: {first}") from error
    frame, told = _with_index(file, frame)
    refuse_twice(file, frame.columns)
    return Table(file, _without(frame, missing), told)


def _without(frame: pd.DataFrame, missing: Sequence[str]) -> pd.DataFrame:
    """Return a frame with the cells missing that are said to have no value."""
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
        told.append(f"the index of {file} is read as columns: {listed(levels)}")
    nameless = len(levels) < index.nlevels
    if nameless and not isinstance(index, pd.RangeIndex):
        told.append(f"the index of {file} has no name, and is left out")
    return frame, tuple(told)
