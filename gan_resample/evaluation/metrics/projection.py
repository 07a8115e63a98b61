"""Projection of real and generated rows to a plane, for a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from gan_resample.core.containers import encoded
from gan_resample.encoding.table import TableEncoder

__all__ = ["project"]

Array = NDArray[Any]

SHOWN_ROWS = 300  # of each kind


def project(X: pd.DataFrame, y: Array, n_real: int) -> list[dict[str, Any]] | None:
    """Project encoded rows to the first two principal components of the real ones.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_columns)
        Rows, the first ``n_real`` of them real.
    y : ndarray of shape (n_rows,)
        Their labels.
    n_real : int
        Number of real rows.

    Returns
    -------
    points : list of dict or None
        ``x``, ``y``, ``label`` and ``kind`` ("real" or "generated") of at most 300 rows of each
        kind. None if there is no generated row, or only one encoded column.
    """
    real, made = slice(n_real), slice(n_real, None)
    encoder = TableEncoder().fit(X[real])
    if n_real < 2 or n_real == len(y) or encoder.n_features_out_ < 2:
        return None
    plane = PCA(2, random_state=0).fit(encoded(encoder, X[real]))
    rng = np.random.default_rng(0)
    points = []
    for part, kind in ((real, "real"), (made, "generated")):
        few = rng.permutation(len(y[part]))[:SHOWN_ROWS]
        at = plane.transform(encoded(encoder, X[part].iloc[few])).round(4)
        points += [
            {"x": x, "y": y_, "label": str(label), "kind": kind}
            for (x, y_), label in zip(at.tolist(), y[part][few], strict=True)
        ]
    return points
