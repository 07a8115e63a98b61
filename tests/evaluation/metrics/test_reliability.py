"""Calibration bins and Cox's line, by hand and on predictions whose line is known."""

import numpy as np
import pytest
from scipy.special import expit, logit

from gan_resample.evaluation.metrics.reliability import N_BINS, Sums, calibration_line, reliability
from gan_resample.evaluation.metrics.scores import Prediction


def sums(p, y, weight=None):
    P = np.column_stack([1 - np.asarray(p), p])
    return Sums(*np.array(reliability(Prediction(np.asarray(y), None, P, weight, 2))))


def drawn(line, n=40_000, seed=0):
    """Predictions, and hits whose log-odds are ``intercept + slope * log-odds`` of these."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1, 1.5, n)
    return sums(expit(odds), rng.random(n) < expit(line[0] + line[1] * odds))


def test_bins_are_of_log_odds():
    found = sums([0.05, 0.05, 0.9, 1.0], [0, 1, 1, 1])
    assert len(found.rows) == N_BINS == 14
    assert dict(zip(*np.unique(found.rows, return_counts=True), strict=True))[2] == 1
    assert found.rows[4] == found.weight[4] == 2  # logit(.05) = -2.94, between -3 and -2
    assert found.rows[9] == found.rows[13] == 1  # logit(.9) = 2.2; 1 counts as 7
    assert found.hits[4] == 1
    assert found.probability[4] == pytest.approx(0.1)
    assert found.log_odds[4] == pytest.approx(2 * logit(0.05))
    assert found.log_odds[13] == 7


def test_of_several_classes_each_is_pooled_against_the_rest():
    P = np.random.default_rng(0).dirichlet(np.ones(3), 40)
    y = np.arange(40) % 3
    found = Sums(*np.array(reliability(Prediction(y, None, P, None, 3))))
    assert found.rows.sum() == 120
    assert found.probability.sum() == pytest.approx(40)
    assert found.hits.sum() == 40


def test_weights_are_relative():
    weight = np.array([1.0, 3.0, 1.0, 3.0])
    once = sums([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], weight)
    often = sums([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], 10 * weight)
    np.testing.assert_allclose(once, often)
    assert once.weight.sum() == 4
    assert once.hits.sum() == 3


@pytest.mark.parametrize("line", [(0.0, 1.0), (-1.0, 1.0), (0.5, 0.6), (0.0, 1.8)])
def test_the_slope_is_found(line):
    assert calibration_line(drawn(line)).slope == pytest.approx(line[1], rel=0.05)


def test_rows_that_stand_for_many_count_as_many():
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 1.5, 40_000)
    hit = rng.random(len(odds)) < expit(0.6 * odds)
    kept = hit | (rng.random(len(odds)) < 0.25)  # misses thinned, and weighed up
    weight = np.where(hit, 1, 4)[kept]
    found = calibration_line(sums(expit(odds[kept]), hit[kept], weight))
    assert found.slope == pytest.approx(0.6, rel=0.05)
    assert calibration_line(sums(expit(odds[kept]), hit[kept])).intercept > found.intercept + 0.5


def test_no_slope_where_most_predictions_are_cut_off():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 12, 4000)
    far = sums(expit(odds), rng.random(4000) < expit(odds / 4))
    assert far.rows[[0, -1]].sum() > 2000
    assert np.isnan(calibration_line(far).slope)
    assert np.isfinite(calibration_line(far).intercept)
    odds /= 3
    assert np.isfinite(
        calibration_line(sums(expit(odds), rng.random(4000) < expit(odds / 4))).slope
    )


@pytest.mark.parametrize("shift", [-1.0, 0.0, 0.7])
def test_the_intercept_is_the_shift_at_slope_one(shift):
    assert calibration_line(drawn((shift, 1.0))).intercept == pytest.approx(shift, abs=0.05)


def test_the_intercept_says_whether_too_much_is_promised():
    for line in ((-1.2, 0.5), (0.6, 0.5), (0.0, 1.8)):
        found = drawn(line)
        promised_less = found.probability.sum() < found.hits.sum()
        assert (calibration_line(found).intercept > 0) == promised_less


def test_sums_of_parts_add_up():
    parts = [drawn((-1, 0.7), seed=seed) for seed in (1, 2)]
    together = calibration_line(Sums(*(np.asarray(parts[0]) + np.asarray(parts[1]))))
    assert together.slope == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize(
    ("p", "y"), [([0.1, 0.2, 0.8], [0, 0, 1]), ([0.1, 0.9], [1, 1]), ([0.1, 0.9], [0, 0])]
)
def test_without_overlap_there_is_no_line(p, y):
    assert np.isnan(calibration_line(sums(p, y))).all()
