"""Mini-batches of tensors that are on the device already: no DataLoader, no copy to it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["balanced_batches", "class_batches", "endless_batches", "epoch_rounds"]

MIN_EPOCH_ROUNDS = 50


def endless_batches(n: int, size: int, device: torch.device) -> Iterator[Tensor]:
    """Yield index tensors of exactly ``size`` rows, from one permutation of ``n`` after another.

    A batch may span the end of one permutation and the start of the next, so none is short.
    """
    order = torch.randperm(n, device=device)
    while True:
        while len(order) < size:
            order = torch.cat([order, torch.randperm(n, device=device)])
        yield order[:size]
        order = order[size:]


def balanced_batches(y: Tensor, size: int) -> Iterator[Tensor]:
    """Yield index tensors of ``size // n_classes`` rows (at least 1) of each class of codes ``y``.

    Classes come one after another, in the order of their codes, so that a batch can be split by
    class without a look at its labels. Rows of a class are drawn with replacement.
    """
    order = y.argsort(stable=True)
    _, counts = y.unique(return_counts=True)  # once a fit, so it may wait for the device
    starts = counts.cumsum(0) - counts
    classes = torch.arange(len(counts), device=y.device)
    classes = classes.repeat_interleave(max(1, size // len(counts)))
    while True:
        chance = torch.rand(len(classes), device=y.device)
        yield order[starts[classes] + (chance * counts[classes]).long()]


def class_batches(y: Tensor, size: int, code: int) -> Iterator[Tensor]:
    """Yield index tensors of ``size`` rows of the class ``code``, one permutation after another.

    If the class has fewer rows, each batch is all of them, in another order each time.
    """
    own = (y == code).nonzero().squeeze(1)  # once a fit
    for places in endless_batches(len(own), min(size, len(own)), y.device):
        yield own[places]


def epoch_rounds(n: int, size: int) -> int:
    """Return the rounds of an epoch: one pass over ``n`` rows, but not fewer than 50.

    History, guards and :meth:`Game.begin_epoch` work once an epoch, which should not be too short.
    """
    return max(-(-n // size), MIN_EPOCH_ROUNDS)
