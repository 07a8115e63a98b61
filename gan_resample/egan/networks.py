"""The default networks of eGAN's players."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_resample.nn.build import Build, make_backbone, output_width
from gan_resample.nn.convnets import ConvDecoder
from gan_resample.nn.modules import MLP
from gan_resample.nn.shape import RowShape

__all__ = ["Generator", "Networks"]

Array = NDArray[Any]

CHANNELS, DECODER_WIDTH = (64, 128), 64  # of the paper's networks without a backbone
SUGGESTED_WIDTH = 512  # ``n_out`` that a callable for a feature extractor is given
MOST_CHANNELS = 100_000  # per layer; more must be a mistake, and would take terabytes


class Generator(nn.Module):
    """Turns rows into codes, and codes (with one-hot labels) into rows of the same shape."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        return self.decoder(torch.cat([self.encoder(x), label], dim=1))


class Networks:
    """Makes the players' networks for rows of a given shape."""

    def __init__(
        self,
        shape: RowShape,
        feature_extractor: Build | None,
        freeze: int | str | None,
        widths: Sequence[int],
        width_multiplier: float,
    ) -> None:
        self.shape, self.build, self.freeze = shape, feature_extractor, freeze
        self.widths, self.multiplier = widths, width_multiplier

    def discriminator(self, n_classes: int) -> nn.Module:
        drop = 0.4 if self.shape.is_image else 0.2
        return self._ending(self._features(self.widths, drop), n_classes)

    def encoder(self, latent_dim: int) -> nn.Module:
        return self._ending(self._features(self.widths[-1:], 0.0), latent_dim)

    def decoder(self, n_in: int, n_out: Any) -> nn.Module:
        if isinstance(n_out, int):
            return MLP(n_in, n_out, self.widths[-1:], partial(nn.LeakyReLU, 0.2))
        return ConvDecoder(n_in, n_out, self._channels(DECODER_WIDTH))

    def _features(self, widths: Sequence[int], drop: float) -> nn.Module:
        channels = [self._channels(width) for width in CHANNELS]
        default = (
            partial(_convolutions, channels=channels, drop=drop)
            if self.shape.is_image
            else partial(_hidden_layers, widths=widths, drop=drop)
        )
        told = self.shape.n_in
        body = make_backbone(self.build, default, told, SUGGESTED_WIDTH, self.freeze)
        ending = [nn.Dropout(0.2)] if drop and self.build is not None else []
        return nn.Sequential(body, *ending)

    def _ending(self, features: nn.Module, n_out: int) -> nn.Module:
        n_hidden = output_width(features, self.shape, "feature_extractor")
        return nn.Sequential(features, nn.Linear(n_hidden, n_out))

    def _channels(self, width: int) -> int:
        if (wanted := self.multiplier * width) > MOST_CHANNELS:
            raise ValueError(
                f"width_multiplier={self.multiplier} makes layers of {wanted:.3g} channels, more "
                f"than {MOST_CHANNELS:,}: set it lower, 1 is the paper's"
            )
        return max(1, round(wanted))


def _convolutions(
    n_in: Sequence[int], n_out: int, channels: Sequence[int], drop: float
) -> nn.Module:
    """Return the paper's discriminator without a backbone, up to its last layer."""
    layers: list[nn.Module] = []
    before = n_in[0]
    for width in channels:
        layers += [nn.Conv2d(before, width, 5, stride=2, padding=2), nn.LeakyReLU(0.2)]
        layers += [nn.Dropout(drop)] if drop else []
        before = width
    return nn.Sequential(*layers, nn.Flatten())


def _hidden_layers(n_in: int, n_out: int, widths: Sequence[int], drop: float) -> nn.Module:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(n_in, width), nn.LeakyReLU(0.2), nn.LayerNorm(width)]
        layers += [nn.Dropout(drop)] if drop else []
        n_in = width
    return nn.Sequential(*layers)
