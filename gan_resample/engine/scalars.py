"""Settings as Python has them: numpy's scalars are taken for what they stand for, once."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return ``value`` with Python's numbers, booleans and texts in place of numpy's.

    What looks the same does not act the same: ``[x] * np.bool_(True)`` is a ``TypeError``,
    ``np.uint8(16) * 100`` overflows, and ``repr`` tells 1.0 from ``np.float64(1.0)``. Lists,
    tuples, dictionaries and arrays are looked through (an array becomes a list); anything else
    comes back as it is.
    """
    if isinstance(value, np.longdouble):
        return float(value)  # its item() is itself
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if type(value) in (list, tuple):
        return type(value)(plain(each) for each in value)
    if type(value) is dict:
        return {key: plain(each) for key, each in value.items()}
    return value
