"""The tables of a comparison, as they are handed over, and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gan_resample.datasets import BUNDLED, DataSet, as_dataset, load_bundled
from gan_resample.splitting import check_groups

__all__ = ["choose_datasets"]


def choose_datasets(datasets: Any, groups: Any = None) -> list[DataSet]:
    """Return the data sets that an argument of ``compare`` names, with their groups.

    Parameters
    ----------
    datasets, groups : object
        As in :func:`~gan_resample.evaluation.compare`.

    Raises
    ------
    TypeError, ValueError
        For what is no data set, names that are not distinct, and groups that do not fit.
    """
    if isinstance(datasets, (str, DataSet)) or _is_pair(datasets):
        datasets = [datasets]
    if len(getattr(datasets, "shape", ())) == 2:
        raise TypeError(
            f"the first argument is a table without labels, a {type(datasets).__name__}: pass "
            "table and labels as one pair, compare((X, y), ...)"
        )
    if not isinstance(datasets, Iterable):
        raise TypeError(_no_dataset(datasets))
    if isinstance(datasets, Mapping):
        pairs = {
            str(name): tuple(pair) if isinstance(pair, list) else pair
            for name, pair in datasets.items()
        }
        if wrong := [pair for pair in pairs.values() if not _is_pair(pair)]:
            raise TypeError(_no_dataset(wrong[0]))
        found = [as_dataset(name, *pair) for name, pair in pairs.items()]
    else:
        found = [_dataset(value) for value in datasets]
    names = [data.name for data in found]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"data sets need names of their own, at least one, but got {names}")
    return found if groups is None else _with_groups(found, groups)


def _with_groups(tables: Sequence[DataSet], groups: Any) -> list[DataSet]:
    if not isinstance(groups, Mapping):
        if len(tables) > 1:
            raise ValueError(
                f"groups are of one table, but there are {len(tables)}: name the table of each, "
                "groups={name: groups}"
            )
        groups = {tables[0].name: groups}
    known = [data.name for data in tables]
    if unknown := [name for name in groups if name not in known]:
        raise ValueError(f"groups name {unknown}, but the data sets are {known}")
    return [
        replace(data, groups=check_groups(data.name, groups[data.name], len(data.y)))
        if data.name in groups
        else data
        for data in tables
    ]


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, tuple) and len(value) == 2 and not isinstance(value[0], (str, DataSet))
    )


def _dataset(value: Any) -> DataSet:
    if isinstance(value, DataSet):
        return value
    if isinstance(value, str):
        if value not in BUNDLED:
            raise ValueError(f"unknown data set {value!r}: bundled are {', '.join(BUNDLED)}")
        return load_bundled(value)
    if not _is_pair(value):
        raise TypeError(_no_dataset(value))
    return as_dataset("data", *value)


def _no_dataset(value: Any) -> str:
    return (
        f"a data set is a name, a pair (X, y) or a DataSet, but got {type(value)}: a mapping "
        "{name: (X, y)} names tables of your own"
    )
