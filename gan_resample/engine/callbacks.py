"""Which skorch callbacks can watch a game, checked before training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler

from gan_resample.engine.game import Game

__all__ = ["check_callbacks"]

WANTED = (
    "it must be a skorch callback: an instance or a class of skorch.callbacks.Callback, or a pair "
    "of a name and one, such as ('clip', GradientNormClipping(1.0))"
)


def check_callbacks(callbacks: Sequence[Any] | None, game: type[Game]) -> list[Any]:
    """Return copies of ``callbacks``; skorch changes the instances that it is given.

    Raises
    ------
    TypeError
        If an item is not a skorch callback, a class of callbacks, or a pair of a name and one of
        these; if a class needs arguments; or if a callback cannot be copied.
    ValueError
        If a name is given twice; if a callback expects a single optimizer or a validation set,
        which games do not have; or if it needs each loss in each epoch and the players alternate.
    """
    items = list(callbacks or ())
    for place, item in enumerate(items):
        _check_use(_check_kind(item, f"callbacks[{place}]"), game)
    names = [item[0] for item in items if isinstance(item, (tuple, list))]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(
            f"callbacks has several that are called {twice[0]!r}: give each a name of its own, "
            "or none"
        )
    return [_copied(item, f"callbacks[{place}]") for place, item in enumerate(items)]


def _check_kind(item: Any, place: str) -> Any:
    """Return the callback in ``item``, an instance or a class."""
    callback = item
    if isinstance(item, (tuple, list)):
        if len(item) != 2 or not isinstance(item[0], str):
            raise TypeError(f"{place} is {item!r}, but {WANTED}")
        callback = item[1]
    if not _is_a(callback, Callback):
        raise TypeError(f"{place} is {item!r} of {type(item)}, but {WANTED}")
    return callback


def _check_use(callback: Any, game: type[Game]) -> None:
    losses = [f"{move}_loss" for move in game.moves]
    name = getattr(callback, "__name__", type(callback).__name__)
    if _is_a(callback, (LRScheduler, Checkpoint)):
        raise ValueError(
            f"{name} works on a net with one optimizer, and a game has one for each move: set "
            "learning rates with net_params={'<move>_optimizer__lr': ...} instead"
        )
    if _is_a(callback, EarlyStopping) and game.alternates:
        raise ValueError(
            f"{name} needs a loss in every epoch, but the players of {game.__name__} take "
            "turns, and the last ones would have none left: train for fewer rounds (max_iter)"
        )
    if _is_a(callback, EarlyStopping) and getattr(callback, "monitor", None) not in losses:
        raise ValueError(
            f"{name} monitors {getattr(callback, 'monitor', 'valid_loss')!r}, but a game has "
            f"no validation set: monitor one of {losses}"
        )


def _copied(item: Any, place: str) -> Any:
    """Copy a callback, or make an instance of a class."""
    if isinstance(item, (tuple, list)):
        return item[0], _copied(item[1], place)
    try:
        # skorch makes instances itself, but says less where it cannot
        return item() if isinstance(item, type) else copy.deepcopy(item)
    except Exception as error:  # whatever a class of the user's raises
        done = "made without arguments" if isinstance(item, type) else "copied, as fit does"
        raise TypeError(
            f"{place}, {item!r}, cannot be {done} ({error}): hand over an instance that can be "
            "copied"
        ) from error


def _is_a(callback: Any, kinds: Any) -> bool:
    return isinstance(callback, kinds) or (
        isinstance(callback, type) and issubclass(callback, kinds)
    )
