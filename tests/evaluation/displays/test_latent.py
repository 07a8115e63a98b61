"""The display of DVAAN's latent space."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from gan_resample import DVAANClassifier, DVAANSampler, GAMOSampler
from gan_resample.evaluation import GameHistoryDisplay, LatentDisplay
from tests.helpers import QUICK, SMALL, blobs, digit_images

X, y = blobs((60, 20))


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_two_classes_are_drawn_along_their_means():
    sampler = DVAANSampler(**SMALL, max_iter=150).fit(X, y)
    shown = LatentDisplay.from_estimator(sampler, X, y)
    assert len(shown.real[0]) == 60
    assert len(shown.real[1]) == 20
    assert shown.means[1] == pytest.approx([sampler.mu_, 0], abs=1e-5)
    assert shown.means[0] == pytest.approx([-sampler.mu_, 0], abs=1e-5)
    assert shown.real[0][:, 0].mean() < 0 < shown.real[1][:, 0].mean()
    assert list(shown.boundary) == [1]
    assert (shown.boundary[1][:, 0] >= -1e-5).all()
    assert shown.ax_.get_xlabel() == "along the means"


def test_the_decision_is_the_discriminators_on_decoded_points():
    clf = DVAANClassifier(**SMALL, max_iter=150, latent_dim=2).fit(X, y)
    across, up, codes = LatentDisplay.from_estimator(clf, X, y).decision
    assert codes.shape == (len(up), len(across))
    game = clf.game_
    # with two latent axes and the second one orthogonal to the means, the plane is the space
    axes = np.array([[1.0, 0.0], [0.0, 1.0]])
    with torch.no_grad():
        z = torch.tensor([[across[3], 0.0]], dtype=torch.float32) @ torch.tensor(axes).float()
        told = game.logits(game.decode(z)).argmax(1).item()
    nearest = np.abs(up).argmin()
    assert codes[nearest, 3] == told


def test_several_classes_labels_with_dollars_and_ones_own_axes():
    many, labels = blobs((40, 15, 10))
    labels = np.array(["$a$", "b", "c"])[labels]
    clf = DVAANClassifier(**QUICK).fit(many, labels)
    _, ax = plt.subplots()
    shown = LatentDisplay.from_estimator(clf, many, labels, ax=ax)
    assert shown.ax_ is ax
    assert shown.figure_ is ax.figure
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[:3] == ["$a$, real", "b, real", "c, real"]
    shown.figure_.canvas.draw()


def test_the_same_seed_draws_the_same_and_leaves_the_sampler_alone():
    sampler = DVAANSampler(**QUICK).fit(X, y)
    one, two = (LatentDisplay.from_estimator(sampler, X, y) for _ in range(2))
    assert np.array_equal(one.boundary[1], two.boundary[1])
    other = DVAANSampler(**QUICK).fit(X, y)
    assert np.array_equal(sampler.sample([1, 1]), other.sample([1, 1]))


def test_images_have_a_latent_space_too():
    images, labels = digit_images((30, 12))
    sampler = DVAANSampler(**QUICK).fit(images, labels)
    assert LatentDisplay.from_estimator(sampler, images, labels).real[1].shape == (12, 2)


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(TypeError, match="DVAAN's estimators, not GAMOSampler"):
        LatentDisplay.from_estimator(GAMOSampler(**QUICK).fit(X, y), X, y)
    even = DVAANSampler(**QUICK).fit(X[:40], np.arange(40) % 2)
    with pytest.raises(ValueError, match="no class lacked a row"):
        LatentDisplay.from_estimator(even, X, y)
    line = DVAANSampler(**QUICK, latent_dim=1).fit(X, y)
    with pytest.raises(ValueError, match="latent_dim=1 is a line"):
        LatentDisplay.from_estimator(line, X, y)
    with pytest.raises(ValueError, match=r"y holds 6, but DVAANSampler was fitted to \[0, 1\]"):
        LatentDisplay.from_estimator(DVAANSampler(**QUICK).fit(X, y), X, y + 6)
    with pytest.raises(ValueError, match="not fitted"):
        LatentDisplay.from_estimator(DVAANSampler(), X, y)


def test_the_path_of_mu_is_drawn():
    sampler = DVAANSampler(**(QUICK | {"max_iter": 200})).fit(X, y)
    shown = GameHistoryDisplay.from_estimator(sampler, figures=["mu"])
    (line,) = {tuple(line.get_ydata()) for line in shown.axes_[0].get_lines()}
    assert list(line) == [row["mu"] for row in sampler.history_]
    assert shown.axes_[0].get_ylabel() == "mu"
    assert GameHistoryDisplay.from_estimator(sampler, figures="mu").figures == ["mu"]
    for wrong in ("nu", "rounds"):
        with pytest.raises(ValueError, match=f"no figure '{wrong}' in the history: known are"):
            GameHistoryDisplay.from_estimator(sampler, figures=[wrong])
    with pytest.raises(ValueError, match="no figure 'nu' in the history: known are"):
        GameHistoryDisplay.from_estimator(sampler, figures=["nu"])


def test_one_row_is_enough():
    sampler = DVAANSampler(**QUICK).fit(X, y)
    shown = LatentDisplay.from_estimator(sampler, X[:1], y[:1])
    assert shown.means[0] == pytest.approx([-sampler.mu_, 0], abs=1e-5)
