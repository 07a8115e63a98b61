"""Convolutional networks from images to vectors and back, for images of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["ConvDecoder", "ConvNet", "StridedConvNet", "UpsamplingDecoder"]

Shape = Sequence[int]

SMALLEST = 2  # pixels a side, where strided convolutions stop


class ConvNet(nn.Sequential):
    """Two convolutions, each followed by a pooling that halves the image, and a linear layer.

    The feature extractor of GAMO's code but for its tanh; with ``n_out=1`` a discriminator. Odd
    sides are rounded up, so that every image of at least 4 pixels a side will do.

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width of the images.
    n_out : int
        Width of the output, (n, n_out).
    width : int, default=32
        Channels inside.
    """

    def __init__(self, shape: Shape, n_out: int, width: int = 32) -> None:
        channels, *sides = shape
        quarter = [math.ceil(side / 4) for side in sides]
        super().__init__(
            nn.Conv2d(channels, width, 5, padding=2),
            nn.LeakyReLU(0.1),
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Conv2d(width, width, 5, padding=2),
            nn.LeakyReLU(0.1),
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(width * quarter[0] * quarter[1], n_out),
        )
        # a tenth to a quarter faster on a CPU
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class ConvDecoder(nn.Module):
    """A linear layer and two transposed convolutions to an image in [-1, 1], cropped to size.

    Parameters
    ----------
    n_in : int
        Width of the input.
    shape : (int, int, int)
        Channels, height and width of the images.
    width : int, default=32
        Channels inside.
    """

    def __init__(self, n_in: int, shape: Shape, width: int = 32) -> None:
        super().__init__()
        channels, *self.sides = shape
        small = [math.ceil(side / 4) for side in self.sides]
        self.layers = nn.Sequential(
            nn.Linear(n_in, width * small[0] * small[1]),
            nn.LeakyReLU(0.1),
            nn.Unflatten(1, (width, *small)),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, channels, 3, padding=1),
            nn.Tanh(),
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.sides
        return self.layers(x)[..., :height, :width]


class StridedConvNet(nn.Sequential):
    """Convolutions of stride 2, each with batch normalisation and ReLU, flattened.

    There are as many as ``channels``, but fewer for images that would become smaller than 2
    pixels.

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width of the images.
    channels, kernels : sequence of int
        Output channels and (odd) kernel side of each convolution.

    Attributes
    ----------
    n_out : int
        Width of the output, (n, n_out).
    """

    def __init__(self, shape: Shape, channels: Sequence[int], kernels: Sequence[int]) -> None:
        n_in, *sides = shape
        layers: list[nn.Module] = []
        depth = n_halvings(sides, len(channels))
        for n_out, kernel in zip(channels[:depth], kernels[:depth], strict=True):
            layers += [
                nn.Conv2d(n_in, n_out, kernel, stride=2, padding=kernel // 2, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
            ]
            n_in, sides = n_out, [math.ceil(side / 2) for side in sides]
        super().__init__(*layers, nn.Flatten())
        self.n_out = n_in * math.prod(sides)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class UpsamplingDecoder(nn.Module):
    """The mirror of :class:`StridedConvNet`: vectors to images in [-1, 1], cropped to size.

    A linear layer, then an up-sampling by 2 before each convolution, with batch normalisation and
    ReLU after all but the last, which ends in a tanh.

    Parameters
    ----------
    n_in : int
        Width of the input.
    shape : (int, int, int)
        Channels, height and width of the images.
    channels, kernels : sequence of int
        Those of the net that is mirrored.
    """

    def __init__(
        self, n_in: int, shape: Shape, channels: Sequence[int], kernels: Sequence[int]
    ) -> None:
        super().__init__()
        n_out, *self.sides = shape
        depth = n_halvings(self.sides, len(channels))
        widths = [n_out, *channels[:depth]][::-1]
        small = [math.ceil(side / 2**depth) for side in self.sides]
        layers: list[nn.Module] = [
            nn.Linear(n_in, widths[0] * math.prod(small)),
            nn.Unflatten(1, (widths[0], *small)),
        ]
        for (before, after), kernel in zip(pairwise(widths), kernels[:depth][::-1], strict=True):
            layers += [
                nn.BatchNorm2d(before),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
                nn.Conv2d(before, after, kernel, padding=kernel // 2),
            ]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.sides
        return self.layers(x)[..., :height, :width]


def n_halvings(sides: Sequence[int], most: int) -> int:
    """How often the shorter side can be halved (rounded up) before it has 2 pixels or fewer."""
    side, times = min(sides), 0
    while side > SMALLEST and times < most:
        side, times = math.ceil(side / 2), times + 1
    return times
