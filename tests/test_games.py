"""The laws of :mod:`gan_resample.testing`, of every game in every arrangement.

A new game is its arrangements in ``helpers``. There is no list of exceptions.
"""

from functools import lru_cache

import pytest
import torch

from gan_resample.cyclegan import CycleGANGame
from gan_resample.cyclegan.translation import TranslationGame
from gan_resample.egan import EGANGame
from gan_resample.engine.game import Game
from gan_resample.mixing.game import MixingGame
from gan_resample.testing.game_playing import an_exact_number_of_rounds_is_played
from gan_resample.testing.games import LAWS, LEARNING_LAWS, applies, run_law
from tests.helpers import FAIL_AS_PRINTED, GAMES, SHAPES, make_net, rows_of, trial

FIRST = {kind: name for name, (kind, _) in reversed(GAMES.items())}  # arrangement of each game
LONG = {an_exact_number_of_rounds_is_played}  # of the rounds of an epoch and one: once a game


def pairs(laws, names=GAMES):
    """An arrangement and a law that is one of its games."""
    return [
        (name, law)
        for name in names
        for law in laws
        if applies(law, GAMES[name][0]) and (law not in LONG or name == FIRST[GAMES[name][0]])
    ]


def each(of):
    ids = [f"{name}-{law.__name__}" for name, law in of]
    return pytest.mark.parametrize(("name", "law"), of, ids=ids)


@lru_cache(maxsize=1)  # one fitted game for all laws that only read it
def on_trial(name):
    return trial(name)


@lru_cache(maxsize=1)
def trained(name):
    """The arrangement where its rows are to lie at their class, not between the classes."""
    net = trial(name, **({"boundary_share": 0.0} if "boundary_share" in GAMES[name][1] else {}))
    net.learning_rounds = rounds_to_learn(name)
    return net


def rounds_to_learn(name):
    """As many as five seeds need to be well past the limits of the laws."""
    kind, is_image = GAMES[name][0], name in SHAPES
    if issubclass(kind, MixingGame) or (issubclass(kind, TranslationGame) and is_image):
        return 100
    if issubclass(kind, CycleGANGame):
        return 600  # half of them are the translators'
    return 150 if issubclass(kind, EGANGame) else 300  # of check_game


def test_batches_of_all_three_kinds_are_met():
    kinds = {GAMES[name][0].batches for name in SIZES}
    assert kinds == {Game.batches, TranslationGame.batches, EGANGame.batches}


# 16 rows, 5 of each of three classes, or all 9 of the largest
SIZES = {"gamo": 16, "dvaan": 16, "cyclegan-joint": 15, "egan": 9}


@pytest.mark.parametrize("name", SIZES)
def test_the_last_batch_may_not_be_short(name):
    net = make_net(name, counts=(9, 6, 2), max_iter=3)  # 17 rows: 17 % 16 == 1
    seen, step = [], net.train_step
    net.train_step = lambda batch: seen.append(len(batch[0])) or step(batch)
    net.fit(*rows_of(name, (9, 6, 2)))
    assert seen == [SIZES[name]] * 3


@each(pairs(LAWS))
def test_law(name, law):
    run_law(law, on_trial(name))


@each(pairs(LEARNING_LAWS, [name for name in GAMES if name not in FAIL_AS_PRINTED]))
def test_law_of_learning(name, law):
    run_law(law, trained(name))


@each(pairs(LEARNING_LAWS, sorted(FAIL_AS_PRINTED)))
def test_settings_that_do_not_learn_are_told_by_the_law(name, law):
    with pytest.raises(AssertionError, match=r"rounds [0-9]+% of the rows"):
        run_law(law, trained(name))


@pytest.mark.gpu
@pytest.mark.parametrize("name", GAMES)
def test_a_round_on_a_gpu_never_waits(name):
    net = make_net(name, device="cuda").initialize()
    for number, turns in enumerate(trial(name).rounds(net, 8)):
        # the first of each phase: lazy set-up of optimizers and libraries may wait
        torch.cuda.set_sync_debug_mode("error" if number not in (0, 2, 4) else "default")
        try:
            for turn in turns:
                net._move(turn, None)
        finally:
            torch.cuda.set_sync_debug_mode("default")
