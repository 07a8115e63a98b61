"""Columns of arrays, data frames and sparse matrices; missing and masked cells."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "check_frame",
    "column_mask",
    "column_of",
    "column_values",
    "dtypes_out",
    "is_frame",
    "is_missing",
    "is_missing_cell",
    "is_missing_token",
    "join_columns",
    "nullable",
    "prepare_rows",
    "refuse_masked",
    "split_missing",
    "values_of",
    "which_missing",
]

Array = NDArray[Any]

MISSING_TOKENS = {
    "", "-", "--", ".", "..", "?", "*", "#n/a", "#na", "#null!", "#value!", "#div/0!", "n/a",
    "n.a.", "na", "nan", "-nan", "null", "nil", "none", "<na>", "nat", "missing", "(null)", "\\n",
}  # fmt: skip


def is_frame(X: Any) -> bool:
    """Return whether ``X`` is a pandas DataFrame, without importing pandas."""
    return hasattr(X, "iloc") and hasattr(X, "dtypes") and np.ndim(X) == 2


def prepare_rows(X: Any, encoder: Any) -> tuple[Any, Any]:
    """Prepare rows that are not a frame, so that numbers beside text stay numbers.

    Parameters
    ----------
    X : array, sparse matrix or list of rows
    encoder : TableEncoder or other
        If it lists columns, lists of rows become arrays of dtype object.

    Returns
    -------
    X : array, sparse matrix or list of rows
    dtype : "numeric" or None
        The ``dtype`` for ``validate_data``. None leaves the values to the encoder, whose messages
        name the column.

    Raises
    ------
    ValueError
        If ``X`` has masked cells: the values under the mask would be used.
    TypeError
        If numpy cannot read ``X``.
    """
    refuse_masked(X, "X")
    if hasattr(X, "iloc"):  # a series, as it is not a frame
        raise ValueError(
            f"Expected a table, but got a {type(X).__name__} of shape {X.shape}: one row of a "
            "data frame is X.iloc[[i]], one column X[[name]]"
        )
    _refuse_unreadable(X)
    listed = (getattr(encoder, name, None) for name in ("categorical_features", "id_columns"))
    lists = any(columns is not None for columns in listed)
    if isinstance(X, (list, tuple)) and (lists or _has_text(X)):
        X = np.asarray(X, dtype=object)
    objects = isinstance(X, np.ndarray) and X.dtype.kind in "OUTSMm"
    return X, None if lists or objects else "numeric"


def _refuse_unreadable(X: Any) -> None:
    """Raise on tensors that numpy cannot read: with gradients, sparse, or of half precision."""
    if isinstance(X, np.ndarray) or not hasattr(X, "__array__"):
        return
    try:
        np.asarray(X)
    except (TypeError, RuntimeError, ValueError) as error:
        raise TypeError(
            f"numpy cannot read X, a {type(X).__module__}.{type(X).__name__} ({error}): hand over "
            "a numpy array, of a torch tensor X.detach().cpu().float().to_dense().numpy()"
        ) from error


def _has_text(rows: Any) -> bool:
    try:
        return np.asarray(rows).dtype.kind in "USO"
    except ValueError:  # rows of several lengths, for which scikit-learn has a message
        return False


def refuse_masked(rows: Any, name: str) -> None:
    """Raise on a numpy masked array with masked cells, or a list of such arrays."""
    parts = rows if isinstance(rows, (list, tuple)) else [rows]
    if n := sum(int(np.ma.count_masked(part)) for part in parts if np.ma.is_masked(part)):
        raise ValueError(
            f"{name} has {n} masked cell{'s' if n > 1 else ''}, and the values under the mask "
            f"would be used: fill them first, {name}.filled(value), or leave those rows out"
        )


def check_frame(X: Any) -> None:
    """Raise on a data frame without rows or columns, or with duplicate column names."""
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].tolist()
        raise ValueError(f"X has duplicate column names {twice}: rename them")
    for axis, what in enumerate(("sample", "feature")):
        if not X.shape[axis]:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required."
            )


def column_mask(listed: Any, X: Any, what: str) -> NDArray[np.bool_]:
    """Return which columns of ``X`` the parameter ``what`` lists.

    Parameters
    ----------
    listed : array-like of str, int or bool, or None
        Names (data frames), indices, or a boolean mask.
    X : data frame or array of shape (n_rows, n_columns)
    what : str
        Name of the parameter.

    Raises
    ------
    ValueError
        If something listed is not a column.
    """
    n = X.shape[1]
    mask = np.zeros(n, dtype=bool)
    columns = [] if listed is None else list(listed)
    if columns and all(isinstance(column, (bool, np.bool_)) for column in columns):
        if len(columns) != n:
            raise ValueError(
                f"{what} is a mask of {len(columns)} columns, but X has {n}: give one entry for "
                "each column"
            )
        return np.asarray(columns, dtype=bool)
    names = list(X.columns) if is_frame(X) else []
    for column in columns:
        if column in names:
            mask[names.index(column)] = True
        elif isinstance(column, Integral) and -n <= column < n:
            mask[int(column)] = True
        else:
            raise ValueError(
                f"{what} lists {column!r}, which is no column of X: it has columns "
                f"{names if names else f'0 to {n - 1}'}"
            )
    return mask


def nullable(dtype: Any) -> Any:
    """Return the data frame dtype that holds the same values and missing ones too."""
    dtype = getattr(dtype, "subtype", dtype) if str(dtype).startswith("Sparse") else dtype
    if str(dtype).startswith("interval[int"):
        return type(dtype)("float64", dtype.closed)
    if not isinstance(dtype, np.dtype) or dtype.kind not in "iub":
        return dtype
    if dtype.kind == "b":
        return "boolean"
    return f"{'UInt' if dtype.kind == 'u' else 'Int'}{8 * dtype.itemsize}"


def dtypes_out(X: Any, ids: Sequence[int]) -> Any:
    """Return the dtypes of decoded rows: a list for a frame, else one.

    ``ids`` are the columns of identifiers, which are missing there.

    Raises
    ------
    ValueError
        If there are such columns in an array that holds no missing values.
    """
    if is_frame(X):
        return [nullable(dtype) if j in ids else dtype for j, dtype in enumerate(X.dtypes)]
    if ids and X.dtype.kind not in "fO":
        raise ValueError(
            f"id_columns are left empty in generated rows, which an array of dtype {X.dtype} "
            "cannot hold: hand over a data frame, or an array of floats or objects"
        )
    return X.dtype


def column_of(X: Any, j: int) -> Any:
    """Return column ``j`` as it is: a Series of a frame, or an array."""
    return X.iloc[:, j] if is_frame(X) else X[:, j]


def column_values(X: Any, j: int) -> Array:
    """Return column ``j`` as a numpy array; dtypes of pandas become numpy's."""
    return values_of(column_of(X, j))


def values_of(column: Any) -> Array:
    """Return a column as a numpy array; dtypes of pandas become numpy's."""
    if isinstance(column, np.ndarray):
        return column.astype(object) if column.dtype.kind in "UT" else column
    dtype = getattr(column.dtype, "numpy_dtype", None)  # for Int64, Float32, boolean
    if dtype is not None and getattr(column.dtype, "na_value", None) is not None:
        kind = np.dtype(dtype).kind
        if column.isna().any() or kind not in "iuf":
            return column.to_numpy(dtype=object, na_value=np.nan)
        return column.to_numpy(dtype=dtype)
    values = np.asarray(column)
    return values if values.dtype.kind in "iufb" else column.to_numpy(dtype=object)


def split_missing(X: Any, j: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return the cells of column ``j`` that are there, and which ones are missing."""
    if is_frame(X) and (missing := which_missing(X.iloc[:, j])).any():
        cells = column_values(X.iloc[:, [j]][~missing], 0)  # as it is without missing ones
        others = is_missing(cells)  # NaN in Float64, beside NA
        missing[~missing] = others
        return cells[~others], missing
    cells = column_values(X, j)
    missing = is_missing(cells)
    return cells[~missing] if missing.any() else cells, missing


def which_missing(column: Any) -> NDArray[np.bool_]:
    """Return which cells of a Series or array are missing; NaN in pandas' Float64 is none."""
    if isinstance(column, np.ndarray):
        return is_missing(column)
    try:
        return np.array(column.isna(), dtype=bool)
    except InvalidOperation:  # a signalling NaN of Decimal
        return is_missing(column.to_numpy(dtype=object))


def is_missing(column: Array) -> NDArray[np.bool_]:
    """Return which entries are None, NaN or pandas' NA."""
    if column.dtype.kind in "biuUS":
        return np.zeros(len(column), dtype=bool)
    if column.dtype.kind in "fmM":
        return np.isnan(column)
    return np.fromiter(map(is_missing_cell, column), bool, len(column))


def is_missing_cell(cell: Any) -> bool:
    """Return whether a cell is None, NaN or pandas' NA."""
    if cell is None:
        return True
    if isinstance(cell, Decimal):
        return cell.is_nan()  # comparing a signalling NaN raises
    try:
        return bool(cell != cell)
    except TypeError:  # pandas.NA has no truth value
        return True
    except ValueError:  # neither has an array
        return False


def is_missing_token(text: str) -> bool:
    """Return whether a text is what people write where there is no value."""
    return text.strip().casefold() in MISSING_TOKENS


def join_columns(columns: Sequence[Array], n_rows: int, dtype: Any) -> Array:
    """Return an array, (n_rows, n_columns); that of texts is as wide as what is written."""
    texts = dtype.kind == "U"
    X = np.empty((n_rows, len(columns)), dtype=object if texts else dtype)
    for j, column in enumerate(columns):
        X[:, j] = column
    return X.astype(np.result_type(X.astype(str), dtype)) if texts else X
