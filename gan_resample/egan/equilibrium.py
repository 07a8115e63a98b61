"""When eGAN's training ends, and how its probabilities become decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.callbacks import Callback

from gan_resample.engine.net import GameNet
from gan_resample.nn.build import rows_at_once

__all__ = ["EquilibriumStop", "decide"]

Array = NDArray[Any]


def decide(proba: Array, majority: int, threshold: float | None) -> Array:
    """Return class codes: the minority from ``threshold`` on, or the most probable if None."""
    if threshold is None:
        return proba.argmax(axis=1)
    return np.where(proba[:, 1 - majority] >= threshold, 1 - majority, majority)


class EquilibriumStop(Callback):
    """Ends the training when the classes of held-out rows are recognised equally often.

    The paper stops at ``|correct minority - correct majority| <= 20`` of 1,000 test images each.

    Parameters
    ----------
    tol : float
        Largest difference between the recalls of two classes.
    threshold : float or None
        As in :func:`decide`.

    Attributes
    ----------
    rows : (Tensor, ndarray) or None
        Encoded held-out rows and their class codes, during training.
    """

    rows: Any = None

    def __init__(self, tol: float, threshold: float | None) -> None:
        self.tol, self.threshold = tol, threshold

    def on_epoch_end(self, net: GameNet, **kwargs: Any) -> None:
        gap = self.gap(net)
        net.history.record("recall_gap", gap)
        if gap <= self.tol:
            raise KeyboardInterrupt  # how a skorch callback ends the training

    @torch.inference_mode()
    def gap(self, net: GameNet) -> float:
        """Difference between the largest and the smallest recall of a class."""
        game, (x, y) = net.module_.eval(), self.rows
        parts = x.split(rows_at_once(x.shape[1:]))
        logits = torch.cat([game.logits(part.to(net.device)) for part in parts])
        predicted = decide(logits.softmax(dim=1).cpu().numpy(), game.reference, self.threshold)
        recalls = [np.mean(predicted[y == code] == code) for code in np.unique(y)]
        return float(max(recalls) - min(recalls))
