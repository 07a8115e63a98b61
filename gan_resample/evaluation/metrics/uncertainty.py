r"""How unsure predicted probabilities are, between 0 (certain) and 1 (uniform).

With the probabilities of a row in descending order :math:`p_{(1)} \ge p_{(2)} \ge \dots`, over
:math:`m` classes,

.. math::
    LC = \tfrac{m}{m - 1} (1 - p_{(1)}), \quad MC = 1 - (p_{(1)} - p_{(2)}), \quad
    RC = p_{(2)} / p_{(1)}, \quad EN = -\tfrac{1}{\log m} \sum_k p_k \log p_k

LC and RC never exceed MC, and LC equals MC for two classes. The formulas of the paper are sums
over rows, its tables have means; it leaves out the entropy's sum over classes.

References
----------
Kumari Deepshikha, Anugunj Naman. Removing Class Imbalance using Polarity-GAN: An Uncertainty
Sampling Approach. 2020, section 5.2. arXiv:2012.04937
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

__all__ = ["entropy", "least_confidence", "margin_of_confidence", "ratio_of_confidence"]

Array = NDArray[Any]

TOLERANCE = 1e-4  # for the sum of a row, and for zeros; rounding errors of float32 are far smaller


def least_confidence(proba: Any, reduction: str = "mean") -> Any:
    """One minus the largest probability, divided by its value for a uniform row.

    Parameters
    ----------
    proba : array-like of shape (n_rows, n_classes)
        Probabilities of at least two classes, each row summing to 1, as from ``predict_proba``.
    reduction : {"mean", "none"}, default="mean"
        Return the mean over rows, or the score of each row.

    Returns
    -------
    score : float, or ndarray of shape (n_rows,)
        Between 0 (certain) and 1 (uniform).

    Raises
    ------
    ValueError
        If there are fewer than two classes, no rows, entries below 0 or NaN, or rows that do not
        sum to 1, and for another ``reduction``.
    """
    proba = _check(proba)
    n_classes = proba.shape[1]
    return _reduce((1 - proba.max(axis=1)) * n_classes / (n_classes - 1), reduction)


def margin_of_confidence(proba: Any, reduction: str = "mean") -> Any:
    """One minus the difference between the two largest probabilities.

    Parameters
    ----------
    proba, reduction
        As in :func:`least_confidence`.

    Returns
    -------
    score : float, or ndarray of shape (n_rows,)
        Between 0 (certain) and 1 (uniform).

    Raises
    ------
    ValueError
        As in :func:`least_confidence`.
    """
    second, first = _two_largest(_check(proba))
    return _reduce(1 - (first - second), reduction)


def ratio_of_confidence(proba: Any, reduction: str = "mean") -> Any:
    """Second largest probability divided by the largest.

    Parameters
    ----------
    proba, reduction
        As in :func:`least_confidence`.

    Returns
    -------
    score : float, or ndarray of shape (n_rows,)
        Between 0 (certain) and 1 (uniform).

    Raises
    ------
    ValueError
        As in :func:`least_confidence`.
    """
    second, first = _two_largest(_check(proba))
    return _reduce(second / first, reduction)


def entropy(proba: Any, reduction: str = "mean") -> Any:
    """Entropy of each row divided by that of a uniform one; a probability of 0 adds nothing.

    Parameters
    ----------
    proba, reduction
        As in :func:`least_confidence`.

    Returns
    -------
    score : float, or ndarray of shape (n_rows,)
        Between 0 (certain) and 1 (uniform).

    Raises
    ------
    ValueError
        As in :func:`least_confidence`.
    """
    proba = _check(proba)
    return _reduce(entr(proba).sum(axis=1) / np.log(proba.shape[1]), reduction)


def _two_largest(proba: Array) -> Array:
    """Return second largest and largest of each row, (2, n_rows)."""
    return np.partition(proba, -2, axis=1)[:, -2:].T


def _reduce(scores: Array, reduction: str) -> Any:
    if reduction not in ("mean", "none"):
        raise ValueError(f"reduction={reduction!r} must be 'mean' or 'none'")
    scores = scores.clip(0, 1)  # rounding errors could exceed the range
    return float(scores.mean()) if reduction == "mean" else scores


def _check(proba: Any) -> Array:
    proba = np.asarray(proba, dtype=np.float64)
    if proba.ndim != 2 or not len(proba) or proba.shape[1] < 2:
        raise ValueError(
            f"proba has shape {proba.shape}, but needed is (n_rows, n_classes), with a row and "
            "two classes at least: hand over what predict_proba gives"
        )
    if not (sound := proba >= -TOLERANCE).all():
        raise ValueError(
            f"proba holds {np.sum(~sound)} entries that are negative or NaN: hand over "
            "probabilities, not logits"
        )
    totals = proba.sum(axis=1)
    worst = np.abs(totals - 1).argmax()
    if not abs(totals[worst] - 1) <= TOLERANCE:
        raise ValueError(
            f"row {worst} of proba sums to {totals[worst]:.6g}, not 1: hand over probabilities, "
            "or divide each row by its sum"
        )
    return proba.clip(min=0)
