"""Decide what a column is: a number, a category, an identifier, or refused with a reason.

``TableEncoder``, ``datasets.as_dataset`` and the command line all decide here. The dtype decides
or, if it says nothing (object, text), the cells do. Every guess is reported.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Complex, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.columns import is_missing_cell, is_missing_token, which_missing
from gan_resample.encoding.dates import is_date
from gan_resample.encoding.numerals import (
    as_decimal,
    has_leading_zero,
    is_percentage,
    is_whole,
    read_number,
)
from gan_resample.encoding.times import is_time, refuse_times

__all__ = [
    "ColumnKind",
    "judge_column",
    "judge_frame",
    "object_cells",
    "refuse_columns",
]

Array = NDArray[Any]

FEW = 20  # up to so many distinct texts are categories, whatever they are
FEW_OTHERS = 0.1  # a column with a smaller share of other cells is meant to hold numbers
ENOUGH_ROWS = 50  # with fewer rows, distinct values in all rows may be chance
COUNTED = 2.0**53  # all floats above are whole, and no counts
SHOWN = 5  # examples in a message

WAYS_OUT = {
    "dates": "turn it into dates, for example with pandas.to_datetime, or into a number",
    "intervals": "turn it into a number, for example the middle, or into text with astype(str)",
    "complex numbers": "make two columns of it, the real and the imaginary part",
    "bytes": "decode it into text, or turn it into numbers",
}
ONE_KIND = "convert it to one kind, and one time zone, for example with pandas.to_datetime"
BY_DTYPE = {"c": "complex numbers", "S": "bytes"}


@dataclass(frozen=True)
class ColumnKind:
    """What a column is taken for.

    Parameters
    ----------
    kind : {"number", "category", "id", "refused"}
        Columns of kind "id" are kept in real rows and are never features.
    told : str
        What was guessed, as a clause of a message; "" if nothing was guessed.
    reason, advice : str
        For a refused column: why ("holds dates"), and what to do in Python.
    warning : str
        For a column that is accepted with a warning: the warning, as a clause.
    odd : tuple of str
        For a refused column of numbers: the cells that are not numbers.
    alien : bool
        For a refused column: whether cells are of a type that is neither number nor text.
    extreme : tuple of str
        For a column of numbers with a warning: the extreme cells, as text for the command line.
    """

    kind: str
    told: str = ""
    reason: str = ""
    advice: str = ""
    warning: str = ""
    odd: tuple[str, ...] = ()
    alien: bool = False
    extreme: tuple[str, ...] = ()


NUMBER, CATEGORY, ID = ColumnKind("number"), ColumnKind("category"), ColumnKind("id")


def judge_frame(
    frame: Any, categorical: Collection[Hashable] = (), ids: Collection[Hashable] = ()
) -> dict[Any, ColumnKind]:
    """Decide what every column of a pandas DataFrame is; see :func:`judge_column`.

    Parameters
    ----------
    frame : DataFrame
        With unique names.
    categorical, ids : collection of names
        Columns that are categories whatever they hold, and columns that are not features.

    Returns
    -------
    kinds : dict
        Name -> :class:`ColumnKind`, in the frame's order.
    """
    return {
        name: ID if name in ids else judge_column(frame.iloc[:, at], listed=name in categorical)
        for at, name in enumerate(frame.columns)
    }


def judge_column(column: Any, *, listed: bool = False, in_frame: bool = True) -> ColumnKind:
    """Decide what one column is.

    Parameters
    ----------
    column : Series or ndarray of shape (n_rows,)
        Missing values are ignored.
    listed : bool, default=False
        Whether the user has listed it as a category.
    in_frame : bool, default=True
        False for a column of an array, in which text is a category only if listed.

    Returns
    -------
    kind : ColumnKind
    """
    dtype = getattr(column.dtype, "subtype", column.dtype)  # a sparse column has a subtype
    kind = "O" if getattr(column.dtype, "name", "") == "interval" else dtype.kind
    if kind in "iuf" and not listed:
        return _with_warning(column, NUMBER)
    if kind in "iufb":
        return CATEGORY
    if kind in "mM" and not listed:
        return NUMBER
    if kind in BY_DTYPE and not listed:
        return _refused_for(BY_DTYPE[kind], column.dtype)
    if kind == "V":
        return ColumnKind(
            "refused", reason=f"has dtype {column.dtype}", advice="make a column of each field"
        )
    cells = [cell for cell in object_cells(column).tolist() if not is_missing_cell(cell)]
    if not cells:
        return ColumnKind("refused", reason="has no value at all", advice="leave it out")
    if listed or _is_category(column.dtype):
        return _judge_category(cells, column.dtype)
    return _judge_cells(cells, column, in_frame=in_frame)


def object_cells(column: Any) -> Array:
    """Return a column as an array of dtype object."""
    return column.astype(object) if isinstance(column, np.ndarray) else column.to_numpy(object)


def _is_category(dtype: Any) -> bool:
    return getattr(dtype, "name", "").startswith(("category", "dictionary<"))  # pandas, pyarrow


# ---- cells --------------------------------------------------------------------------------------


def _sort_of(kind: type) -> str:
    """Return a name for what cells of a type are."""
    for types, sort in (
        (str, "text"),
        ((bool, np.bool_), "truth values"),
        (Decimal, "decimals"),
        (Real, "numbers"),
        (Complex, "complex numbers"),
        ((bytes, bytearray, memoryview), "bytes"),
    ):
        if issubclass(kind, types):
            return sort
    return "intervals" if kind.__name__ == "Interval" else kind.__name__


def _judge_cells(cells: Sequence[Any], column: Any, *, in_frame: bool) -> ColumnKind:
    kinds = set(map(type, cells))
    if all(map(is_time, kinds)):
        mixed = refuse_times(cells)
        return ColumnKind("refused", reason=mixed, advice=ONE_KIND) if mixed else NUMBER
    sorts = {_sort_of(kind) for kind in kinds}
    if sorts == {"text"}:
        return _judge_text(cells, column, in_frame=in_frame)
    if sorts == {"truth values"}:
        return CATEGORY
    if "text" in sorts:
        text = next(cell for cell in cells if isinstance(cell, str))
        return _mixture(cells) if in_frame else _words(text)
    for sort in sorted(sorts - {"truth values", "decimals", "numbers"}):
        return _refused_for(sort, column.dtype)
    if "decimals" in sorts:
        return _with_warning(column, replace(NUMBER, told="Decimals, read as numbers"))
    if not in_frame:
        return NUMBER
    if len(set(cells)) <= FEW:
        return CATEGORY
    return _with_warning(column, replace(NUMBER, told="numbers of dtype object, read as numbers"))


def _refused_for(sort: str, dtype: Any) -> ColumnKind:
    known = sort in WAYS_OUT
    reason = f"holds {sort if known else f'values of type {sort}'} (dtype {dtype})"
    advice = WAYS_OUT.get(sort, "turn it into numbers or text")
    return ColumnKind("refused", reason=reason, advice=advice, alien=not known)


def _mixture(cells: Sequence[Any]) -> ColumnKind:
    text = next(cell for cell in cells if isinstance(cell, str))
    other = next(cell for cell in cells if not isinstance(cell, str))
    return ColumnKind(
        "refused",
        reason=f"mixes text with other values, which have no order: {text!r} and {other!r}",
        advice="turn it into text with astype(str), or into numbers",
    )


def _judge_category(cells: Sequence[Any], dtype: Any) -> ColumnKind:
    """Check a column listed as a category: its values must be hashable and sortable."""
    sorts = {_sort_of(kind) for kind in set(map(type, cells))}
    if "text" in sorts and len(sorts) > 1:
        return _mixture(cells)
    if "complex numbers" in sorts:
        return _refused_for("complex numbers", dtype)
    if "tuple" in sorts:  # numpy would take them for rows
        return _refused_for("tuple", dtype)
    try:
        sorted(set(cells))
    except (TypeError, ValueError):
        told = " and ".join(sorted({kind.__name__ for kind in map(type, cells)}))
        return ColumnKind(
            "refused",
            reason=f"holds values that have no order (of type {told})",
            advice="turn it into text with astype(str)",
        )
    return CATEGORY


# ---- text ---------------------------------------------------------------------------------------


def _judge_text(cells: Sequence[str], column: Any, *, in_frame: bool) -> ColumnKind:
    counts = Counter(cells)
    if in_frame and len(counts) <= FEW:
        return CATEGORY
    numbers = {text: number for text in counts if (number := read_number(text)) is not None}
    others = Counter({text: n for text, n in counts.items() if text not in numbers})
    if not others:
        return _judge_numerals(numbers, column, in_frame=in_frame)
    if not in_frame:
        return _words(next(iter(others)))
    few = others.total() < FEW_OTHERS * len(cells)
    if len(set(numbers.values())) > FEW and (few or all(map(is_missing_token, others))):
        return _numbers_and_others(others)
    filled = len(cells) - sum(n for text, n in others.items() if is_missing_token(text))
    dates = sum(n for text, n in others.items() if is_date(text))
    if dates > (1 - FEW_OTHERS) * filled:
        return _refused_for("dates", column.dtype)
    digits = [t for t in counts if any(map(str.isdecimal, t)) and not any(map(str.isalpha, t))]
    if others and sum(counts[text] for text in digits) > (1 - FEW_OTHERS) * len(cells):
        example = next((text for text in digits if text in others), digits[0])
        told = f"texts of digits and signs, such as {example!r}, taken as categories"
        return replace(CATEGORY, told=told)
    return CATEGORY


def _words(text: str) -> ColumnKind:
    return ColumnKind(
        "refused",
        reason=f"is taken as numeric, but holds text, such as {text!r}",
        advice="list it in categorical_features, hand over a data frame, where text is a category "
        '(a ColumnTransformer makes one after set_output(transform="pandas")), or convert it',
    )


def _judge_numerals(numbers: Mapping[str, Decimal], column: Any, *, in_frame: bool) -> ColumnKind:
    if any(map(has_leading_zero, numbers)):
        if in_frame:
            return replace(CATEGORY, told="digits with leading zeros, taken as categories")
        zero = next(filter(has_leading_zero, numbers))
        return ColumnKind(
            "refused",
            reason=f"holds digits with leading zeros, such as {zero!r}, which are no numbers",
            advice="list it in categorical_features, or turn it into numbers",
        )
    percent = [text for text in numbers if is_percentage(text)]
    if percent and len(percent) < len(numbers):
        plain = next(text for text in numbers if not is_percentage(text))
        return ColumnKind(
            "refused",
            reason=f"mixes percentages and other numbers, {percent[0]!r} and {plain!r}",
            advice="write all of them alike",
        )
    example = next((text for text in numbers if "," in text or "%" in text), next(iter(numbers)))
    told = f"numbers written as text, such as {example!r}, read as numbers"
    kind = replace(NUMBER, told=told)
    return kind if percent else _with_warning(column, kind)


def _numbers_and_others(others: Counter[str]) -> ColumnKind:
    odd = [text for text, _ in others.most_common()]
    shown = ", ".join(f"{text!r} ({others[text]})" for text in odd[:SHOWN])
    more = f" and {len(odd) - SHOWN} others" if len(odd) > SHOWN else ""
    return ColumnKind(
        "refused",
        reason=f"holds numbers, but also cells that are none: {shown}{more}",
        advice="read them as missing (na_values of pandas.read_csv) or mend them, or list the "
        "column in categorical_features",
        odd=tuple(odd),
    )


# ---- identifiers --------------------------------------------------------------------------------


def _with_warning(column: Any, kind: ColumnKind) -> ColumnKind:
    if len(column) >= ENOUGH_ROWS and _counts_rows(column):
        return replace(
            kind,
            warning="holds whole numbers, another one in every row, as identifiers are: if it "
            "is one, name it in id_columns or leave it out, or generated rows carry others' ids",
        )
    return kind


def _counts_rows(column: Any) -> bool:
    """Return whether a column of a frame holds a different whole number in every row."""
    if isinstance(column, np.ndarray) or which_missing(column).any():
        return False
    if column.dtype.kind in "iuf":
        values = column.to_numpy(getattr(column.dtype, "numpy_dtype", None))
        whole = column.dtype.kind != "f" or (
            float(np.abs(values).max()) < COUNTED and np.array_equal(values, np.rint(values))
        )
        return whole and len(np.unique(values)) == len(values)
    cells = object_cells(column).tolist()
    numbers = [read_number(cell) if isinstance(cell, str) else as_decimal(cell) for cell in cells]
    return all(map(is_whole, numbers)) and len(set(numbers)) == len(numbers)


# ---- refusals -----------------------------------------------------------------------------------


def refuse_columns(kinds: Mapping[Any, ColumnKind], *, what: str) -> None:
    """Raise one error that lists every refused column, and how the command line leaves them out.

    Parameters
    ----------
    kinds : mapping
        Name -> :class:`ColumnKind`.
    what : str
        Name of the table.

    Raises
    ------
    ValueError
        If a column is refused.
    """
    refused = {name: kind for name, kind in kinds.items() if kind.kind == "refused"}
    if not refused:
        return
    drop = option("--drop", refused)
    told = {
        name: f"{kind.reason}: {kind.advice}{_options(name, kind)}"
        for name, kind in refused.items()
    }
    if len(refused) == 1:
        [(name, text)] = told.items()
        leave = "" if text.endswith("leave it out") else ", or leave it out"
        raise ValueError(f"column {name!r} of {what} {text}{leave} ({drop})")
    lines = "".join(f"\n  column {name!r} {text}" for name, text in told.items())
    raise ValueError(
        f"{what} has {len(refused)} columns that cannot be used:{lines}\nmend them, or leave them "
        f"out ({drop})"
    )


def _options(name: Any, kind: ColumnKind) -> str:
    if not kind.odd or len(kind.odd) > SHOWN:
        return ""
    tokens = option("--missing", (text.strip() for text in kind.odd))
    return f" ({tokens}, or {option('--categorical', [name])})"


def option(flag: str, names: Iterable[Any]) -> str:
    """Return an option and names as they are typed: with commas, quoted if needed."""
    text = io.StringIO()
    # so that names with line breaks are quoted
    csv.writer(text, lineterminator="\r\n").writerow([*map(str, names)])
    value = text.getvalue()[:-2]
    # a value that begins with dashes would be taken for an option
    between = "=" if value.startswith("--") or value == "-h" else " "
    return f"{flag}{between}{shlex.quote(value)}"
