"""Training and test parts of each table of a comparison, checked before anything runs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv

from gan_resample.datasets import DataSet, Split

__all__ = ["choose_splitter", "lacking", "split_tables"]

Array = NDArray[Any]


def choose_splitter(cv: Any, repeats: int) -> Any:
    """Return a number of folds or a splitter; raise ValueError for what is neither."""
    if isinstance(cv, Integral):
        if cv < 2:
            raise ValueError(f"cv={cv} must be at least 2 folds")
        return int(cv)
    if repeats != 1:
        raise ValueError(
            f"repeats={repeats} draws folds anew, but cv={cv!r} says which rows they hold: give "
            "cv a number, or let it repeat itself"
        )
    return check_cv(cv)


def split_tables(
    tables: Sequence[DataSet], cv: Any, repeats: int, seed: int
) -> dict[str, list[Split]]:
    """Return the splits of each table by its name.

    Parameters
    ----------
    tables : sequence of DataSet
    cv : int or cross-validation splitter
        See :func:`choose_splitter`.
    repeats, seed : int
        See :meth:`DataSet.splits`.

    Raises
    ------
    ValueError
        If a class has fewer rows than folds, or is in fewer groups; if a splitter gives no split,
        divides a group, or asks for groups where there are none.

    Warns
    -----
    UserWarning
        If a test part that a splitter made, or one of groups, lacks a class.
    """
    if isinstance(cv, int):
        _check_rows(tables, cv)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class in y")  # told below
        splits = {data.name: _split(data, cv, repeats, seed) for data in tables}
    if not all(splits.values()):
        raise ValueError(
            f"cv={cv!r} gives no split: give it pairs of row numbers (training, test)"
        )
    for data in tables:
        _refuse_divided(data, splits[data.name], cv)
        _warn_of_lacking(data, splits[data.name], cv)
    return splits


def _split(data: DataSet, cv: Any, repeats: int, seed: int) -> list[Split]:
    try:
        return data.splits(cv, repeats, seed)
    except ValueError as error:
        if data.groups is None and "group" in str(error):
            raise ValueError(
                f"cv={cv!r} keeps groups together, but nothing says which group a row of "
                f"{data.name} is of: hand over groups=..., one for each row"
            ) from error
        raise


def _check_rows(tables: Sequence[DataSet], cv: int) -> None:
    """Raise ValueError if some test part would lack a class: macro scores would leave it out."""
    for data in tables:
        if data.groups is not None:
            _check_groups(data, data.groups, cv)
    few = [
        (int(n), f"{label!r} of {data.name} has {n}")
        for data in tables
        for label, n in zip(data.labels.tolist(), data.counts.tolist(), strict=True)
        if n < cv
    ]
    if not few:
        return
    more = f", and {len(few) - 5} more" if len(few) > 5 else ""
    raise ValueError(
        f"cv={cv} folds need at least {cv} rows of each class, one for each test part, but class "
        f"{', class '.join(told for _, told in few[:5])}{more}: ask for at most "
        f"{min(few)[0]} folds (cv, --cv), or merge or drop such classes"
    )


def _check_groups(data: DataSet, groups: Array, cv: int) -> None:
    """Raise ValueError if there are fewer groups than folds, in all or of a class."""
    if (n := len(np.unique(groups))) < cv:
        raise ValueError(
            f"cv={cv} folds need at least {cv} groups, as none is divided, but {data.name} has "
            f"{n}: ask for fewer folds (cv, --cv), or leave the groups out"
        )
    codes = data.codes
    of_class = [len(np.unique(groups[codes == code])) for code in range(len(data.labels))]
    few = [(n, label) for n, label in zip(of_class, data.labels.tolist(), strict=True) if n < cv]
    if not few:
        return
    told = ", ".join(f"{label!r} is in {n}" for n, label in few[:5])
    most = min(few)[0]
    fewer = f"ask for at most {most} folds (cv, --cv), or " if most > 1 else ""
    raise ValueError(
        f"cv={cv} folds need each class in at least {cv} groups, one for each test part, but of "
        f"{data.name} class {told}: {fewer}merge or drop such classes"
    )


def _refuse_divided(data: DataSet, splits: Sequence[Split], cv: Any) -> None:
    """Raise ValueError if a splitter has put rows of a group into both parts of a split."""
    if data.groups is None:
        return
    for split in splits:
        both = np.intersect1d(data.groups[split.train], data.groups[split.test])
        if len(both):
            raise ValueError(
                f"cv={cv!r} divides {len(both)} of the {len(np.unique(data.groups))} groups of "
                f"{data.name} between training and test part: give cv a number, or a splitter for "
                "groups such as StratifiedGroupKFold, or leave the groups out"
            )


def lacking(data: DataSet, splits: Sequence[Split]) -> dict[str, int]:
    """Return in how many test parts a class is missing, for each class that is in any."""
    codes = data.codes
    present = np.array(
        [np.bincount(codes[split.test], minlength=len(data.labels)) > 0 for split in splits]
    )
    missing = (~present).sum(axis=0).tolist()
    return {str(label): n for label, n in zip(data.labels, missing, strict=True) if n}


def _warn_of_lacking(data: DataSet, splits: Sequence[Split], cv: Any) -> None:
    if missing := lacking(data, splits):
        told = ", ".join(f"{label!r} in {n}" for label, n in missing.items())
        by_number = isinstance(cv, int)  # so a group is to blame, which holds many of its rows
        fix = "ask for fewer folds" if by_number else "give a cv whose test parts hold every class"
        warnings.warn(
            f"of the {len(splits)} test parts of {data.name}, some have no row of a class (class "
            f"{told}): macro scores leave it out there, so nothing is called better or worse; "
            f"{fix}",
            UserWarning,
            stacklevel=4,
        )
