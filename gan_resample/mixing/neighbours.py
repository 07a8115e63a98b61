"""The nearest neighbours of every row of a class, exactly, also of a very large class.

An estimator of the user's may look for them instead, as in imbalanced-learn.
"""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_resample.mixing.gaps import Gaps

__all__ = ["asked_neighbours", "nearest_neighbours"]

Array = NDArray[Any]

CHUNK = 4_000_000  # most entries of a matrix of distances at once (16 MB of float32)
LARGE = 10_000  # rows from which the search by blocks is faster, on a CPU
BLOCK = 1024  # rows


def asked_neighbours(n_neighbors: Any) -> tuple[int, Any]:
    """Return how many neighbours of a row a parameter asks for, and the estimator that it is.

    ``None`` for an int. An estimator counts the row itself, as in imbalanced-learn.
    """
    if isinstance(n_neighbors, Integral):
        return int(n_neighbors), None
    counted = getattr(n_neighbors, "n_neighbors", None)
    if not isinstance(counted, Integral) or counted < 2:
        raise ValueError(
            f"{n_neighbors!r} is to find neighbours, but has n_neighbors={counted!r}: it needs a "
            "whole number from 2 on that, as with SMOTE, counts the row itself, so that "
            "NearestNeighbors(n_neighbors=6) gives 5 neighbours"
        )
    _refuse_labels(n_neighbors)
    return int(counted) - 1, n_neighbors


def _refuse_labels(search: Any) -> None:
    """Raise on an estimator whose ``fit`` needs labels, by its tags."""
    tags = getattr(search, "__sklearn_tags__", None)
    if tags is not None and tags().target_tags.required:
        raise TypeError(
            f"{type(search).__name__} needs labels to be fitted to, but is to find neighbours of "
            f"rows alone: take NearestNeighbors(n_neighbors={search.n_neighbors})"
        )


def nearest_neighbours(
    rows: Tensor,
    k: int,
    search: Any = None,
    gaps: Gaps | None = None,
) -> Tensor:
    """Find each row's nearest other rows: indices of shape (n, k).

    Fewer than ``k`` others are repeated in turn; a lone row is its own neighbour. ``search`` is
    an estimator with ``kneighbors``, of which a copy is fitted; ``None`` looks at all pairs.
    Distances are Euclidean; where ``gaps`` tells that values are missing, over what both rows
    have.
    """
    n = len(rows)
    if n == 1 or k == 0:
        return torch.zeros((n, k), dtype=torch.long, device=rows.device)
    if search is not None:
        nearest = _ask(search, rows if gaps is None else gaps.with_nan(rows), min(k, n - 1))
        return nearest[:, torch.arange(k, device=rows.device) % nearest.shape[1]]
    gaps = gaps if gaps is not None and gaps.any_missing(rows) else None
    on_cpu = rows.device.type == "cpu"
    # squares must be finite; the comparison is false for NaN, too
    if gaps is None and on_cpu and n > LARGE and 4 * k < BLOCK and rows.abs().amax() < 1e15:
        return torch.from_numpy(_BlockSearch(rows, k).run())
    found = []
    for chunk in torch.arange(n, device=rows.device).split(max(1, CHUNK // n)):
        distance = (torch.cdist if gaps is None else gaps.distances)(rows[chunk], rows)
        distance[torch.arange(len(chunk), device=rows.device), chunk] = torch.inf
        found.append(distance.topk(min(k, n - 1), largest=False).indices)
    nearest = torch.cat(found)
    return nearest[:, torch.arange(k, device=rows.device) % nearest.shape[1]]


def _ask(search: Any, rows: Tensor, k: int) -> Tensor:
    """Find the ``k`` neighbours of each row, less than there are rows, by a copy of ``search``."""
    x, name = rows.cpu().numpy(), type(search).__name__
    search = copy.deepcopy(search)
    more = {} if search.n_neighbors == k + 1 else {"n_neighbors": k + 1}
    try:
        found = np.asarray(search.fit(x).kneighbors(x, return_distance=False, **more))
    except ValueError as error:
        if np.isnan(x).any():
            raise ValueError(
                f"{name} takes no missing values, and X has some: give the number of neighbours "
                "as an int, or impute first, for example with sklearn.impute.SimpleImputer"
            ) from error
        raise
    if found.shape != (len(x), k + 1):
        raise ValueError(
            f"{name}.kneighbors returned shape {found.shape} for {len(x)} rows, but {k + 1} "
            "indices are needed for each: the row itself and its neighbours"
        )
    if not ((found >= 0) & (found < len(x))).all():
        raise ValueError(
            f"{name}.kneighbors returned indices from {found.min()} to {found.max()}, but there "
            f"are {len(x)} rows: have it search more thoroughly if it found too few, or give the "
            "number of neighbours as an int"
        )
    # among copies of a row it may come anywhere, or be left out: then the last one is too many
    own = found == np.arange(len(x))[:, None]
    dropped = np.where(own.any(axis=1), own.argmax(axis=1), k)
    kept = found[np.arange(k + 1) != dropped[:, None]].reshape(len(x), k)
    return torch.as_tensor(kept.astype(np.int64), device=rows.device)


class _BlockSearch:
    """Each pair of blocks of rows is looked at once, for the neighbours in both directions.

    One product gives the squared distances in float32. Of these, only entries below the largest of
    the ``k`` smallest that a row has met so far are looked at; after the first blocks they are
    few. Rounding is allowed for, and the rows that may be neighbours are compared in float64.
    """

    def __init__(self, rows: Tensor, k: int) -> None:
        self.k, self.rows = k, rows.numpy()
        x = (rows - rows.mean(dim=0)).float()
        self.squares = x.square().sum(dim=1)
        ones = torch.ones_like(self.squares)
        # the product of a row of one and a row of the other: |x|^2 - 2 x y + |y|^2
        self.left = torch.column_stack([x, self.squares, ones])
        self.right = torch.column_stack([-2 * x, ones, self.squares])
        self.rounding = 4 * (x.shape[1] + 2) * torch.finfo(torch.float32).eps
        self.best = np.full((len(x), k), np.inf, dtype=np.float32)
        # new memory for each block would take longer than the product
        self.product, self.below = torch.empty(BLOCK**2), np.empty(BLOCK**2, dtype=bool)
        self.found: list[tuple[Array, Array, Array]] = []  # rows, candidates, squared distances

    def run(self) -> Array:
        n = len(self.rows)
        blocks = [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
        for block in blocks:  # first, so that all bounds are small from the start
            squared = self._squared(block, block)
            np.fill_diagonal(squared, np.inf)
            if len(squared) > self.k:
                self.best[block, -1] = np.partition(squared, self.k - 1, axis=1)[:, self.k - 1]
            self._look(block, block, squared)
        for at, one in enumerate(blocks):
            for other in blocks[at + 1 :]:
                squared = self._squared(one, other)
                self._look(one, other, squared)
                self._look(other, one, squared.T)
        return self._nearest()

    def _squared(self, one: slice, other: slice) -> Array:
        """Return squared distances between two blocks, in memory that is used again."""
        left, right = self.left[one], self.right[other]
        out = self.product[: len(left) * len(right)].view(len(left), len(right))
        return torch.mm(left, right.T, out=out).numpy()

    def _look(self, block: slice, others: slice, squared: Array) -> None:
        """Keep the candidates of ``block`` among ``others``, and lower the bounds."""
        best = self.best[block]
        slack = self.rounding * (self.squares[block] + self.squares[others].max()).numpy()
        bound = best[:, -1] + 2 * slack
        turned = not squared.flags.c_contiguous  # looked at in the order of its memory
        stored, bounds = (squared.T, bound) if turned else (squared, bound[:, None])
        below = np.less(stored, bounds, out=self.below[: squared.size].reshape(stored.shape))
        row, column = np.divmod(np.flatnonzero(below), stored.shape[1])
        if turned:
            order = np.argsort(column, kind="stable")
            row, column = column[order], row[order]
        if not len(row):
            return
        distances = squared[row, column]
        self.found.append((row + block.start, column + others.start, distances))
        counts = np.bincount(row, minlength=len(best))
        place = np.arange(len(row)) - np.repeat(counts.cumsum() - counts, counts)
        met = np.full((len(best), self.k + counts.max()), np.inf, dtype=np.float32)
        met[:, : self.k] = best
        met[row, self.k + place] = distances
        met.partition(self.k - 1, axis=1)
        self.best[block] = met[:, : self.k]
        self.best[block, -1] = met[:, : self.k].max(axis=1)

    def _nearest(self) -> Array:
        row, other, distances = (np.concatenate(part) for part in zip(*self.found, strict=True))
        slack = self.rounding * (self.squares.numpy()[row] + self.squares.numpy()[other])
        near = distances <= self.best[row, -1] + 2 * slack
        row, other = row[near], other[near]
        exact = np.empty(len(row))
        for start in range(0, len(row), CHUNK // 8):
            part = slice(start, start + CHUNK // 8)
            apart = self.rows[row[part]].astype(np.float64) - self.rows[other[part]]
            exact[part] = np.einsum("ij,ij->i", apart, apart)
        order = np.lexsort((other, exact, row))
        counts = np.bincount(row, minlength=len(self.rows))
        first = counts.cumsum() - counts
        return other[order][first[:, None] + np.arange(self.k)]
