"""The small games that the laws look at: few rows, and as few rounds as possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_resample.engine.game import Game, Turn
from gan_resample.engine.net import GameNet
from gan_resample.engine.seeding import random_stream, seeded
from gan_resample.testing.data import blobs

__all__ = ["COUNTS", "CPU", "Trial", "features_of", "state_of"]

CPU = torch.device("cpu")
COUNTS = (60, 20, 8)


@dataclass
class Trial:
    """A game's class and its own arguments.

    Parameters
    ----------
    game : type
        A subclass of :class:`~gan_resample.engine.game.Game`.
    own : mapping, default={}
        Its own arguments, in addition to those that every game gets.
    shape : tuple of int, default=(4,)
        Shape of an encoded row: (n_features,) or (channels, height, width).
    learning_rounds : int, default=300
        Rounds of :attr:`learnt`.
    """

    game: type[Game]
    own: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (4,)
    learning_rounds: int = 300

    def rows(self, counts: Sequence[int] = COUNTS, **options: Any) -> tuple[Tensor, Tensor]:
        """Return encoded rows, float32, and their class codes; images if ``shape`` is one."""
        X, y = blobs(counts, n_features=int(np.prod(self.shape)), **options)
        X = (X if len(self.shape) == 1 else X / 20).reshape(-1, *self.shape)
        return torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(y)

    def arguments(
        self, counts: Sequence[int] = COUNTS, batch_size: int = 16, **own: Any
    ) -> dict[str, Any]:
        """Return the game's arguments; all classes but the largest are in play."""
        known = {
            "shape": self.shape,
            "counts": tuple(counts),
            "deficits": tuple(max(counts) - count for count in counts),
            "spans": (),
            "levels": (),
            "batch_size": batch_size,
        }
        return known | dict(self.own) | own

    def net(
        self,
        counts: Sequence[int] = COUNTS,
        batch_size: int = 16,
        max_iter: int = 4,
        own: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> GameNet:
        """Return an untrained net that plays the game; ``options`` are skorch's."""
        module = self.arguments(counts, batch_size, **(own or {}))
        settings = {"optimizer": torch.optim.Adam, "lr": 1e-3, "verbose": 0} | options
        handed = {f"module__{name}": value for name, value in module.items()}
        return GameNet(self.game, max_iter=max_iter, batch_size=batch_size, **handed, **settings)

    def play(
        self,
        max_iter: int = 4,
        seed: int = 0,
        rows: tuple[Tensor, Tensor] | None = None,
        **options: Any,
    ) -> GameNet:
        """Return a net trained on ``rows``; None: on :meth:`rows`."""
        net = self.net(max_iter=max_iter, **options)
        with seeded(random_stream(seed), CPU):
            net.fit(*(self.rows() if rows is None else rows))
        net.module_.eval()
        return net

    @cached_property
    def played(self) -> GameNet:
        """A net after four rounds, for laws that only read it."""
        return self.play()

    @cached_property
    def far(self) -> tuple[Tensor, Tensor]:
        """Rows of two classes far apart; standardised for tables, as encoders do."""
        x, y = self.rows((80, 20), distance=8.0)
        return (x - x.mean(0)) / x.std(0) if x.ndim == 2 else x, y

    @cached_property
    def learnt(self) -> GameNet:
        """A net trained on :attr:`far`, for laws that only read it."""
        rate = 1e-2 if len(self.shape) == 1 else 3e-3
        return self.play(self.learning_rounds, rows=self.far, counts=(80, 20), lr=rate)

    def rounds(self, net: GameNet, n: int = 4) -> Iterator[Iterator[Turn]]:
        """Play ``n`` rounds of a net, with all phases in them; yields the turns of each."""
        net.initialize()
        game, (x, y) = net.module_, (part.to(net.device) for part in self.rows())
        game.rounds_planned = n
        game.prepare(x, y)
        batches = net.module_.batches(y, min(net.batch_size, len(y)))
        for _ in range(n):
            game.begin_epoch(x, y)
            net._set_training(True)
            rows = next(batches)
            yield _turns(game, x[rows], y[rows])
            game.rounds_played += 1


def _turns(game: Game, x: Tensor, y: Tensor) -> Iterator[Turn]:
    """Yield the turns of a round; all of its code runs as they are asked for."""
    yield from game.turns(x, y)


def state_of(module: Any) -> dict[str, Tensor]:
    """Parameters and buffers, copied."""
    state = module.state_dict().items()
    return {key: value.clone() for key, value in state if torch.is_tensor(value)}


def features_of(game: Any, x: Tensor) -> Tensor:
    """Rows in the space in which the game generates them."""
    return game.features(x) if hasattr(game, "features") else x
