"""The data contract of every estimator: which rows are accepted, and which are returned.

``RowsMixin`` checks and encodes rows. ``BaseRowSampler`` is the base class of samplers: real rows
come first and bit-identical, containers and dtypes are kept, ``sample`` can be called repeatedly.
Nothing in this module knows games.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from gan_resample._sklearn import _fit_context
from gan_resample.core.containers import Container, dense, encoded, give, stack, take
from gan_resample.core.labels import take_labels
from gan_resample.core.refusals import refuse_foreign, refuse_large
from gan_resample.core.wanted import WantedLabelsMixin
from gan_resample.encoding.columns import (
    check_frame,
    column_mask,
    is_frame,
    nullable,
    prepare_rows,
)
from gan_resample.encoding.image import ImageEncoder, check_images, is_images
from gan_resample.encoding.table import TableEncoder
from gan_resample.engine.guards import TinyClassWarning
from gan_resample.engine.seeding import random_stream

__all__ = ["BaseRowSampler", "Encoder", "RowsMixin"]

Array = NDArray[Any]

TINY_CLASS = 5


class Encoder(Protocol):
    """Turns rows into numbers and back; there is one for tables and one for images."""

    spans_: Sequence[tuple[int, int]]  # of each categorical column: first encoded column, last + 1
    levels_: Sequence[tuple[int, int]]  # of each column of few values: its place, how many values
    gaps_: Sequence[tuple[int, int]]  # of each with missing ones: its place, that of "missing"

    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn columns, or shape and range, from training rows."""

    def transform(self, X: Any) -> Array:
        """Encode rows as float32."""

    def inverse_transform(self, Z: Array) -> Any:
        """Turn encoded rows back into the columns, or pixels, seen in ``fit``."""


class RowsMixin:
    """Validation and encoding of rows, the same for samplers and classifiers."""

    encoder: TableEncoder | ImageEncoder | None
    encoder_: Encoder
    _given: Container | None  # what fit was given, if it was neither an array nor a pandas frame
    shape_in_: tuple[int, ...]
    classes_: Array
    _counts: tuple[int, ...]
    _stream: np.random.Generator

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_stream")

    def _check_rows(self, X: Any, *, reset: bool) -> Any:
        """Check container, shape and names; the encoder checks the values."""
        X, given = take(X)
        if reset:
            self._forget()
            self._given = given
        X = check_images(X) if is_images(X) else self._check_table(X, reset=reset)
        if X.ndim == 4:
            self._check_image_shape(X, reset=reset)
        if reset:
            self.shape_in_ = tuple(X.shape[1:])
        return X

    def _forget(self) -> None:
        """Delete the state of an earlier fit, so that a failed fit leaves no mixture of both."""
        hidden = ("_stream", "_anchors", "_forgot")
        for name in [name for name in vars(self) if name.endswith("_") or name in hidden]:
            delattr(self, name)

    def _check_image_shape(self, X: Array, *, reset: bool) -> None:
        if isinstance(self.encoder, TableEncoder):
            raise ValueError(
                f"TableEncoder takes tables, but X has shape {X.shape}: use "
                "encoder=ImageEncoder(), or leave encoder=None"
            )
        if not reset and X.shape[1:] != self.shape_in_:
            raise ValueError(
                f"X has images of shape {X.shape[1:]} (channels, height, width), but "
                f"{type(self).__name__} was fitted to rows of shape {self.shape_in_}"
            )
        self.n_features_in_ = int(np.prod(X.shape[1:]))

    def _check_table(self, X: Any, *, reset: bool) -> Any:
        if is_frame(X):
            check_frame(X)
            if isinstance(self.encoder, ImageEncoder):
                raise TypeError(
                    "ImageEncoder takes arrays, but X is a data frame: hand over X.to_numpy()"
                )
            return validate_data(self, X, reset=reset, skip_check_array=True)
        refuse_foreign(X, type(self).__name__)
        X, dtype = prepare_rows(X, self.encoder)
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse=("csr", "csc"),
            dtype=dtype,
            ensure_all_finite=False,
        )
        refuse_large(X)
        return X

    def _goes_on(self) -> bool:
        """Whether this fit continues the last one."""
        going_on = getattr(self, "warm_start", False)
        return going_on and getattr(self, "net_", None) is not None

    def _learn_classes(self, y: Array, *, goes_on: bool) -> Array:
        """Set ``classes_`` and the counts; return class codes."""
        classes, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        if goes_on:
            self._refuse_other_classes(classes, counts)
        self.classes_, self._counts = classes, tuple(counts.tolist())
        return codes

    def _refuse_other_classes(self, classes: Array, counts: Array) -> None:
        then = dict(zip(self.classes_.tolist(), self._counts, strict=True))
        now = dict(zip(classes.tolist(), counts.tolist(), strict=True))
        if now != then:
            raise ValueError(
                f"warm_start=True goes on with the same data, but the class counts are {now} and "
                f"were {then}: fit the same rows, or set warm_start=False"
            )

    def _warn_of_tiny_classes(self, deficits: Sequence[int]) -> None:
        for label, count, deficit in zip(
            self.classes_.tolist(), self._counts, deficits, strict=True
        ):
            if deficit and count < TINY_CLASS:
                fate = "it can only be repeated" if count == 1 else "what they give says little"
                warnings.warn(
                    f"class {label!r} has {count} row{'s' if count > 1 else ''} only: {fate}",
                    TinyClassWarning,
                    stacklevel=3,
                )

    def _encode(self, X: Any, *, goes_on: bool) -> Array:
        """Encode training rows, by a new encoder unless this fit continues the last one."""
        if not goes_on:
            default = ImageEncoder() if X.ndim == 4 else TableEncoder()
            self.encoder_ = clone(default if self.encoder is None else self.encoder)
            self.encoder_.fit(dense(X))
        return encoded(self.encoder_, X)


class BaseRowSampler(WantedLabelsMixin, RowsMixin, BaseOverSampler):
    """Base class of every sampler, with or without a game; abstract.

    A subclass writes ``_learn_rows`` and ``_draw_rows``, both in terms of encoded rows, and
    ``_learn_nothing``.
    """

    @abstractmethod
    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Learn from encoded rows ``x`` (n, n_features) of classes ``codes``."""

    @abstractmethod
    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        """Return encoded rows for class codes.

        Where they are made from training rows, set ``_sources`` too: for each the place in ``x``
        of the row that weighs most in it, -1 for none. Left alone, it is -1 for all.
        """

    @abstractmethod
    def _learn_nothing(self) -> None:
        """Set every fitted attribute when no class lacks a row, and so nothing is trained."""

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Array, bool]:
        y, one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        X = self._check_rows(X, reset=not self._goes_on())
        check_consistent_length(X, y)
        return X, y, one_vs_all

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, **params: Any) -> BaseRowSampler:
        """Learn to generate rows, without generating any; see :meth:`sample`.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Training rows; images are an array of shape (n_rows, channels, height, width). Frames
            are pandas', polars' or pyarrow's, and arrays may be tensors.
        y : array-like of shape (n_rows,)
            Their labels.
        **params
            Refused, as weights are.

        Returns
        -------
        self : estimator
        """
        self._refuse(params, "fit")
        y = take_labels(y)[0]
        check_classification_targets(y)
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        self._learn(X, y)
        return self

    def fit_resample(self, X: Any, y: Any, **params: Any) -> tuple[Any, Any]:
        """Return the real rows, followed by generated ones.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Training rows; images are an array of shape (n_rows, channels, height, width). Frames
            are pandas', polars' or pyarrow's, and arrays may be tensors.
        y : array-like of shape (n_rows,)
            Their labels.
        **params
            Refused, as weights are: carry them on by ``source_indices_``.

        Returns
        -------
        X : data frame, array or sparse matrix of shape (n_rows_new, n_columns), or images
            Real rows first and unchanged. Columns of ``id_columns`` that hold whole numbers
            become nullable (``Int64``), as generated rows have no id.
        y : array or series of shape (n_rows_new,)
            Labels.
        """
        self._refuse(params, "fit_resample")
        (X, rows_given), (y, labels_given) = take(X), take_labels(y)
        X_new, y_new = super().fit_resample(self._with_nullable_ids(X), y)
        self._given = rows_given  # for ``sample``
        return give(X_new, rows_given), give(y_new, labels_given)

    def _refuse(self, params: dict[str, Any], method: str) -> None:
        """Raise on weights, groups and the like: of generated rows there are none."""
        if given := sorted(name for name, value in params.items() if value is not None):
            raise TypeError(
                f"{type(self).__name__}.{method} takes X and y only, but got "
                f"{', '.join(given)}: generated rows have none of their own. Resample first, and "
                "give each generated row that of the real one it was made from: source_indices_ "
                "says which (-1: none)"
            )

    def _with_nullable_ids(self, X: Any) -> Any:
        """Make id columns of a frame nullable: imbalanced-learn restores the dtypes it is given.

        Generated rows have no id.
        """
        ids = getattr(self.encoder, "id_columns", None)
        if ids is None or not is_frame(X) or not X.columns.is_unique:
            return X
        listed = np.flatnonzero(column_mask(ids, X, "id_columns")).tolist()
        return X.astype({X.columns[j]: nullable(X.dtypes.iloc[j]) for j in listed})

    def _fit_resample(self, X: Any, y: Array) -> tuple[Any, Array]:
        self._learn(X, y)
        wanted = {label: n for label, n in self.sampling_strategy_.items() if n}
        self.synthetic_mask_ = np.repeat([False, True], [len(y), sum(wanted.values())])
        if not wanted:
            return self._real_rows(X), y
        labels = np.repeat(np.asarray(list(wanted), dtype=y.dtype), list(wanted.values()))
        X_new = stack(self._real_rows(X), self._sample_rows(labels))
        self.source_indices_ = self._sources
        del self._sources  # also left by other calls of sample
        return X_new, np.concatenate([y, labels])

    def _real_rows(self, X: Any) -> Any:
        """Return real rows as ``fit_resample`` returns them: unchanged; a hook."""
        return X

    def _make_rows(self, codes: Array, stream: np.random.Generator) -> Any:
        """Draw rows and return them in the user's columns and dtypes; a hook."""
        return self._generated_rows(self._draw_rows(codes, stream))

    def _generated_rows(self, rows: Array) -> Any:
        """Return generated rows in the user's columns and dtypes; a hook."""
        return self.encoder_.inverse_transform(rows)

    def _learn(self, X: Any, y: Array) -> None:
        goes_on = self._goes_on()
        stream = self._stream if goes_on else random_stream(self.random_state)
        codes = self._learn_classes(y, goes_on=goes_on)
        deficits = [int(self.sampling_strategy_.get(label, 0)) for label in self.classes_]
        self._in_play = self.classes_[np.flatnonzero(deficits)]
        self._container = type(X) if sparse.issparse(X) else None
        x = self._encode(X, goes_on=goes_on)
        self._encoded_shape = x.shape[1:]
        self.synthetic_mask_ = np.zeros(len(y), dtype=bool)
        self.source_indices_ = np.zeros(0, dtype=np.intp)
        if any(deficits):
            self._warn_of_tiny_classes(deficits)
            self._learn_rows(x, codes, deficits, stream)
        else:
            self._learn_nothing()
        self._stream = stream

    def sample(self, labels: Any, random_state: int | np.random.RandomState | None = None) -> Any:
        """Generate one row for each label; can be called repeatedly.

        Parameters
        ----------
        labels : array-like of shape (n_rows,)
            Labels as in ``y``, each of a class that was in play in ``fit``: one that lacked rows.
        random_state : int, RandomState instance or None, default=None
            ``None`` continues the random stream of ``fit``: ``fit`` followed by one ``sample``
            gives exactly the rows of ``fit_resample``, also after unpickling.

        Returns
        -------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            In the container, columns or shape, and dtypes seen in ``fit`` (an array for a list).

        Raises
        ------
        ValueError
            If a label is of a class that was not in play, ``labels`` is not a list of labels, or
            ``random_state`` is of another kind.
        """
        return give(self._sample_rows(labels, random_state), self._given)

    def _sample_rows(self, labels: Any, random_state: Any = None) -> Any:
        """Return generated rows as arrays or pandas frames."""
        check_is_fitted(self, "_stream")
        labels = self._check_wanted(labels)
        stream = self._stream if random_state is None else random_stream(random_state)
        codes = np.searchsorted(self.classes_, labels)
        self._sources = np.full(len(codes), -1)
        if len(codes):
            X = self._make_rows(codes, stream)
        else:
            X = self._generated_rows(np.empty((0, *self._encoded_shape)))
        return X if self._container is None else self._container(X)
