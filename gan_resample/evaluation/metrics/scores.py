"""Scores of a fitted classifier on one test part.

Labels are codes 0 ... c-1 in order of class size, so 1 is the minority of two classes. ``P`` has a
column for every class of the whole table, also for classes that this part lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gmean
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    recall_score,
    roc_auc_score,
)

__all__ = ["SCORES", "Prediction", "Score"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Prediction:
    """Codes ``y`` of test rows, ``predicted`` codes, probabilities ``P`` or None, and weights."""

    y: Array
    predicted: Array
    P: Array | None
    weight: Array | None
    n_classes: int

    @property
    def probabilities(self) -> Array:
        """``P``; raises for a classifier without probabilities."""
        if self.P is None:
            raise ValueError("this classifier gave labels only, and no probabilities")
        return self.P

    @property
    def recalls(self) -> Array:
        """Recall of each class; NaN for a class without test rows."""
        labels = np.arange(self.n_classes)
        return recall_score(
            self.y, self.predicted, labels=labels, average=None, zero_division=np.nan
        )


@dataclass(frozen=True)
class Score:
    """A figure of merit: its name, its function, and how to read it.

    ``in_points``: it is a share between 0 and 1, reported in points of 100.
    """

    title: str
    compute: Callable[[Prediction], float]
    needs_probabilities: bool = False
    greater_is_better: bool = True
    in_points: bool = True

    def __call__(self, prediction: Prediction) -> float:
        if self.needs_probabilities and prediction.P is None:
            return float("nan")
        return float(self.compute(prediction))


def _balanced_accuracy(found: Prediction) -> float:
    return float(np.nanmean(found.recalls))


def _geometric_mean(found: Prediction) -> float:
    return gmean(found.recalls, nan_policy="omit")


def _f1_macro(found: Prediction) -> float:
    present = np.unique(found.y)
    return f1_score(
        found.y,
        found.predicted,
        labels=present,
        average="macro",
        sample_weight=found.weight,
        zero_division=0,
    )


def _one_vs_rest(metric: Callable[..., float], found: Prediction) -> float:
    """Mean over the classes present, each against the rest; for two classes the minority only."""
    P, present = found.probabilities, np.unique(found.y)
    if len(present) < 2:
        return float("nan")
    asked = [1] if found.n_classes == 2 else present
    return float(
        np.mean([metric(found.y == k, P[:, k], sample_weight=found.weight) for k in asked])
    )


def _roc_auc(found: Prediction) -> float:
    return _one_vs_rest(roc_auc_score, found)


def _average_precision(found: Prediction) -> float:
    return _one_vs_rest(average_precision_score, found)


def _brier(found: Prediction) -> float:
    return brier_score_loss(
        found.y,
        found.probabilities,
        labels=np.arange(found.n_classes),
        sample_weight=found.weight,
        scale_by_half=True,
    )


def _log_loss(found: Prediction) -> float:
    return log_loss(
        found.y,
        found.probabilities,
        labels=np.arange(found.n_classes),
        sample_weight=found.weight,
    )


SCORES: dict[str, Score] = {
    "balanced_accuracy": Score("balanced accuracy", _balanced_accuracy),
    "geometric_mean": Score("geometric mean of recalls", _geometric_mean),
    "f1_macro": Score("macro F1", _f1_macro),
    "roc_auc": Score("ROC AUC", _roc_auc, True),
    "average_precision": Score("average precision", _average_precision, True),
    "brier_score": Score("Brier score", _brier, True, greater_is_better=False, in_points=False),
    "log_loss": Score("log loss", _log_loss, True, greater_is_better=False, in_points=False),
}
