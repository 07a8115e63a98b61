"""Draws of a mixer for many rounds at once: some large operations in place of many small ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from gan_resample.nn.modules import StratifiedLabels

__all__ = ["DrawsAhead"]

MOST_ROUNDS = 25  # epochs have 50 rounds or more
MOST_NUMBERS = 2**18  # in the rows made of the draws; bounds the memory, and stays in the cache


class DrawsAhead:
    """Gives a draw for each batch, and makes those of the next rounds together.

    A draw depends on the stored rows, not on the weights that a round changes; :meth:`clear` it
    where stored rows may change.
    """

    def __init__(self) -> None:
        self._kept: dict[StratifiedLabels, list[Any]] = {}

    def clear(self) -> None:
        """Forget the draws that were not used."""
        self._kept = {}

    def take(
        self,
        draw: Callable[[Tensor, Sequence[int]], Any],
        labels: StratifiedLabels,
        n_features: int,
    ) -> Any:
        """Return a draw for a batch with ``labels``, made by ``draw(y, sizes)``.

        ``draw`` is given codes in ascending order and the number of each, and returns a tensor, or
        a named tuple of tensors, whose first axis is that of the codes.
        """
        kept = self._kept.setdefault(labels, [])
        if not kept:
            numbers = len(labels.labels) * n_features
            kept += _many(draw, labels, max(1, min(MOST_ROUNDS, MOST_NUMBERS // numbers)))
        return kept.pop()


def _many(draw: Callable[..., Any], labels: StratifiedLabels, rounds: int) -> list[Any]:
    y = labels.labels.repeat_interleave(rounds)  # still in ascending order
    drawn = draw(y, [rounds * size for size in labels.sizes])
    if isinstance(drawn, Tensor):
        return _by_round(drawn, rounds)
    parts = zip(*(_by_round(part, rounds) for part in drawn), strict=True)
    return [type(drawn)(*part) for part in parts]


def _by_round(drawn: Tensor, rounds: int) -> list[Tensor]:
    """Split a tensor in which the rows for all rounds of a place in the batch are neighbours."""
    return [*drawn.unflatten(0, (-1, rounds)).transpose(0, 1).contiguous()]
