import threading
from functools import partial

import numpy as np
import pytest
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, EpochTimer, LRScheduler

from gan_resample import CycleGANClassifier, CycleGANSampler, GAMOClassifier
from gan_resample.engine.callbacks import check_callbacks
from tests.helpers import SMALL, blobs


class TwoMoves:
    """What is asked of a game's class."""

    moves = {"classifier": "classifier", "generator": "generator"}  # noqa: RUF012
    alternates = False


def test_callbacks_are_copied():
    mine = EpochTimer()
    (copied,) = check_callbacks([mine], TwoMoves)
    assert copied is not mine
    assert check_callbacks(None, TwoMoves) == []


class Locked(Callback):
    """Cannot be copied, like a callback that holds a file or a connection."""

    def __init__(self):
        self.lock = threading.Lock()


class Told(Callback):
    def __init__(self, what):
        self.what = what


@pytest.mark.parametrize(
    "item",
    [
        *(0, None, "EpochTimer", np.float64(1.0), object(), dict, print, lambda net: None),
        *(
            ("timer", 0),
            ("timer",),
            (EpochTimer(), "timer"),
            ("a", EpochTimer(), 1),
            [],
            (1, Told),
        ),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_is_no_callback_is_told_before_training(item):
    with pytest.raises(TypeError, match=r"callbacks\[1\] is .* must be a skorch callback: an in"):
        check_callbacks([EpochTimer(), item], TwoMoves)
    with pytest.raises(TypeError, match=r"callbacks\[0\]"):
        GAMOClassifier(**SMALL, callbacks=[item]).fit(*blobs())


def test_classes_and_pairs_are_callbacks_too():
    mine = EpochTimer()
    given = [EpochTimer, ("one", mine), ["two", EpochTimer], mine]
    first, one, two, last = check_callbacks(given, TwoMoves)
    assert isinstance(first, EpochTimer)
    assert one[0] == "one"
    assert one[1] is not mine
    assert two[0] == "two"
    assert isinstance(two[1], EpochTimer)
    clf = GAMOClassifier(**SMALL, max_iter=2, callbacks=given).fit(*blobs())
    names = [name for name, _ in clf.net_.callbacks_]
    assert names == ["EpochTimer_1", "EpochTimer_2", "one", "two"]
    assert last is not mine


def test_two_callbacks_of_one_name_are_told_before_training():
    twice = [("timer", EpochTimer()), ("timer", EpochTimer())]
    with pytest.raises(ValueError, match="several that are called 'timer'"):
        check_callbacks(twice, TwoMoves)


@pytest.mark.parametrize(
    ("callback", "what"),
    [(Told, "made without arguments"), (Locked(), "copied, as fit does"), (("a", Told), "made")],
)
def test_what_cannot_be_made_or_copied_is_told(callback, what):
    with pytest.raises(TypeError, match=rf"callbacks\[0\], .* cannot be {what}"):
        check_callbacks([callback], TwoMoves)


@pytest.mark.parametrize("callback", [LRScheduler(), LRScheduler, ("save", Checkpoint())])
def test_callbacks_that_expect_one_optimizer_are_refused(callback):
    with pytest.raises(ValueError, match=r"one for each move.*net_params"):
        check_callbacks([callback], TwoMoves)


@pytest.mark.parametrize("callback", [EarlyStopping(), EarlyStopping])
def test_early_stopping_must_name_a_move(callback):
    with pytest.raises(ValueError, match=r"valid_loss.*no validation set.*classifier_loss"):
        check_callbacks([callback], TwoMoves)


def test_early_stopping_is_refused_where_players_take_turns():
    stop = EarlyStopping(monitor="translators_loss", patience=2, threshold=0.9)
    for joint in (CycleGANClassifier, partial(CycleGANSampler, mode="alt")):
        with pytest.raises(ValueError, match=r"players of CycleGANGame take turns.*max_iter"):
            joint(**SMALL, callbacks=[stop]).fit(*blobs())
    sampler = CycleGANSampler(**SMALL, max_iter=5000, callbacks=[stop]).fit(*blobs((40, 8)))
    assert sampler.n_iter_ < 1000


def test_early_stopping_on_a_move_stops_without_a_warning(recwarn):
    stop = EarlyStopping(monitor="classifier_loss", patience=2, threshold=0.9)
    clf = GAMOClassifier(**SMALL, max_iter=5000, callbacks=[stop]).fit(*blobs())
    assert clf.n_iter_ < 1000
    assert not [w for w in recwarn if "interrupted" in str(w.message)]
    assert clf.history_[-1]["rounds"] == clf.n_iter_
