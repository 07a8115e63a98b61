"""Differences with their intervals and verdicts.

References
----------
C. Nadeau, Y. Bengio. Inference for the generalization error. Machine Learning 52 (2003).
doi:10.1023/A:1024068626366
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

__all__ = ["NO_DIFFERENCE", "Difference", "mean_ranks", "over_data", "over_splits"]

Array = NDArray[Any]

LEVEL = 0.95
NO_DIFFERENCE = "no detectable difference"


@dataclass(frozen=True)
class Difference:
    """Mean difference, its 95 % interval, and the two-sided p-value of the same t-test.

    The ends and ``p`` are NaN for a single pair, and if all pairs have the same difference, as no
    variance can then be estimated. Verdicts depend on the interval, which excludes 0 exactly if
    ``p`` is below 0.05. With ``whole=False`` there is no verdict: some test part had no row of a
    class, and scores that average over classes left it out, or a time limit left too few splits.
    """

    mean: float
    low: float
    high: float
    p: float = np.nan
    whole: bool = True

    def verdict(self, greater_is_better: bool = True) -> str:
        """Return "better" or "worse" if the interval excludes 0, else no detectable difference."""
        if np.isnan(self.mean):
            return ""
        if not self.whole:
            return "no verdict"
        if np.isnan(self.low):
            return "no interval" if self.mean else NO_DIFFERENCE
        if self.low <= 0 <= self.high:
            return NO_DIFFERENCE
        return "better" if (self.low > 0) == greater_is_better else "worse"


def over_splits(gaps: Array, test_to_train: float) -> Difference:
    """Interval over the splits of one data set, corrected for the rows that splits share.

    The variance of the mean is ``(1 / k + n_test / n_train)`` times that of the ``k`` differences
    (Nadeau and Bengio 2003, corrected resampled t). On thinned data sets the sizes are those of
    the folds before thinning: the training parts drawn from them share fewer rows than the folds
    do, so the correction errs on the large side.
    """
    return _t_interval(gaps, 1 / max(len(gaps), 1) + test_to_train)


def over_data(gaps: Array) -> Difference:
    """Interval over data sets, which are assumed to be independent."""
    return _t_interval(gaps, 1 / max(len(gaps), 1))


def _t_interval(gaps: Array, factor: float) -> Difference:
    n = len(gaps)
    mean = float(np.mean(gaps)) if n else np.nan
    if n < 2 or np.ptp(gaps) == 0:
        return Difference(mean, np.nan, np.nan)
    error = float(np.std(gaps, ddof=1) * np.sqrt(factor))
    half = float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
    return Difference(mean, mean - half, mean + half, p)


def mean_ranks(means: pd.DataFrame, greater_is_better: bool = True) -> tuple[pd.Series, int]:
    """Rank the columns in each complete row, 1 is best; return mean ranks and number of rows."""
    complete = means.dropna()
    ranks = complete.rank(axis=1, ascending=not greater_is_better)
    return ranks.mean(), len(complete)
