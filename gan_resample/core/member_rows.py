"""The rows that members of an ensemble learn from: real ones, and some generated for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import resample

from gan_resample.core.containers import stack
from gan_resample.core.rows import BaseRowSampler
from gan_resample.encoding.columns import is_frame

__all__ = ["SEEDS", "member_rows", "refuse_no_over_sampler", "with_seeds"]

Array = NDArray[Any]

SEEDS = 2**31 - 1


def with_seeds(estimator: Any, seed: int) -> Any:
    """Return a clone in which each ``random_state``, its parts' too, is a number from ``seed``."""
    copy, stream = clone(estimator), np.random.default_rng(seed)
    names = [n for n in copy.get_params(deep=True) if n.rpartition("__")[2] == "random_state"]
    return copy.set_params(**{name: int(stream.integers(SEEDS)) for name in sorted(names)})


def refuse_no_over_sampler(sampler: Any) -> None:
    """Raise on what is no over-sampler whose ratio can be set."""
    removes = isinstance(sampler, (BaseUnderSampler, BaseCleaningSampler))
    if removes or isinstance(sampler, type) or not _takes_a_strategy(sampler):
        raise TypeError(
            f"sampler={sampler!r} must be None or an over-sampler with fit_resample, such as "
            "SpreadSMOTE()"
        )


def member_rows(
    sampler: Any,
    X: Any,
    y: Array,
    wanted: Mapping[Any, int],
    seeds: Sequence[int],
    *,
    bootstrap: bool,
) -> Iterator[tuple[Any, Array]]:
    """Yield the rows and labels of each member; nothing is kept of an earlier one.

    Parameters
    ----------
    sampler : sampler
        Its ``sampling_strategy`` is set.
    X : array, data frame or sparse matrix
        Real rows.
    y : ndarray of shape (n_rows,)
        Their labels.
    wanted : dict
        Label -> number of rows to generate for a member, of the classes that get any.
    seeds : sequence of int
        One for each member.
    bootstrap : bool
        Whether members see a bootstrap sample of the real rows, drawn class by class.
    """
    for seed, made in zip(seeds, _draws(sampler, X, y, wanted, seeds), strict=True):
        rows, labels = X, y
        if bootstrap:
            rows, labels = resample(X, y, stratify=y, random_state=seed)
            if is_frame(rows):  # else rows drawn twice would share a name
                rows = rows.reset_index(drop=True)
        if made is not None:
            rows, labels = stack(rows, made[0]), np.concatenate([labels, made[1]])
        yield rows, labels


def _draws(
    sampler: Any, X: Any, y: Array, wanted: Mapping[Any, int], seeds: Sequence[int]
) -> Iterator[tuple[Any, Array] | None]:
    """Yield the generated rows and labels of each member; None if there are none."""
    if not wanted:
        yield from [None] * len(seeds)
        return
    classes, counts = np.unique(y, return_counts=True)
    totals = dict(zip(classes.tolist(), counts.tolist(), strict=True))
    totals = {label: totals[label] + n for label, n in wanted.items()}
    sampler.set_params(sampling_strategy=totals)
    if not isinstance(sampler, BaseRowSampler):
        for seed in seeds:
            rows, labels = with_seeds(sampler, seed).fit_resample(X, y)
            yield _generated(sampler, X, y, rows, labels)
        return
    labels = np.repeat(np.asarray(list(wanted), dtype=y.dtype), list(wanted.values()))
    sampler.fit(X, y)
    for seed in seeds:
        rows = sampler.sample(labels, random_state=seed)
        if rows.shape[1:] != X.shape[1:]:
            raise ValueError(
                f"{type(sampler).__name__} generates rows of shape {rows.shape[1:]}, but X "
                f'has rows of shape {X.shape[1:]}: set its space="rows"'
            )
        yield rows, labels


def _takes_a_strategy(sampler: Any) -> bool:
    return hasattr(sampler, "fit_resample") and "sampling_strategy" in sampler.get_params()


def _generated(sampler: Any, X: Any, y: Array, rows: Any, labels: Array) -> tuple[Any, Array]:
    """Return what a sampler put below the real rows; raise where these do not come first."""
    n = len(y)
    kept = len(labels) >= n and np.array_equal(labels[:n], y)
    if not kept or not _same_rows(rows.iloc[:n] if is_frame(rows) else rows[:n], X):
        raise ValueError(
            f"{type(sampler).__name__} does not return the rows of X first and unchanged, so that "
            "its generated rows cannot be told: take an over-sampler that removes none, such as "
            "SpreadSMOTE()"
        )
    return rows.iloc[n:] if is_frame(rows) else rows[n:], labels[n:]


def _same_rows(ours: Any, theirs: Any) -> bool:
    if sparse.issparse(theirs):
        return (sparse.csr_array(ours) != sparse.csr_array(theirs)).nnz == 0
    if is_frame(theirs):
        return bool(ours.reset_index(drop=True).equals(theirs.reset_index(drop=True)))
    return bool(np.all((ours == theirs) | ((ours != ours) & (theirs != theirs))))
