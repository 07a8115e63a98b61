"""Convolutional networks from images to vectors and back, for images of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

__all__ = [
    "ConvDecoder",
    "ConvNet",
    "ImageTranslator",
    "PatchDiscriminator",
    "StridedConvNet",
    "UpsamplingDecoder",
]

Shape = Sequence[int]

SMALLEST = 2  # pixels per side below which strided convolutions do not go


class ConvNet(nn.Sequential):
    """Two convolutions, each followed by a pooling that halves the image, and a linear layer.

    The feature extractor of GAMO's code without its tanh; with ``n_out=1`` a discriminator. Odd
    sides are rounded up, so that any image of at least 4 pixels per side can be used.

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

    There are ``len(channels)`` of them, or fewer for images that would shrink below 2 pixels.

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
        As in the net that is mirrored.
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


class ImageTranslator(nn.Module):
    """Turns images into images in [-1, 1] of the same shape, by residual blocks.

    The generator of CycleGAN (Zhu et al. 2017): a 7 x 7 convolution, convolutions of stride 2,
    blocks, transposed convolutions, a 7 x 7 convolution and a tanh; reflected borders and instance
    normalisation. Images of 32 pixels or more are halved twice, as in that paper, those of 16 or
    more once.

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width of the images.
    width : int
        Channels after the first convolution (the paper: 64); doubled with each halving.
    n_blocks : int
        Residual blocks (the paper: 9, and 6 for images of 128 pixels).
    """

    def __init__(self, shape: Shape, width: int, n_blocks: int) -> None:
        super().__init__()
        channels, *self.sides = shape
        depth = sum(min(self.sides) >= side for side in (16, 32))
        widths = [width * 2**k for k in range(depth + 1)]
        layers = [*_convolve(channels, widths[0], 7, padding=3, padding_mode="reflect")]
        for before, after in pairwise(widths):
            layers += _convolve(before, after, 3, stride=2, padding=1)
        layers += [ResidualBlock(widths[-1]) for _ in range(n_blocks)]
        for before, after in pairwise(widths[::-1]):
            upwards = nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1, bias=False)
            layers += [upwards, nn.InstanceNorm2d(after), nn.ReLU()]
        last = nn.Conv2d(widths[0], channels, 7, padding=3, padding_mode="reflect")
        self.layers = nn.Sequential(*layers, last, nn.Tanh())
        self.apply(_start_small)

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.sides
        return self.layers(x)[..., :height, :width]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with instance normalisation, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, second = (
            _convolve(width, width, 3, padding=1, padding_mode="reflect") for _ in range(2)
        )
        self.layers = nn.Sequential(*first, *second[:2])

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PatchDiscriminator(nn.Sequential):
    """Turns images into maps of logits, (n, 1, height, width), one logit per patch of the image.

    4 x 4 convolutions with leaky ReLU and, except after the first, instance normalisation. Three
    have stride 2, as in CycleGAN, for images of 64 pixels or more; two from 16 pixels on, and one
    from 8 on.

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width of the images.
    width : int
        Channels after the first convolution (CycleGAN: 64); doubled with each of the next.
    """

    def __init__(self, shape: Shape, width: int) -> None:
        channels, *sides = shape
        depth = sum(min(sides) >= side for side in (8, 16, 64))
        layers: list[nn.Module] = []
        before = channels
        for k in range(depth + 1):
            after, stride = width * 2**k, 2 if k < depth else 1
            norm = [nn.InstanceNorm2d(after)] if k else []
            layers += [nn.Conv2d(before, after, 4, stride, padding=1, bias=not norm)]
            layers += [*norm, nn.LeakyReLU(0.2)]
            before = after
        super().__init__(*layers, nn.Conv2d(before, 1, 4, padding=1))
        self.apply(_start_small)


def _convolve(n_in: int, n_out: int, kernel: int, **options: Any) -> list[nn.Module]:
    convolution = nn.Conv2d(n_in, n_out, kernel, bias=False, **options)
    return [convolution, nn.InstanceNorm2d(n_out), nn.ReLU()]


def _start_small(module: nn.Module) -> None:
    """Draw the weights of convolutions from N(0, .02), as in CycleGAN."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, std=0.02)


def n_halvings(sides: Sequence[int], most: int) -> int:
    """Return how often the shorter side can be halved (rounded up) until it has 2 pixels."""
    side, times = min(sides), 0
    while side > SMALLEST and times < most:
        side, times = math.ceil(side / 2), times + 1
    return times
