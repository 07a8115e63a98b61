"""Training and test parts of a table: stratified folds, by groups where rows have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold

__all__ = ["Split", "check_groups", "draw_folds", "thin"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Split:
    """A training part and a test part of a data set.

    Parameters
    ----------
    repeat, fold : int
        Number of the split.
    train, test : ndarray of int
        Row numbers of the two parts.
    test_to_train : float
        Ratio of their sizes, before any thinning.
    weight : ndarray of shape (len(test),) or None
        Weights of the test rows, if the test part has other class shares than the training part;
        None: equal weights.
    """

    repeat: int
    fold: int
    train: Array
    test: Array
    test_to_train: float
    weight: Array | None = None


def draw_folds(
    codes: Array, n_folds: int, repeats: int, seed: int, groups: Array | None
) -> list[tuple[Array, Array]]:
    """Return stratified folds of rows of classes ``codes``, (n,), drawn ``repeats`` times.

    With ``groups``, (n,), all rows of a group are in one test part.
    """
    rows = np.zeros(len(codes))
    if groups is None:
        folds = RepeatedStratifiedKFold(n_splits=n_folds, n_repeats=repeats, random_state=seed)
        return list(folds.split(rows, codes))
    seeds = np.random.SeedSequence(seed).generate_state(repeats)
    drawn = [StratifiedGroupKFold(n_folds, shuffle=True, random_state=int(s)) for s in seeds]
    return [pair for each in drawn for pair in each.split(rows, codes, groups)]


def check_groups(name: str, groups: Any, n_rows: int) -> Array:
    """Return the group of each row as a number, in the order in which groups first come.

    Parameters
    ----------
    name : str
        The table, for messages.
    groups : array-like of shape (n_rows,)
        Numbers, texts or other values; equal ones are one group.
    n_rows : int

    Raises
    ------
    ValueError
        If there is not one group for each row, or one is missing.
    """
    if np.ndim(groups) != 1:
        raise ValueError(
            f"the groups of {name} must be a list with the group of each row, but have shape "
            f"{np.shape(groups)}"
        )
    if len(groups) != n_rows:
        raise ValueError(f"{name} has {n_rows} rows but {len(groups)} groups: name one for each")
    codes, _ = pd.factorize(pd.Series(groups))
    if n_missing := int((codes < 0).sum()):
        raise ValueError(
            f"{n_missing} row{'s' * (n_missing > 1)} of {name} ha{'ve' if n_missing > 1 else 's'} "
            "no group: name one for each row; if such rows belong to no other, give each a group "
            "of its own"
        )
    return codes


def thin(splits: Sequence[Split], codes: Array, counts: Array, seed: int) -> list[Split]:
    """Keep ``counts[code]`` rows of each class of the training parts.

    Test parts keep equally many rows of each class, weighted to the same shares.
    """
    rng = np.random.default_rng(seed)
    made = []
    for split in splits:
        train = _pick(split.train, codes, counts, rng)
        alike = np.full(len(counts), np.bincount(codes[split.test]).min())
        test = _pick(split.test, codes, alike, rng)
        weight = counts[codes[test]].astype(float)
        made.append(replace(split, train=train, test=test, weight=weight))
    return made


def _pick(rows: Array, codes: Array, counts: Array, rng: np.random.Generator) -> Array:
    """Choose ``counts[code]`` random rows of each class."""
    classes = [rows[codes[rows] == code] for code in range(len(counts))]
    return np.concatenate(
        [rng.permutation(own)[:n] for own, n in zip(classes, counts, strict=True)]
    )
