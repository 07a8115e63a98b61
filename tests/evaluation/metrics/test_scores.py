"""Scores of one test part, against scikit-learn where it can be asked and by hand elsewhere."""

import numpy as np
import pytest
from sklearn import metrics

from gan_resample.evaluation.metrics.scores import SCORES, Prediction


def prediction(n_classes=3, n=90, seed=0, weight=None, y=None):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n) if y is None else np.asarray(y)
    P = rng.dirichlet(np.ones(n_classes), len(y)) + 0.5 * np.eye(n_classes)[y]
    P /= P.sum(axis=1, keepdims=True)
    return Prediction(y, P.argmax(axis=1), P, weight, n_classes)


def test_of_several_classes_scores_are_scikit_learns():
    found = prediction()
    y, P = found.y, found.P
    expected = {
        "balanced_accuracy": metrics.balanced_accuracy_score(y, found.predicted),
        "f1_macro": metrics.f1_score(y, found.predicted, average="macro"),
        "roc_auc": metrics.roc_auc_score(y, P, multi_class="ovr"),
        "average_precision": metrics.average_precision_score(np.eye(3)[y], P, average="macro"),
        "brier_score": metrics.brier_score_loss(y, P, scale_by_half=True),
        "log_loss": metrics.log_loss(y, P),
    }
    for name, value in expected.items():
        assert SCORES[name](found) == pytest.approx(value), name


def test_of_two_classes_the_second_is_positive():
    found = prediction(2)
    y, p = found.y, found.P[:, 1]
    assert SCORES["roc_auc"](found) == pytest.approx(metrics.roc_auc_score(y, p))
    assert SCORES["average_precision"](found) == pytest.approx(
        metrics.average_precision_score(y, p)
    )
    assert SCORES["brier_score"](found) == pytest.approx(metrics.brier_score_loss(y, p))


def test_geometric_mean_by_hand():
    y, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    found = Prediction(y, predicted, None, None, 2)
    assert SCORES["geometric_mean"](found) == pytest.approx(np.sqrt(0.5))
    missed = Prediction(y, np.zeros(4, int), None, None, 2)
    assert SCORES["geometric_mean"](missed) == 0


def test_classes_that_a_test_part_lacks_are_left_out():
    found = prediction(4, y=[0, 0, 1, 1, 2, 2] * 5)  # class 3 is absent, its column is not
    assert np.isnan(found.recalls[3])
    y, P = found.y, found.P
    auc = np.mean([metrics.roc_auc_score(y == k, P[:, k]) for k in range(3)])
    ap = np.mean([metrics.average_precision_score(y == k, P[:, k]) for k in range(3)])
    assert SCORES["roc_auc"](found) == pytest.approx(auc)
    assert SCORES["average_precision"](found) == pytest.approx(ap)
    assert SCORES["balanced_accuracy"](found) == pytest.approx(np.mean(found.recalls[:3]))
    assert SCORES["geometric_mean"](found) == pytest.approx(np.prod(found.recalls[:3]) ** (1 / 3))
    assert np.isfinite(SCORES["log_loss"](found))


def test_one_class_alone_has_no_ranking():
    found = prediction(2, y=[0] * 10)
    assert np.isnan(SCORES["roc_auc"](found))
    assert np.isfinite(SCORES["brier_score"](found))


def test_without_probabilities_only_labels_are_scored():
    found = Prediction(np.array([0, 1]), np.array([0, 1]), None, None, 2)
    scored = {name for name, score in SCORES.items() if np.isfinite(score(found))}
    assert scored == {"balanced_accuracy", "geometric_mean", "f1_macro"}


@pytest.mark.parametrize("name", ["f1_macro", "roc_auc", "average_precision", "brier_score"])
def test_a_weight_of_two_is_a_row_twice(name):
    once = prediction(3, n=30, weight=np.array([2.0] * 10 + [1.0] * 20))
    rows = np.r_[:10, :30]
    twice = Prediction(once.y[rows], once.predicted[rows], once.P[rows], None, 3)
    assert SCORES[name](once) == pytest.approx(SCORES[name](twice))
