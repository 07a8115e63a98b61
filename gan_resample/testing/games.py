"""The laws that every game obeys, whatever its paper."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gan_resample.engine.game import ClassifyingGame, Game, SamplingGame
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.testing.data import blobs, global_state_kept, require
from gan_resample.testing.trial import COUNTS, CPU, Trial, features_of, state_of

__all__ = ["LAWS", "LEARNING_LAWS", "NoWaiting", "applies", "check_game", "run_law"]

Law = Callable[[Trial], None]


def check_game(
    game_class: type[Game],
    /,
    *,
    shape: tuple[int, ...] = (4,),
    learning_rounds: int = 300,
    **own_arguments: Any,
) -> None:
    """Check that a game obeys the laws of all games; takes seconds.

    Run it with the defaults of the game's estimator, and again with each arrangement of
    players and turns that its arguments can give.

    Parameters
    ----------
    game_class : type
        A subclass of :class:`~gan_resample.engine.game.SamplingGame` or
        :class:`~gan_resample.engine.game.ClassifyingGame`, or of both.
    shape : tuple of int, default=(4,)
        Of an encoded row: (n_features,), or (channels, height, width) for a game of images.
    learning_rounds : int, default=300
        Rounds that have to be of use on two classes that are far apart: generated rows then lie
        at their class, and a classifier separates the two. 0, for settings that are known to fail
        and are offered because a paper prints them, leaves these two laws out.
    **own_arguments
        The arguments that are the game's own; all others (``shape``, ``counts``, ``deficits``,
        ``spans``, ``levels``, ``batch_size``) are given here.

    Raises
    ------
    AssertionError
        With the law that is broken, and what to do. An error that the game itself raises is
        passed on with a note that says which law was looked at.

    Examples
    --------
    >>> from gan_resample.egan import EGANGame
    >>> from gan_resample.testing import check_game
    >>> check_game(
    ...     EGANGame,
    ...     real_minority_weight=1.0,
    ...     latent_dim=None,
    ...     feature_extractor=None,
    ...     freeze=None,
    ...     decoder=None,
    ...     hidden_layer_sizes=(16,),
    ...     width_multiplier=0.1,
    ... )
    """
    trial = Trial(game_class, own_arguments, tuple(shape), learning_rounds)
    for law in (*LAWS, *(LEARNING_LAWS if learning_rounds else ())):
        if applies(law, game_class):
            run_law(law, trial)


def run_law(law: Law, trial: Trial) -> None:
    """Look at one law; what it draws does not move the caller's random state."""
    try:
        with seeded(random_stream(0), CPU):
            law(trial)
    except Exception as error:
        error.add_note(f"{trial.game.__name__}, law: {law.__doc__}")
        raise


def applies(law: Law, game_class: type[Game]) -> bool:
    """Whether a law is one of games such as this: some are of those that sample or classify."""
    return issubclass(game_class, KINDS.get(law, Game))


# ---- players and turns --------------------------------------------------------------------------


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
    """Check that a turn changes only the players that move, and each of these."""
    net = trial.net()
    for turns in trial.rounds(net):
        game = net.module_
        # moving averages and the game's buffers (mu, pools) are its own, not a player's
        players = tuple({game.moves[move] + "." for move in game.moves})
        before = state_of(game)
        for turn in turns:
            net._move(turn, None)
            after = state_of(game)
            moving = tuple(game.moves[move] + "." for move in turn)
            changed = {key for key in before if not torch.equal(before[key], after[key])}
            others = [k for k in changed if k.startswith(players) and not k.startswith(moving)]
            require(
                not others,
                f"a turn of {sorted(turn)} changed {others}: rows shown to another player are "
                "made under torch.no_grad() and eval_mode, and nothing writes to a player",
            )
            still = [start for start in moving if not any(k.startswith(start) for k in changed)]
            require(
                not still,
                f"a turn of {sorted(turn)} left {still} as it was: its loss has no gradient for "
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
            moved |= set(turn)
            for key, p in net.module_.named_parameters():
                if p.grad is not None and p.grad.isfinite().all() and p.grad.any():
                    learnt.add(key)
    game = net.module_
    # a move against a player that is left out is not made, but the mover has others
    idle = {game.moves[m] for m in net.optimizers()} - {game.moves[m] for m in moved}
    require(not idle, f"{sorted(idle)} never moved in four rounds: yield a turn with its move")
    missed = [key for key, p in game.named_parameters() if p.requires_grad and key not in learnt]
    require(
        not missed,
        f"{missed} never got a finite gradient other than 0 in four rounds: let a loss depend on "
        "it, or leave it out",
    )


def turns_leave_the_modes(trial: Trial) -> None:
    """Check that a turn leaves training modes and gradients as the caller had them."""
    net = trial.net()
    for turns in trial.rounds(net):
        modes = [module.training for module in net.module_.modules()]
        for turn in turns:
            require(
                [module.training for module in net.module_.modules()] == modes
                and torch.is_grad_enabled(),
                f"the turn of {sorted(turn)} was handed over in eval mode or without gradients: "
                "never yield inside a with, and use eval_mode, which puts modes back",
            )
            net._move(turn, None)


def an_exact_number_of_rounds_is_played(trial: Trial) -> None:
    """Check that as many rounds are played as were asked for, also where an epoch is cut short."""
    # an epoch of small data has 50 rounds; those of images take long
    for asked in (1, 51 if len(trial.shape) == 1 else 3):
        played = trial.play(asked).module_.rounds_played
        require(
            played == asked,
            f"{played} rounds were played of {asked}: rounds_played is kept by the net, leave it",
        )


# ---- what a game gives --------------------------------------------------------------------------


def rows_have_shape_dtype_and_range(trial: Trial) -> None:
    """Check that generated rows are encoded rows: float32, finite, and not far from real ones."""
    game = trial.played.module_
    seen = features_of(game, trial.rows()[0])
    width = seen.max() - seen.min()
    for codes in ([2, 1, 2, 2, 1], [1], [2] * 300):
        with torch.no_grad():
            rows = game.sample(torch.tensor(codes))
        expected = (len(codes), *seen.shape[1:])
        require(
            rows.shape == expected and rows.dtype == torch.float32,
            f"sample made {rows.dtype} rows of shape {tuple(rows.shape)} for {len(codes)} class "
            f"codes: it must return torch.float32 of shape {expected}",
        )
        require(
            rows.isfinite().all()
            and rows.min() >= seen.min() - width
            and rows.max() <= seen.max() + width,
            f"after four rounds rows lie in [{rows.min():.3g}, {rows.max():.3g}], real ones in "
            f"[{seen.min():.3g}, {seen.max():.3g}]: start the generator near real rows, and keep "
            "it finite",
        )


def chunks_are_bounded(trial: Trial) -> None:
    """Check that a game says how many rows it makes at once, a whole number of at least 1."""
    most = trial.played.module_.chunk_rows
    require(
        isinstance(most, int) and most >= 1,
        f"chunk_rows is {most!r}: it is the number of rows that sample may be asked for at once",
    )


def logits_have_a_column_for_each_class(trial: Trial) -> None:
    """Check that logits have a row for each row and a column for each class, finite."""
    (x, _), game = trial.rows(), trial.played.module_
    with torch.no_grad():
        logits = game.logits(x)
    require(
        logits.shape == (len(x), len(COUNTS)) and logits.isfinite().all(),
        f"logits of shape {tuple(logits.shape)} for {len(x)} rows and {len(COUNTS)} classes: "
        "predictor must return finite logits, a column for each class, those of real classes only",
    )


def rows_are_as_discrete_as_real_ones(trial: Trial) -> None:
    """Check that categories come back one-hot, columns of few values with these values."""
    if len(trial.shape) != 1:
        return
    x, y = _discrete_rows()
    odd = Trial(trial.game, trial.own, (x.shape[1],))
    known = {"spans": ((3, 5),), "levels": ((2, 3),)}
    game = odd.play(rows=(x, y), own=known).module_
    if not isinstance(game, SamplingGame):
        finite = game.logits(x).isfinite().all()
        require(finite, "a constant column gave logits that are not finite: guard a scale")
        return
    with torch.no_grad():
        rows = game.sample(torch.tensor([2, 1] * 20))
    require(
        rows.isfinite().all(), "a constant column gave rows that are not finite: guard a scale"
    )
    if hasattr(game, "features"):
        return
    spans = rows[:, 3:5]
    require(
        ((spans == 0) | (spans == 1)).all() and (spans.sum(dim=1) == 1).all(),
        "generated categories are no one-hot: pass rows through nn.modules.StraightThrough(spans, "
        "levels), or a discriminator wins by one column",
    )
    require(
        torch.isin(rows[:, 2], x[:, 2]).all(),
        "a column of three values got others: pass rows through nn.modules.StraightThrough("
        "spans, levels), and let prepare call its learn(x)",
    )


def a_class_of_one_row_is_enough(trial: Trial) -> None:
    """Check that a game plays with a class of one row, and gives finite rows and logits."""
    counts = (60, 20, 1)
    rows = trial.rows(counts)
    game = trial.play(rows=rows, counts=counts).module_
    _require_finite(game, rows[0], [1, 2, 2], "a class of one row")


def deficits_are_respected(trial: Trial) -> None:
    """Check that a class that lacks no row is left out of the generating; the others are not."""
    rows = trial.rows()
    game = trial.play(rows=rows, own={"deficits": (0, 40, 0)}).module_
    _require_finite(game, rows[0], [1, 1, 1], "deficits=(0, 40, 0)")


def reports_are_scalars(trial: Trial) -> None:
    """Check that reports are scalar tensors, and diagnostics have the names that are declared."""
    net = trial.net()
    for turns in trial.rounds(net):
        for turn in turns:
            net._move(turn, None)
    game = net.module_
    game.finish(*trial.rows())
    odd = [k for k, v in game.report().items() if not (torch.is_tensor(v) and v.ndim == 0)]
    require(not odd, f"report gives {odd} as no scalar tensors: average them, and leave .item()")
    unknown = sorted(set(game.diagnose()) - set(game.diagnostics))
    require(not unknown, f"diagnose gives {unknown}, which the attribute diagnostics must name")


# ---- seeds, copies, devices ---------------------------------------------------------------------


def seeds_decide(trial: Trial) -> None:
    """Check that the same seed gives the same weights, another seed others."""
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
    """Check that playing leaves the global random states as they were."""
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
    """Check that every tensor that a game keeps is a parameter or a buffer, and moves with it."""
    for path, module in trial.played.module_.named_modules():
        for name, value in vars(module).items():
            held = value if isinstance(value, list | tuple) else [value]
            require(
                not any(torch.is_tensor(each) for each in held),
                f"{path}.{name} is a plain tensor".lstrip(".")
                + ", which stays on the CPU when the game moves to a GPU: register_buffer it",
            )


def new_tensors_are_on_the_device_of_the_rows(trial: Trial) -> None:
    """Check that turns make no tensor on the default device.

    A device without memory stands in for it.
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
    """Fail at operations that would wait for a GPU (a CPU can only show that they are called)."""

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


# ---- learning -----------------------------------------------------------------------------------


def rows_lie_at_their_class(trial: Trial) -> None:
    """Check that after some rounds, rows lie at the one of two far classes they are made for."""
    (x, y), game = trial.far, trial.learnt.module_
    with seeded(random_stream(0), CPU), torch.no_grad():
        rows = game.sample(torch.ones(200, dtype=torch.long))
        seen = features_of(game, x)
    own, other = ((rows - seen[y == c].mean(0)).flatten(1).norm(dim=1) for c in (1, 0))
    share = (own < other).float().mean().item()
    require(
        share > 0.85,  # .92 to 1 of 14 fits of each
        f"after {trial.learning_rounds} rounds {share:.0%} of the rows lie nearer to their "
        "class than to the other: "
        "look at the signs of the losses, and at what the generator is told of the class",
    )


def two_far_classes_are_separated(trial: Trial) -> None:
    """Check that after some rounds, a classifier separates two far classes."""
    (x, y), game = trial.far, trial.learnt.module_
    with torch.no_grad():
        share = (game.logits(x).argmax(1) == y).float().mean().item()
    require(
        share > 0.9,  # .97 to 1
        f"after {trial.learning_rounds} rounds {share:.0%} of the rows of two far classes are "
        "classified rightly: "
        "look at the classifier's loss, and at the rows of each class that it is shown",
    )


LAWS: tuple[Law, ...] = (
    players_own_their_parameters,
    only_movers_change,
    every_player_learns,
    turns_leave_the_modes,
    reports_are_scalars,
    an_exact_number_of_rounds_is_played,
    rows_have_shape_dtype_and_range,
    chunks_are_bounded,
    logits_have_a_column_for_each_class,
    rows_are_as_discrete_as_real_ones,
    a_class_of_one_row_is_enough,
    deficits_are_respected,
    seeds_decide,
    global_random_state_is_untouched,
    copies_are_the_same,
    tensors_are_buffers,
    new_tensors_are_on_the_device_of_the_rows,
    a_round_never_waits,
)
LEARNING_LAWS: tuple[Law, ...] = (rows_lie_at_their_class, two_far_classes_are_separated)
KINDS: dict[Law, type[Any]] = {
    rows_have_shape_dtype_and_range: SamplingGame,
    chunks_are_bounded: SamplingGame,
    rows_lie_at_their_class: SamplingGame,
    logits_have_a_column_for_each_class: ClassifyingGame,
    two_far_classes_are_separated: ClassifyingGame,
}


def _discrete_rows() -> tuple[Tensor, Tensor]:
    """Return rows with a constant column, one of three values (2) and a one-hot span (3 to 4)."""
    X, codes = blobs(COUNTS)
    x, y = torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(codes)
    pick = torch.arange(len(x))
    x = torch.cat([x - x.mean(0), torch.eye(2)[(pick + y) % 2][:, :1]], dim=1)
    x[:, 1] = 0.0
    x[:, 2] = (pick % 3 - 1).float()
    x[:, 3:5] = torch.eye(2)[(pick + y) % 2]
    return x, y


def _require_finite(game: Any, x: Tensor, codes: list[int], cause: str) -> None:
    """Require finite rows for ``codes`` and finite logits of ``x``, as far as a game has them."""
    if isinstance(game, SamplingGame):
        with torch.no_grad():
            rows = game.sample(torch.tensor(codes))
        require(
            len(rows) == len(codes) and rows.isfinite().all(),
            f"{cause} gave {len(rows)} rows for {len(codes)} codes, or some that are not finite: "
            "guard standard deviations and partners of a class with few rows",
        )
    if isinstance(game, ClassifyingGame):
        logits = game.logits(x)
        require(
            logits.shape[1] == len(COUNTS) and logits.isfinite().all(),
            f"{cause} gave logits that are not finite, or not of all classes",
        )


def _made_by(game: Any, trial: Trial) -> Tensor:
    """Return rows or logits, or both, of a game after one seed, in one tensor."""
    parts = []
    with seeded(random_stream(3), CPU), torch.no_grad():
        if isinstance(game, SamplingGame):
            parts.append(game.sample(torch.tensor([1, 2, 2, 1])).flatten())
        if isinstance(game, ClassifyingGame):
            parts.append(game.logits(trial.rows()[0]).flatten())
    require(parts, "a game samples or classifies: derive it from SamplingGame or ClassifyingGame")
    return torch.cat(parts)
