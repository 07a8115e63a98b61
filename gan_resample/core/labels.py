"""Labels of training rows: in whatever container, each of them there."""

from __future__ import annotations

from typing import Any

import numpy as np

from gan_resample.core.containers import Container, take
from gan_resample.encoding.columns import is_missing, refuse_masked

__all__ = ["take_labels"]


def take_labels(y: Any) -> tuple[Any, Container | None]:
    """Return labels as :func:`gan_resample.core.containers.take` does.

    Raises
    ------
    ValueError
        If labels are masked or missing: None, NaN or pandas' NA.
    """
    refuse_masked(y, "y")
    y, given = take(y)
    if n := _count_missing(y):
        raise ValueError(
            f"y has {n} missing label{'s' if n > 1 else ''}: leave those rows out, or give them "
            "a label of their own"
        )
    return y, given


def _count_missing(y: Any) -> int:
    if hasattr(y, "isna"):  # pandas
        return int(np.sum(np.asarray(y.isna())))
    if isinstance(y, (list, tuple)):
        cells = np.empty(len(y), dtype=object)  # where texts are among them, NaN stays NaN
        cells[:] = y
        return int(is_missing(cells).sum())
    if isinstance(y, np.ndarray) and y.ndim and y.dtype.kind != "V":
        return int(is_missing(y.ravel()).sum())
    return 0
