"""What a saved estimator leaves out: optimizers, and players that only training needs.

The rest is plain data, see :mod:`gan_resample.engine.plain_state`.

Adam keeps two numbers for every weight, so about three quarters of a pickle would be of use only
to a fit that continues this one. With ``warm_start=True``, which asks for such fits, all is kept.
"""

from __future__ import annotations

from typing import Any

from gan_resample.engine.net import GameNet

__all__ = ["LeanPickles", "lean", "predicting"]


def lean(net: GameNet) -> GameNet:
    """Return a copy of a trained net without optimizers; it shares the game and its weights.

    Players that the game lists in ``spent`` are left out too.
    """
    dropped = {f"{move}_optimizer_" for move in net.optimizers()}
    copied: GameNet = object.__new__(type(net))
    copied.__dict__.update({k: v for k, v in vars(net).items() if k not in dropped})
    game = net.module_
    if spent := game.spent:
        players = {k: None if k in spent else v for k, v in game._modules.items()}
        copied.module_ = object.__new__(type(game))
        copied.module_.__dict__.update(vars(game) | {"_modules": players})
    return copied


def predicting(net: GameNet) -> GameNet:
    """Return a copy of a trained net with nothing but its predictor, which it shares."""
    copied, game = lean(net), net.module_
    needed = {id(module) for module in game.predictor.modules()}
    players = {k: v if id(v) in needed else None for k, v in game._modules.items()}
    # rows that a game keeps are buffers; numbers, such as counts of rounds, may stay
    buffers = {
        k: b[:0].clone() if b is not None and b.ndim else b for k, b in game._buffers.items()
    }
    copied.module_ = object.__new__(type(game))
    copied.module_.__dict__.update(vars(game) | {"_modules": players, "_buffers": buffers})
    return copied


class LeanPickles:
    """An estimator whose pickles and deep copies have no optimizers unless ``warm_start=True``."""

    warm_start: bool

    def __getstate__(self) -> dict[str, Any]:
        held: Any = super().__getstate__()
        state: dict[str, Any] = dict(held)
        nets = {name: net for name, net in state.items() if isinstance(net, GameNet)}
        if not self.warm_start:
            nets = {name: lean(net) for name, net in nets.items()}
        # first, as they refuse to be plain data where there is code of the user's, by its name
        return {**nets, **state, **nets}

    def _check_goes_on(self, net: GameNet) -> None:
        """Raise if the estimator was saved without what a continued fit needs."""
        if getattr(self, "_forgot", False):
            raise ValueError(
                f"forget_rows has left of this {type(self).__name__} only what predictions need, "
                "so that no fit can go on from there: fit anew with warm_start=False"
            )
        if not net.optimizers():
            raise ValueError(
                f"this {type(self).__name__} was saved or copied with warm_start=False, which "
                "leaves out the optimizers, so that no fit can go on from there: set "
                "warm_start=True before you save it, or fit anew with warm_start=False"
            )
