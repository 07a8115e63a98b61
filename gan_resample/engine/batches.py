"""Mini-batches cut from tensors that are on the device already: no DataLoader, no copy."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["balanced_batches", "endless_batches"]


def endless_batches(n: int, size: int, device: torch.device) -> Iterator[Tensor]:
    """Yield index tensors of exactly ``size`` rows, one permutation of ``n`` after another.

    A batch may reach over the end of a permutation, so that no batch is ever short.
    """
    order = torch.randperm(n, device=device)
    while True:
        while len(order) < size:
            order = torch.cat([order, torch.randperm(n, device=device)])
        yield order[:size]
        order = order[size:]


def balanced_batches(y: Tensor, size: int) -> Iterator[Tensor]:
    """Yield index tensors of ``size`` rows, as many of each class of codes ``y``, or one more.

    Rows of a class are drawn with replacement; which classes get one more rotates.
    """
    order = y.argsort(stable=True)
    _, counts = y.unique(return_counts=True)  # once a fit, so it may wait for the device
    starts = counts.cumsum(0) - counts
    places = torch.arange(size, device=y.device)
    while True:
        classes = places % len(counts)
        chance = torch.rand(size, device=y.device)
        yield order[starts[classes] + (chance * counts[classes]).long()]
        places = places + size
