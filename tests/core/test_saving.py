"""What a pickle holds: all that later calls need, and no more."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone

from gan_resample import TRUSTED_TYPES, GAMOSampler, PGANClassifier, PGANSampler
from tests.helpers import QUICK, blobs, classifiers, digit_images, samplers

X, y = blobs((60, 20))
SHORT = {"max_iter": 3, "init_iter": 2}


def games():
    return [e for e in [*samplers(), *classifiers()] if hasattr(type(e), "game_")]


def short(estimator, **params):
    fixed = {name: n for name, n in SHORT.items() if name in estimator.get_params()}
    return clone(estimator).set_params(**fixed, **params)


def outcome(estimator):
    return (
        estimator.sample([1] * 9) if hasattr(estimator, "sample") else estimator.predict_proba(X)
    )


every_game = pytest.mark.parametrize("estimator", games(), ids=lambda e: type(e).__name__)


def copies(estimator):
    by_skops = skops.io.loads(skops.io.dumps(estimator), trusted=TRUSTED_TYPES)
    return [pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator), by_skops]


@every_game
def test_a_copy_goes_on_as_the_original_does(estimator):
    fitted = short(estimator, warm_start=True).fit(X, y)
    others = copies(fitted)
    for each in (fitted, *others):
        each.fit(X, y)
    wanted, losses = outcome(fitted), [row["rounds"] for row in fitted.history_]
    for each in others:
        assert np.array_equal(outcome(each), wanted)
        assert [row["rounds"] for row in each.history_] == losses


@every_game
def test_without_a_warm_start_no_optimizer_is_saved(estimator):
    fitted = short(estimator).fit(X, y)
    others = copies(fitted)
    wanted = [outcome(fitted), outcome(fitted)]
    for each in others:
        assert each.net_.optimizers() == {}
        assert repr(each.history_) == repr(fitted.history_)  # some figures are NaN
        for rows in wanted:
            assert np.array_equal(outcome(each), rows)
        with pytest.raises(ValueError, match="leaves out the optimizers"):
            each.set_params(warm_start=True).fit(X, y)
        assert np.array_equal(outcome(each.set_params(warm_start=False).fit(X, y)), wanted[0])
    # the original has lost nothing
    assert fitted.net_.optimizers()
    rounds = fitted.n_iter_
    assert fitted.set_params(warm_start=True).fit(X, y).n_iter_ > rounds


@every_game
def test_a_pickle_is_little_more_than_its_weights(estimator):
    fitted = short(estimator).fit(X, y)
    weights = sum(
        tensor.numel() * tensor.element_size()
        for tensor in fitted.game_.state_dict().values()
        if torch.is_tensor(tensor)
    )
    size = len(pickle.dumps(fitted))
    assert size < weights + 3 * X.nbytes + 50_000
    assert size < 0.75 * len(pickle.dumps(fitted.set_params(warm_start=True)))


@pytest.mark.parametrize("kind", [PGANSampler, PGANClassifier])
def test_a_pgan_of_default_widths_is_no_hundred_times_its_data(kind):
    X, y = blobs((340, 60), n_features=6)
    fitted = kind(max_iter=2, init_iter=2, random_state=0).fit(X, y)
    assert len(pickle.dumps(fitted)) < 36 * X.nbytes  # of weights, which do not grow with rows
    assert pickle.loads(pickle.dumps(fitted)).game_.encoder is None
    assert fitted.game_.encoder is not None


def test_the_decoder_of_images_is_saved_likewise():
    images, labels = digit_images((14, 8))
    sampler = GAMOSampler(**QUICK, decoder_iter=2).fit(images, labels)
    loaded = pickle.loads(pickle.dumps(sampler))
    assert loaded.decoder_net_.optimizers() == {}
    assert np.array_equal(loaded.sample([1] * 3), sampler.sample([1] * 3))
    sampler.set_params(warm_start=True)
    others = copies(sampler)
    wanted = sampler.fit(images, labels).sample([1])
    for loaded in others:
        assert np.array_equal(loaded.fit(images, labels).sample([1]), wanted)
