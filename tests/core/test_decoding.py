"""A decoder that has learnt too little is told, by a figure, and one that has not is not."""

import re
import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gan_resample import CycleGANSampler, DVAANSampler, GAMOSampler, PGANSampler
from gan_resample.core.decoding import warn_of_poor_decoding
from tests.helpers import SMALL, digit_images

IMAGES = torch.tensor([0.0, 2.0, 10.0, 10.0]).view(4, 1, 1, 1)
CODES = torch.tensor([0, 0, 1, 1])


def told(decoded):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        made = torch.as_tensor(decoded).view(4, 1, 1, 1)
        warn_of_poor_decoding(IMAGES, made, CODES, rounds=7, remedy="decoder_iter")
    return [str(each.message) for each in seen]


def test_the_limit_is_half_more_than_the_error_of_the_mean_image():
    # the means are 1, 1, 10, 10: their error is (1 + 1) / 4 = .5
    assert told([0.0, 2.0, 10.0, 10.0]) == []
    assert told([0.5, 1.5, 10.0, 10.5]) == []  # (.25 + .25 + .25) / 4
    assert told([1.0, 1.0, 10.0, 11.0]) == []  # (1 + 1 + 1) / 4, 1.5 times
    (message,) = told([1.0, 1.0, 10.0, 12.0])  # (1 + 1 + 4) / 4
    assert "after 7 rounds" in message
    assert "(mean squared error 1.5) than the mean image of its class is (0.5)" in message
    assert message.endswith("Raise decoder_iter")


def test_equal_images_of_a_class_are_no_measure():
    same, y = torch.ones(3, 1, 4, 4), torch.zeros(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_poor_decoding(same, same + 0.1, y, rounds=1, remedy="")


@pytest.mark.parametrize(
    ("sampler", "remedy"),
    [
        (GAMOSampler(**SMALL, max_iter=2, decoder_iter=2), "decoder_iter (it is 2"),
        (PGANSampler(**SMALL, max_iter=2, init_iter=2, decoder_iter=2), "decoder_iter (it is 2"),
        (
            DVAANSampler(**SMALL, max_iter=2, width_multiplier=0.1),
            "max_iter (the default for images is 2,000)",
        ),
        (CycleGANSampler(**SMALL, max_iter=2, width_multiplier=0.1), "max_iter (it is 2"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_too_few_rounds_are_told_with_their_figure(sampler, remedy):
    images, labels = digit_images((20, 10))
    with pytest.warns(ConvergenceWarning, match="mean image of its class") as seen:
        first = clone(sampler).fit_resample(images, labels)[0]
    message = next(str(each.message) for each in seen if remedy in str(each.message))
    error, usual = map(
        float, re.findall(r"\(mean squared error (\S+?)\).* is \((\S+?)\)", message)[0]
    )
    assert error > 1.5 * usual
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(clone(sampler).fit_resample(images, labels)[0], first)


def test_translators_are_judged_by_what_they_make_of_their_own_class():
    """Where they are asked to leave it alone, which the loss of identity does."""
    images, labels = digit_images((20, 10, 6))
    kept = torch.nn.Conv2d(1, 1, 1)  # images as they are
    torch.nn.init.ones_(kept.weight)
    torch.nn.init.zeros_(kept.bias)
    options = {"max_iter": 2, "random_state": 0, "width_multiplier": 0.1, "learning_rate": 1e-6}
    for settings in ({"translator": kept}, {"identity_weight": 0.0}):
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            CycleGANSampler(**options, **settings).fit(images, labels)
    kept.bias.data.fill_(4.0)
    with pytest.warns(ConvergenceWarning, match="make of an image of their own class is further"):
        CycleGANSampler(**options, translator=kept).fit(images, labels)


def test_a_trained_decoder_and_feature_vectors_are_not_warned_of():
    images, labels = digit_images((30, 20))
    for options in ({"decoder_iter": 250}, {"space": "features"}):  # about .8 of 1.5
        sampler = GAMOSampler(max_iter=5, random_state=0, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            sampler.fit(images, labels)


def test_trained_translators_are_not_warned_of():
    images, labels = digit_images((20, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        CycleGANSampler(max_iter=100, random_state=0).fit(images, labels)
