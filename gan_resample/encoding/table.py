"""The invertible encoder between tables and the numbers that networks learn from.

It takes and returns numpy arrays and pandas frames, no tensors. Numeric columns are standardised,
categorical ones become one-hot. Copied and snapped values are decoded from a stored array of
observed values: bit-identical, in the input's dtype. Otherwise trees would tell generated rows
from real ones by their last bits.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from gan_resample._sklearn import Interval, StrOptions, _fit_context
from gan_resample.encoding.columns import (
    check_frame,
    column_mask,
    column_values,
    is_frame,
    is_missing,
    join_columns,
    nullable,
    prepare_rows,
)
from gan_resample.encoding.kinds import ID, ColumnKind, judge_column
from gan_resample.encoding.numeric import NumericColumn, read_cells
from gan_resample.encoding.plain_dtypes import PlainDtypes

__all__ = ["TableEncoder"]

Array = NDArray[Any]

# scikit-learn's message for a cell that is neither a number nor text, which its checks expect
NO_NUMBER = "argument must be a string or a real number"
IMPUTE = "impute first, for example with sklearn.impute.SimpleImputer"


class TableEncoder(PlainDtypes, TransformerMixin, BaseEstimator):
    """Turn the columns of a table into numbers, and numbers back into columns.

    Numeric columns are standardised, categorical ones become one-hot. The encoded table holds the
    numeric columns first, then one span for each categorical column.

    Parameters
    ----------
    categorical_features : array-like of str, int or bool, default=None
        Columns to be treated as categories: names (data frames), indices, or a boolean mask.
        Columns of a data frame of dtype string, category or bool are categories in any case,
        except text with more than 20 distinct values that are all numbers, which is numeric. Of
        an array, only those listed here are categories.
    id_columns : array-like of str, int or bool, default=None
        Columns that identify rows, given likewise. They are not features and are not encoded, so
        any dtype and value will do. They are missing in decoded rows: integers in data frames
        become ``Int64``, and arrays must hold floats or objects.
    max_categories : int, default=100
        Maximal number of categories of a column, in [2, inf). With more, the one-hot table would
        be large and its rare columns unlearnable, so ``fit`` raises and names the column.
    snap : bool or "auto", default="auto"
        Which numeric columns are decoded as the nearest *observed* value: all (True), none
        (False), or those with at most ``max(20, n_rows / 10)`` distinct values ("auto"). Snapping
        raises the balanced accuracy of trees and costs some Brier score. Integer columns that are
        not snapped are rounded.

    Attributes
    ----------
    numeric_features_, categorical_features_, id_features_ : list of int
        Indices of the columns of each kind.
    categories_ : list of ndarray
        Categories of each categorical column.
    spans_ : list of (int, int)
        First and last-plus-one encoded column of each categorical column.
    levels_ : list of (int, int)
        (encoded column, number of distinct values) of each numeric column that is snapped.
    n_features_out_ : int
        Encoded width.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    The encoder keeps every distinct value of every numeric column: a value copied from a training
    row must come back bit-identical, and bounds must hold.

    Numbers written as text, and Decimals, are read as numbers and decoded in the spelling of their
    column. Codes of digits that are not numbers (``01234``, ``1,5``) are categories. A few cells
    so far out that they alone would decide the scale of a column (1e20 among ages) do not count
    for its scale: they are encoded just outside the range of the others, and decoded only as
    copies. There is a warning for each of these.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_resample import TableEncoder
    >>> X = np.array([[1.5, 0.0], [2.5, 1.0], [3.5, 0.0]])
    >>> encoder = TableEncoder(categorical_features=[1]).fit(X)
    >>> encoder.transform(X)[:, 1:]
    array([[1., 0.],
           [0., 1.],
           [1., 0.]])
    >>> bool((encoder.inverse_transform(encoder.transform(X)) == X).all())
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "categorical_features": ["array-like", None],
        "id_columns": ["array-like", None],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "snap": ["boolean", StrOptions({"auto"})],
    }

    def __init__(
        self,
        *,
        categorical_features: Any = None,
        id_columns: Any = None,
        max_categories: int = 100,
        snap: bool | str = "auto",
    ) -> None:
        self.categorical_features = categorical_features
        self.id_columns = id_columns
        self.max_categories = max_categories
        self.snap = snap

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn columns, bounds and categories from training rows.

        Parameters
        ----------
        X : data frame or array of shape (n_rows, n_columns)
            Without missing or infinite values.
        y : ignored
            Not used, present for API consistency.

        Returns
        -------
        self : TableEncoder

        Raises
        ------
        ValueError, TypeError
            Missing, masked or infinite values, columns that cannot be encoded, a wrong column in
            ``categorical_features`` or ``id_columns``, more than ``max_categories`` categories.
        """
        X = self._check(X, reset=True)
        kinds = self._judge(X)
        self._columns = list(X.columns) if is_frame(X) else None
        self.numeric_features_, self.categorical_features_, self.id_features_ = (
            [j for j, found in enumerate(kinds) if found.kind == kind]
            for kind in ("number", "category", "id")
        )
        self._learn_dtypes(X, self.id_features_)
        self._numeric = self._learn_numeric(X)
        self._fit_categories(X)
        self.levels_ = [(at, len(c.grid)) for at, c in enumerate(self._numeric) if c.snapped]
        return self

    def _fit_categories(self, X: Any) -> None:
        self.categories_, self.spans_ = [], []
        stop = len(self.numeric_features_)
        if len(self.categorical_features_):
            self._one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            self._one_hot.fit(self._categories_of(X))
            self.categories_ = self._one_hot.categories_
        for j, categories in zip(self.categorical_features_, self.categories_, strict=True):
            if len(categories) > self.max_categories:
                raise ValueError(
                    f"column {self._name(j)} has {len(categories)} categories, more than "
                    f"max_categories={self.max_categories}: group the rare ones, encode it as a "
                    "number, drop it, or raise max_categories"
                )
            self.spans_.append((stop, stop + len(categories)))
            stop += len(categories)
        self.n_features_out_ = stop

    def transform(self, X: Any) -> Array:
        """Encode rows.

        Parameters
        ----------
        X : data frame or array of shape (n_rows, n_columns)
            Columns as in ``fit``.

        Returns
        -------
        Z : ndarray of float64, shape (n_rows, ``n_features_out_``)
            A category not seen in ``fit`` gives an all-zero span, and a warning.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        numbers = self._read_numbers(X, self._numeric)
        parts = [column.encode(n) for column, n in zip(self._numeric, numbers, strict=True)]
        numeric = np.column_stack(parts) if parts else np.empty((len(X), 0))
        if not self.spans_:
            return numeric
        onehot = self._one_hot.transform(self._categories_of(X))
        Z = np.hstack([numeric, onehot])
        self._warn_of_unseen(Z)
        return Z

    def inverse_transform(self, Z: Array) -> Any:
        """Decode rows into the container, columns and dtypes seen in ``fit``.

        Parameters
        ----------
        Z : ndarray of float, shape (n_rows, ``n_features_out_``)
            Categories are read from the largest entry of each span.

        Returns
        -------
        X : data frame or ndarray of shape (n_rows, n_columns)
            Within the observed bounds of every column.
        """
        return self._decode(Z)

    def _decode(self, Z: Array, copied: NDArray[np.bool_] | None = None) -> Any:
        """Decode rows; look for observed values, which takes longest, only where ``copied``."""
        check_is_fitted(self)
        Z = check_array(Z, dtype=[np.float64, np.float32], ensure_min_samples=0, input_name="Z")
        if Z.shape[1] != self.n_features_out_:
            raise ValueError(
                f"Z has {Z.shape[1]} columns, but {self.n_features_out_} are what transform gives"
            )
        decoded: list[Any] = [None] * self.n_features_in_
        for at, (column, j) in enumerate(zip(self._numeric, self.numeric_features_, strict=True)):
            decoded[j] = column.decode(Z[:, at], None if copied is None else copied[:, at])
        groups = zip(self.categories_, self.spans_, self.categorical_features_, strict=True)
        for categories, (start, stop), j in groups:
            decoded[j] = categories[Z[:, start:stop].argmax(axis=1)]
        for j in self.id_features_:
            decoded[j] = np.full(len(Z), None if self._holds_none else np.nan, dtype=object)
        return self._assemble(decoded, len(Z))

    def _assemble(self, columns: Sequence[Array], n_rows: int) -> Any:
        if self._columns is None:
            return join_columns(columns, n_rows, self._dtypes)
        import pandas as pd

        named = zip(self._columns, columns, self._dtypes, strict=True)
        return pd.DataFrame({name: pd.Series(column, dtype=t) for name, column, t in named})

    # ---- kinds of columns --------------------------------------------------------------------

    def _check(self, X: Any, *, reset: bool) -> Any:
        if is_frame(X):
            check_frame(X)
            return validate_data(self, X, reset=reset, skip_check_array=True)
        X, dtype = prepare_rows(X, self)
        return validate_data(self, X, reset=reset, dtype=dtype, ensure_all_finite=False)

    def _name(self, j: int) -> str:
        names = getattr(self, "feature_names_in_", None)
        return str(j) if names is None else repr(str(names[j]))

    def _judge(self, X: Any) -> list[ColumnKind]:
        """Judge every column; raise on those that cannot be encoded, and warn of guesses."""
        listed = column_mask(self.categorical_features, X, "categorical_features")
        ids = column_mask(self.id_columns, X, "id_columns")
        if (listed & ids).any():
            both = ", ".join(self._name(j) for j in np.flatnonzero(listed & ids).tolist())
            raise ValueError(f"column(s) {both} stand in both categorical_features and id_columns")
        if ids.all():
            raise ValueError("id_columns lists every column of X: nothing is left to encode")
        in_frame = is_frame(X)
        kinds = [
            ID
            if ids[j]
            else judge_column(
                X.iloc[:, j] if in_frame else X[:, j], listed=bool(listed[j]), in_frame=in_frame
            )
            for j in range(X.shape[1])
        ]
        self._refuse_columns(kinds, in_frame=in_frame)
        for said in ("told", "warning"):
            self._warn(
                {j: clause for j, kind in enumerate(kinds) if (clause := getattr(kind, said))}
            )
        return kinds

    def _refuse_columns(self, kinds: Sequence[ColumnKind], *, in_frame: bool) -> None:
        refused = {j: kind for j, kind in enumerate(kinds) if kind.kind == "refused"}
        if not refused:
            return
        told = [f"column {self._name(j)} {k.reason}: {k.advice}" for j, k in refused.items()]
        if not in_frame and any(kind.alien for kind in refused.values()):
            raise TypeError(f"{NO_NUMBER}: {'; '.join(told)}")
        if len(told) > 1:
            told = [f"X has {len(told)} columns that TableEncoder cannot encode:", *told]
        raise ValueError("\n  ".join(told))

    def _warn(self, clauses: Mapping[int, str]) -> None:
        if clauses:
            told = "; ".join(f"column {self._name(j)} {clause}" for j, clause in clauses.items())
            warnings.warn(told, UserWarning, stacklevel=4)

    def _learn_dtypes(self, X: Any, ids: Sequence[int]) -> None:
        if is_frame(X):
            self._dtypes = [nullable(t) if j in ids else t for j, t in enumerate(X.dtypes)]
            self._holds_none = True
            return
        if ids and X.dtype.kind not in "fO":
            raise ValueError(
                f"id_columns are left empty in generated rows, which an array of dtype {X.dtype} "
                "cannot hold: hand over a data frame, or an array of floats or objects"
            )
        self._dtypes, self._holds_none = X.dtype, X.dtype == object

    def _learn_numeric(self, X: Any) -> list[NumericColumn]:
        columns, extremes = [], {}
        read = self._read_numbers(X, [None] * len(self.numeric_features_))
        for j, numbers in zip(self.numeric_features_, read, strict=True):
            try:
                column = NumericColumn.learn(column_values(X, j), numbers, self.snap)
            except ValueError as error:
                raise ValueError(f"column {self._name(j)} {error}") from error
            columns.append(column)
            if column.tails:
                extremes[j] = column.tell_extremes()
        self._warn(extremes)
        return columns

    def _read_numbers(self, X: Any, learned: Sequence[NumericColumn | None]) -> list[Array]:
        """Return the numeric columns as finite numbers; raise on missing and infinite values.

        All such columns are named at once, categorical ones too.
        """
        read, missing, infinite = [], {}, {}
        for j, column in zip(self.numeric_features_, learned, strict=True):
            cells, values = self._numbers(X, j, column)
            read.append(cells)
            missing[j], infinite[j] = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        for j in self.categorical_features_:
            missing[j] = int(is_missing(column_values(X, j)).sum())
        told = [
            self._tell_cells(missing, "missing value", "(NaN)", IMPUTE),
            self._tell_cells(infinite, "infinite value", "(inf)", "clip or drop them first"),
        ]
        if any(told):
            raise ValueError("\n".join(filter(None, told)))
        return read

    def _numbers(self, X: Any, j: int, learned: NumericColumn | None) -> tuple[Array, Array]:
        """Return column ``j`` as numbers, and as float64; text is parsed if it was in ``fit``."""
        cells = column_values(X, j)
        if cells.dtype == object:
            cells = read_cells(cells, learned, self._name(j))
        try:
            if cells.dtype.kind not in "biufO":
                raise TypeError(f"its dtype is {cells.dtype}")
            values = cells.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"column {self._name(j)} is numeric, but holds a value that is not a number "
                f"({error}): list it in categorical_features, or convert it"
            ) from error
        return cells, values

    def _categories_of(self, X: Any) -> Array:
        columns = [column_values(X, j) for j in self.categorical_features_]
        for j, column in zip(self.categorical_features_, columns, strict=True):
            if len({isinstance(value, str) for value in column}) > 1:
                raise ValueError(
                    f"column {self._name(j)} mixes text with other values, which have no order: "
                    "turn it into text with astype(str)"
                )
        if not is_frame(X):
            return np.column_stack(columns)
        table = np.empty((len(X), len(columns)), dtype=object)
        for at, column in enumerate(columns):
            table[:, at] = column
        return table

    def _tell_cells(self, counts: Mapping[int, int], what: str, short: str, advice: str) -> str:
        """Return a sentence on the columns whose cells cannot be encoded; "" if there are none."""
        found = {j: n for j, n in sorted(counts.items()) if n}
        told = [f"column {self._name(j)} has {n} {what}{'s' * (n > 1)}" for j, n in found.items()]
        if len(told) > 1:
            each = ", ".join(f"{self._name(j)} ({n})" for j, n in found.items())
            told = [f"columns {each} have {what}s"]
        return "".join(f"{t} {short}, which TableEncoder cannot encode: {advice}" for t in told)

    def _warn_of_unseen(self, Z: Array) -> None:
        pairs = zip(self.spans_, self.categorical_features_, strict=True)
        unseen = [self._name(j) for (a, b), j in pairs if not Z[:, a:b].any(axis=1).all()]
        if unseen:
            warnings.warn(
                f"column(s) {', '.join(unseen)} hold categories that were not seen in fit: they "
                "are encoded as no category at all",
                UserWarning,
                stacklevel=3,
            )
