"""Floats with few decimals come back with as many."""

import numpy as np
import pandas as pd
import pytest

from gan_resample import SpreadSMOTE, TableEncoder
from gan_resample.encoding.decimals import learn_places, round_to

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([1, 2, 30], 0),
        ([-0.0, 1e300], 0),
        ([0.5, 2], 1),
        ([19.99, 5, 0.1], 2),
        ([0.1 + 0.2, 1], None),  # 0.30000000000000004
        ([1e-6, 1], 6),
        ([1e-7, 1], None),
        ([1e300, 0.25], 2),
        ([123456789.123456], 6),
        ([9007199254740993.0, 0.5], 1),
        ([1 / 3], None),
    ],
)
def test_decimals_are_counted(values, places):
    assert learn_places(np.array(values, dtype=np.float64)) == places


def test_single_precision_counts_its_own_digits():
    assert learn_places(np.array([19.99, 0.1], dtype=np.float32)) == 2
    assert learn_places(np.array([19.99, 0.1], dtype=np.float32).astype(np.float64)) is None
    assert learn_places(np.array([0.1], dtype=np.longdouble)) is None


def test_the_last_of_many_values_counts():
    values = np.arange(1000) / 100
    assert learn_places(values) == 2
    values[-1] = 1 / 3
    assert learn_places(values) is None


@pytest.mark.parametrize("places", range(7))
@pytest.mark.parametrize("scale", [1e-3, 1, 1e5, 1e9, 1e12, 1e17])
def test_rounded_numbers_are_those_that_a_reader_of_their_digits_has(places, scale):
    values = RNG.normal(0, scale, 500)
    rounded = round_to(values, places)
    assert rounded.tolist() == [float(f"{value:.{places}f}") for value in rounded.tolist()]
    assert (np.abs(rounded - values) <= 0.51 * 10.0**-places + np.spacing(np.abs(values))).all()
    assert not np.signbit(rounded[rounded == 0]).any()


@pytest.mark.parametrize("snap", ["auto", False])
@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "double[pyarrow]", "object"])
def test_prices_stay_prices(dtype, snap):
    prices = np.round(RNG.gamma(2, 20, 200), 2)
    X = pd.DataFrame({
        "price": pd.Series(prices).astype(dtype),
        "whole": np.round(RNG.normal(0, 1000, 200)),
        "any": RNG.normal(0, 1, 200),
    })  # fmt: skip
    sampler = SpreadSMOTE(encoder=TableEncoder(snap=snap), random_state=0)
    made = sampler.fit_resample(X, np.arange(200) < 150)[0][200:]
    own = np.float32 if dtype == "float32" else np.float64
    price = made["price"].to_numpy(own)
    assert [repr(own(f"{value:.2f}")) for value in price] == [*map(repr, price)]
    assert (made["whole"] == made["whole"].round()).all()
    assert (made["any"] != made["any"].round(6)).all()
    for name in X:
        assert made[name].between(X[name].min(), X[name].max()).all()
        assert made[name].dtype == X[name].dtype
    assert len(set(price) - set(prices.astype(own))) > 20


def test_games_round_too():
    X = np.column_stack([np.round(RNG.normal(50, 9, 300), 1), RNG.normal(size=300)])
    encoder = TableEncoder(snap=False).fit(X)
    made = encoder.inverse_transform(RNG.normal(size=(500, 2)).astype(np.float32))
    assert (made[:, 0] == np.round(made[:, 0], 1)).all()
    assert (made[:, 1] != np.round(made[:, 1], 6)).any()
