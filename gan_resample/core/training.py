"""Training a net that plays a game: the code between scikit-learn's contract and the engine.

The estimator is the public contract, the net the referee, the game the rules. This module converts
numpy to torch and back, seeds, trains, and sets the fitted attributes; it knows no single game.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.parameter import is_lazy

from gan_resample.core.parameters import (
    TrainingParams,
    fixed_params,
    game_params,
    is_estimator,
    unfitted,
)
from gan_resample.core.rows import RowsMixin
from gan_resample.core.saving import LeanPickles
from gan_resample.core.stopped_fits import StoppedFitsMixin
from gan_resample.engine.callbacks import check_callbacks
from gan_resample.engine.game import Game
from gan_resample.engine.guards import warn_of_collapse, warn_of_scatter
from gan_resample.engine.net import GameNet
from gan_resample.engine.scalars import plain
from gan_resample.engine.seeding import find_device, seeded

__all__ = ["GameMixin", "Training", "arguments_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Training:
    """How to train an estimator's net, beyond what the estimator's parameters say.

    Attributes
    ----------
    batch_size : int
        Rows per round.
    rounds : int
        Rounds to play.
    rounds_before : int
        Rounds in addition to these, played first.
    callbacks : sequence
        skorch callbacks that belong to the method.
    optimizer : mapping
        Arguments of Adam; not used if ``net_params`` names another optimizer.
    learning_rates : mapping of str to float
        Move -> factor of ``learning_rate``; 1 for a move that is not listed.
    later_moves : sequence of str
        Moves of nets that are trained after the game.
    """

    batch_size: int
    rounds: int
    rounds_before: int = 0
    callbacks: Sequence[Any] = ()
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    later_moves: Sequence[str] = ()


class GameMixin(TrainingParams, StoppedFitsMixin, LeanPickles, RowsMixin):
    """An estimator that trains a net which plays a game."""

    _game: ClassVar[type[Game]]
    _own_rounds: ClassVar[tuple[int, int]]  # of max_iter=None, for tables and for images
    _deficits: tuple[int, ...]
    _settings: dict[str, str]
    net_: GameNet  # None where nothing was trained: no class lacked a row

    @property
    def game_(self) -> Game:
        """The trained game, ``net_.module_``; None where nothing was trained."""
        return getattr(self.net_, "module_", None)  # type: ignore[return-value]

    @property
    def _game_params(self) -> Sequence[str]:
        """Names of the parameters that are arguments of the game; a hook."""
        return game_params(self)

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        """Return how to train on encoded rows of ``shape``; a hook."""
        rounds = self.max_iter
        if rounds is None:
            rounds = self._own_rounds[len(shape) > 1]
        return Training(batch_size=plain(self.batch_size), rounds=plain(rounds))

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Train a net, or continue with the last one, and set the fitted attributes."""
        goes_on = self._goes_on()
        settings = self._fixed_settings(x)
        if goes_on:
            self._check_goes_on(self.net_)
            self._refuse_changes(settings, deficits)
        device = find_device(self.device)
        counts = np.bincount(codes, minlength=len(self.classes_)).tolist()
        training = self._plan_training(x.shape[1:], deficits)
        net = self.net_ if goes_on else self._make_net(x.shape[1:], counts, deficits, training)
        net.set_params(max_iter=training.rounds_before + training.rounds)
        with seeded(stream, device), torch.inference_mode(False), torch.enable_grad():
            rows = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(codes)
            self._training = True
            try:
                net.partial_fit(*rows)
            except BaseException as error:
                if not (net.kept_ and (goes_on or isinstance(error, KeyboardInterrupt))):
                    raise
                self._stopped_by = error
            net.module_.eval()
            figures = net.module_.diagnose()
        self.net_, self._deficits, self._settings = net, tuple(deficits), settings
        self.n_iter_ = net.module_.rounds_played
        self.history_ = [_history_row(row) for row in net.history]
        labels = self.classes_.tolist()
        for name in net.module_.diagnostics:
            values = figures.get(name, {})
            figures[name] = {labels[code]: value for code, value in values.items()}
            setattr(self, f"{name}_", figures[name])
        warn_of_collapse(figures)
        warn_of_scatter(figures)

    def _fixed_settings(self, x: Array) -> dict[str, str]:
        """Return, as texts, what a continued fit must keep: parameters and the rows."""
        elsewhere = set(game_params(self)) - set(self._game_params)
        fixed = [name for name in fixed_params(self) if name not in elsewhere]
        settings = {name: fingerprint(getattr(self, name)) for name in fixed}
        return settings | {"rows": hashlib.blake2b(np.ascontiguousarray(x).data).hexdigest()}

    def _refuse_changes(self, settings: dict[str, str], deficits: Sequence[int]) -> None:
        if settings != self._settings:
            either = {**self._settings, **settings}
            changed = [n for n in either if settings.get(n) != self._settings.get(n)]
            raise ValueError(
                f"warm_start=True goes on with the same game, but {', '.join(changed)} changed "
                "since the last fit: keep them, or set warm_start=False"
            )
        if tuple(deficits) != self._deficits:
            raise ValueError(
                f"warm_start=True goes on with the same game, but sampling_strategy now asks for "
                f"{tuple(deficits)} rows of {self.classes_.tolist()} and asked for "
                f"{self._deficits}: keep it, or set warm_start=False"
            )

    def _make_net(
        self,
        shape: Sequence[int],
        counts: Sequence[int],
        deficits: Sequence[int],
        training: Training,
    ) -> GameNet:
        widths: Sequence[int] = plain(self.hidden_layer_sizes)
        if not all(isinstance(width, Integral) and width > 0 for width in widths):
            raise ValueError(
                f"hidden_layer_sizes={widths!r} must hold positive whole numbers, the widths of "
                "the hidden layers, for example (128, 64)"
            )
        own = {name: unfitted(getattr(self, name)) for name in self._game_params}
        if gaps := tuple(self.encoder_.gaps_):
            own["gaps"] = gaps  # where there are none, a game need not know of them
        self._refuse_unknown(own)
        known = {
            "shape": tuple(shape),
            "counts": tuple(counts),
            "deficits": tuple(deficits),
            "spans": tuple(self.encoder_.spans_),
            "levels": tuple(self.encoder_.levels_),
            "batch_size": min(training.batch_size, sum(counts)),
        }
        options: dict[str, Any] = {
            **self._net_options(training.batch_size),
            "callbacks": [*check_callbacks(self.callbacks, self._game), *training.callbacks],
            **{f"module__{name}": value for name, value in (known | own).items()},
        }
        optimizers = self._optimizer_options(options, self._game.moves, training)
        return GameNet(self._game, **options, **optimizers)

    def _refuse_unknown(self, own: Iterable[str]) -> None:
        """Raise for an argument that no class of the game names: ``**shared`` would swallow it."""
        if not hasattr(self, "_game"):
            raise TypeError(f"{type(self).__name__} names no game: write _game = its class in it")
        known = arguments_of(self._game)
        if "gaps" in set(own) - known:
            raise TypeError(
                f"X has missing values, which {self._game.__name__} does not take: name gaps in "
                "its __init__ and make its StraightThrough(spans, levels, gaps), or impute first"
            )
        if unknown := sorted(set(own) - known):
            raise TypeError(
                f"{type(self).__name__} hands {', '.join(unknown)} to {self._game.__name__}, "
                "which has no such argument: name it in its __init__, or make the field a param"
            )

    def _net_options(self, batch_size: int) -> dict[str, Any]:
        return {
            "batch_size": batch_size,
            "lr": plain(self.learning_rate),
            "device": str(find_device(self.device)),
            "verbose": int(self.verbose),
        }

    def _optimizer_options(
        self, taken: dict[str, Any], moves: Iterable[str], training: Training
    ) -> dict[str, Any]:
        """Return the optimizer options, ``net_params`` among them, of a net with ``moves``."""
        wanted = plain(self.net_params) or {}
        if clash := sorted(set(wanted) & set(taken)):
            raise ValueError(
                f"net_params sets {clash}, which the estimator sets itself: use its own arguments "
                "for them, and net_params for optimizers"
            )
        known = {*self._game.moves, *training.later_moves}
        found = {name.split("_optimizer")[0] for name in wanted if "_optimizer" in name}
        if unknown := sorted(found - known):
            raise ValueError(
                f"net_params names a move {unknown[0]!r}, but {type(self).__name__} has the moves "
                f"{', '.join((*self._game.moves, *training.later_moves))}"
            )
        others = known - set(moves)
        prefixes = tuple(f"{move}_optimizer" for move in others)
        wanted = {name: value for name, value in wanted.items() if not name.startswith(prefixes)}
        shares = {m: share for m, share in training.learning_rates.items() if m in moves}
        rate = plain(self.learning_rate)
        rates = {f"{m}_optimizer__lr": share * rate for m, share in shares.items()}
        if "optimizer" in wanted:  # the method's betas are for Adam only
            return rates | wanted
        defaults = {f"optimizer__{name}": v for name, v in training.optimizer.items()}
        return {"optimizer": torch.optim.Adam} | defaults | rates | wanted


def arguments_of(game: type[Game]) -> set[str]:
    """Return the names of the arguments that a game's class, or one that it extends, names."""
    inits = [vars(kind)["__init__"] for kind in game.__mro__ if "__init__" in vars(kind)]
    return {name for init in inits for name in signature(init).parameters}


def fingerprint(value: Any) -> str:
    """Return a text that identifies a setting, weights included, the same in every process.

    Estimators are described by their parameters, as their ``repr`` shortens long values.
    """
    value = plain(value)
    if isinstance(value, nn.Module):
        state = [t for t in value.state_dict().values() if torch.is_tensor(t) and not is_lazy(t)]
        weights = [tensor.detach().cpu().numpy().tobytes() for tensor in state]
        return f"{value!r} {hashlib.blake2b(b''.join(weights)).hexdigest()}"
    if isinstance(value, partial):
        keywords = {name: fingerprint(each) for name, each in value.keywords.items()}
        return f"{fingerprint(value.func)} {[fingerprint(each) for each in value.args]} {keywords}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    if is_estimator(value):
        return f"{type(value).__qualname__} {fingerprint(value.get_params(deep=False))}"
    if isinstance(value, dict):
        return repr({name: fingerprint(each) for name, each in value.items()})
    if isinstance(value, (list, tuple)):
        return repr([fingerprint(each) for each in value])
    return repr(value)


def _history_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "batches"}
