"""Figures of merit: of predictions, and of generated rows beside real ones.

Predictions are judged by the accuracy on each class. Generated rows are judged in *features*,
vectors that the user names: raw pixels are a poor space to measure distances in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, recall_score

Array = NDArray[Any]


def acsa(y_true: Any, y_pred: Any) -> float:
    """Average class-specific accuracy: the mean over classes of the recall.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,)
        Labels and predicted labels.

    Returns
    -------
    score : float
        Between 0 and 1; scikit-learn's balanced accuracy.
    """
    return float(balanced_accuracy_score(y_true, y_pred))


def gmean(y_true: Any, y_pred: Any) -> float:
    """Geometric mean over classes of the recall, in log space: no product underflows.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,)
        Labels and predicted labels.

    Returns
    -------
    score : float
        Between 0 and 1; 0 as soon as one class is never found.
    """
    present = np.unique(y_true)
    recalls = recall_score(y_true, y_pred, labels=present, average=None)
    return float(stats.gmean(recalls))
