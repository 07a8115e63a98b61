"""Mini-batches cut from tensors that are on the device already: no DataLoader, no copy."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["endless_batches"]


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
