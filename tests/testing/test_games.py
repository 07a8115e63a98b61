"""The public checks: a fair game and a fair sampler pass, and each fault is told by its law."""

import random
import re
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from gan_resample import GAMOSampler
from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.nn.modules import StraightThrough
from gan_resample.testing import check_game
from gan_resample.testing.games import LAWS, LEARNING_LAWS


class Fair(SamplingGame, ClassifyingGame):
    """A generator that is drawn to the rows of each class, and a classifier."""

    moves: ClassVar = {"generator": "generator", "classifier": "classifier"}

    def __init__(self, *, shape, counts, deficits, spans, levels, batch_size, gaps=()):
        super().__init__()
        self.register_buffer("onehot", torch.eye(len(counts)))
        self.register_buffer("scale", torch.tensor(0.1))
        self.counts, self.deficits = counts, deficits
        self.generator = nn.Linear(len(counts), shape[0])
        self.classifier = nn.Linear(shape[0], len(counts))
        self.harden = StraightThrough(spans, levels, gaps)

    def prepare(self, x, y):
        self.harden.learn(x)

    def turns(self, x, y):
        yield {"generator": (self.made(y) - x).square().mean()}
        yield {"classifier": cross_entropy(self.classifier(x), y)}

    def made(self, y):
        rows = self.generator(self.onehot[y])
        return rows + self.scale * torch.randn(rows.shape, device=y.device)

    def sample(self, y):
        return self.harden(self.made(y))

    @property
    def predictor(self):
        return self.classifier


class Ghost(Fair):
    moves: ClassVar = {**Fair.moves, "boo": "ghost"}


class Shared(Fair):
    def __init__(self, **known):
        super().__init__(**known)
        self.classifier.twin = self.generator.weight


class Loose(Fair):
    def __init__(self, **known):
        super().__init__(**known)
        self.loose = nn.Parameter(torch.ones(1))


class Writing(Fair):
    def turns(self, x, y):
        first, second = super().turns(x, y)
        yield first
        with torch.no_grad():
            self.generator.bias.add_(1)
        yield second


class Detached(Fair):
    def turns(self, x, y):
        yield {"generator": 0 * self.generator.bias.sum()}
        yield {"classifier": cross_entropy(self.classifier(x), y)}


class Unused(Fair):
    def __init__(self, **known):
        super().__init__(**known)
        self.generator.more = nn.Linear(1, 1)


class Idle(Fair):
    def turns(self, x, y):
        yield next(super().turns(x, y))


class Inside(Fair):
    def turns(self, x, y):
        with self.eval_mode("classifier"):
            yield from super().turns(x, y)


class Counting(Fair):
    def turns(self, x, y):
        self.rounds_played += 1
        return super().turns(x, y)


class Double(Fair):
    def sample(self, y):
        return super().sample(y).double()


class FarAway(Fair):
    def sample(self, y):
        return 1e6 * super().sample(y)


class Elsewhere(Fair):
    def sample_with_sources(self, y):
        return -self.sample(y), -torch.ones_like(y)


class Unbounded(Fair):
    chunk_rows = 0


class Wide(Fair):
    def __init__(self, *, shape, counts, **known):
        super().__init__(shape=shape, counts=counts, **known)
        self.classifier = nn.Linear(shape[0], len(counts) + 1)


class Soft(Fair):
    def sample(self, y):
        return self.made(y)


class HalfSoft(Fair):
    def __init__(self, *, spans, levels, **known):
        super().__init__(spans=spans, levels=(), **known)


class Filled(Fair):
    def __init__(self, *, gaps=(), **known):
        super().__init__(**known)


class NoSpread(Fair):
    def sample(self, y):
        return super().sample(y) + 0 / torch.tensor(self.counts[2] - 1.0, device=y.device)


class AllInPlay(Fair):
    def sample(self, y):
        return super().sample(y) + 0 / torch.tensor(self.deficits[2], device=y.device)


class Numbers(Fair):
    def report(self):
        return {"scale": 0.1}


class Undeclared(Fair):
    def diagnose(self):
        return {"ess": {1: 1.0}}


class Unseeded(Fair):
    def turns(self, x, y):
        return super().turns(x + np.random.default_rng().normal(), y)


class FixedSeed(Fair):
    def __init__(self, **known):
        torch.manual_seed(0)
        super().__init__(**known)


class NumpyGlobal(Fair):
    def turns(self, x, y):
        return super().turns(x, y + 0 * int(np.random.rand()))  # noqa: NPY002


class PythonGlobal(Fair):
    def turns(self, x, y):
        return super().turns(x, y + 0 * int(random.random()))


class Forgetful(Fair):
    spread = 1.0

    def prepare(self, x, y):
        super().prepare(x, y)
        self.spread = len(x) / 100

    def made(self, y):
        return self.spread * super().made(y)


class PlainTensor(Fair):
    def __init__(self, **known):
        super().__init__(**known)
        self.weights = [torch.ones(3)]


class DefaultDevice(Fair):
    def made(self, y):
        rows = self.generator(self.onehot[y])
        return rows + self.scale * torch.randn(rows.shape)


class Reading(Fair):
    def turns(self, x, y):
        return super().turns(x * x.sum().isfinite().item(), y)


class Masking(Fair):
    def turns(self, x, y):
        yield {"generator": (self.made(y) - x)[y > -1].square().mean()}
        yield {"classifier": cross_entropy(self.classifier(x), y)}


class Repelled(Fair):
    def turns(self, x, y):
        yield {"generator": (self.made(y) + x).square().mean()}
        yield {"classifier": cross_entropy(self.classifier(x), y)}


class Confused(Fair):
    def turns(self, x, y):
        yield {"generator": (self.made(y) - x).square().mean()}
        yield {"classifier": -cross_entropy(self.classifier(x), y).clamp(max=5)}


class Failing(Fair):
    def report(self):
        raise KeyError("mine")


GAME_FAULTS = {
    Ghost: "'ghost' makes the move 'boo', but the game has no such module",
    Shared: r"\['classifier', 'generator'\] share a parameter",
    Loose: r"no player owns \['loose'\]",
    Writing: r"a turn of \['classifier'\] changed \['generator.bias'\]",
    Detached: r"a turn of \['generator'\] left \['generator.'\] as it was",
    Unused: r"\['generator.more.weight', 'generator.more.bias'\] never got",
    Idle: r"\['classifier'\] never moved",
    Inside: "never yield inside a with",
    Counting: "rounds were played of 1",
    Double: "sample made torch.float64 rows",
    FarAway: "start the generator near real rows",
    Elsewhere: "sample_with_sources gave other rows than sample",
    Unbounded: "chunk_rows is 0",
    Wide: r"logits of shape \(88, 4\) for 88 rows and 3 classes",
    Soft: "generated categories are no one-hot",
    HalfSoft: "a column of three values got others",
    Filled: "numbers that are missing are not 0",
    NoSpread: "a class of one row gave 3 rows for 3 codes, or some that are not finite",
    AllInPlay: r"deficits=\(0, 40, 0\) gave 3 rows",
    Numbers: r"report gives \['scale'\] as no scalar tensors",
    Undeclared: r"diagnose gives \['ess'\]",
    Unseeded: "two fits with one seed gave different",
    FixedSeed: "different seeds gave the same weights",
    NumpyGlobal: "moved numpy's global random state",
    PythonGlobal: "moved Python's global random state",
    Forgetful: "a new game with its state_dict gave other rows",
    PlainTensor: "weights is a plain tensor",
    DefaultDevice: "a turn mixed devices",
    Reading: "_local_scalar_dense, which waits for the device",
    Masking: "indexed with a boolean mask",
    Repelled: "after 300 rounds [0-9]+% of the rows lie nearer",
    Confused: "of two far classes are classified rightly",
}


def test_a_fair_game_passes_and_leaves_the_random_state():
    before = torch.get_rng_state()
    check_game(Fair)
    assert torch.equal(before, torch.get_rng_state())


@cache
def told_of(game):
    """What is told of a game, and of which law."""
    try:
        check_game(game)
    except AssertionError as error:
        return str(error), error.__notes__[0]
    return None


@pytest.mark.parametrize("game", GAME_FAULTS)
def test_each_fault_of_a_game_is_told(game):
    told, note = told_of(game)
    assert re.search(GAME_FAULTS[game], told)
    assert note.startswith(f"{game.__name__}, law: ")


def test_every_law_of_games_tells_a_fault():
    told = {told_of(game)[1].partition("law: ")[2] for game in GAME_FAULTS}
    assert told == {law.__doc__ for law in (*LAWS, *LEARNING_LAWS)}


def test_learning_is_not_asked_for_where_it_is_known_to_fail():
    check_game(Repelled, learning_rounds=0)


def test_what_a_game_raises_itself_is_passed_on_with_the_law():
    with pytest.raises(KeyError, match="mine") as told:
        check_game(Failing)
    assert "law: " in told.value.__notes__[0]


@pytest.mark.parametrize("other", [GAMOSampler, 42])
def test_what_is_no_game_is_refused(other):
    with pytest.raises(TypeError, match="takes a subclass of SamplingGame or ClassifyingGame"):
        check_game(other)
