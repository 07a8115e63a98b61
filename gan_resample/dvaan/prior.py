"""The prior of DVAAN: where the classes are in latent space, and draws between them."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.linalg import helmert
from torch import Tensor, nn
from torch.nn.functional import normalize

__all__ = ["MEMORY", "MU_MAX", "MU_MIN", "Prior", "default_latent_dim", "simplex"]

MU_STEP, MU_MIN, MU_MAX = 0.01, 0.25, 6.0
MEMORY = 0.99  # of moving averages, those of DecoderLaw too


class Prior(nn.Module):
    r"""A normal component for each class, :math:`N(\mu v_y, I)`.

    Parameters
    ----------
    n_classes, latent_dim : int
        Number of components, and length of a latent vector.
    mu : float
        Distance of the components' means from the origin, if directions have length 1.
    mean_direction : {"unit", "ones"}
        Length of the directions: 1, or ``sqrt(latent_dim)``, that of vectors of ones.
    """

    directions: Tensor
    mu: Tensor
    usual_losses: Tensor

    def __init__(self, n_classes: int, latent_dim: int, mu: float, mean_direction: str) -> None:
        super().__init__()
        length = math.sqrt(latent_dim) if mean_direction == "ones" else 1.0
        self.register_buffer("directions", simplex(n_classes, latent_dim) * length)
        self.register_buffer("mu", torch.tensor(float(mu)))
        self.register_buffer("usual_losses", torch.zeros(2))  # of L_fea and L_adv

    @property
    def means(self) -> Tensor:
        """Means of the components, (n_classes, latent_dim)."""
        return self.mu * self.directions

    def draw(self, y: Tensor) -> Tensor:
        """Draw z, (n, latent_dim), from the component of each class code."""
        means = self.means[y]
        return means + torch.randn_like(means)

    def draw_between(self, code: int, others: Tensor) -> Tensor:
        """Draw z from N(midpoint of two components, I), on the side of class ``code``: (n, l).

        A vector nearer to the other component is mirrored rather than dropped: the distribution is
        symmetric, so this gives its half on the wanted side.
        """
        middle = (self.means[code] + self.means[others]) / 2
        noise = torch.randn_like(middle)
        across = normalize(self.directions[code] - self.directions[others], dim=1)
        along = (noise * across).sum(dim=1, keepdim=True)
        return middle + noise + (along.abs() - along) * across

    def memberships(self, z: Tensor) -> Tensor:
        """Probability of each component given z, if all are equally frequent: (n, n_classes)."""
        return (-0.5 * torch.cdist(z, self.means).square()).softmax(dim=1)

    @torch.no_grad()
    def move(self, feature: Tensor, adversarial: Tensor, gamma: float, *, rests: bool) -> None:
        """Move mu by equation 10, with each loss over its own average, small steps, and bounds.

        As printed, ``mu - tanh(L_fea - gamma L_adv)`` compares losses of different scales and
        makes steps of one, and mu diverges. While mu ``rests`` only the averages are updated.
        """
        losses = torch.stack([feature, adversarial])
        usual = torch.where(self.usual_losses > 0, self.usual_losses, losses)
        usual = MEMORY * usual + (1 - MEMORY) * losses
        ratio = losses / usual.clamp(min=torch.finfo(losses.dtype).tiny)
        mu = (self.mu - MU_STEP * (ratio[0] - gamma * ratio[1]).tanh()).clamp(MU_MIN, MU_MAX)
        sound = losses.isfinite().all() & mu.isfinite()
        self.usual_losses.copy_(torch.where(sound, usual, self.usual_losses))
        if not rests:
            self.mu.copy_(torch.where(sound, mu, self.mu))


def simplex(n: int, n_axes: int) -> Tensor:
    """Return unit vectors to the ``n`` corners of a regular simplex, (n, n_axes).

    They lie in the first ``n - 1`` axes. Two vectors are opposite; the cosine between any two is
    ``-1 / (n - 1)``.
    """
    corners = -helmert(n).T * math.sqrt(n / (n - 1))
    return torch.as_tensor(np.pad(corners, [(0, 0), (0, n_axes - (n - 1))]), dtype=torch.float32)


def default_latent_dim(asked: int | None, *, is_image: bool, n_classes: int) -> int:
    """Return ``asked``, or the default, large enough for a component for each class."""
    if asked is None:
        return max(64 if is_image else 16, n_classes - 1)
    if asked < n_classes - 1:
        raise ValueError(
            f"latent_dim={asked} has room for the means of {asked + 1} classes, but y has "
            f"{n_classes}: latent_dim must be at least {n_classes - 1}, or None"
        )
    return asked
