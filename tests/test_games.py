"""The laws that every game obeys, whatever its paper; a new game is one line in ``helpers``."""

import copy
import pickle
import random

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gan_resample.cyclegan import CycleGANGame
from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.engine.seeding import random_stream, seeded
from tests.helpers import GAMES, LITERAL, make_game, make_net, rows_of

CPU = torch.device("cpu")
every_game = pytest.mark.parametrize("name", GAMES)


def names_of(kind):
    return [name for name, (game, _) in GAMES.items() if issubclass(game, kind)]


def of_use(kind):
    return pytest.mark.parametrize("name", [n for n in names_of(kind) if n not in LITERAL])


sampling = pytest.mark.parametrize("name", names_of(SamplingGame))
classifying = pytest.mark.parametrize("name", names_of(ClassifyingGame))


def features_of(game, x):
    """Rows as the game generates them: it may do so in a space of its own."""
    return game.features(x) if hasattr(game, "features") else x


def state_of(module):
    """Parameters and buffers, copied."""
    return {
        key: value.clone() for key, value in module.state_dict().items() if key != "_extra_state"
    }


def prefix_of(game, move):
    return game.moves[move] + "."


def played(name, rounds=4, seed=0, **options):
    net = make_net(name, max_iter=rounds, **options)
    with seeded(random_stream(seed), CPU):
        net.fit(*rows_of(name))
    net.module_.eval()
    return net


def rounds_of(net, name, n=4):
    """Play ``n`` rounds of an initialised net, all phases in them: yields each turn's iterator."""
    game, (x, y) = net.module_, rows_of(name)
    game.rounds_planned = n
    game.prepare(x, y)
    batches = net._batches(y)
    for _ in range(n):
        game.begin_epoch(x, y)
        net._set_training(True)
        rows = next(batches)
        yield game.turns(x[rows], y[rows])
        game.rounds_played += 1


@every_game
def test_players_share_no_parameter_and_own_every_trainable_one(name):
    game = make_game(name)
    players = {player for player in game.moves.values() if getattr(game, player) is not None}
    owned = [id(p) for player in players for p in getattr(game, player).parameters()]
    trainable = {id(p) for p in game.parameters() if p.requires_grad}
    assert len(owned) == len(set(owned))
    assert trainable <= set(owned)


@every_game
def test_a_turn_changes_only_the_players_that_move(name):
    net = make_net(name).initialize()
    game = net.module_
    # moving averages and the game's buffers (mu, pools) are its own, not a player's
    players = tuple({prefix_of(game, move) for move in game.moves})
    for turns in rounds_of(net, name):
        before = state_of(game)
        for turn in turns:
            net._move(turn, None)
            after = state_of(game)
            moving = tuple(prefix_of(game, move) for move in turn)
            for key in [k for k in before if k.startswith(players) and not k.startswith(moving)]:
                assert torch.equal(before[key], after[key]), f"{set(turn)} changed {key}"
            for start in moving:
                assert any(
                    not torch.equal(before[k], after[k]) for k in before if k.startswith(start)
                )
            before = after


@every_game
def test_every_player_moves_and_every_parameter_learns(name):
    net = make_net(name).initialize()
    game = net.module_
    learnt, moved = set(), set()
    for turns in rounds_of(net, name):
        for turn in turns:
            net._move(turn, None)
            moved |= set(turn)
            learnt |= {
                key
                for key, p in game.named_parameters()
                if p.grad is not None and p.grad.isfinite().all() and p.grad.any()
            }
    # a move against a player that is left out is not made, but the mover has others
    assert {game.moves[m] for m in moved} == {game.moves[m] for m in net.optimizers()}
    assert learnt == {key for key, p in game.named_parameters() if p.requires_grad}


@every_game
def test_training_modes_are_as_they_were_after_each_turn(name):
    net = make_net(name).initialize()
    for turns in rounds_of(net, name):
        modes = [module.training for module in net.module_.modules()]
        for turn in turns:
            assert [module.training for module in net.module_.modules()] == modes
            assert torch.is_grad_enabled()
            net._move(turn, None)


@sampling
def test_samples_have_shape_dtype_and_range(name):
    net = played(name)
    y = torch.tensor([2, 1, 2, 2, 1])
    rows = net.module_.sample(y)
    x, _ = rows_of(name)
    seen = features_of(net.module_, x)
    assert rows.shape == (5, *seen.shape[1:])
    assert rows.dtype == torch.float32
    width = seen.max() - seen.min()
    assert rows.min() >= seen.min() - width  # finite, and not far from real rows
    assert rows.max() <= seen.max() + width


@classifying
def test_logits_have_a_column_for_each_class(name):
    game = played(name).module_
    x, _ = rows_of(name)
    assert game.logits(x).shape == (88, 3)


@every_game
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name):
    one, two, other = (state_of(played(name, seed=seed).module_) for seed in (1, 1, 2))
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@every_game
def test_global_random_state_is_untouched(name):
    torch.manual_seed(5), np.random.seed(5), random.seed(5)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    played(name)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert before[2] == random.getstate()


@sampling
def test_copies_give_the_same_rows(name):
    net = played(name)
    game, y = net.module_, torch.tensor([1, 2, 2, 1])
    fresh = make_net(name).initialize().module_.eval()
    fresh.load_state_dict(game.state_dict())
    copies = [copy.deepcopy(game), pickle.loads(pickle.dumps(game)), fresh]
    copies.append(pickle.loads(pickle.dumps(net)).module_)
    rows = []
    for each in [game, *copies]:
        with seeded(random_stream(3), CPU):
            rows.append(each.sample(y))
        assert each.rounds_played == 4
    assert all(torch.equal(rows[0], other) for other in rows[1:])


@every_game
def test_an_exact_number_of_rounds_is_played(name):
    for rounds in (1, 49, 51):
        assert played(name, rounds=rounds).module_.rounds_played == rounds


@every_game
def test_the_last_batch_may_not_be_short(name):
    net = make_net(name, counts=(9, 6, 2), batch_size=16, max_iter=3)  # 17 rows: 17 % 16 == 1
    seen = []
    step = net.train_step
    net.train_step = lambda batch: seen.append(len(batch[0])) or step(batch)
    net.fit(*rows_of(name, (9, 6, 2)))
    # 16, 5 of each of three classes, or all 9 of the largest
    rows = {"uniform": 16, "balanced": 15, "reference": 9}[net.module_.batches]
    assert seen == [rows] * 3


def far_classes(name):
    """Rows of two classes far apart; of tables standardised, as encoders give them."""
    x, y = rows_of(name, (80, 20), distance=8.0)
    return (x - x.mean(0)) / x.std(0) if x.ndim == 2 else x, y


@of_use(SamplingGame)
def test_generated_rows_lie_at_their_class(name):
    x, y = far_classes(name)
    net = make_net(name, counts=(80, 20), max_iter=300, lr=1e-2 if x.ndim == 2 else 3e-3)
    with seeded(random_stream(0), CPU):
        net.fit(x, y)
        net.module_.eval()
        net.module_.boundary_share = 0.0  # of DVAAN: no rows that are to lie between the classes
        rows = net.module_.sample(torch.ones(200, dtype=torch.long))
    seen = features_of(net.module_, x)
    to_minority = (rows - seen[y == 1].mean(0)).flatten(1).norm(dim=1)
    to_majority = (rows - seen[y == 0].mean(0)).flatten(1).norm(dim=1)
    assert (to_minority < to_majority).float().mean() > 0.85  # .92 to 1 of 14 fits of each


@of_use(ClassifyingGame)
def test_a_classifier_separates_two_far_classes(name):
    x, y = far_classes(name)
    # half of CycleGAN's rounds are the translators'
    rounds = 300 if issubclass(GAMES[name][0], CycleGANGame) else 150
    net = make_net(name, counts=(80, 20), max_iter=rounds, lr=1e-2)
    with seeded(random_stream(0), CPU):
        net.fit(x, y)
        net.module_.eval()
    assert (net.module_.logits(x).argmax(1) == y).float().mean() > 0.9  # .97 to 1


class NoHostSync(TorchDispatchMode):
    """Fails on operations that would wait for a GPU (a CPU can only show that they are called)."""

    waiting = ("_local_scalar_dense", "nonzero", "masked_select", "_unique", "is_nonzero", "equal")

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::")
        assert not name.startswith(self.waiting), f"{name} waits for the device"
        for index in args[1] if name in ("index.Tensor", "index_put_") else ():
            assert index is None or index.dtype != torch.bool, "a boolean mask waits"
        return func(*args, **(kwargs or {}))


@every_game
def test_a_round_never_waits_for_the_device(name):
    for turns in rounds_of(make_net(name).initialize(), name):
        with NoHostSync():
            for turn in turns:
                for loss in turn.values():
                    loss.backward(retain_graph=True)
    with pytest.raises(AssertionError, match="waits"), NoHostSync():
        torch.ones(3).sum().item()


@pytest.mark.gpu
@every_game
def test_a_round_on_a_gpu_never_waits(name):
    net = make_net(name, device="cuda").initialize()
    game, (x, y) = net.module_, (t.cuda() for t in rows_of(name))
    game.rounds_planned = 8
    game.prepare(x, y)
    batches = net._batches(y)
    for number in range(8):
        game.begin_epoch(x, y)
        rows = next(batches)
        # the first of each phase: lazy set-up of optimizers and libraries may wait
        torch.cuda.set_sync_debug_mode("error" if number not in (0, 2, 4) else "default")
        try:
            net.train_step((x[rows], y[rows]))
        finally:
            torch.cuda.set_sync_debug_mode("default")
        game.rounds_played += 1
