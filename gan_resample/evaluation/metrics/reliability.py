"""Whether probabilities mean what they say: sums for calibration curves, slopes, and corrections.

Bins are of log-odds, so that a class of one row in a hundred has several: on the scale of
probabilities nearly all its rows would be in the first of ten.

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

# log-odds; probabilities below .0009 and above .9991 count as these: 0 and 1 have none
FARTHEST = 7
N_BINS = 2 * FARTHEST
MOST_FAR = 0.5  # share of predictions in the end bins beyond which they would make the slope
FAR = 50  # no intercept lies beyond
#: Scores that a correction of the priors changes.
CORRECTED = ("brier_score", "log_loss")


class Sums(NamedTuple):
    """What falls into each bin, arrays of shape (14,); of several test parts they add up.

    ``rows``; their ``weight``; and weighted sums of ``probability``, ``log_odds`` and ``hits``.
    """

    rows: Array
    weight: Array
    probability: Array
    log_odds: Array
    hits: Array


class Line(NamedTuple):
    """How log-odds of the truth follow those of the prediction; (0, 1) is perfect.

    Log-odds beyond ±7 count as ±7. ``slope`` of Cox's line ``a + slope * log-odds``: below 1 for
    predictions too extreme, as of a model that overfits; NaN where more than half of them lie
    beyond ±6, since it would hang on where they were cut off. ``intercept`` of the line with slope
    1 (calibration in the large): below 0 where the class is promised more often than it comes.
    """

    intercept: float
    slope: float


def reliability(found: Prediction) -> list[list[float]]:
    """Return :class:`Sums` of one test part, as lists.

    Of the minority's probability where there are two classes, else of every class's, one against
    the rest.
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
    """Fit both to binned predictions; NaN where hits and misses do not overlap."""
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
