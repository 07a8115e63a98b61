"""What DVAAN's players are built of where nothing is handed over, and where its prior lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.linalg import helmert
from torch import Tensor, nn

from gan_resample.nn.convnets import StridedConvNet, UpsamplingDecoder
from gan_resample.nn.modules import MLP

__all__ = ["ImageNets", "TableNets", "simplex", "told_shape"]

# Of the paper's networks for images, and of the discriminator of VAE/GAN, which it takes over
CHANNELS, KERNELS = (64, 92, 128, 256), (5, 5, 3, 3)
DIS_FIRST, DIS_CHANNELS, DIS_KERNELS, DIS_HIDDEN = 32, (128, 192, 256), (5, 5, 5), 512


def simplex(n: int, n_axes: int) -> Tensor:
    """Return unit vectors to the ``n`` corners of a regular simplex, (n, n_axes).

    They lie in the first axes. Two are opposite; the cosine between any two is ``-1 / (n - 1)``.
    """
    corners = -helmert(n).T * math.sqrt(n / (n - 1))
    return torch.as_tensor(np.pad(corners, [(0, 0), (0, n_axes - (n - 1))]), dtype=torch.float32)


class TableNets:
    """Perceptrons with layer normalisation; the discriminator's are half as wide."""

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = tuple(widths)
        self.halves = tuple(max(1, width // 2) for width in widths) or (16,)
        self.n_hidden = self.halves[-1]
        self.head = nn.Linear

    def recognition(self, n_in: int, n_out: int) -> nn.Module:
        return MLP(n_in, n_out, self.widths, nn.ReLU, norm=nn.LayerNorm)

    def decoder(self, n_in: int, n_out: int) -> nn.Module:
        return MLP(n_in, n_out, self.widths[::-1], nn.ReLU, norm=nn.LayerNorm)

    def features(self, n_in: int, n_out: int) -> nn.Module:
        slope = partial(nn.LeakyReLU, 0.2)
        body = MLP(n_in, n_out, self.halves[:-1], slope, norm=nn.LayerNorm)
        return nn.Sequential(body, slope(), nn.LayerNorm(n_out))


class ImageNets:
    """The paper's convolutional networks, ``width`` times as wide."""

    def __init__(self, width: float) -> None:
        self.channels, self.dis_channels = (
            tuple(max(1, round(width * n)) for n in channels)
            for channels in (CHANNELS, (DIS_FIRST, *DIS_CHANNELS))
        )
        self.n_hidden = max(1, round(width * DIS_HIDDEN))

    def recognition(self, n_in: Sequence[int], n_out: int) -> nn.Module:
        convolutions = StridedConvNet(n_in, self.channels, KERNELS)
        return nn.Sequential(convolutions, nn.Linear(convolutions.n_out, n_out))

    def decoder(self, n_in: int, n_out: Sequence[int]) -> nn.Module:
        upwards = UpsamplingDecoder(self.n_hidden, n_out, self.channels, KERNELS)
        return nn.Sequential(nn.Linear(n_in, self.n_hidden), nn.ReLU(), upwards)

    def features(self, n_in: Sequence[int], n_out: int) -> nn.Module:
        first, *others = self.dis_channels
        start = nn.Conv2d(n_in[0], first, DIS_KERNELS[0], padding=DIS_KERNELS[0] // 2)
        convolutions = StridedConvNet((first, *n_in[1:]), others, DIS_KERNELS)
        return nn.Sequential(start, nn.ReLU(), convolutions)

    def head(self, n_in: int, n_out: int) -> nn.Module:
        norm = nn.BatchNorm1d(self.n_hidden)
        return nn.Sequential(
            nn.Linear(n_in, self.n_hidden), norm, nn.ReLU(), nn.Linear(self.n_hidden, n_out)
        )


def told_shape(shape: Sequence[int]) -> Any:
    """Tell what a callable is told of a row: its width, or the shape of an image."""
    return shape[0] if len(shape) == 1 else shape
