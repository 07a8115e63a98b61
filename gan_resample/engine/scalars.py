"""Settings as Python's own numbers: numpy's scalars are converted."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Return ``value`` with Python's numbers, booleans and texts in place of numpy's.

    numpy's scalars do not behave as Python's: ``[x] * np.bool_(True)`` is a ``TypeError``,
    ``np.uint8(16) * 100`` overflows, and ``repr`` distinguishes 1.0 from ``np.float64(1.0)``. What
    is in lists, tuples, dictionaries and arrays is converted too (an array becomes a list);
    anything else is returned unchanged.
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
