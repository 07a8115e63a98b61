"""Numpy's scalars are taken wherever Python's are, and mean the same."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from gan_resample import ImageEncoder, TableEncoder
from gan_resample.engine.scalars import plain
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import GAMES, blobs, classifiers, digit_images, make_net, rows_of, samplers

WIDE = {bool: np.bool_, int: np.int64, float: np.float64}
NARROW = {bool: np.bool_, int: np.int16, float: np.float32}
KINDS = [pytest.param(WIDE, id="wide"), pytest.param(NARROW, id="narrow")]
# in the place of defaults that are None, or too many rounds; floats that float32 holds exactly
NUMBERS = {
    "latent_dim": 4,
    "max_anchors": 6,
    "n_neighbors": 3,
    "k_neighbors": 3,
    "max_iter": 3,
    "init_iter": 2,
    "decoder_iter": 2,
    "batch_size": 16,
    "alt_period": 1,
    "pool_size": 5,
    "n_blocks": 1,
    "gamma": 2.0,
    "decoder_variance": 0.5,
    "real_minority_weight": 0.75,
    "learning_rate": 2.0**-7,
    "adversarial_rate": 0.125,
    "ema_decay": 0.875,
    "cycle_noise": 0.0625,
    "classification_weight": 0.125,
    "validation_fraction": 0.25,
    "tol": 0.03125,
    "threshold": 0.375,
    "hidden_layer_sizes": (8, 4),
    "sampling_strategy": 0.5,
    "random_state": 3,
}


def as_numpy(value, kinds):
    """The same number, or the same numbers, in numpy's types; None where it is neither."""
    if isinstance(value, tuple):
        return tuple(as_numpy(each, kinds) for each in value)
    return kinds[type(value)](value) if type(value) in kinds else None


def numbers_of(estimator):
    """The estimator with every number set, and those numbers."""
    params = estimator.get_params(deep=False)
    fixed = {name: NUMBERS[name] for name in params if name in NUMBERS}
    estimator = clone(estimator).set_params(**fixed)
    numbers = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if as_numpy(value, WIDE) is not None
    }
    return estimator, numbers


def outcome(estimator, X, y):
    if hasattr(estimator, "fit_resample"):
        return estimator.fit_resample(X, y)[0]
    return estimator.fit(X, y).predict_proba(X)


def test_plain_is_pythons():
    given = [np.bool_(True), np.uint8(200), np.float32(0.5), np.longdouble(0.5), np.str_("a")]
    found = plain(given)
    assert found == [True, 200, 0.5, 0.5, "a"]
    assert [type(each) for each in found] == [bool, int, float, float, str]
    assert [type(each) for each in plain(tuple(given))] == [bool, int, float, float, str]
    assert type(plain({"lr": np.float32(0.5)})["lr"]) is float
    assert repr(plain(np.array([[1, 2]]))) == "[[1, 2]]"
    thing = object()
    assert plain(thing) is thing
    assert plain(None) is None


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize(
    "estimator", [*samplers(), *classifiers()], ids=lambda e: type(e).__name__
)
def test_every_number_of_every_estimator_may_be_numpys(estimator, kinds):
    X, y = blobs((40, 14))
    estimator, numbers = numbers_of(estimator)
    assert len(numbers) > 3
    wanted = outcome(estimator, X, y)
    theirs = {name: as_numpy(value, kinds) for name, value in numbers.items()}
    if kinds is NARROW and "learning_rate" in theirs:
        theirs["hidden_layer_sizes"] = np.array(numbers["hidden_layer_sizes"])
    found = outcome(clone(estimator).set_params(**theirs), X, y)
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("name", ["GAMOSampler", "PGANSampler", "CycleGANClassifier"])
def test_numbers_of_images_may_be_numpys(name):
    images, labels = digit_images((20, 8))
    estimator = next(e for e in [*samplers(), *classifiers()] if type(e).__name__ == name)
    estimator, numbers = numbers_of(estimator)
    estimator.set_params(batch_size=8)
    wanted = outcome(estimator, images, labels)
    theirs = {n: as_numpy(getattr(estimator, n), NARROW) for n in numbers}
    assert np.array_equal(outcome(clone(estimator).set_params(**theirs), images, labels), wanted)


@pytest.mark.parametrize("kinds", KINDS)
@pytest.mark.parametrize("name", ["gamo-average", "dvaan", "cyclegan-alt", "pgan-average", "egan"])
def test_every_number_of_every_game_may_be_numpys(name, kinds):
    numbers = {n: as_numpy(v, kinds) for n, v in GAMES[name][1].items()}
    theirs = {n: value for n, value in numbers.items() if value is not None}
    states = []
    for own in (plain(theirs), theirs):
        net = make_net(name, max_iter=2, own=own)
        with seeded(random_stream(0), torch.device("cpu")):
            net.fit(*rows_of(name))
        states.append(net.module_.state_dict())
    one, two = states
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one if torch.is_tensor(one[key]))


def test_a_fit_goes_on_where_a_number_has_become_numpys():
    X, y = blobs((40, 14))
    estimator = next(e for e in classifiers() if type(e).__name__ == "EGANClassifier")
    estimator = clone(estimator).set_params(max_iter=2, warm_start=True).fit(X, y)
    estimator.set_params(real_minority_weight=np.float64(1.0), batch_size=np.int64(128))
    assert estimator.fit(X, y).n_iter_ == 4
    with pytest.raises(ValueError, match="real_minority_weight changed"):
        estimator.set_params(real_minority_weight=np.float64(0.5)).fit(X, y)


def test_options_of_the_optimizer_may_be_numpys():
    X, y = blobs((40, 14))
    sampler = samplers()[0]
    ours = {"optimizer__weight_decay": 0.5, "optimizer__betas": (0.5, 0.75)}
    theirs = {
        "optimizer__weight_decay": np.float32(0.5),
        "optimizer__betas": np.array([0.5, 0.75]),
    }
    rows = [outcome(clone(sampler).set_params(net_params=each), X, y) for each in (ours, theirs)]
    assert np.array_equal(*rows)


def test_encoders_take_them_too():
    table = np.column_stack([np.arange(40) % 3, np.linspace(0, 1, 40)])
    ours = TableEncoder(categorical_features=[0], max_categories=100, snap=True)
    theirs = TableEncoder(
        categorical_features=[np.uint8(0)], max_categories=np.uint8(100), snap=np.bool_(True)
    )
    assert np.array_equal(ours.fit_transform(table), theirs.fit_transform(table))
    assert ours.levels_ == theirs.levels_
    flat = np.linspace(0, 255, 40 * 48).reshape(40, 48)
    one = ImageEncoder(shape=(3, 4, 4), value_range=(0, 255)).fit_transform(flat)
    two = ImageEncoder(
        shape=np.array([3, 4, 4], dtype=np.uint8), value_range=(np.float32(0), np.uint8(255))
    ).fit_transform(flat)
    assert np.array_equal(one, two)
