"""One column of a table: how it is read, and how numbers become observed values again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NumericColumn",
    "as_objects",
    "check_frame",
    "column_dtype",
    "column_values",
    "is_frame",
    "is_missing",
]

Array = NDArray[Any]


def is_frame(X: Any) -> bool:
    """Tell whether ``X`` is a pandas DataFrame, without importing pandas."""
    return hasattr(X, "iloc") and hasattr(X, "dtypes") and np.ndim(X) == 2


def as_objects(X: Any) -> Any:
    """Return a list of rows as an array of dtype object: numbers beside text stay numbers."""
    return np.asarray(X, dtype=object) if isinstance(X, (list, tuple)) else X


def check_frame(X: Any) -> None:
    """Refuse a data frame without rows or columns, or with two columns of one name."""
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].tolist()
        raise ValueError(f"X has duplicate column names {twice}: rename them")
    for axis, what in enumerate(("sample", "feature")):
        if not X.shape[axis]:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required."
            )


@dataclass(frozen=True)
class NumericColumn:
    """One standardised column: ``z = (x - mean) / scale``, and its way back.

    ``observed`` holds the distinct training values, ascending, in the input's dtype; ``grid`` the
    same values encoded.
    """

    mean: float
    scale: float
    observed: Array
    grid: Array
    snapped: bool

    @classmethod
    def learn(cls, column: Array, values: Array, snap: bool | str) -> NumericColumn:
        """Learn from ``values``, the column as float64."""
        if column.dtype == object:  # any numbers: keep the objects themselves
            observed = column[np.unique(values, return_index=True)[1]]
        else:
            observed = np.unique(column)
        distinct = observed.astype(np.float64)
        # divide by the largest magnitude first: squares of 1e200 are not finite
        unit = max(float(np.abs(distinct).max()), np.finfo(float).tiny)
        mean = float(np.mean(values / unit) * unit)
        scale = float(np.std(values / unit) * unit)
        if len(distinct) == 1 or scale < np.finfo(float).tiny:
            mean, scale = float(distinct[0]), 1.0
        few = len(distinct) <= max(20, len(values) / 10)
        snapped = len(distinct) == 1 or (few if snap == "auto" else bool(snap))
        return cls(mean, scale, observed, _standardise(distinct, mean, scale), snapped)

    def encode(self, values: Array) -> Array:
        return _standardise(values, self.mean, self.scale)

    def decode(self, z: Array) -> Array:
        """Return values in the input's dtype, within the observed bounds."""
        grid = self.grid.astype(z.dtype)
        nearest = _nearest(grid, z)
        if self.snapped:
            return self.observed[nearest]
        with np.errstate(over="ignore"):
            values = z.astype(np.float64) * self.scale + self.mean
        # a value that lies within rounding of an observed one is a copy: bit-identical then
        tolerance = 8 * np.finfo(z.dtype).eps * np.maximum(1, np.abs(z))
        outside = (z <= grid[0]) | (z >= grid[-1])
        copied = outside | (np.abs(z - grid[nearest]) <= tolerance)
        return np.where(copied, self.observed[nearest], self._cast(values))

    def _cast(self, values: Array) -> Array:
        dtype = self.observed.dtype
        if dtype.kind not in "iu":
            return values.astype(dtype)
        low, high = self.observed[0], self.observed[-1]
        with np.errstate(invalid="ignore"):
            whole = np.rint(values).astype(dtype)
        # rounding to float64 may step over the ends of int64
        whole = np.where(values >= float(high), high, whole)
        return np.where(values <= float(low), low, whole).astype(dtype)


def _standardise(values: Array, mean: float, scale: float) -> Array:
    with np.errstate(over="ignore"):  # a row far outside the training range may become inf
        return np.clip((values - mean) / scale, -1e30, 1e30)


def _nearest(grid: Array, z: Array) -> Array:
    """Find the index of the nearest value of the ascending ``grid`` for each entry of ``z``."""
    above = np.searchsorted(grid, z).clip(max=len(grid) - 1)
    below = (above - 1).clip(min=0)
    return np.where(grid[above] - z < z - grid[below], above, below)


def column_dtype(X: Any, j: int) -> Any:
    """Dtype of column ``j`` of a data frame or array."""
    return X.dtypes.iloc[j] if is_frame(X) else X.dtype


def column_values(X: Any, j: int) -> Array:
    """Return column ``j`` as a numpy array; pandas' own dtypes become numpy's."""
    if not is_frame(X):
        return X[:, j]
    column = X.iloc[:, j]
    dtype = getattr(column.dtype, "numpy_dtype", None)  # of Int64, Float32, boolean
    if dtype is not None and getattr(column.dtype, "na_value", None) is not None:
        kind = np.dtype(dtype).kind
        if column.isna().any() or kind not in "iuf":
            return column.to_numpy(dtype=object, na_value=np.nan)
        return column.to_numpy(dtype=dtype)
    values = np.asarray(column)
    return values if values.dtype.kind in "iufb" else column.to_numpy(dtype=object)


def is_missing(column: Array) -> NDArray[np.bool_]:
    """Tell which entries are None, NaN or pandas' NA."""
    if column.dtype.kind in "biuUS":
        return np.zeros(len(column), dtype=bool)
    return np.fromiter((v is None or not _equals_itself(v) for v in column), bool, len(column))


def _equals_itself(value: Any) -> bool:
    try:
        return bool(value == value)
    except TypeError:  # pandas.NA has no truth value
        return False
