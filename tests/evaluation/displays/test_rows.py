"""Displays of rows: what is drawn is what was generated."""

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from gan_resample import EGANClassifier, GAMOSampler, ImageEncoder, SpreadSMOTE
from gan_resample.evaluation import GenerationDisplay, ResamplingDisplay
from tests.helpers import QUICK, blobs, digit_images, mixed_frame


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def test_generated_rows_are_drawn_beside_real_ones():
    X, y = blobs((60, 20))
    sampler = SpreadSMOTE(random_state=0)
    ax = ResamplingDisplay.from_estimator(sampler, X, y).axes_[0]
    drawn = {c.get_label(): len(c.get_offsets()) for c in ax.collections}
    assert drawn == {
        "real, largest class": 60, "generated": 40, "real, smaller classes": 20,
    }  # fmt: skip
    assert not hasattr(sampler, "encoder_")  # a copy was fitted


def test_no_generated_row_is_nothing_to_draw():
    with pytest.raises(ValueError, match="there is nothing to draw"):
        ResamplingDisplay.from_estimator(SpreadSMOTE(), *blobs((10, 10)))


@pytest.mark.parametrize("as_list", [False, True])
def test_images_are_no_points_and_nothing_is_fitted_for_it(as_list):
    class NeverFitted(SpreadSMOTE):
        def fit_resample(self, X, y):
            raise AssertionError("fitted")

    X, y = digit_images()
    X = list(X) if as_list else X
    with pytest.raises(TypeError, match=r"X holds images, of shape .*GenerationDisplay"):
        ResamplingDisplay.from_estimator(NeverFitted(), X, y)


def test_a_classifier_generates_nothing_to_draw():
    X, y = blobs((20, 8))
    with pytest.raises(TypeError, match="EGANClassifier generates none"):
        GenerationDisplay.from_estimator(EGANClassifier(**QUICK).fit(X, y), X, y)


def test_images_are_shown_by_class_real_beside_generated():
    X, y = digit_images()
    sampler = SpreadSMOTE(random_state=0).fit(X, y)
    display = GenerationDisplay.from_estimator(sampler, X, y, n_images=3, random_state=0)
    assert display.axes_.shape == (2, 2)  # classes 1 and 2; real and generated
    assert [ax.get_ylabel() for ax in display.axes_[:, 0]] == ["1", "2"]
    assert [ax.get_title() for ax in display.axes_[0]] == ["real", "generated"]
    made = sampler.sample([1] * 3 + [2] * 3, random_state=0)
    shown = np.asarray(display.axes_[1, 1].images[0].get_array())
    assert shown.shape == (8, 3 * 8 + 2 * 2)
    np.testing.assert_allclose(shown[:, 10:18], made[4, 0] / 255, atol=1e-6)
    np.testing.assert_allclose(
        np.asarray(display.axes_[0, 0].images[0].get_array())[:, :8],
        X[y == 1][0, 0] / 255,
        atol=1e-6,
    )
    display.figure_.canvas.draw()


@pytest.mark.parametrize(("channels", "shape"), [(1, (8, 28)), (2, (8, 28)), (3, (8, 28, 3))])
def test_grey_colour_and_other_channels(channels, shape):
    X, y = digit_images((20, 2))  # two real images: the third place stays white
    X = np.repeat(X, channels, axis=1)
    sampler = SpreadSMOTE(random_state=0).fit(X, y)
    display = GenerationDisplay.from_estimator(sampler, X, y, n_images=3)
    real, made = (np.asarray(ax.images[0].get_array()) for ax in display.axes_[0])
    assert real.shape == made.shape == shape
    assert (real[:, 20:] == 1).all()


def test_flattened_images_are_shown_as_images():
    X, y = digit_images()
    flat = X.reshape(len(X), -1)
    sampler = SpreadSMOTE(encoder=ImageEncoder(shape=(1, 8, 8)), random_state=0).fit(flat, y)
    assert GenerationDisplay.from_estimator(sampler, flat, y).axes_.shape == (2, 2)


def test_tables_are_shown_as_points():
    X, y = blobs()
    sampler = SpreadSMOTE(random_state=0).fit(X, y)
    display = GenerationDisplay.from_estimator(sampler, X, y, random_state=0)
    assert [ax.get_title() for ax in display.axes_] == ["1", "2"]
    drawn = {c.get_label(): len(c.get_offsets()) for c in display.axes_[0].collections}
    assert drawn == {"real, other classes": 68, "generated": 20, "real": 20}
    display.figure_.canvas.draw()


def test_frames_words_and_many_classes():
    table, target = mixed_frame()
    display = GenerationDisplay.from_estimator(
        SpreadSMOTE(random_state=0).fit(table, target), table, target
    )
    assert [ax.get_title() for ax in display.axes_] == ["rare"]
    X, y = blobs((20, *[9] * 6))
    display = GenerationDisplay.from_estimator(SpreadSMOTE().fit(X, y), X, y)
    assert len(display.axes_) == 6


def test_vectors_of_a_sampler_in_features_are_shown_as_points():
    X, y = digit_images()
    sampler = GAMOSampler(**QUICK, space="features").fit(X, y)
    display = GenerationDisplay.from_estimator(sampler, X, y)
    assert len(display.axes_[1].collections[1].get_offsets()) == 8


def test_a_figure_of_ones_own_is_used():
    X, y = blobs()
    figure = plt.figure()
    sampler = SpreadSMOTE().fit(X, y)
    assert GenerationDisplay.from_estimator(sampler, X, y, figure=figure).figure_ is figure


def test_what_cannot_be_drawn_is_refused():
    X, y = blobs((10, 10))
    with pytest.raises(NotFittedError):
        GenerationDisplay.from_estimator(SpreadSMOTE(), X, y)
    with pytest.raises(ValueError, match=r"no class lacked a row.*nothing to draw"):
        GenerationDisplay.from_estimator(SpreadSMOTE().fit(X, y), X, y)
    X, y = blobs((10, 5))
    fitted = SpreadSMOTE().fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        GenerationDisplay.from_estimator(fitted, X, y[:-1])
    with pytest.raises(ValueError, match="n_images=0 must be"):
        GenerationDisplay.from_estimator(fitted, X, y, n_images=0)
    narrow = pd.DataFrame(X[:, :1], columns=["a"])
    with pytest.raises(ValueError, match="one encoded column only"):
        GenerationDisplay.from_estimator(SpreadSMOTE().fit(narrow, y), narrow, y)
