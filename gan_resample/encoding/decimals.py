"""Columns of floats with few decimals, such as prices: how many they have, and rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["learn_places", "round_to"]

Array = NDArray[Any]

MOST = 6  # decimals; more are those of a measurement or a calculation
LOOK = 64  # values looked at first, as most columns have more decimals
# np.round gives the float nearest to the decimal number while the digits are a whole number below
EXACT = 2.0**52


def learn_places(values: Array) -> int | None:
    """Return how many decimals all values have at most, 0 to 6; None if it is more.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        Finite. Of float32 and float16 the shortest digits count that give the same value.
    """
    if values.dtype.itemsize > 8:  # longdouble, in which 0.1 is another number
        return None
    if not _has_places(values[:LOOK], MOST) or not _has_places(values, MOST):
        return None
    return next(places for places in range(MOST + 1) if _has_places(values, places))


def _has_places(values: Array, places: int) -> bool:
    return np.array_equal(round_to(values.astype(np.float64), places).astype(values.dtype), values)


def round_to(values: Array, places: int) -> Array:
    """Return values rounded to decimals, as the floats that a reader of these digits has.

    Parameters
    ----------
    values : ndarray of float64
        Finite.
    places : int
        0 to 6.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(values, places) + 0.0  # which turns -0.0 into 0.0
        inexact = np.abs(values) * 10.0**places >= EXACT
    if inexact.any():
        rounded[inexact] = [float(f"{value:.{places}f}") for value in values[inexact].tolist()]
    return rounded
