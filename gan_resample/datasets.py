"""Data sets for a comparison: tables of your own, and three bundled ones.

A :class:`DataSet` is a table ready for cross-validation: numbers in float64, other columns as
categories, labels in order of class size. What cannot be used (identifiers, columns without a
value, classes of a single row) is refused by name before anything runs.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.utils.multiclass import type_of_target

from gan_resample.dataset_columns import read_columns
from gan_resample.encoding.columns import prepare_rows
from gan_resample.encoding.frames import take
from gan_resample.encoding.kinds import ColumnKind, refuse_columns
from gan_resample.splitting import Split, check_groups, draw_folds, thin

__all__ = ["DataSet", "Split", "as_dataset", "load_bundled"]

Array = NDArray[Any]


@dataclass(frozen=True)
class DataSet:
    """A table ready for cross-validation; make one with :func:`as_dataset`.

    Parameters
    ----------
    name : str
        Its name in the report.
    X : DataFrame of shape (n_rows, n_columns)
        Numbers in float64, other columns in dtype category; missing values allowed.
    y : ndarray of shape (n_rows,)
        Labels.
    labels : ndarray of shape (n_classes,)
        The distinct labels, the largest class first; with two classes the second is the minority.
    thinned : tuple of int or None
        How many rows of each of ``labels`` a training part keeps. Test parts then have equally
        many rows of each class, weighted to the class shares of the training part.
    kinds : mapping of str to ColumnKind
        How each column was read, including identifiers, which are not in ``X``; may be empty.
    groups : ndarray of shape (n_rows,) or None
        Number of each row's group: rows of a group are not divided by a split. None: no groups.
    """

    name: str
    X: pd.DataFrame = field(repr=False)
    y: Array = field(repr=False)
    labels: Array
    thinned: tuple[int, ...] | None = None
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict, repr=False, compare=False)
    groups: Array | None = field(default=None, repr=False)

    @property
    def codes(self) -> Array:
        """Index of each row's label in ``labels``."""
        return pd.Index(self.labels).get_indexer(pd.Index(self.y))

    @property
    def counts(self) -> Array:
        """Rows of each class, before any thinning."""
        return np.bincount(self.codes, minlength=len(self.labels))

    def fingerprint(self) -> str:
        """Return a hash, by which stored results are matched with their table."""
        digest = hashlib.sha256()
        for part in (self.X, pd.Series(self.y)):
            digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
        about = (self.X.columns.tolist(), self.X.dtypes.astype(str).tolist(), self.thinned)
        digest.update(repr(about).encode())
        if self.groups is not None:
            digest.update(b"groups" + self.groups.astype(np.int64).tobytes())
        return digest.hexdigest()[:16]

    def splits(self, cv: Any, repeats: int, seed: int) -> list[Split]:
        """Return stratified folds if ``cv`` is a number, else the splits of the splitter ``cv``.

        Parameters
        ----------
        cv : int or cross-validation splitter
            Number of stratified folds, at least 2, or an object with ``split(X, y)``; with groups,
            ``split(X, y, groups)``.
        repeats : int
            How often the folds are drawn, if ``cv`` is a number.
        seed : int
            Seed of the folds, and of the rows that thinning keeps.

        Returns
        -------
        splits : list of Split
        """
        if isinstance(cv, int):
            parts, per_repeat = draw_folds(self.codes, cv, repeats, seed, self.groups), cv
        else:
            more = () if self.groups is None else (self.groups,)
            parts = list(cv.split(self.X, self.y, *more))
            per_repeat = len(parts)
        made = [
            Split(*divmod(number, per_repeat), train, test, len(test) / len(train))
            for number, (train, test) in enumerate(parts)
        ]
        if self.thinned is None:
            return made
        return thin(made, self.codes, np.asarray(self.thinned), seed)


# ---- any table ----------------------------------------------------------------------------------


def as_dataset(
    name: str,
    X: Any,
    y: Any,
    *,
    categorical: Iterable[str] = (),
    id_columns: Iterable[str] = (),
    thinned: Sequence[int] | None = None,
    tested: bool = True,
    groups: Any = None,
) -> DataSet:
    """Check a table and make it ready for a comparison.

    Parameters
    ----------
    name : str
        Its name in the report.
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Frames of pandas, polars or pyarrow. Missing values are allowed: each training fold
        imputes them, before or after the sampler.
    y : array-like of shape (n_rows,)
        Labels of at least two classes, each of at least two rows if ``tested``.
    categorical : iterable of str, default=()
        Columns of numbers that are categories. Booleans always are, and so are texts, unless they
        are numbers with more than 20 distinct values.
    id_columns : iterable of str, default=()
        Columns that identify rows. They are not features, and are left out of the data set.
    thinned : sequence of int, default=None
        See :class:`DataSet`; in the order of the sorted labels.
    tested : bool, default=True
        Whether some rows of each class will be tested on. If not, it may have one row.
    groups : array-like of shape (n_rows,), default=None
        What rows belong together, a patient's or a household's, say: numbers or texts, none
        missing. Splits do not divide them.

    Returns
    -------
    data : DataSet

    Raises
    ------
    ValueError
        If the target has a missing value, one class, a class of one row if ``tested``, or labels
        that differ only by blanks; if a row has no group; for columns that
        cannot be used, all of them in one message: without a value, with an infinite value, with
        complex numbers and the like, or with text like an identifier.

    Warns
    -----
    UserWarning
        For columns that look like identifiers, and for extreme values.
    """
    X, y = take(X)[0], take(y)[0]
    frame = X.reset_index(drop=True) if isinstance(X, pd.DataFrame) else _frame_of(X)
    frame.columns = frame.columns.astype(str)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].tolist()
        raise ValueError(f"{name} has several columns called {twice}: rename them")
    labels = _check_target(name, pd.Series(y).reset_index(drop=True), len(frame), tested)
    listed, ids = set(categorical), set(id_columns)
    for named, use in ((listed, "take as categories"), (ids, "keep as identifiers")):
        if missing := sorted(named - set(frame.columns)):
            raise ValueError(f"{name} has no columns {missing} to {use}")
    if both := sorted(listed & ids):
        raise ValueError(f"columns {both} of {name} are to be categories and identifiers: choose")
    if len(ids) == frame.shape[1]:
        raise ValueError(f"{name} has no column but the target: there is nothing to learn from")
    kinds, columns = read_columns(frame, listed, ids)
    refuse_columns(kinds, what=name)
    _warn_of_columns(name, kinds)
    classes, codes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(codes) if thinned is None else np.asarray(thinned)
    by_size = np.argsort(-sizes, kind="stable")
    counts = None if thinned is None else tuple(sizes[by_size].tolist())
    of_rows = None if groups is None else check_groups(name, groups, len(frame))
    return DataSet(name, pd.DataFrame(columns), labels, classes[by_size], counts, kinds, of_rows)


def _warn_of_columns(name: str, kinds: Mapping[str, ColumnKind]) -> None:
    told = [f"column {c!r} of {name} {kind.warning}" for c, kind in kinds.items() if kind.warning]
    if told:
        warnings.warn("; ".join(told), UserWarning, stacklevel=3)


def _frame_of(X: Any) -> pd.DataFrame:
    if sparse.issparse(X):
        raise TypeError("a table to compare on is dense, but X is sparse: hand over X.toarray()")
    X = np.asarray(prepare_rows(X, None)[0])
    if X.ndim != 2:
        raise ValueError(f"a table has two dimensions, rows and columns, but got shape {X.shape}")
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).infer_objects()


def _check_target(name: str, target: pd.Series, n_rows: int, tested: bool) -> Array:
    if len(target) != n_rows:
        raise ValueError(f"{name} has {n_rows} rows but {len(target)} labels")
    if missing := int(target.isna().sum()):
        raise ValueError(
            f"the target of {name} has {missing} missing value{'s' * (missing > 1)}: remove those "
            "rows"
        )
    numbers = target.dtype.kind in "iuf"
    dtype: Any = getattr(target.dtype, "numpy_dtype", target.dtype) if numbers else str
    labels = target.astype(dtype).to_numpy(dtype)
    if type_of_target(labels) == "continuous":
        raise ValueError(
            f"the target of {name} holds numbers with decimals, like {labels[0]}, not class "
            "labels: is it another column?"
        )
    counts = pd.Series(labels).value_counts()
    if len(counts) == 1:
        raise ValueError(f"the target of {name} has one class only, {counts.index.tolist()[0]!r}")
    _refuse_alike(name, counts.index)
    if not tested and counts.max() == 1:
        raise ValueError(
            f"the target of {name} has a class for each row: is the target another column?"
        )
    alone = counts.index[counts == 1].tolist()
    if alone and tested:
        raise ValueError(
            f"the target of {name} has {len(alone)} class{'es' * (len(alone) > 1)} of one row "
            f"({', '.join(map(repr, alone[:5]))}), which cannot be both learned from and tested "
            "on: remove or merge them; or is the target another column?"
        )
    return labels


def _refuse_alike(name: str, labels: pd.Index[Any]) -> None:
    """Raise if labels differ only by blanks around them: most likely one was mistyped."""
    known: dict[str, str] = {}
    for label in labels:
        if isinstance(label, str) and (other := known.setdefault(label.strip(), label)) != label:
            one, two = sorted([other, label])
            raise ValueError(
                f"the target of {name} has the labels {one!r} and {two!r}, which differ only by "
                "blanks: make them one, or rename one"
            )


# ---- bundled data sets --------------------------------------------------------------------------

# name -> (loader, rows of each class in a training part); ratios of 24, 20 and 7
BUNDLED: dict[str, tuple[Any, tuple[int, ...]]] = {
    "digits": (load_digits, (120, 60, 30, 23, 15, 11, 8, 6, 5, 5)),
    "breast_cancer": (load_breast_cancer, (14, 280)),
    "wine": (load_wine, (15, 40, 6)),
}


def load_bundled(name: str) -> DataSet:
    """Load a data set that comes with scikit-learn, thinned to be imbalanced.

    Parameters
    ----------
    name : {"digits", "breast_cancer", "wine"}
        Name of the data set. The largest class has 24, 20 and 7 times the rows of the smallest.

    Returns
    -------
    data : DataSet
    """
    loader, counts = BUNDLED[name]
    bunch = loader(as_frame=True)
    codes = bunch.target.to_numpy()
    labels = np.asarray(bunch.target_names)
    thinned = [counts[code] for code in np.argsort(labels)]
    return as_dataset(name, bunch.data, labels[codes], thinned=thinned)
