"""Intervals by hand, verdicts, ranks."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_resample.evaluation.results.intervals import (
    NO_DIFFERENCE,
    Difference,
    mean_ranks,
    over_data,
    over_splits,
)


def test_over_data_is_the_ordinary_t_interval():
    gaps = np.array([1.0, 2.0, 4.0, 3.0])
    low, high = stats.t.interval(0.95, 3, gaps.mean(), stats.sem(gaps))
    found = over_data(gaps)
    assert (found.mean, found.low, found.high) == pytest.approx((2.5, low, high))


def test_over_splits_is_wider_by_the_share_of_the_test_part():
    gaps = np.array([1.0, 2.0, 4.0, 3.0, 1.5])
    plain, corrected = over_data(gaps), over_splits(gaps, 1 / 4)
    ratio = (corrected.high - corrected.mean) / (plain.high - plain.mean)
    assert ratio == pytest.approx(np.sqrt((1 / 5 + 1 / 4) * 5))


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "better"), (-1.5, NO_DIFFERENCE)])
def test_the_p_value_is_that_of_the_corrected_t_test(shift, verdict):
    gaps = np.array([1.0, 2.0, 4.0, 3.0, 1.5]) + shift
    found = over_splits(gaps, 1 / 4)
    # Nadeau and Bengio 2003: t = mean / sqrt((1 / k + n_test / n_train) variance)
    t = gaps.mean() / np.sqrt((1 / 5 + 1 / 4) * gaps.var(ddof=1))
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))
    assert over_splits(-gaps, 1 / 4).p == pytest.approx(found.p)
    assert over_data(gaps).p == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)
    assert (found.p < 0.05) == (found.low > 0)
    assert found.verdict() == verdict


@pytest.mark.parametrize(
    ("ends", "up", "verdict"),
    [
        ((1, 3), True, "better"),
        ((1, 3), False, "worse"),
        ((-3, -1), True, "worse"),
        ((-3, -1), False, "better"),
        ((-1, 3), True, NO_DIFFERENCE),
        ((0, 0), True, NO_DIFFERENCE),
    ],
)
def test_verdicts(ends, up, verdict):
    assert Difference(np.mean(ends), *ends).verdict(up) == verdict


def test_one_pair_has_no_interval_and_no_winner():
    assert over_splits(np.array([5.0]), 0.25).verdict() == "no interval"
    assert np.isnan(over_splits(np.array([5.0]), 0.25).p)
    assert over_splits(np.array([]), 0.25).verdict() == ""


def test_differences_that_are_all_alike_have_no_interval():
    alike = over_splits(np.array([0.05, 0.05, 0.05]), 0.25)
    assert alike.mean == pytest.approx(0.05)
    assert alike.verdict() == "no interval"
    assert np.isnan([alike.low, alike.p]).all()
    assert over_splits(np.zeros(3), 0.25).verdict() == NO_DIFFERENCE


def test_mean_ranks_are_over_complete_rows():
    means = pd.DataFrame({"a": [0.9, 0.8, 1.0], "b": [0.7, 0.9, np.nan], "c": [0.7, 0.1, 0.2]})
    ranks, n = mean_ranks(means)
    assert n == 2
    assert ranks.to_dict() == {"a": 1.5, "b": 1.75, "c": 2.75}
    down, _ = mean_ranks(means, greater_is_better=False)
    assert down.to_dict() == {"a": 2.5, "b": 2.25, "c": 1.25}
