"""Refuse rows that no estimator takes, and say what to hand over instead."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from gan_resample.encoding.image import n_dimensions

__all__ = ["refuse_foreign", "refuse_large"]

DENSE_LIMIT = 2 * 2**30  # bytes that a sparse table may take when made dense


def refuse_foreign(X: Any, name: str) -> None:
    """Raise on unknown frames, and on arrays that are neither tables nor images.

    ``name`` is the estimator's.
    """
    if hasattr(X, "columns") and hasattr(X, "to_pandas"):
        raise TypeError(
            f"{name} takes data frames of pandas, polars and pyarrow, arrays and sparse matrices, "
            f"but got {type(X)}: call X.to_pandas() first"
        )
    if (n := n_dimensions(X) or 2) > 2:
        raise ValueError(
            f"Found array with dim {n}, while {name} takes tables of 2 dimensions and images of "
            "4, (n, channels, height, width): X[:, None] gives grey images their channel"
        )


def refuse_large(X: Any) -> None:
    """Raise on a sparse table that would take too much memory when made dense."""
    if sparse.issparse(X) and np.prod(X.shape, dtype=float) * 8 > DENSE_LIMIT:
        raise ValueError(
            f"X is sparse with shape {X.shape}; networks need dense rows, and it would take more "
            f"than {DENSE_LIMIT / 2**30:.0f} GiB: reduce it first, for example with "
            "sklearn.decomposition.TruncatedSVD or sklearn.feature_selection"
        )
