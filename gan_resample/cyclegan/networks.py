"""The default networks of CycleGAN's players."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from gan_resample.nn.convnets import ConvNet, ImageTranslator, PatchDiscriminator
from gan_resample.nn.modules import MLP
from gan_resample.nn.shape import RowShape

__all__ = ["ImageNets", "TableNets", "choose_nets"]


WIDTH = 64  # channels of CycleGAN's networks


class Residual(nn.Module):
    """Adds the input to the output of ``body``."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class TableNets:
    """Perceptrons; those of discriminators and classifier are half as wide."""

    def __init__(self, widths: Sequence[int]) -> None:
        self.widths = tuple(widths)
        self.halves = tuple(max(1, width // 2) for width in widths)
        self.slope = partial(nn.LeakyReLU, 0.2)

    def translator(self, n_in: int, n_out: int) -> nn.Module:
        return Residual(MLP(n_in, n_out, self.widths, self.slope, norm=nn.LayerNorm))

    def discriminator(self, n_in: int, n_out: int) -> nn.Module:
        return MLP(n_in, n_out, self.halves, self.slope)

    def classifier(self, n_in: int, n_out: int) -> nn.Module:
        return MLP(n_in, n_out, self.halves, self.slope, norm=nn.LayerNorm)


class ImageNets:
    """CycleGAN's convolutional networks, ``width`` times as wide."""

    def __init__(self, width: float, n_blocks: int) -> None:
        self.channels, self.n_blocks = max(1, round(width * WIDTH)), n_blocks

    def translator(self, n_in: Sequence[int], n_out: Sequence[int]) -> nn.Module:
        return ImageTranslator(n_in, self.channels, self.n_blocks)

    def discriminator(self, n_in: Sequence[int], n_out: int) -> nn.Module:
        return PatchDiscriminator(n_in, self.channels)

    @staticmethod
    def classifier(n_in: Sequence[int], n_out: int) -> nn.Module:
        return ConvNet(n_in, n_out)


def choose_nets(
    shape: RowShape, hidden_layer_sizes: Sequence[int], width_multiplier: float, n_blocks: int
) -> TableNets | ImageNets:
    """Return the maker of default networks for rows of ``shape``."""
    return (
        ImageNets(width_multiplier, n_blocks) if shape.is_image else TableNets(hidden_layer_sizes)
    )
