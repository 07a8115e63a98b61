"""A fit that is stopped leaves, and keeps a state of use or nothing."""

import copy
import os
import pickle
import signal
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback

from gan_resample import (
    CycleGANClassifier,
    CycleGANSampler,
    DVAANClassifier,
    DVAANSampler,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PGANClassifier,
    PGANSampler,
    SpreadSMOTE,
)
from gan_resample.engine.net import GameNet
from gan_resample.mixing.gamo2pix import GAMO2pixGame
from tests.helpers import QUICK, blobs, digit_images

X, y = blobs((40, 12))
EVERY = (
    GAMOSampler(**QUICK),
    DVAANSampler(**QUICK),
    CycleGANSampler(**QUICK),
    PGANSampler(**QUICK, init_iter=3),
    GAMOClassifier(**QUICK),
    DVAANClassifier(**QUICK),
    CycleGANClassifier(**QUICK),
    PGANClassifier(**QUICK, init_iter=3),
    EGANClassifier(**QUICK),
    EGANClassifier(**QUICK, stop="equilibrium"),
)
every_game = pytest.mark.parametrize("estimator", EVERY, ids=lambda e: type(e).__name__)
quiet = pytest.mark.filterwarnings("ignore")  # nothing has been learnt in so few rounds


class Stop(Callback):
    """A Ctrl-C, or an error, in the hook and the round that are named."""

    def __init__(self, at=3, hook="on_batch_end", error=KeyboardInterrupt, real=False):
        self.at, self.hook, self.error, self.real = at, hook, error, real

    def on_train_begin(self, net, **kwargs):
        self._stop(net, "on_train_begin")

    def on_batch_end(self, net, **kwargs):
        self._stop(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._stop(net, "on_epoch_end")

    def _stop(self, net, hook):
        if (hook, net.module_.rounds_played) != (self.hook, self.at):
            return
        if not self.real:
            raise self.error
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(5)  # Python runs the handler here


def use(estimator):
    """What a fitted estimator gives, without moving its stream."""
    if hasattr(estimator, "sample"):
        return copy.deepcopy(estimator).sample([1] * 5)
    return estimator.predict_proba(X)


def stopped(estimator, X=X, y=y, **how):
    """A copy whose fit was stopped, and what it left with."""
    estimator = clone(estimator).set_params(callbacks=[Stop(**how)])
    with pytest.raises(KeyboardInterrupt) as left:
        estimator.fit(X, y)
    return estimator, " ".join(left.value.__notes__)


# ---- what is kept -------------------------------------------------------------------------------


@quiet
@every_game
@pytest.mark.parametrize("real", [False, True])
def test_ctrl_c_leaves_and_the_state_of_the_round_can_be_used(estimator, real):
    found, note = stopped(estimator, real=real)
    assert "was stopped after 3 of" in note
    assert "kept and can be used" in note
    assert found.n_iter_ == 3
    assert all(row["rounds"] <= 3 for row in found.history_)  # phases end epochs early
    assert np.isfinite(use(found)).all()
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        np.testing.assert_array_equal(use(copied), use(found))
    assert not {"_stopped_by", "_training"} & set(vars(found))


@quiet
def test_what_is_kept_is_a_fit_of_as_many_rounds():
    found, _ = stopped(GAMOClassifier(**QUICK))
    short = GAMOClassifier(**{**QUICK, "max_iter": 3}).fit(X, y)
    np.testing.assert_array_equal(found.predict_proba(X), short.predict_proba(X))


@quiet
@every_game
def test_a_fit_goes_on_from_what_was_kept(estimator):
    found, _ = stopped(estimator.set_params(warm_start=True))
    found.fit(X, y)
    assert found.n_iter_ >= 3 + 4
    assert found.n_iter_ == found.history_[-1]["rounds"]
    assert np.isfinite(use(found)).all()
    estimator.set_params(warm_start=False)


@quiet
@every_game
def test_a_new_fit_after_it_is_as_fresh(estimator):
    found, _ = stopped(estimator)
    found.set_params(callbacks=None)
    wanted = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(use(found.fit(X, y)), use(wanted))
    np.testing.assert_array_equal(use(clone(found).fit(X, y)), use(wanted))


@quiet
def test_fit_resample_leaves_too_and_sample_works():
    sampler = GAMOSampler(**QUICK, callbacks=[Stop()])
    with pytest.raises(KeyboardInterrupt):
        sampler.fit_resample(X, y)
    assert np.isfinite(sampler.sample([1, 1])).all()


# ---- where nothing is ---------------------------------------------------------------------------


@pytest.mark.parametrize("before", [False, True])
@every_game
@quiet
def test_before_the_first_round_has_ended_nothing_is_kept(estimator, before):
    estimator = clone(estimator)
    if before:
        estimator.fit(X, y)
    estimator.set_params(callbacks=[Stop(0, "on_train_begin")])
    with pytest.raises(KeyboardInterrupt) as left:
        estimator.fit(X, y)
    assert "is not fitted: nothing was kept" in left.value.__notes__[0]
    assert [name for name in vars(estimator) if name.endswith("_")] == []
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)
    with pytest.raises(NotFittedError):
        use(estimator)


@quiet
def test_a_fit_that_goes_on_and_is_stopped_at_once_is_what_it_was():
    clf = GAMOClassifier(**QUICK, warm_start=True, callbacks=[Stop(4, "on_train_begin")])
    clf.fit(X, y)
    before, n_iter = clf.predict_proba(X), clf.n_iter_
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert clf.n_iter_ == n_iter
    np.testing.assert_array_equal(clf.predict_proba(X), before)


@quiet
def test_a_fit_that_goes_on_and_is_refused_is_what_it_was():
    clf = GAMOClassifier(**QUICK, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="batch_size changed"):
        clf.set_params(batch_size=7).fit(X, y)
    assert clf.n_iter_ == 4
    clf.predict_proba(X)


@quiet
def test_an_error_in_a_fit_that_goes_on_leaves_attributes_that_agree():
    clf = GAMOClassifier(**QUICK, warm_start=True, callbacks=[Stop(6, error=MemoryError)])
    clf.fit(X, y)
    with pytest.raises(MemoryError):
        clf.fit(X, y)
    assert clf.n_iter_ == clf.game_.rounds_played == 6


@quiet
def test_an_error_in_a_first_fit_leaves_it_not_fitted():
    clf = GAMOClassifier(**QUICK, callbacks=[Stop(3, error=MemoryError)])
    with pytest.raises(MemoryError):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.predict_proba(X)


def test_a_second_ctrl_c_on_the_way_out_leaves_nothing(monkeypatch):
    def again(self, x, y):
        raise KeyboardInterrupt

    monkeypatch.setattr(GAMOClassifier._game, "finish", again)
    clf, note = stopped(GAMOClassifier(**QUICK))
    assert "nothing was kept" in note
    with pytest.raises(NotFittedError):
        clf.predict_proba(X)


def test_a_warning_that_is_an_error_is_not_in_the_way_of_a_ctrl_c(monkeypatch):
    """A search would take it for a fold that failed, and go on."""
    monkeypatch.setattr(
        "gan_resample.core.training.warn_of_collapse", lambda f: warnings.warn("no", stacklevel=1)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf, note = stopped(GAMOClassifier(**QUICK))
    assert "nothing was kept" in note
    with pytest.raises(NotFittedError):
        check_is_fitted(clf)


def test_a_sampler_without_a_game_is_not_fitted_either(monkeypatch):
    sampler = SpreadSMOTE(random_state=0).fit(X, y)

    def stop(self, *args):
        raise KeyboardInterrupt

    monkeypatch.setattr(SpreadSMOTE, "_learn_rows", stop)
    with pytest.raises(KeyboardInterrupt):
        sampler.fit(X, y)
    with pytest.raises(NotFittedError):
        check_is_fitted(sampler)


# ---- the decoder of images ----------------------------------------------------------------------

PIXELS = {**QUICK, "decoder_iter": 5}


def stopped_in_decoder(monkeypatch, sampler, at):
    """Stop in round ``at`` of the second net."""
    with monkeypatch.context() as patch:

        def step(net, batch, step=GameNet.train_step):
            if isinstance(net.module_, GAMO2pixGame) and net.module_.rounds_played == at:
                raise KeyboardInterrupt
            return step(net, batch)

        patch.setattr(GameNet, "train_step", step)
        with pytest.raises(KeyboardInterrupt) as left:
            sampler.fit(*digit_images((20, 8)))
    return left.value.__notes__[0]


@quiet
@pytest.mark.parametrize("kind", [GAMOSampler, PGANSampler])
def test_a_decoder_that_has_begun_is_used(kind, monkeypatch):
    sampler = kind(**PIXELS, warm_start=True)
    note = stopped_in_decoder(monkeypatch, sampler, at=3)
    assert "Its decoder has been trained for 2 rounds" in note
    assert sampler.sample([1, 1]).shape == (2, 1, 8, 8)
    assert not sampler.decoder_net_.module_.training
    sampler.fit(*digit_images((20, 8)))
    assert sampler.decoder_net_.module_.rounds_played == 2 + 5


@quiet
@pytest.mark.parametrize("where", ["game", "decoder"])
def test_without_a_decoder_the_game_is_kept_and_goes_on(where, monkeypatch):
    images, labels = digit_images((20, 8))
    if where == "game":
        sampler, note = stopped(GAMOSampler(**PIXELS, warm_start=True), images, labels, at=2)
    else:
        sampler = GAMOSampler(**PIXELS, warm_start=True)
        note = stopped_in_decoder(monkeypatch, sampler, at=0)
    assert "Its decoder has been trained for 0 rounds, and sample needs one" in note
    with pytest.raises(NotFittedError, match=r"before it had a decoder: fit it again; with warm"):
        sampler.sample([1])
    assert sampler.features(images).shape == (28, 512)
    rounds = sampler.n_iter_
    sampler.fit(images, labels)
    assert sampler.n_iter_ == rounds + 4
    assert sampler.sample([1]).shape == (1, 1, 8, 8)


@quiet
def test_features_need_no_decoder():
    images, labels = digit_images((20, 8))
    sampler, note = stopped(GAMOSampler(**PIXELS, space="features"), images, labels, at=2)
    assert "decoder" not in note
    assert sampler.sample([1]).shape == (1, 512)


# ---- searches -----------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_search_is_left_and_nothing_is_scored(n_jobs):
    clf = GAMOClassifier(**QUICK, callbacks=[Stop()])
    search = GridSearchCV(clf, {"learning_rate": [1e-3]}, cv=2, error_score=0.0, n_jobs=n_jobs)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert not hasattr(search, "best_score_")


@quiet
def test_a_pipeline_is_left():
    from imblearn.pipeline import make_pipeline

    model = make_pipeline(GAMOSampler(**QUICK, callbacks=[Stop(real=True)]), LogisticRegression())
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(model, X, y, cv=2)


@quiet
def test_a_callback_that_ends_the_training_is_no_ctrl_c():
    clf = GAMOClassifier(**{**QUICK, "max_iter": 120}, callbacks=[Stop(50, "on_epoch_end")])
    assert clf.fit(X, y).n_iter_ == 50
    clf.set_params(callbacks=[Stop(50, "on_epoch_end", real=True)])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert clf.n_iter_ == 50
