"""Which cells are extreme, and which are the tail of an ordinary column."""

import numpy as np
import pytest

from gan_resample.encoding.extremes import ClipExtremes, Tail, find_extremes, tell_extremes

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    "values",
    [
        rng.normal(size=200),
        rng.lognormal(0, 3, 3000),
        rng.standard_t(1.5, 1000),
        rng.pareto(1.5, 1000),
        np.r_[np.zeros(95), rng.lognormal(8, 1, 5)],  # few cells are not zero
        np.r_[np.full(99, 8314.0), 70529],
        np.r_[np.zeros(97), 1, 2, 5000],
        np.r_[rng.normal(size=50), rng.normal(1e6, size=50)],  # two groups
        np.r_[rng.normal(size=99), 300],
        np.ones(50),
        np.array([1.0, 2, 1e20, 3]),  # four rows say nothing
        np.tile([1.7e308, -1.7e308], 20),
        np.array([5e-324] * 9 + [0]),
    ],
)
def test_ordinary_columns_have_no_extremes(values):
    assert find_extremes(values) is None


@pytest.mark.parametrize(
    "cells", [[1e12], [-1e20], [1e300], [1e6], [1e12, 1e12], [1e20, -1e9, 1e12]]
)
@pytest.mark.parametrize("ordinary", [rng.normal(50, 9, 87), np.arange(87) % 5, rng.pareto(2, 87)])
def test_few_cells_far_out_are_extreme(cells, ordinary):
    values = np.r_[ordinary, cells]
    assert np.flatnonzero(find_extremes(values)).tolist() == [*range(87, len(values))]


def test_among_equal_cells_the_gap_must_be_larger():
    zeros = np.zeros(95)
    assert find_extremes(np.r_[zeros, 1, 2, 1, 3, 1e6]) is None
    assert find_extremes(np.r_[zeros, 1, 2, 1, 3, 1e12]).sum() == 1


def test_extremes_are_told_with_the_range_of_the_others():
    told = tell_extremes([1e12, 2e12, 3e12, 4e12], 18, 79.25)
    assert told == (
        "holds 1e+12, 2e+12, 3e+12, 1 more, far beyond all others, which lie between 18 and 79.25"
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_a_tail_is_two_long_and_keeps_the_order(sign):
    extreme = np.sort(sign * np.array([1e9, 1e12]))
    tail = Tail.learn(extreme, sign * 3.0, mean=0, scale=2)
    values = sign * np.array([1, 6, 8, 9, 1e9, 1e10, 1e12, 1e15])
    places = sign * tail.move(values, values / 2)
    assert places[:3].tolist() == [0.5, 3, 4]
    assert places[[4, 6, 7]].tolist() == [4.5, 5, 5]
    assert (np.diff(places[:7]) > 0).all()


def test_scalers_see_extreme_cells_just_beyond_the_others():
    X = rng.normal(50, 9, size=(90, 2))
    X[89, 1] = 1e20
    clip = ClipExtremes().fit(X)
    seen = clip.transform(X)
    usual = X[:89, 1]
    assert (seen[:89] == X[:89]).all()
    assert seen[89].tolist() == [X[89, 0], usual.max() + usual.std()]
    far = np.array([[1e9, 1e9], [-1e9, -1e9]])
    assert clip.transform(far)[:, 0].tolist() == [1e9, -1e9]  # no extremes in fit: not touched
    assert clip.transform(far)[1, 1] == usual.min() - usual.std()
    assert clip.inverse_transform(seen) is seen


@pytest.mark.parametrize("n", [1, 7, 16])
def test_sentinels_in_a_quarter_of_the_rows_are_extreme(n):
    values = np.random.default_rng(0).normal(size=60)
    values[:n] = 1e20
    assert find_extremes(values).tolist() == [True] * n + [False] * (60 - n)
