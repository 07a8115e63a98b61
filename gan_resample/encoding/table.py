"""The invertible encoder between tables and the numbers that networks learn from.

It takes and returns numpy arrays and data frames, no tensors. Numeric columns are standardised,
categorical ones become one-hot. Copied and snapped values are decoded from a stored array of
observed values: bit-identical, in the input's dtype. Otherwise trees would tell generated rows
from real ones by their last bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from gan_resample._sklearn import (
    Interval,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
)
from gan_resample.encoding.clock import Column, learn_column
from gan_resample.encoding.columns import (
    check_frame,
    dtypes_out,
    is_frame,
    join_columns,
    prepare_rows,
    split_missing,
)
from gan_resample.encoding.frames import give, take
from gan_resample.encoding.gaps import (
    Cells,
    Numbers,
    first_missing,
    read_numbers,
    series_of,
    side_by_side,
    with_missing,
)
from gan_resample.encoding.judging import (
    judge_columns,
    refuse_cells,
    warn_of_columns,
    warn_of_gaps,
    warn_of_unseen,
)
from gan_resample.encoding.names import encoded_names
from gan_resample.encoding.plain_state import PlainState, with_markers
from gan_resample.encoding.rare import draw_cells, find_rare, group_rare, stream_of

__all__ = ["TableEncoder"]

Array = NDArray[Any]


class TableEncoder(PlainState, TransformerMixin, BaseEstimator):
    """Turn the columns of a table into numbers, and numbers back into columns.

    Numeric columns are standardised, categorical ones become one-hot. The encoded table holds the
    numeric columns first, then one span for each categorical column, then one of two columns
    (there, missing) for each numeric column that had missing values in ``fit``.

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
        be large and its rare columns unlearnable; see ``rare``.
    snap : bool or "auto", default="auto"
        Which numeric columns are decoded as the nearest *observed* value: all (True), none
        (False), or those with at most ``max(20, n_rows / 10)`` distinct values ("auto"). Snapping
        raises the balanced accuracy of trees and costs some Brier score. Integer columns that are
        not snapped are rounded.
    missing : {"keep", "error"}, default="keep"
        What becomes of missing values: NaN, None, ``pandas.NA``, ``NaT``. "keep": whether a value
        is missing is encoded as a category is. "error": they are refused. Infinite values and
        columns without any value are refused in any case.
    rare : {"error", "group"}, default="error"
        What becomes of a column with more than ``max_categories`` categories. "error": ``fit``
        raises and names the column. "group": the ``max_categories - 1`` most frequent ones stay,
        and all others are encoded as one, and decoded as any of them, in their proportions.

    Attributes
    ----------
    numeric_features_, categorical_features_, id_features_ : list of int
        Indices of the columns of each kind.
    categories_ : list of ndarray
        Categories of each categorical column; the last one is its missing value, if it had any.
        The most frequent of ``rare_levels_`` stands for all of them.
    rare_levels_, rare_counts_ : list of ndarray
        The categories of each categorical column that are encoded as one, the most frequent first,
        and how often each occurs in the training rows; empty arrays for most columns.
    spans_ : list of (int, int)
        First and last-plus-one encoded column of each categorical column, then of each pair
        (there, missing).
    levels_ : list of (int, int)
        (encoded column, number of distinct values) of each numeric column that is snapped.
    gaps_ : list of (int, int)
        (encoded column, encoded column that is 1 where it is missing) of each column that had
        missing values: of a numeric column, which is 0 there, and the second column of its pair;
        of a categorical column, the first and last column of its span.
    n_features_out_ : int
        Encoded width.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    The encoder keeps every distinct value of every numeric column: a value copied from a training
    row must come back bit-identical, and bounds must hold.

    Dates, times and durations are numbers, decoded in their dtype and at the resolution observed.
    Floats get as many decimals as their column has, if these are few. Numbers written as text, and
    Decimals, are read as numbers and decoded in the spelling of their column. Codes of digits that
    are not numbers (``01234``, ``1,5``) are categories. A few cells so far out that they alone
    would decide the scale of a column (1e20 among ages) do not count for its scale: they are
    encoded just outside the range of the others, and decoded only as copies. There is a warning
    for text read as numbers, and for such cells.

    Rare categories are drawn by a generator seeded with the encoded rows: equal ``Z`` are decoded
    alike, and with a sampler's int ``random_state`` generated rows are the same in every run.

    Mean, scale and snapping are learned from the values that are there. Decoded missing values are
    the dtype's own; in columns of objects, the first one that ``fit`` has met.

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
        "missing": [StrOptions({"keep", "error"})],
        "rare": [StrOptions({"error", "group"})],
    }

    def __init__(
        self,
        *,
        categorical_features: Any = None,
        id_columns: Any = None,
        max_categories: int = 100,
        snap: bool | str = "auto",
        missing: str = "keep",
        rare: str = "error",
    ) -> None:
        self.categorical_features = categorical_features
        self.id_columns = id_columns
        self.max_categories = max_categories
        self.snap = snap
        self.missing = missing
        self.rare = rare

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "keep"
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn columns, bounds and categories from training rows.

        Parameters
        ----------
        X : data frame or array of shape (n_rows, n_columns)
            Without infinite values.
        y : ignored
            Not used, present for API consistency.

        Returns
        -------
        self : TableEncoder

        Raises
        ------
        ValueError, TypeError
            Masked or infinite values, missing ones if ``missing="error"``, columns that cannot be
            encoded, a wrong column in ``categorical_features`` or ``id_columns``, more than
            ``max_categories`` categories if ``rare="error"``.
        """
        X = self._check(X, reset=True)
        kinds = judge_columns(X, self.categorical_features, self.id_columns, self._name)
        self._columns = list(X.columns) if is_frame(X) else None
        self.numeric_features_, self.categorical_features_, self.id_features_ = (
            [j for j, found in enumerate(kinds) if found.kind == kind]
            for kind in ("number", "category", "id")
        )
        self._dtypes = dtypes_out(X, self.id_features_)
        self._holds_none = self._columns is not None or X.dtype == object
        numbers, categories = self._read(X, learned=False)
        self._markers = {
            j: first_missing(X, j, column.missing)
            for j, column in (numbers | categories).items()
            if column.missing.any()
        }
        self._numeric = self._learn_numeric(numbers)
        self._fit_categories(categories)
        self._add_flags()
        self.levels_ = [(at, len(c.grid)) for at, c in enumerate(self._numeric) if c.snapped]
        return self

    def _fit_categories(self, columns: Mapping[int, Cells]) -> None:
        self.categories_, self.spans_, self.gaps_ = [], [], []
        stop = len(self.numeric_features_)
        self.rare_levels_, self.rare_counts_ = find_rare(
            columns, self.max_categories, self.rare, self._name
        )
        if columns:
            columns = group_rare(columns, self.rare_levels_)
            self._one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
            self._one_hot.fit(side_by_side(columns, self._name, frame=self._columns is not None))
            self.categories_ = [*self._one_hot.categories_]
        self.categories_ = with_markers(self, self._markers)
        for categories, j in zip(self.categories_, self.categorical_features_, strict=True):
            if j in self._markers:
                self.gaps_.append((stop, stop + len(categories) - 1))
            self.spans_.append((stop, stop + len(categories)))
            stop += len(categories)
        self.n_features_out_ = stop

    def _add_flags(self) -> None:
        """Add two columns, there and missing, for each numeric column with missing values."""
        flagged = [at for at, j in enumerate(self.numeric_features_) if j in self._markers]
        first = self.n_features_out_
        self._flags = {at: first + 2 * place + 1 for place, at in enumerate(flagged)}
        self.spans_ += [(column - 1, column + 1) for column in self._flags.values()]
        self.gaps_ = [*self._flags.items(), *self.gaps_]
        self.n_features_out_ += 2 * len(flagged)

    def transform(self, X: Any) -> Array:
        """Encode rows.

        Parameters
        ----------
        X : data frame or array of shape (n_rows, n_columns)
            Columns as in ``fit``.

        Returns
        -------
        Z : ndarray of float64, shape (n_rows, ``n_features_out_``)
            A category not seen in ``fit`` gives an all-zero span, and a warning. So does a missing
            value in a column that had none in ``fit``; a number becomes 0.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        numbers, categories = self._read(X, learned=True)
        parts = [
            read.fill(column.encode(read.numbers))
            for column, read in zip(self._numeric, numbers.values(), strict=True)
        ]
        numeric = np.column_stack(parts) if parts else np.empty((len(X), 0))
        lacking = {j: read.missing for j, read in (numbers | categories).items()}
        warn_of_gaps(
            {j: mask for j, mask in lacking.items() if j not in self._markers}, self._name
        )
        if not self.spans_:
            return numeric
        pieces = [numeric]
        if categories:
            grouped = group_rare(categories, self.rare_levels_)
            table = side_by_side(grouped, self._name, frame=self._columns is not None)
            pieces.append(self._one_hot.transform(table))
        for at in self._flags:
            missing = numbers[self.numeric_features_[at]].missing
            pieces += [~missing[:, None], missing[:, None]]
        Z = np.hstack(pieces)
        warn_of_unseen(Z, self.spans_, categories, self._name)
        return Z

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; None: those seen in ``fit``, or ``x0``, ``x1``, ...

        Returns
        -------
        names : ndarray of object, shape (``n_features_out_``,)
            The column's name for a number, ``name_category`` for a category, ``name_rare`` for
            those encoded as one, ``name_present`` and ``name_missing`` (also that of missing
            categories) for flags of numbers that may be missing. More ``_`` if a name is taken.
        """
        check_is_fitted(self)
        return encoded_names(self, _check_feature_names_in(self, input_features))

    def inverse_transform(self, Z: Array) -> Any:
        """Decode rows into the container, columns and dtypes seen in ``fit``.

        Parameters
        ----------
        Z : ndarray of float, shape (n_rows, ``n_features_out_``)
            Categories are read from the largest entry of each span, and so is what is missing.

        Returns
        -------
        X : data frame or ndarray of shape (n_rows, n_columns)
            Within the observed bounds of every column.
        """
        return give(self._decode(Z), self._given)

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
            if at in self._flags:
                absent = Z[:, self._flags[at]] > Z[:, self._flags[at] - 1]
                decoded[j] = with_missing(decoded[j], absent, self._markers[j])
        stream = stream_of(Z if any(map(len, self.rare_levels_)) else Z[:0])
        for at, j in enumerate(self.categorical_features_):
            chosen = Z[:, slice(*self.spans_[at])].argmax(axis=1)
            rare = self.rare_levels_[at], self.rare_counts_[at]
            decoded[j] = draw_cells(self.categories_[at], chosen, rare, stream)
        for j in self.id_features_:
            decoded[j] = np.full(len(Z), None if self._holds_none else np.nan, dtype=object)
        return self._assemble(decoded, len(Z))

    def _assemble(self, columns: Sequence[Array], n_rows: int) -> Any:
        if self._columns is None:
            return join_columns(columns, n_rows, self._dtypes)
        import pandas as pd

        named = zip(self._columns, columns, self._dtypes, strict=True)
        return pd.DataFrame({name: series_of(column, dtype) for name, column, dtype in named})

    # ---- kinds of columns --------------------------------------------------------------------

    def _check(self, X: Any, *, reset: bool) -> Any:
        X, given = take(X)
        if reset:
            self._given = given
        if is_frame(X):
            check_frame(X)
            return validate_data(self, X, reset=reset, skip_check_array=True)
        X, dtype = prepare_rows(X, self)
        return validate_data(self, X, reset=reset, dtype=dtype, ensure_all_finite=False)

    def _name(self, j: int) -> str:
        names = getattr(self, "feature_names_in_", None)
        return str(j) if names is None else repr(str(names[j]))

    def _learn_numeric(self, read: Mapping[int, Numbers]) -> list[Column]:
        columns, extremes = [], {}
        for j, found in read.items():
            try:
                column = learn_column(found.cells, found.numbers, self.snap)
            except ValueError as error:
                raise ValueError(f"column {self._name(j)} {error}") from error
            columns.append(column)
            if column.tails:
                extremes[j] = column.tell_extremes()
        warn_of_columns(extremes, self._name)
        return columns

    def _read(self, X: Any, *, learned: bool) -> tuple[dict[int, Numbers], dict[int, Cells]]:
        """Return the numeric and the categorical columns; raise on values that are refused."""
        fitted = self._numeric if learned else [None] * len(self.numeric_features_)
        columns = zip(self.numeric_features_, fitted, strict=True)
        numbers = {j: read_numbers(X, j, column, self._name(j)) for j, column in columns}
        categories = {j: Cells(*split_missing(X, j)) for j in self.categorical_features_}
        gaps = self.missing == "error"
        refuse_cells(numbers, categories, self._name, missing=gaps, empty=not learned)
        return numbers, categories
