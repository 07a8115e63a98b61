"""What any method must manage: Gaussian classes far apart, the rare ones with few rows.

Each class is about six of its standard deviations from the next. The middle ones have a neighbour
on either side. Limits are well below what several seeds reached: what is trained differs by
processor.
"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from gan_resample import (
    CycleGANClassifier,
    CycleGANSampler,
    DVAANClassifier,
    DVAANSampler,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PGANClassifier,
    PGANSampler,
    SpreadSMOTE,
)

COUNTS = {2: (200, 10), 3: (200, 40, 10), 5: (200, 80, 40, 20, 10)}
SHORT = {"hidden_layer_sizes": (16,), "learning_rate": 1e-2, "max_iter": 150}
classes = pytest.mark.parametrize("n_classes", [2, 3, 5])


def blobs(counts, seed):
    rng = np.random.default_rng(seed)
    X = [rng.normal(2.5 * code, 1, (count, 6)) for code, count in enumerate(counts)]
    return np.vstack(X), np.repeat(np.arange(len(counts)), counts)


def accuracy(estimator, counts, seed=0):
    """Balanced accuracy on rows that were not seen; of a sampler, behind logistic regression."""
    X, y = blobs(counts, seed)
    if hasattr(estimator, "fit_resample"):
        X, y = estimator.fit_resample(X, y)
        estimator = LogisticRegression(max_iter=1000)
    X_test, y_test = blobs([400] * len(counts), seed + 1000)
    return balanced_accuracy_score(y_test, estimator.fit(X, y).predict(X_test))


@classes
@pytest.mark.parametrize("seed", [0, 1])
def test_spread_smote(n_classes, seed):
    assert accuracy(SpreadSMOTE(random_state=seed), COUNTS[n_classes], seed) > 0.98


@classes
@pytest.mark.parametrize("kind", [GAMOSampler, GAMOClassifier])
def test_gamo(kind, n_classes):
    assert accuracy(kind(**SHORT, random_state=0), COUNTS[n_classes]) > 0.97


@classes
@pytest.mark.parametrize(
    ("kind", "rounds", "least"), [(PGANSampler, 150, 0.95), (PGANClassifier, 300, 0.85)]
)
def test_pgan(kind, rounds, least, n_classes):
    """The classifier had .93 +- .02 with five classes (five seeds)."""
    estimator = kind(**(SHORT | {"max_iter": rounds}), init_iter=30, random_state=0)
    assert accuracy(estimator, COUNTS[n_classes]) > least


@pytest.mark.parametrize("kind", [DVAANSampler, DVAANClassifier])
def test_dvaan_in_short(kind):
    """Of two classes; more take it the rounds of the slow tests."""
    assert accuracy(kind(**SHORT, random_state=0), COUNTS[2]) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_dvaans_classifier_does_not_give_the_middle_class_away(seed):
    """With rows of the decoder's means alone it reached .89, without any .98."""
    assert accuracy(DVAANClassifier(random_state=seed), (400, 40, 20), seed) > 0.97


@pytest.mark.slow
@classes
def test_dvaans_classifier(n_classes):
    assert accuracy(DVAANClassifier(random_state=0), COUNTS[n_classes]) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("n_classes", "least"), [(2, 0.95), (3, 0.9), (5, 0.75)])
def test_dvaans_sampler(n_classes, least):
    """Its rows are the decoder's, which rebuilds the rarest of five classes (10 rows) badly."""
    assert accuracy(DVAANSampler(random_state=0), COUNTS[n_classes]) > least


@pytest.mark.slow
@classes
@pytest.mark.parametrize("kind", [CycleGANSampler, CycleGANClassifier])
def test_cyclegan(kind, n_classes):
    assert accuracy(kind(random_state=0), COUNTS[n_classes]) > 0.93


def test_cyclegan_in_short():
    assert accuracy(CycleGANSampler(**SHORT, random_state=0), COUNTS[2]) > 0.97


def test_egan():
    """Of three classes four seeds have .96 +- .02."""
    few = {"max_iter": 300, "hidden_layer_sizes": (32,), "learning_rate": 1e-2}
    assert accuracy(EGANClassifier(**few, random_state=0), COUNTS[3]) > 0.88
