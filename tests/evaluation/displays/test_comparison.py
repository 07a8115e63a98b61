"""Displays draw what they are given, and what cannot be drawn is refused."""

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.evaluation import ComparisonDisplay, GameHistoryDisplay, compare
from tests.evaluation.helpers import SAMPLERS, numeric_table, small_comparison
from tests.helpers import QUICK, blobs


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("kind", ["box", "difference", "recall", "calibration"])
@pytest.mark.parametrize("data", ["mixed", "numbers"])
def test_there_is_a_panel_for_each_classifier(kind, data):
    display = ComparisonDisplay.from_comparison(small_comparison(), kind=kind, data=data)
    assert [ax.get_title() for ax in display.axes_] == ["logistic", "knn"]
    display.figure_.canvas.draw()


def test_differences_are_those_of_the_summary():
    comparison = small_comparison()
    ax = comparison.plot_difference("numbers").axes_[0]
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    summary = comparison.summary().loc["numbers", "logistic"]
    told = 100 * summary["balanced_accuracy_difference"].dropna()  # in points
    np.testing.assert_allclose(drawn, told)


def test_every_plot_of_a_comparison_makes_a_display():
    comparison = small_comparison()
    for plot in ("plot_box", "plot_difference", "plot_recall", "plot_calibration"):
        assert isinstance(getattr(comparison, plot)(), ComparisonDisplay)
    assert comparison.plot_box(score="log_loss").score == "log_loss"


def test_samplers_are_named_from_the_top():
    ax = small_comparison().plot_box().axes_[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == SAMPLERS
    assert ax.yaxis_inverted()


def test_a_figure_of_ones_own_is_used():
    figure = plt.figure()
    display = ComparisonDisplay.from_comparison(small_comparison(), figure=figure)
    assert display.figure_ is figure


def test_unknown_names_are_refused():
    comparison = small_comparison()
    with pytest.raises(ValueError, match="'other' is not in the comparison: known are"):
        ComparisonDisplay(comparison, data="other")
    with pytest.raises(ValueError, match="'accuracy' is not in the comparison"):
        ComparisonDisplay(comparison, score="accuracy")
    with pytest.raises(ValueError, match="kind='pie' must be one of box"):
        ComparisonDisplay(comparison).plot("pie")


def test_twelve_calibration_curves_are_told_apart():
    samplers = {f"copies {place}": "random" for place in range(12)}
    ax = compare(numeric_table(), samplers, ["knn"], cv=2).plot_calibration().axes_[0]
    lines = [line for line in ax.lines if line.get_label() in samplers]
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == len(lines) == 12


def test_differences_need_doing_nothing():
    comparison = compare(numeric_table(), ["spread"], ["knn"], cv=2)
    with pytest.raises(ValueError, match="differences are to doing nothing, which did not run"):
        comparison.plot_difference()
    comparison.plot_box()


def test_losses_of_a_fitted_game():
    sampler = GAMOSampler(**QUICK).fit(*blobs())
    ax = GameHistoryDisplay.from_estimator(sampler).axes_[0]
    told = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"classifier", "discriminator"} <= told
    figure, own = plt.subplots()
    assert GameHistoryDisplay.from_estimator(sampler, ax=own).figure_ is figure


@pytest.mark.parametrize("fit", [False, True])
def test_losses_of_what_plays_no_game_are_no_losses(fit):
    for estimator in (SpreadSMOTE(), LogisticRegression()):
        if fit:
            estimator.fit(*blobs())
        with pytest.raises(TypeError, match=f"losses of a game, and {type(estimator).__name__}"):
            GameHistoryDisplay.from_estimator(estimator)


def test_losses_need_a_game_that_was_played():
    with pytest.raises(NotFittedError):
        GameHistoryDisplay.from_estimator(GAMOSampler())
    idle = GAMOSampler(**QUICK).fit(*blobs((10, 10)))
    with pytest.raises(ValueError, match="no class lacked a row"):
        GameHistoryDisplay.from_estimator(idle)
