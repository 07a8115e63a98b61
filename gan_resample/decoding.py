"""Whether images come back from what they were turned into, told where they do not."""

from __future__ import annotations

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

__all__ = ["WATCHED_IMAGES", "warn_of_poor_decoding"]

WATCHED_IMAGES = 500  # that are decoded to see whether it works


@torch.no_grad()
def warn_of_poor_decoding(
    images: Tensor, decoded: Tensor, y: Tensor, *, rounds: int, remedy: str
) -> None:
    """Warn where the mean image of its class is closer to an image than what is decoded of it.

    On digits of 8 by 8 pixels that was so up to 100 to 400 rounds of GAMO2pix, and up to 100 of
    DVAAN; after 1,000 rounds the error was half of that of the mean image.

    Parameters
    ----------
    images, decoded : Tensor of shape (n, channels, height, width)
        Training images, encoded, and what comes back of them.
    y : Tensor of shape (n,)
        Class codes.
    rounds : int
        Rounds that the decoder was trained for.
    remedy : str
        What to raise.
    """
    means = torch.empty_like(images)
    for code in y.unique():
        means[y == code] = images[y == code].mean(dim=0)
    error, usual = (float((each - images).square().mean()) for each in (decoded, means))
    if error >= usual > 0:
        warnings.warn(
            f"generated images look like noise or like one grey image: after {rounds} rounds what "
            f"the decoder makes of a training image is further from it (mean squared error "
            f"{error:.3g}) than the mean image of its class is ({usual:.3g}). Raise {remedy}",
            ConvergenceWarning,
            stacklevel=2,
        )
