"""Likeness of generated rows, on clouds where the answer is plain."""

import numpy as np
import pytest

from gan_resample.evaluation.metrics.fidelity import FIDELITY, MOST, fidelity


def figures(made, seed=0, labels=None):
    """Class 0 around (0, 0), class 1 around (10, 0), and rows made for class 1."""
    rng = np.random.default_rng(seed)
    real = np.concatenate([rng.normal(0, 1, (200, 2)), rng.normal((10, 0), 1, (40, 2))])
    made = made(real[200:], rng)
    y = np.repeat([0, 1], [200, 40])
    labels = np.ones(len(made), int) if labels is None else labels
    return fidelity(np.concatenate([real, made]), np.concatenate([y, labels]), 240)


def test_copies_look_perfect():
    found = figures(lambda own, _: own.repeat(4, axis=0))
    assert set(found) == set(FIDELITY)
    assert found["precision"] == found["near_copies"] == found["coverage"] == 1
    assert found["foreign"] == 0


def test_rows_of_the_same_law_are_neither_copies_nor_foreign():
    found = figures(lambda own, rng: rng.normal((10, 0), 1, (160, 2)))
    assert found["precision"] > 0.9
    assert found["recall"] > 0.9
    assert found["near_copies"] < 0.2
    assert found["foreign"] == 0


def test_rows_in_the_other_class_are_foreign():
    found = figures(lambda own, rng: rng.normal(0, 1, (160, 2)))
    assert found["foreign"] == 1
    assert found["precision"] == found["coverage"] == 0


def test_half_of_them_are_half():
    def made(own, rng):
        return np.concatenate([rng.normal(0, 1, (80, 2)), own.repeat(2, axis=0)])

    found = figures(made)
    assert found["foreign"] == found["precision"] == found["near_copies"] == 0.5


def test_classes_count_alike():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 1, (300, 2)) + 20 * k for k in range(3)])
    y = np.repeat([0, 1, 2], 300)
    made = np.concatenate([x[300:310], x[:200]])  # 10 copies for class 1, 200 strangers for 2
    found = fidelity(
        np.concatenate([x, made]), np.concatenate([y, np.repeat([1, 2], [10, 200])]), 900
    )
    assert found["near_copies"] == found["foreign"] == 0.5


@pytest.mark.parametrize("n_made", [5, 40])
def test_tiny_classes_have_no_figures(n_made):
    real = np.arange(24.0)[:, None]
    y = np.repeat([0, 1], [19, 5] if n_made == 40 else [12, 12])
    x = np.concatenate([real, real[-1:].repeat(n_made, axis=0)])
    found = fidelity(x, np.concatenate([y, np.ones(n_made, int)]), 24)
    assert np.isnan(list(found.values())).all()


def test_copies_of_large_classes_are_copies():
    n = 3 * MOST
    x = np.random.default_rng(0).normal(size=(n + 50, 2))
    y = np.repeat([0, 1], [50, n])
    found = fidelity(np.concatenate([x, x[50:]]), np.concatenate([y, np.ones(n, int)]), len(x))
    assert found["near_copies"] == 1
    assert found["foreign"] == 0


def test_the_share_of_foreign_rows_does_not_depend_on_thinning():
    rng = np.random.default_rng(0)
    x, made = rng.normal(size=(10 * MOST + 100, 2)), rng.normal(size=(500, 2))
    y = np.repeat([0, 1], [10 * MOST, 100])
    found = fidelity(np.concatenate([x, made]), np.concatenate([y, np.ones(500, int)]), len(x))
    assert found["foreign"] == pytest.approx(100 / 101, abs=0.01)  # all are of one law
