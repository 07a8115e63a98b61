"""Guards against games that go wrong: snapshots, the stop on divergence, named warnings."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gan_resample.engine.game import Game

__all__ = [
    "BoundaryWarning",
    "CollapseWarning",
    "DivergenceError",
    "DivergenceWarning",
    "Guard",
    "LossTally",
    "ScatterWarning",
    "TinyClassWarning",
    "warn_of_collapse",
    "warn_of_scatter",
]


KEPT_ROUNDS = 50  # most rounds between two snapshots
WIDEST = 10  # standard deviation of generated rows over that of real ones


class DivergenceError(RuntimeError):
    """A loss or a weight became infinite or not a number twice in one fit."""


class DivergenceWarning(RuntimeWarning):
    """A loss or a weight became non-finite once; training went on from the last snapshot."""


class CollapseWarning(UserWarning):
    """The generated rows of a class are close to one point or to a few rows."""


class BoundaryWarning(UserWarning):
    """Rows near the boundary of a class could not be generated, so others took their place."""


class ScatterWarning(UserWarning):
    """The generated rows of a class spread many times as far as its real ones."""


class TinyClassWarning(UserWarning):
    """A class has so few rows that new ones are copies or mixtures of very few."""


class LossTally:
    """Sums of the losses of each move, kept on the device and read once an epoch."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, move: str, loss: Tensor) -> None:
        """Add ``loss``, a detached scalar, to the sum of ``move``."""
        self._sums[move] = self._sums[move] + loss if move in self._sums else loss
        self._counts[move] = self._counts.get(move, 0) + 1

    def means(self) -> dict[str, Tensor]:
        """Return the mean loss of each move, still on the device."""
        return {f"{move}_loss": total / self._counts[move] for move, total in self._sums.items()}


class Guard:
    """Keeps the last finite state of game and optimizers, and restores it when they diverge."""

    def __init__(self, game: Game, optimizers: Mapping[str, Optimizer]) -> None:
        self._game = game
        self._optimizers = optimizers
        self._diverged = False
        self._snapshot = self._state()
        # a later state, not checked yet, for a fit that is stopped inside a round
        self._between: dict[str, Any] | None = None
        self._began = self._kept_at = game.rounds_played

    def check_epoch(self, tally: LossTally) -> dict[str, float] | None:
        """Return the mean losses of the epoch, or ``None`` if it diverged and was undone.

        The device is waited for here, once an epoch, and nowhere else.

        Raises
        ------
        DivergenceError
            If a loss or a weight is not finite for the second time.
        """
        means = {**tally.means(), **self._game.report()}
        weights = {f"weights {name}": total for name, total in self._weight_sums().items()}
        figures = _read(means | weights)
        losses = {name: figures[name] for name in means}
        faulty = [name for name, value in figures.items() if not math.isfinite(value)]
        if not faulty:
            self._snapshot, self._between = self._state(), None
            self._kept_at = self._game.rounds_played
            return losses
        self._take_back(faulty[0])
        return None

    def note_round(self) -> None:
        """Keep the state between two rounds: after 1, 2, 4, ... rounds of a fit, then every 50.

        Each snapshot costs a copy; a stopped fit loses the rounds since the last one.
        """
        rounds = self._game.rounds_played
        if rounds - self._kept_at >= min(KEPT_ROUNDS, max(1, self._kept_at - self._began)):
            self._between, self._kept_at = self._state(), rounds

    def go_back(self, *, inside_round: bool) -> None:
        """Restore the latest kept state, between two rounds, that has finite weights.

        Outside a round the present state is the latest. Inside one it cannot be used: some players
        have moved, others have not.
        """
        if not inside_round and self._is_finite():
            return
        if self._between is not None:
            self._restore(self._between)
            if self._is_finite():
                return
        self._restore(self._snapshot)

    def _is_finite(self) -> bool:
        return all(map(math.isfinite, _read(self._weight_sums()).values()))

    def _take_back(self, faulty: str) -> None:
        rounds = self._game.rounds_played
        advice = "lower learning_rate, raise batch_size, or look for extreme values in X"
        what = f"{faulty} is not finite after round {rounds}"
        self._restore(self._snapshot)
        self._between, self._kept_at = None, self._game.rounds_played
        if self._diverged:
            raise DivergenceError(f"training diverged a second time: {what}; {advice}")
        self._diverged = True
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] /= 2
        self._snapshot = self._state()
        warnings.warn(
            f"training diverged: {what}. The state of round {self._game.rounds_played} was "
            f"restored and every learning rate halved; {advice}",
            DivergenceWarning,
            stacklevel=2,
        )

    def _weight_sums(self) -> dict[str, Tensor]:
        state = self._changing_state()
        tensors = {k: v for k, v in state.items() if torch.is_tensor(v) and v.is_floating_point()}
        return {name: tensor.sum(dtype=torch.float64) for name, tensor in tensors.items()}

    def _state(self) -> dict[str, Any]:
        optimizers = self._optimizers.items()
        return {
            "game": _copied(self._changing_state()),
            "optimizers": {move: _copied(o.state_dict()) for move, o in optimizers},
        }

    def _changing_state(self) -> dict[str, Any]:
        """Return the game's state without what rests: rows may be far larger than networks."""
        state: dict[str, Any] = self._game.state_dict()
        rests = self._game.resting
        for name in [n for n in state if any(n == r or n.startswith(f"{r}.") for r in rests)]:
            del state[name]
        return state

    def _restore(self, state: Mapping[str, Any]) -> None:
        self._game.load_state_dict(state["game"], strict=False)  # without what rests
        for move, optimizer in self._optimizers.items():
            optimizer.load_state_dict(_copied(state["optimizers"][move]))


def _copied(state: Any) -> Any:
    """Copy a state and its tensors; ``copy.deepcopy`` takes several times as long."""
    if torch.is_tensor(state):
        return state.detach().clone()
    if isinstance(state, dict):
        copied = copy.copy(state)  # with the version marks that torch keeps as an attribute
        copied.update({name: _copied(value) for name, value in state.items()})
        return copied
    return [*map(_copied, state)] if type(state) is list else copy.deepcopy(state)


def _read(figures: dict[str, Tensor]) -> dict[str, float]:
    """Copy scalars from the device in one transfer."""
    values = torch.stack([value.double() for value in figures.values()]).tolist()
    return dict(zip(figures, values, strict=True))


def warn_of_collapse(figures: dict[str, dict[Any, float]]) -> None:
    """Warn of classes whose std_ratio or distance is under 0.05 or whose coverage is under 0.1.

    ``figures`` maps these names to a value for each class. A method may leave a name out, and NaN
    (of a class whose real rows have no spread) gives no warning.
    """
    floors = {"std_ratio": 0.05, "coverage": 0.1, "distance": 0.05}
    for name, floor in floors.items():
        low = {label: value for label, value in figures.get(name, {}).items() if value < floor}
        if not low:
            continue
        warnings.warn(
            f"the generated rows of {_classes(low)} have collapsed: {name} is "
            f"{', '.join(f'{value:.3g}' for value in low.values())} (under {floor}). Train for "
            "fewer or more rounds (max_iter), or change the arguments of the generator",
            CollapseWarning,
            stacklevel=2,
        )


def warn_of_scatter(figures: dict[str, dict[Any, float]]) -> None:
    """Warn of the classes whose generated rows spread more than ten times as far as real ones.

    ``figures`` as in :func:`warn_of_collapse`. With DVAAN ``std_ratio`` was 1 to 2 on real tables
    and 4 on two classes ten of their standard deviations apart; at a hundred it was 57, and four
    of ten rows lay nearer to the other class.
    """
    found = figures.get("std_ratio", {}).items()
    # infinite for a class of equal rows, to which nothing compares
    wide = {label: value for label, value in found if WIDEST < value < math.inf}
    if wide:
        warnings.warn(
            f"the generated rows of {_classes(wide)} lie far off: std_ratio is "
            f"{', '.join(f'{value:.3g}' for value in wide.values())} (over {WIDEST:g}), so many "
            "times do they spread as far as real ones. This game does not fit classes so narrow "
            "beside the gaps between them, or had too few rounds (max_iter); SpreadSMOTE keeps "
            "to where real rows lie",
            ScatterWarning,
            stacklevel=2,
        )


def _classes(labels: Collection[Any]) -> str:
    return f"class{'es' * (len(labels) > 1)} {', '.join(map(repr, labels))}"
