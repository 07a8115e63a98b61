"""Fallbacks for SMOTE and its relatives on tables that they cannot take.

They raise an error if a class has fewer rows than neighbours, and take numbers only. In a
comparison the number of neighbours is therefore limited by the smallest class, the row of a class
of one is repeated, and on tables with categories SMOTE becomes SMOTENC or SMOTEN. Its relatives
have no such variants: they mix one-hot columns, as is usual, and the largest one becomes the
category.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
)
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from gan_resample.core.rows import BaseRowSampler
from gan_resample.encoding.table import TableEncoder

__all__ = ["NotApplicable", "fit_resample", "keeps_missing", "measures_raw_distances"]

Array = NDArray[Any]

NUMBERS_ONLY = (ADASYN, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE)


class NotApplicable(Exception):
    """The method does not apply to this table or classifier, which is not a failure."""


def fit_resample(sampler: Any, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array, str]:
    """Resample with any sampler; also return a note on a fallback, or ""."""
    if measures_raw_distances(sampler):
        if isinstance(sampler, NUMBERS_ONLY) and (X.dtypes == "category").any():
            return _fit_encoded(sampler, X, y)
        return _fit_relative(for_columns(sampler, X), X, y)
    X_new, y_new = sampler.fit_resample(X, y)
    alone = []
    if isinstance(sampler, BaseRowSampler):  # these repeat the only row of a class
        labels, counts = np.unique(y, return_counts=True)
        alone = [label for label in labels[counts == 1] if np.sum(y_new == label) > 1]
    return X_new, y_new, _repeated(alone)


def measures_raw_distances(sampler: Any) -> bool:
    """Whether a sampler is SMOTE or a relative, which do not scale columns."""
    return isinstance(sampler, (SMOTE, *NUMBERS_ONLY))


def keeps_missing(sampler: Any) -> bool:
    """Whether a sampler takes missing values, by its tags.

    One that adds noise to repeated rows (``shrinkage``) does not, whatever it says: numbers of a
    column with missing values would all become missing.
    """
    if getattr(sampler, "shrinkage", None) is not None or not isinstance(sampler, BaseEstimator):
        return False
    return bool(get_tags(sampler).input_tags.allow_nan)


def _repeated(labels: Iterable[Any]) -> str:
    told = ", ".join(repr(str(label)) for label in labels)
    return f"fell back: the only row of {told} was repeated" if told else ""


def _fit_relative(sampler: Any, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array, str]:
    wanted = check_sampling_strategy(sampler.sampling_strategy, y, "over-sampling")
    counts = dict(zip(*np.unique(y, return_counts=True), strict=True))
    alone = {label: n for label, n in wanted.items() if n and counts[label] == 1}
    others = {label: n for label, n in wanted.items() if n and counts[label] > 1}
    X_new, y_new, note = X, y, ""
    if others:
        note = set_neighbours(sampler, min(counts[label] for label in others) - 1)
        totals = {label: counts[label] + n for label, n in others.items()}
        X_new, y_new = sampler.set_params(sampling_strategy=totals).fit_resample(X, y)
    if alone:
        rows = np.repeat([np.flatnonzero(y == label).item() for label in alone], [*alone.values()])
        X_new = pd.concat([X_new, X.iloc[rows]], ignore_index=True)
        y_new = np.concatenate([y_new, y[rows]])
        note = "; ".join(filter(None, [note, _repeated(alone)]))
    return X_new, y_new, note


def _fit_encoded(sampler: Any, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array, str]:
    """Resample one-hot columns; real rows are not changed."""
    encoder = TableEncoder(snap=False).fit(X)
    encoded = pd.DataFrame(encoder.transform(X))
    made, y_new, note = _fit_relative(clone(sampler), encoded, y)
    rows = encoder.inverse_transform(made.to_numpy()[len(y) :])
    return pd.concat([X, rows.astype(X.dtypes)], ignore_index=True), y_new, note


def for_columns(sampler: Any, X: pd.DataFrame) -> Any:
    """Return a copy that can take the columns of ``X``."""
    categories = (X.dtypes == "category").to_numpy()
    if type(sampler) is not SMOTE or not categories.any():
        return clone(sampler)
    settings = sampler.get_params(deep=False)
    if categories.all():
        return SMOTEN(**settings)
    return SMOTENC(categorical_features="auto", **settings)


def set_neighbours(sampler: Any, most: int) -> str:
    name = "n_neighbors" if isinstance(sampler, ADASYN) else "k_neighbors"
    asked = getattr(sampler, name)
    if not isinstance(asked, Integral) or asked <= most:
        return ""
    sampler.set_params(**{name: most})
    return f"{name}={most}, as the smallest class has {most + 1} rows"
