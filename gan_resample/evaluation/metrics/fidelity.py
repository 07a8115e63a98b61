"""How similar the generated rows of one split are to real ones.

Similarity does not measure usefulness: copies of real rows are perfectly similar and teach
nothing, and rows that help may lie where there are no real ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gan_resample.evaluation.metrics.generated import (
    manifold_scores,
    near_copies,
    nearest_distances,
)

__all__ = ["FIDELITY", "fidelity"]

Array = NDArray[Any]

K = 5  # as in metrics.manifold_scores
# Most rows of a class that are looked at, evenly spaced: generated ones, and balls of real ones.
MOST = 1000
#: Name -> its meaning, in words for a report.
FIDELITY = {
    "precision": "share of generated rows near real ones of their class",
    "recall": "share of real rows near generated ones",
    "density": "how many real rows a generated one is near, over 5",
    "coverage": "share of real rows with a generated one near",
    "near_copies": "share of generated rows next to a real one",
    "foreign": "share of generated rows nearer to a real row of another class than of their own",
}


def fidelity(x: Array, y: Array, n_real: int) -> dict[str, float]:
    """Measure generated rows against the real ones from which they were made.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n_features)
        Numbers, on one scale; the first ``n_real`` rows are real.
    y : ndarray of shape (n_rows,)
        Labels.
    n_real : int
        How many rows are real.

    Returns
    -------
    figures : dict
        A value for each name of :data:`FIDELITY`: the mean over the classes that have generated
        rows; NaN if no class has more than five real and five generated ones.
    """
    real, labels = x[:n_real], y[:n_real]
    made, wanted = x[n_real:], y[n_real:]
    found = []
    for label in np.unique(wanted):
        own = labels == label
        found.append(_of_class(real[own], real[~own], _some(made[wanted == label])))
    means = pd.DataFrame(found, columns=list(FIDELITY)).mean()
    return {str(name): float(value) for name, value in means.items()}


def _of_class(mine: Array, others: Array, made: Array) -> dict[str, float]:
    if min(len(mine), len(made)) <= K:
        return {}
    to_own, to_others = (nearest_distances(rows, made) for rows in (mine, others))
    return {
        **manifold_scores(_some(mine), made, k=K)._asdict(),
        "near_copies": near_copies(mine, made),
        "foreign": float((to_others < to_own).mean()),
    }


def _some(rows: Array) -> Array:
    """Return at most ``MOST`` rows, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(int)]
