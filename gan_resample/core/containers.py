"""Rows as arrays, data frames and sparse matrices: made dense, encoded, put below others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gan_resample.encoding.columns import is_frame

__all__ = ["dense", "encoded", "stack"]

Array = NDArray[Any]


def dense(X: Any) -> Any:
    """``X`` as an array if it is sparse, else as it is."""
    return X.toarray() if sparse.issparse(X) else X


def stack(X: Any, rows: Any) -> Any:
    """Append generated rows to the unchanged real ones."""
    if is_frame(X):
        import pandas as pd

        return pd.concat([X, rows], ignore_index=True)
    if sparse.issparse(X):
        return sparse.vstack([X, rows], format=X.format)
    # text dtypes differ where lengths do; that of two number dtypes has native byte order
    dtype = np.result_type(X, rows)
    return np.concatenate([X, rows], dtype=dtype.newbyteorder(X.dtype.byteorder))


def encoded(encoder: Any, X: Any) -> Array:
    """Encode rows; as an array, also where ``set_output`` asks transformers for frames."""
    return np.asarray(encoder.transform(dense(X)))
