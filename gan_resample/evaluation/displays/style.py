"""Colours, axes and rows of images that the displays share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GAP",
    "GENERATED",
    "INK",
    "OTHERS",
    "PALE",
    "PANEL",
    "REAL",
    "image_strip",
    "plain",
]

Array = NDArray[Any]

INK, PALE, REAL, GENERATED, OTHERS = "#1f2933", "#d5dae1", "#0b3c5d", "#e07a2f", "#b8bec6"


def plain(ax: Any) -> None:
    """Keep two pale spines, and small tick labels."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("#8a97a6")
    ax.tick_params(labelsize=8, color="#8a97a6")


GAP = 2  # pixels between images
PANEL = 4.5  # inches, the width of a row of images


def image_strip(images: Array, n: int) -> Array:
    """Put ``n`` images side by side, padded with white: (height, width[, 3]) in [0, 1].

    If images have neither one channel nor three, the first channel is shown.
    """
    images = images if images.shape[1] in (1, 3) else images[:, :1]
    channels, height, width = images.shape[1:]
    strip = np.ones((height, n * (width + GAP) - GAP, channels))
    for place, image in enumerate(images):
        start = place * (width + GAP)
        strip[:, start : start + width] = (image.transpose(1, 2, 0) + 1) / 2
    return strip.squeeze(2) if channels == 1 else strip
