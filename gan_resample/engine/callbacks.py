"""Which skorch callbacks can watch a game, told before training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from skorch.callbacks import Checkpoint, EarlyStopping, LRScheduler

from gan_resample.engine.game import Game

__all__ = ["check_callbacks"]


def check_callbacks(callbacks: Sequence[Any] | None, game: type[Game]) -> list[Any]:
    """Return copies of ``callbacks``; skorch changes the instances that it is given.

    Raises
    ------
    ValueError
        For a callback that expects one optimizer or a validation set, which a game has not, or
        that watches a loss where players take turns.
    """
    losses = [f"{move}_loss" for move in game.moves]
    for item in callbacks or ():
        callback = item[1] if isinstance(item, (tuple, list)) else item
        name = getattr(callback, "__name__", type(callback).__name__)
        if _is_a(callback, (LRScheduler, Checkpoint)):
            raise ValueError(
                f"{name} works on a net with one optimizer, and a game has one for each move: set "
                "learning rates with net_params={'<move>_optimizer__lr': ...} instead"
            )
        if _is_a(callback, EarlyStopping) and game.take_turns:
            raise ValueError(
                f"{name} needs a loss in every epoch, but the players of {game.__name__} take "
                "turns, and the last ones would have none left: train for fewer rounds (max_iter)"
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
