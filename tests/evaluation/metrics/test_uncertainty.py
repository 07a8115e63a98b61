"""Measures of uncertainty: hand values, bounds, identities, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gan_resample.evaluation.metrics.generated import (
    entropy,
    least_confidence,
    margin_of_confidence,
    ratio_of_confidence,
)

MEASURES = [least_confidence, margin_of_confidence, ratio_of_confidence, entropy]
every_measure = pytest.mark.parametrize("measure", MEASURES)


@st.composite
def simplex_points(draw):
    """Rows of probabilities, zeros among them."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(2, 7)))
    weights = draw(arrays(float, shape, elements=st.just(0.0) | st.floats(1e-3, 1.0)))
    weights[np.arange(shape[0]), draw(st.integers(0, shape[1] - 1))] += 1e-3
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ((0.5, 0.3, 0.2), (0.75, 0.8, 0.6, 0.937230)),
        ((0.8, 0.1, 0.1), (0.3, 0.3, 0.125, 0.581672)),
        ((0.7, 0.3), (0.6, 0.6, 3 / 7, 0.881291)),
    ],
)
def test_hand_values(row, values):
    for measure, value in zip(MEASURES, values, strict=True):
        assert measure([row]) == pytest.approx(value, abs=1e-5)
        np.testing.assert_allclose(measure([row, row], reduction="none"), [value] * 2, atol=1e-5)


@every_measure
@pytest.mark.parametrize("m", [2, 3, 10])
def test_one_hot_is_certain_and_uniform_is_not(measure, m):
    np.testing.assert_allclose(measure(np.eye(m), reduction="none"), 0, atol=1e-12)
    np.testing.assert_allclose(measure(np.full((3, m), 1 / m), reduction="none"), 1)


@given(simplex_points())
def test_bounds_identities_and_order_of_classes(P):
    lc, mc, rc, en = (measure(P, reduction="none") for measure in MEASURES)
    for scores in (lc, mc, rc, en):
        assert scores.shape == (len(P),)
        assert ((scores >= 0) & (scores <= 1)).all()
    assert (lc <= mc + 1e-12).all()
    assert (rc <= mc + 1e-12).all()
    if P.shape[1] == 2:
        np.testing.assert_allclose(lc, mc, atol=1e-12)
    for measure, scores in zip(MEASURES, (lc, mc, rc, en), strict=True):
        np.testing.assert_allclose(measure(P[:, ::-1], reduction="none"), scores, atol=1e-12)
        assert measure(P) == pytest.approx(scores.mean())


@every_measure
@pytest.mark.parametrize(
    ("proba", "match"),
    [
        ([[0.5, 0.4]], "row 0 of proba sums to 0.9, not 1"),
        ([[1.0, 0.0], [0.9, 0.2]], "row 1 of proba sums to 1.1"),
        ([[1.5, -0.5]], "1 entries that are negative or NaN"),
        ([[np.nan, 1.0]], "1 entries that are negative or NaN"),
        ([[np.inf, 1.0]], "row 0 of proba sums to inf"),
        ([[1.0]], r"shape \(1, 1\)"),
        ([0.5, 0.5], r"shape \(2,\)"),
        (np.empty((0, 3)), r"shape \(0, 3\)"),
    ],
)
def test_other_numbers_are_refused(measure, proba, match):
    with pytest.raises(ValueError, match=match):
        measure(proba)


@every_measure
def test_another_reduction_is_refused(measure):
    with pytest.raises(ValueError, match="reduction='sum' must be 'mean' or 'none'"):
        measure([[0.5, 0.5]], reduction="sum")


@every_measure
def test_rounding_is_forgiven_and_more_is_not(measure):
    scores = measure([[1 + 1e-12, -1e-12], [0.5 + 5e-5, 0.5]], reduction="none")
    assert ((scores >= 0) & (scores <= 1)).all()
    with pytest.raises(ValueError, match=r"sums to 1\.0005"):
        measure([[0.5005, 0.5]])
    with pytest.raises(ValueError, match="negative"):
        measure([[1.0005, -0.0005]])


@every_measure
def test_float32_probabilities_are_taken(measure):
    P = np.random.default_rng(0).dirichlet(np.ones(10), 200).astype(np.float32)
    assert 0 < measure(P) < 1
