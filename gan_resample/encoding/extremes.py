"""Values so extreme that they alone would set the scale of a column.

After standardisation, a single cell of 1e20 makes all other values of its column equal to a
network. Such cells are found by the gap between them and the rest. They are left out of the scale
and encoded just outside the range of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = ["ClipExtremes", "Tail", "find_extremes", "tell_extremes"]

Array = NDArray[Any]

MOST = 0.3  # largest share of extreme cells: codes for "missing" can be in many rows
# The factor by which a cell must widen a column. In 60 public tables and random parts of them it
# is 39 at most, and 1013 where nearly all cells are equal, as in a column of zeros with few others
DECIDES, DECIDES_AMONG_EQUAL = 1e3, 1e6
FEWEST = 5  # rows needed for a search
SHOWN = 3


def find_extremes(values: Array) -> NDArray[np.bool_] | None:
    """Return which cells are so extreme that they set the scale of a column.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows,)
        Finite.

    Returns
    -------
    extreme : ndarray of bool, shape (n_rows,), or None
        None if no cell is.
    """
    n, most = len(values), max(1, int(MOST * len(values)))
    if n < FEWEST:
        return None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if _is_compact(values):  # the usual case, found cheaply
            return None
        away = np.abs(values - np.median(values))
        if not away.max() > DECIDES / 2 * np.median(away):  # no gap
            return None
        order = np.argsort(away, kind="stable")
        lengths = np.hypot.accumulate(away[order])  # squares of 1e200 are not finite
        spread = (lengths / np.sqrt(np.arange(1, n + 1)))[n - most - 1 :]
        wider = np.where(spread[:-1] > 0, spread[1:] / spread[:-1], 0)
    low, high = np.quantile(values[order[: n - most]], [0.1, 0.9])
    decides = np.flatnonzero(wider > (DECIDES if high > low else DECIDES_AMONG_EQUAL))
    if not len(decides):
        return None
    extreme = np.zeros(n, dtype=bool)
    extreme[order[n - most + decides[0] :]] = True
    return extreme


def _is_compact(values: Array) -> bool:
    """Whether quartiles show that no value is far off, by less work than the medians take.

    The median distance from the median is at least the distance of the nearer quartile.
    """
    low, first, middle, third, high = np.sort(values)[_places(len(values))].tolist()
    return max(high - middle, middle - low) < DECIDES / 3 * min(third - middle, middle - first)


def _places(n: int) -> list[int]:
    return [0, (n + 3) // 4, n // 2, n - 1 - (n + 3) // 4, n - 1]


def tell_extremes(extreme: Sequence[Any], low: Any, high: Any) -> str:
    """Return a clause that says which cells are extreme, and the range of the others."""
    *shown, low, high = (
        f"{cell:.6g}" if isinstance(cell, float) else str(cell)
        for cell in (*extreme[:SHOWN], low, high)
    )
    if len(extreme) > SHOWN:
        shown.append(f"{len(extreme) - SHOWN} more")
    return f"holds {', '.join(shown)}, far beyond all others, which lie between {low} and {high}"


@dataclass(frozen=True)
class Tail:
    """How values beyond the range of ordinary values, on one side, are encoded: within 2 units.

    ``knots`` are values and ``places`` their encoded values, both ascending: one standard
    deviation beyond the outermost ordinary value, then the extreme values. Other values are not
    changed.
    """

    knots: Array
    places: Array
    above: bool

    @classmethod
    def learn(cls, extreme: Array, outermost: float, mean: float, scale: float) -> Tail:
        """Learn from the distinct extreme values of one side and the outermost ordinary value."""
        above = bool(extreme[0] > mean)
        step = 1 if above else -1
        n = len(extreme)
        ranks = np.arange(n + 1) / n if above else np.arange(-n, 1) / n
        start = outermost + step
        knot = start * scale + mean
        knots = np.r_[knot, extreme] if above else np.r_[extreme, knot]
        return cls(knots, start + ranks, above)

    def move(self, values: Array, z: Array) -> Array:
        """Return ``z``, the encoded ``values``, with those of the tail moved to their places."""
        beyond = values > self.knots[0] if self.above else values < self.knots[-1]
        return np.where(beyond, np.interp(values, self.knots, self.places), z)


class ClipExtremes(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Clip extreme cells to one standard deviation beyond the ordinary ones.

    Used before columns are scaled by their mean and variance. A column without extreme cells in
    ``fit`` is never changed, whatever new rows hold.

    Attributes
    ----------
    low_, high_ : ndarray of float, shape (n_columns,)
        Limits of the values; minus and plus infinity for columns without extreme cells.
    """

    def fit(self, X: Any, y: Any = None) -> ClipExtremes:
        """Learn from rows of shape (n_rows, n_columns), numbers without missing values."""
        X = validate_data(self, X, dtype=np.float64)
        self.low_, self.high_ = np.full((2, X.shape[1]), [[-np.inf], [np.inf]])
        for j, column in enumerate(X.T):
            extreme = find_extremes(column)
            if extreme is not None:
                usual = column[~extreme]
                self.low_[j] = usual.min() - usual.std()
                self.high_[j] = usual.max() + usual.std()
        return self

    def transform(self, X: Any) -> Array:
        """Return the rows with extreme cells clipped."""
        check_is_fitted(self)
        return np.clip(
            validate_data(self, X, reset=False, dtype=np.float64), self.low_, self.high_
        )

    def inverse_transform(self, X: Array) -> Array:
        """Return the rows unchanged: what was clipped is not known."""
        return X
