"""Missing cells of a column: apart from the others on the way in, among them on the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.clock import Column, TimeColumn, read_ticks
from gan_resample.encoding.columns import column_of, is_frame, split_missing
from gan_resample.encoding.numeric import read_cells
from gan_resample.encoding.times import NAT, holds_times

__all__ = [
    "Cells",
    "Numbers",
    "first_missing",
    "read_numbers",
    "series_of",
    "side_by_side",
    "with_missing",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Cells:
    """A column: the ``cells`` that are there, and which of all are ``missing``, (n_rows,).

    Cells are an array; times of a frame are a Series.
    """

    cells: Any
    missing: NDArray[np.bool_]

    def fill(self, values: Array, filling: float = 0.0) -> Array:
        """Return ``values`` of the cells that are there, with ``filling`` for missing ones."""
        if not self.missing.any():
            return values
        dtype = values.dtype if values.dtype.kind == "f" else object  # which may hold NaN
        filled = np.full(len(self.missing), filling, dtype=dtype)
        filled[~self.missing] = values
        return filled


@dataclass(frozen=True)
class Numbers(Cells):
    """A numeric column: its cells as ``numbers``, and how many are infinite."""

    numbers: Array
    n_infinite: int


def read_numbers(X: Any, j: int, learned: Column | None, name: str) -> Numbers:
    """Return column ``j`` as numbers; text is parsed if it was in ``fit``.

    Parameters
    ----------
    X : data frame or array of shape (n_rows, n_columns)
    j : int
    learned : NumericColumn, TimeColumn or None
        The fitted column; None in ``fit``.
    name : str
        The column's name in messages.

    Raises
    ------
    ValueError
        If a cell is not a number.
    """
    column = column_of(X, j)
    if isinstance(learned, TimeColumn) or (learned is None and holds_times(column)):
        ticks = read_ticks(column, learned, name)
        missing = ticks == NAT
        there = ticks[~missing]
        return Numbers(column[~missing], missing, there, 0)
    cells, missing = split_missing(X, j)
    numbers = read_cells(cells, learned, name) if cells.dtype == object else cells
    try:
        if numbers.dtype.kind not in "biufO":
            raise TypeError(f"its dtype is {numbers.dtype}")
        n_infinite = int(np.isinf(numbers.astype(np.float64)).sum())
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"column {name} is numeric, but holds a value that is not a number "
            f"({error}): list it in categorical_features, or convert it"
        ) from error
    return Numbers(cells, missing, numbers, n_infinite)


def side_by_side(
    columns: Mapping[int, Cells], name: Callable[[int], str], *, frame: bool
) -> Array:
    """Return categorical columns as a one-hot encoder takes them, with NaN for missing cells.

    Those of a frame are joined as objects. ``name`` gives a column's name in messages.

    Raises
    ------
    ValueError
        If a column mixes text with other values.
    """
    for j, read in columns.items():
        if len({isinstance(value, str) for value in read.cells}) > 1:
            raise ValueError(
                f"column {name(j)} mixes text with other values, which have no order: "
                "turn it into text with astype(str)"
            )
    parts = [read.fill(read.cells, np.nan) for read in columns.values()]
    if not frame:
        return np.column_stack(parts)
    table = np.empty((len(parts[0]), len(parts)), dtype=object)
    for at, part in enumerate(parts):
        table[:, at] = part
    return table


def first_missing(X: Any, j: int, missing: NDArray[np.bool_]) -> Any:
    """Return the first missing cell of column ``j``."""
    row = int(missing.argmax())
    return X.iloc[row, j] if is_frame(X) else X[row, j]


def with_missing(cells: Any, missing: NDArray[np.bool_], marker: Any) -> Any:
    """Return ``cells`` with ``marker`` where they are missing."""
    if not isinstance(cells, np.ndarray) or cells.dtype.kind in "mM":
        cells[missing] = None  # their dtype has a missing value of its own
        return cells
    if cells.dtype.kind != "f" or not isinstance(
        marker, (float, np.floating)
    ):  # integers of Int64
        cells = cells.astype(object)
    cells[missing] = marker
    return cells


def series_of(cells: Any, dtype: Any) -> Any:
    """Return cells as a Series of a dtype; NaN stays NaN where the dtype has nulls too."""
    import pandas as pd

    if isinstance(cells, np.ndarray) and cells.dtype.kind == "f" and np.isnan(cells).any():
        if isinstance(dtype, pd.ArrowDtype):
            import pyarrow as pa

            kept = pa.array(cells, from_pandas=False).cast(dtype.pyarrow_dtype)
            return pd.Series(pd.array(kept, dtype=dtype))
        if isinstance(dtype, (pd.Float64Dtype, pd.Float32Dtype)):
            values = cells.astype(str(dtype).lower())
            return pd.Series(pd.arrays.FloatingArray(values, np.zeros(len(cells), dtype=bool)))
    if isinstance(dtype, pd.ArrowDtype):
        return pd.Series(pd.array(_write_arrow(cells, dtype.pyarrow_dtype), dtype=dtype))
    return pd.Series(cells, dtype=dtype)


def _write_arrow(cells: Any, kind: Any) -> Any:
    """Return cells as pyarrow's array, also of types that it does not make of Python's objects."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return pa.array(cells, kind.value_type, from_pandas=True).dictionary_encode().cast(kind)
    if pa.types.is_string_view(kind):
        return pa.array(cells, pa.large_string(), from_pandas=True).cast(kind)
    return cells
