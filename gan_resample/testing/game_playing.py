"""Laws of games: players and turns, seeds, copies and devices."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_resample.engine.game import ClassifyingGame, SamplingGame, moves_of
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.testing.data import global_state_kept, require
from gan_resample.testing.trial import CPU, Trial, state_of

__all__ = [
    "NoWaiting",
    "a_round_never_waits",
    "an_exact_number_of_rounds_is_played",
    "copies_are_the_same",
    "every_player_learns",
    "global_random_state_is_untouched",
    "new_tensors_are_on_the_device_of_the_rows",
    "only_movers_change",
    "players_own_their_parameters",
    "seeds_decide",
    "tensors_are_buffers",
    "turns_leave_the_modes",
]


def players_own_their_parameters(trial: Trial) -> None:
    """Check that players share no parameter and own every trainable one."""
    game = trial.game(**trial.arguments())
    for move, player in game.moves.items():
        require(
            hasattr(game, player) and isinstance(getattr(game, player), torch.nn.Module | None),
            f"moves says that {player!r} makes the move {move!r}, but the game has no such "
            "module: assign it in the constructor, or None where it is left out",
        )
    players = {player for player in game.moves.values() if getattr(game, player) is not None}
    owned = [id(p) for player in players for p in getattr(game, player).parameters()]
    require(
        len(owned) == len(set(owned)),
        f"two of the players {sorted(players)} share a parameter, so that one moves the other: "
        "give it to one of them",
    )
    lost = [n for n, p in game.named_parameters() if p.requires_grad and id(p) not in owned]
    require(
        not lost,
        f"no player owns {lost}, which nobody could train: move it into a player, or make it a "
        "buffer",
    )


def only_movers_change(trial: Trial) -> None:
    """Check that a turn changes the players that move, each of them, and no others."""
    net = trial.net()
    for turns in trial.rounds(net):
        game = net.module_
        # moving averages and buffers (mu, pools) belong to the game, not to a player
        players = tuple({game.moves[move] + "." for move in game.moves})
        before = state_of(game)
        for turn in turns:
            net._move(turn, None)
            after = state_of(game)
            moving = tuple(game.moves[move] + "." for move in moves_of(turn))
            changed = {key for key in before if not torch.equal(before[key], after[key])}
            others = [k for k in changed if k.startswith(players) and not k.startswith(moving)]
            require(
                not others,
                f"a turn of {moves_of(turn)} changed {others}: rows shown to another player are "
                "made under torch.no_grad() and eval_mode, and nothing writes to a player",
            )
            still = [start for start in moving if not any(k.startswith(start) for k in changed)]
            require(
                not still,
                f"a turn of {moves_of(turn)} left {still} as it was: its loss has no gradient for "
                "it; compute the loss from what the player made, without detach",
            )
            before = after


def every_player_learns(trial: Trial) -> None:
    """Check that every player moves, and every trainable parameter gets a finite gradient."""
    net = trial.net()
    learnt, moved = set(), set()
    for turns in trial.rounds(net):
        for turn in turns:
            net._move(turn, None)
            moved |= set(moves_of(turn))
            for key, p in net.module_.named_parameters():
                if p.grad is not None and p.grad.isfinite().all() and p.grad.any():
                    learnt.add(key)
    game = net.module_
    # a move against a player that is left out is not made, but its player has other moves
    idle = {game.moves[m] for m in net.optimizers()} - {game.moves[m] for m in moved}
    require(not idle, f"{sorted(idle)} never moved in four rounds: yield a turn with its move")
    missed = [key for key, p in game.named_parameters() if p.requires_grad and key not in learnt]
    require(
        not missed,
        f"{missed} never got a finite gradient other than 0 in four rounds: let a loss depend on "
        "it, or leave it out",
    )


def turns_leave_the_modes(trial: Trial) -> None:
    """Check that a turn does not change training modes, nor whether gradients are on."""
    net = trial.net()
    for turns in trial.rounds(net):
        modes = [module.training for module in net.module_.modules()]
        for turn in turns:
            require(
                [module.training for module in net.module_.modules()] == modes
                and torch.is_grad_enabled(),
                f"the turn of {moves_of(turn)} was handed over in eval mode or without gradients: "
                "never yield inside a with, and use eval_mode, which puts modes back",
            )
            net._move(turn, None)


def an_exact_number_of_rounds_is_played(trial: Trial) -> None:
    """Check that exactly as many rounds are played as asked for, also in a shorter epoch."""
    # an epoch of small data has 50 rounds; those of images take long
    for asked in (1, 51 if len(trial.shape) == 1 else 3):
        played = trial.play(asked).module_.rounds_played
        require(
            played == asked,
            f"{played} rounds were played of {asked}: rounds_played is kept by the net, leave it",
        )


# ---- seeds, copies, devices ---------------------------------------------------------------------


def seeds_decide(trial: Trial) -> None:
    """Check that the same seed gives the same weights, and another seed different ones."""
    one, two, other = (
        state_of(net.module_) for net in (trial.played, trial.play(), trial.play(seed=1))
    )
    differing = [key for key in one if not torch.equal(one[key], two[key])]
    require(
        not differing,
        f"two fits with one seed gave different {differing}: draw all randomness from torch, "
        "nothing from numpy, time or the order of a set",
    )
    require(
        any(not torch.equal(one[key], other[key]) for key in one),
        "two fits with different seeds gave the same weights: no generator may be seeded inside",
    )


def global_random_state_is_untouched(trial: Trial) -> None:
    """Check that playing does not change the global random states."""
    with global_state_kept("playing the game"):
        trial.play()


def copies_are_the_same(trial: Trial) -> None:
    """Check that copies, pickles and state dicts give the same rows and logits."""
    net = trial.played
    game = net.module_
    fresh = trial.net().initialize().module_.eval()
    fresh.load_state_dict(game.state_dict())
    copies = {
        "a deep copy": copy.deepcopy(game),
        "a pickle": pickle.loads(pickle.dumps(game)),
        "a new game with its state_dict": fresh,
        "a pickle of its net": pickle.loads(pickle.dumps(net)).module_,
    }
    expected = _made_by(game, trial)
    for what, other in copies.items():
        require(
            torch.equal(expected, _made_by(other, trial)) and other.rounds_played == 4,
            f"{what} gave other rows or logits: what they depend on must be a buffer, or be kept "
            "by get_extra_state and set_extra_state",
        )


def tensors_are_buffers(trial: Trial) -> None:
    """Check that every tensor of a game is a parameter or a buffer, and so moves with it."""
    for path, module in trial.played.module_.named_modules():
        for name, value in vars(module).items():
            held = value if isinstance(value, list | tuple) else [value]
            require(
                not any(torch.is_tensor(each) for each in held),
                f"{path}.{name} is a plain tensor".lstrip(".")
                + ", which stays on the CPU when the game moves to a GPU: register_buffer it",
            )


def new_tensors_are_on_the_device_of_the_rows(trial: Trial) -> None:
    """Check that turns make tensors on the device of the rows, not on the default device.

    The default device is set to "meta", which has no memory and cannot be mixed with others.
    """
    advice = "a turn mixed devices: give torch.randn, zeros, arange and the like device=y.device"
    net = trial.net()
    for turns in trial.rounds(net):
        try:
            with torch.device("meta"):
                for turn in turns:
                    require(all(loss.device == CPU for loss in turn.values()), advice)
        except (RuntimeError, NotImplementedError) as error:
            if "meta" not in str(error) and "device" not in str(error):
                raise
            raise AssertionError(f"{advice} ({error})") from error


class NoWaiting(TorchDispatchMode):
    """Raise at operations that would wait for a GPU; works on a CPU, where none waits."""

    waiting = ("_local_scalar_dense", "nonzero", "masked_select", "_unique", "is_nonzero", "equal")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().removeprefix("aten::")
        require(
            not name.startswith(self.waiting),
            f"a turn called {name}, which waits for the device: no .item(), bool of a tensor, "
            "unique or nonzero in a round; decide by torch.where or by numbers known beforehand",
        )
        masks = args[1] if name in ("index.Tensor", "index_put_") else ()
        require(
            not any(index is not None and index.dtype == torch.bool for index in masks),
            "a turn indexed with a boolean mask, which waits for the device: weigh or torch.where",
        )
        return func(*args, **(kwargs or {}))


def a_round_never_waits(trial: Trial) -> None:
    """Check that no operation of a round waits for the device."""
    net = trial.net()
    for turns in trial.rounds(net):
        with NoWaiting():
            for turn in turns:
                for loss in turn.values():
                    loss.backward(retain_graph=True)


def _made_by(game: Any, trial: Trial) -> Tensor:
    """Return rows or logits of a game, or both, after seeding, in one tensor."""
    parts = []
    with seeded(random_stream(3), CPU), torch.no_grad():
        if isinstance(game, SamplingGame):
            parts.append(game.sample(torch.tensor([1, 2, 2, 1])).flatten())
        if isinstance(game, ClassifyingGame):
            parts.append(game.logits(trial.rows()[0]).flatten())
    require(parts, "a game samples or classifies: derive it from SamplingGame or ClassifyingGame")
    return torch.cat(parts)
