"""Samplers whose rows come from a game."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_resample.core.rows import BaseRowSampler
from gan_resample.core.training import GameMixin
from gan_resample.engine.game import SamplingGame
from gan_resample.engine.seeding import seeded

__all__ = ["BaseGameSampler", "LoneRowsMixin"]

Array = NDArray[Any]


class BaseGameSampler(GameMixin, BaseRowSampler):
    """An over-sampler whose rows come from a :class:`SamplingGame`; abstract."""

    _game: ClassVar[type[SamplingGame]]

    def _learn(self, X: Any, y: Array) -> None:
        with self._fitting():
            super()._learn(X, y)

    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        self._play(x, codes, deficits, stream)
        self._learn_more(x, codes, deficits, stream)

    def _learn_more(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Train what comes after the game; a hook, which most samplers leave alone."""

    def _decode(self, rows: Tensor, y: Tensor) -> Tensor:
        """Turn what the game generated for ``y`` into encoded rows; a hook, likewise."""
        return rows

    def _learn_nothing(self) -> None:
        self.net_ = None  # type: ignore[assignment]
        self.n_iter_, self.history_ = 0, []
        for name in self._game.diagnostics:
            setattr(self, f"{name}_", {})

    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        device = torch.device(self.net_.device)
        with seeded(stream, device), torch.inference_mode():
            return self._sample(torch.as_tensor(codes, device=device)).cpu().numpy()

    def _sample(self, y: Tensor) -> Tensor:
        """Make encoded rows for class codes, some at once; a hook, likewise."""
        game: SamplingGame = self.net_.module_
        chunks = y.split(game.chunk_rows)
        return torch.cat([self._decode(game.sample(chunk), chunk) for chunk in chunks])


class LoneRowsMixin:
    """For samplers whose game learns nothing from a class of one row: it is repeated."""

    _counts: tuple[int, ...]
    _encoded_shape: tuple[int, ...]
    _lone_rows: dict[int, Array]  # class code -> its only row, encoded

    def _learn_more(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        alone = [code for code, count in enumerate(self._counts) if count == 1]
        self._lone_rows = {code: x[codes == code][0] for code in alone}

    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        rows = np.empty((len(codes), *self._encoded_shape), dtype=np.float32)
        others = ~np.isin(codes, list(self._lone_rows))
        if others.any():
            rows[others] = super()._draw_rows(codes[others], stream)  # type: ignore[misc]
        for code, row in self._lone_rows.items():
            rows[codes == code] = row
        return rows
