"""The warning that decoded images look like noise."""

from __future__ import annotations

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

__all__ = ["WATCHED_IMAGES", "warn_of_poor_decoding"]

WATCHED_IMAGES = 500  # decoded to see whether decoding works
MOST = 1.5  # largest ratio of the error of decoded images to that of the mean image


def warn_of_poor_decoding(
    images: Tensor,
    decoded: Tensor,
    y: Tensor,
    *,
    rounds: int,
    remedy: str,
    what: str = "what the decoder makes of a training image",
) -> None:
    """Warn if decoded images are further from the originals than the mean image of the class.

    The limit is a mean squared error of 1.5 times that of the mean image. On digits of 8 by 8
    pixels the ratio was 4 after 5 rounds of GAMO2pix, 1.5 to 1.8 after 20, about 1.1 after 100 and
    0.5 after 1,000; with DVAAN 2.4 to 3.8 after 20 rounds, at most 1 after 100; with CycleGAN,
    whose translators should leave images of their target class unchanged, 6 to 12 after 2
    rounds, 1.4 to 3.5 after 20, 0.8 to 1.4 after 50, and about 0.3 after 400.

    Parameters
    ----------
    images, decoded : Tensor of shape (n, channels, height, width)
        Encoded training images, and the same images after decoding.
    y : Tensor of shape (n,)
        Class codes.
    rounds : int
        Rounds that the decoder was trained for.
    remedy : str
        The argument to raise, for the end of the message.
    what : str
        What ``decoded`` is: the subject of the message's sentence.
    """
    with torch.no_grad():
        means = torch.empty_like(images)
        for code in y.unique():
            means[y == code] = images[y == code].mean(dim=0)
        error, usual = (float((each - images).square().mean()) for each in (decoded, means))
    if error > MOST * usual > 0:
        warnings.warn(
            "generated images look like noise or like one grey image: after "
            f"{rounds} rounds {what} is further from it (mean squared error {error:.3g}) than the "
            f"mean image of its class is ({usual:.3g}). Raise {remedy}",
            ConvergenceWarning,
            stacklevel=2,
        )
