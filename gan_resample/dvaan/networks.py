"""The default networks of DVAAN's players."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import nn

from gan_resample.nn.build import (
    Build,
    check_shape,
    check_width,
    make_backbone,
    make_module,
    output_width,
)
from gan_resample.nn.convnets import StridedConvNet, UpsamplingDecoder
from gan_resample.nn.modules import MLP, SoftmaxSpans
from gan_resample.nn.shape import RowShape

__all__ = [
    "ImageNets",
    "TableNets",
    "choose_nets",
    "make_decoder",
    "make_discriminator",
    "make_recognition",
]

# of the paper's networks for images, and of the discriminator of VAE/GAN, which the paper uses
CHANNELS, KERNELS = (64, 92, 128, 256), (5, 5, 3, 3)
DIS_FIRST, DIS_CHANNELS, DIS_KERNELS, DIS_HIDDEN = 32, (128, 192, 256), (5, 5, 5), 512


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


def choose_nets(
    shape: RowShape, hidden_layer_sizes: Sequence[int], width_multiplier: float
) -> TableNets | ImageNets:
    """Return the maker of default networks for rows of ``shape``."""
    return ImageNets(width_multiplier) if shape.is_image else TableNets(hidden_layer_sizes)


def make_recognition(
    nets: TableNets | ImageNets, shape: RowShape, latent_dim: int, given: Build | None
) -> nn.Module:
    """Return Q, which turns rows into means and log-variances, (n, 2 * latent_dim)."""
    build = nets.recognition if given is None else given
    recognition = make_module(build, shape.n_in, 2 * latent_dim)
    return check_width(recognition, shape, 2 * latent_dim, "recognition")


def make_decoder(
    nets: TableNets | ImageNets,
    shape: RowShape,
    latent_dim: int,
    spans: Sequence[tuple[int, int]],
    given: Build | None,
) -> nn.Module:
    """Return Dec, from latent vectors to rows, with probabilities in categorical spans."""
    upwards = make_module(nets.decoder if given is None else given, latent_dim, shape.n_in)
    decoder = nn.Sequential(upwards, SoftmaxSpans(spans))
    return check_shape(decoder, (latent_dim,), shape, "decoder")


def make_discriminator(
    nets: TableNets | ImageNets,
    shape: RowShape,
    n_classes: int,
    feature_extractor: Build | None,
    freeze: int | str | None,
) -> nn.Sequential:
    """Return Dis: the network that computes f, followed by a layer for the logits."""
    features = make_backbone(feature_extractor, nets.features, shape.n_in, nets.n_hidden, freeze)
    n_hidden = output_width(features, shape, "feature_extractor")
    head = nets.head if feature_extractor is None else nn.Linear
    return nn.Sequential(features, head(n_hidden, n_classes))
