"""Which skorch callbacks can watch a game, told before training."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from skorch.callbacks import Checkpoint, EarlyStopping, LRScheduler

__all__ = ["check_callbacks"]


def check_callbacks(callbacks: Sequence[Any] | None, moves: Iterable[str]) -> list[Any]:
    """Return copies of ``callbacks``; skorch changes the instances that it is given.

    Raises
    ------
    ValueError
        For a callback that expects one optimizer or a validation set; a game has neither.
    """
    losses = [f"{move}_loss" for move in moves]
    for item in callbacks or ():
        callback = item[1] if isinstance(item, (tuple, list)) else item
        name = getattr(callback, "__name__", type(callback).__name__)
        if _is_a(callback, (LRScheduler, Checkpoint)):
            raise ValueError(
                f"{name} works on a net with one optimizer, and a game has one for each move: set "
                "learning rates with net_params={'<move>_optimizer__lr': ...} instead"
            )
        if _is_a(callback, EarlyStopping) and getattr(callback, "monitor", None) not in losses:
            raise ValueError(
                f"{name} monitors {getattr(callback, 'monitor', 'valid_loss')!r}, but a game has "
                f"no validation set: monitor one of {losses}"
            )
    return copy.deepcopy(list(callbacks or ()))


def _is_a(callback: Any, kinds: Any) -> bool:
    return isinstance(callback, kinds) or (
        isinstance(callback, type) and issubclass(callback, kinds)
    )
