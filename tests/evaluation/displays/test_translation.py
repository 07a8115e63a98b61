"""The display of translated rows."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from gan_resample import CycleGANClassifier, CycleGANSampler, GAMOSampler
from gan_resample.evaluation import GameHistoryDisplay, TranslationDisplay
from tests.helpers import QUICK, blobs, digit_images, mixed_frame

X, y = blobs((60, 20))


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_images_stand_above_their_translations():
    images, digits = digit_images((20, 8))
    sampler = CycleGANSampler(**QUICK, width_multiplier=0.05).fit(images, digits)
    shown = TranslationDisplay.from_estimator(sampler, images[digits == 0], to=1, n_images=5)
    assert shown.images.shape == (2, 5, 1, 8, 8)
    above, below = (ax.get_images()[0].get_array() for ax in shown.axes_)
    np.testing.assert_allclose(above[:, :8] * 255, images[digits == 0][0, 0], atol=1e-3)
    translated = sampler.translate(images[digits == 0], to=1)
    np.testing.assert_allclose(below[:, 10:18] * 255, translated[1, 0], atol=1e-3)
    assert [ax.get_ylabel() for ax in shown.axes_] == ["real", "translated"]


class Known(CycleGANSampler):
    """Adds 2 to the first column, nothing to the second, and turns every "red" to "green"."""

    def translate(self, X, to):
        colour = X["colour"].where(X["colour"] != "red", "green")
        return X.assign(amount=X["amount"] + 2, colour=colour)


def test_of_tables_the_columns_and_how_much_they_change():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "still": rng.normal(size=80),
            "amount": np.arange(80.0),
            "colour": pd.Categorical(np.where(np.arange(80) % 4 == 0, "red", "green")),
        }
    )
    target = np.repeat([0, 1], [60, 20])
    sampler = Known(**QUICK).fit(frame, target)
    shown = TranslationDisplay.from_estimator(sampler, frame[:60], to=1)
    step = 2 / frame["amount"].std(ddof=0)
    assert shown.numbers["amount"] == pytest.approx((step, step, step))
    assert shown.numbers["still"] == pytest.approx((0, 0, 0))
    assert shown.categories == {"colour": pytest.approx(15 / 60)}
    numbers, categories = shown.axes_
    assert [text.get_text() for text in numbers.get_yticklabels()] == ["amount", "still"]
    assert categories.patches[0].get_width() == pytest.approx(25)


def test_tables_of_one_kind_and_with_many_columns():
    shown = TranslationDisplay.from_estimator(CycleGANClassifier(**QUICK).fit(X, y), X, to=1)
    assert len(shown.axes_) == 1
    assert set(shown.numbers) == {0, 1, 2, 3}
    wide, labels = blobs((40, 10), n_features=40)
    shown = TranslationDisplay.from_estimator(
        CycleGANSampler(**QUICK).fit(wide, labels), wide, to=1
    )
    assert len(shown.numbers) == 40
    assert len(shown.axes_[0].get_yticklabels()) == 15
    table, target = mixed_frame()
    figure = plt.figure()
    sampler = CycleGANSampler(**QUICK).fit(table, target)
    shown = TranslationDisplay.from_estimator(sampler, table, to="rare", figure=figure)
    assert shown.figure_ is figure
    assert len(shown.axes_) == 2
    figure.canvas.draw()


def test_what_cannot_be_drawn_is_refused():
    sampler = CycleGANSampler(**QUICK).fit(X, y)
    with pytest.raises(TypeError, match="draws CycleGAN's estimators, not GAMOSampler"):
        TranslationDisplay.from_estimator(GAMOSampler(**QUICK).fit(X, y), X, to=1)
    with pytest.raises(ValueError, match="cannot translate to 5"):
        TranslationDisplay.from_estimator(sampler, X, to=5)
    with pytest.raises(ValueError, match="n_images=0"):
        TranslationDisplay.from_estimator(sampler, X, to=1, n_images=0)


def test_losses_of_players_that_rest_are_lines_all_the_same():
    clf = CycleGANClassifier(**(QUICK | {"max_iter": 40}), mode="alt", alt_period=5).fit(X, y)
    shown = GameHistoryDisplay.from_estimator(clf)
    lines = {line.get_label(): line for line in shown.axes_[0].get_lines()}
    for name in ("translators", "discriminators", "classifier"):
        assert np.isfinite(lines[name].get_ydata()).all()
    assert GameHistoryDisplay.from_estimator(clf, figures=["translators_loss"])
