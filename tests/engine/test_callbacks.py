from functools import partial

import pytest
from skorch.callbacks import Checkpoint, EarlyStopping, EpochTimer, LRScheduler

from gan_resample import CycleGANClassifier, CycleGANSampler, GAMOClassifier
from gan_resample.engine.callbacks import check_callbacks
from tests.helpers import SMALL, blobs


class TwoMoves:
    """What is asked of a game's class."""

    moves = {"classifier": "classifier", "generator": "generator"}  # noqa: RUF012
    take_turns = False


def test_callbacks_are_copied():
    mine = EpochTimer()
    (copied,) = check_callbacks([mine], TwoMoves)
    assert copied is not mine
    assert check_callbacks(None, TwoMoves) == []


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
