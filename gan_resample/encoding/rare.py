"""Rare levels of a categorical column: one category when encoded, observed levels when decoded.

The most frequent of them stands for all, so that the one-hot encoder need not know. Which level a
decoded cell gets is drawn by a generator seeded with the encoded rows: equal rows are decoded
alike, other rows differently, and no state is kept between calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.gaps import Cells

__all__ = ["draw_cells", "find_rare", "group_rare", "stream_of"]

Array = NDArray[Any]


def find_rare(
    columns: Mapping[int, Cells], max_categories: int, rare: str, name: Callable[[int], str]
) -> tuple[list[Array], list[Array]]:
    """Return the levels of each categorical column that are grouped, and how many cells each has.

    Parameters
    ----------
    columns : mapping
        Index -> :class:`Cells`.
    max_categories : int
        Maximal number of categories of a column, that of the group included.
    rare : {"error", "group"}
    name : callable
        A column's index -> its name in messages.

    Returns
    -------
    levels, counts : list of ndarray of shape (n_levels,)
        The most frequent first, of equally frequent ones the smallest; empty for a column of at
        most ``max_categories``.

    Raises
    ------
    ValueError
        If a column has more, and they are not to be grouped.
    """
    found = [_find(read.cells, max_categories, rare, name(j)) for j, read in columns.items()]
    return [levels for levels, _ in found], [counts for _, counts in found]


def _find(cells: Array, max_categories: int, rare: str, name: str) -> tuple[Array, Array]:
    if (n := len(set(cells.tolist()))) <= max_categories:
        return cells[:0].copy(), np.zeros(0, dtype=np.intp)
    if rare == "error":
        raise ValueError(
            f"column {name} has {n} categories, more than max_categories={max_categories}: group "
            'the rare ones with TableEncoder(rare="group"), encode it as a number, drop it, or '
            "raise max_categories"
        )
    levels, counts = np.unique(cells, return_counts=True)
    order = np.argsort(-counts, kind="stable")[max_categories - 1 :]
    return levels[order], counts[order]


def group_rare(columns: Mapping[int, Cells], rare: Sequence[Array]) -> dict[int, Cells]:
    """Return ``columns`` with the first of the ``rare`` levels of each in place of the others."""
    pairs = zip(columns.items(), rare, strict=True)
    return {j: _group(read, levels) if len(levels) else read for (j, read), levels in pairs}


def _group(column: Cells, levels: Array) -> Cells:
    others, cells = set(levels[1:].tolist()), column.cells
    found = np.fromiter((cell in others for cell in cells.tolist()), bool, len(cells))
    if found.any():
        # new rows may be whole numbers where those of fit were not
        cells = cells.astype(np.result_type(cells, levels))
        cells[found] = levels[0]
    return replace(column, cells=cells)


def draw_cells(
    categories: Array, chosen: Array, rare: tuple[Array, Array], stream: np.random.Generator
) -> Array:
    """Return cells of a column; rare levels in their proportions where the first is chosen.

    Parameters
    ----------
    categories : ndarray of shape (n_categories,)
    chosen : ndarray of int, shape (n_rows,)
        Index of the category of each cell.
    rare : (ndarray, ndarray), each of shape (n_levels,)
        The rare levels and their counts, from :func:`find_rare`; empty if there are none. A level
        is drawn as often as its share of the counts says, rounded up or down by chance.
    stream : Generator
    """
    cells, (levels, counts) = categories[chosen], rare
    if not len(levels):
        return cells
    group = np.flatnonzero(chosen == categories.tolist().index(levels[0]))
    # points at equal distances, which start anywhere: the n-th part of the counts for each cell
    points = (np.arange(len(group)) + stream.random()) * (counts.sum() / max(1, len(group)))
    drawn = np.searchsorted(counts.cumsum(), points, side="right").clip(max=len(levels) - 1)
    cells[group] = levels[stream.permutation(drawn)]
    return cells


def stream_of(Z: Array) -> np.random.Generator:
    """Return a generator seeded with encoded rows."""
    digest = blake2b(np.ascontiguousarray(Z).data, digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
