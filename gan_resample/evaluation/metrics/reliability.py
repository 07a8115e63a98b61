"""Calibration of probabilities: sums for calibration curves, slopes, and corrections.

Bins are intervals of log-odds, so that the predictions for a class of one row in a hundred fall
into several: of ten bins of probabilities, nearly all would be in the first.

References
----------
D. R. Cox. Two further applications of a model for binary regression. Biometrika 45 (1958)
(slope and intercept).
B. Van Calster et al. Calibration: the Achilles heel of predictive analytics. BMC Medicine 17
(2019). doi:10.1186/s12916-019-1466-7
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from gan_resample.evaluation.metrics.scores import Prediction

__all__ = ["CORRECTED", "Line", "Sums", "calibration_line", "reliability"]

Array = NDArray[Any]

# log-odds; probabilities below 0.0009 and above 0.9991 count as these, as 0 and 1 have none
FARTHEST = 7
N_BINS = 2 * FARTHEST
MOST_FAR = 0.5  # with a larger share of predictions in the end bins, these set the slope
FAR = 50  # bound of the intercept
#: Scores that a correction of the priors changes.
CORRECTED = ("brier_score", "log_loss")


class Sums(NamedTuple):
    """Sums for each bin, arrays of shape (14,); those of several test parts can be added.

    ``rows``; their ``weight``; and weighted sums of ``probability``, ``log_odds`` and ``hits``.
    """

    rows: Array
    weight: Array
    probability: Array
    log_odds: Array
    hits: Array


class Line(NamedTuple):
    """How the log-odds of the truth depend on those of the prediction; (0, 1) is perfect.

    Log-odds beyond ±7 count as ±7. ``slope`` of Cox's line ``a + slope * log-odds``: below 1 if
    predictions are too extreme, as those of a model that overfits; NaN if more than half of them
    lie beyond ±6, as it would depend on the limit ±7. ``intercept`` of the line with slope 1
    (calibration in the large): below 0 if the class is predicted with too high probabilities.
    """

    intercept: float
    slope: float


def reliability(found: Prediction) -> list[list[float]]:
    """Return :class:`Sums` of one test part, as lists.

    For two classes they are of the minority's probability, for more of every class against the
    rest.
    """
    P = found.probabilities
    asked = [1] if found.n_classes == 2 else range(found.n_classes)
    p = np.concatenate([P[:, k] for k in asked]).clip(0, 1)
    hit = np.concatenate([found.y == k for k in asked])
    weight = np.ones(len(found.y)) if found.weight is None else found.weight / found.weight.mean()
    weight = np.tile(weight, len(p) // len(weight))
    with np.errstate(divide="ignore"):
        odds = logit(p).clip(-FARTHEST, FARTHEST)
    bins = np.minimum((odds + FARTHEST).astype(int), N_BINS - 1)
    values = np.ones(len(p)), weight, weight * p, weight * odds, weight * hit
    return [np.bincount(bins, weights=value, minlength=N_BINS).tolist() for value in values]


def calibration_line(sums: Sums) -> Line:
    """Fit slope and intercept to binned predictions; NaN if hits and misses do not overlap."""
    far = sums.weight[[0, -1]].sum() > MOST_FAR * sums.weight.sum()
    full = sums.weight > 0
    odds = sums.log_odds[full] / sums.weight[full]
    hits = sums.hits[full]
    misses = sums.weight[full] - hits
    if not _overlap(odds[hits > 0], odds[misses > 0]):
        return Line(np.nan, np.nan)
    weight = hits + misses
    intercept = brentq(lambda a: weight @ expit(a + odds) - hits.sum(), -FAR, FAR)
    return Line(float(intercept), np.nan if far else _slope(odds, hits, misses))


def _slope(odds: Array, hits: Array, misses: Array) -> float:
    target = np.repeat([1, 0], len(odds))
    model = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    model.fit(np.tile(odds, 2)[:, None], target, sample_weight=np.concatenate([hits, misses]))
    return float(model.coef_[0, 0])


def _overlap(hits: Array, misses: Array) -> bool:
    """Whether a finite line exists: neither lies all on one side of the other."""
    if not (len(hits) and len(misses)):
        return False
    return bool(hits.min() < misses.max() and misses.min() < hits.max())
