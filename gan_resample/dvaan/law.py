"""The law of DVAAN's decoded rows: how far they lie from what the decoder gives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_resample.dvaan.prior import MEMORY
from gan_resample.nn.shape import RowShape

__all__ = ["DecoderLaw"]

LEAST_VARIANCE = 1e-4  # that "adapt" may reach, of standardised columns


class DecoderLaw(nn.Module):
    """Rows are normal around the decoded means.

    The means lie close together in all directions but the few that latent vectors can tell: a
    classifier that learns from many of them judges by the other directions, in which real rows
    spread out, what it has seen of them on a thread. With ``variance="adapt"`` each number of a
    table gets the spread that real rows of its class have around what they are rebuilt as, at most
    that around the mean of the class: a decoder that is further off has not learned the class. The
    errors of categories and pixels say no law, and a given variance is the paper's, whose rows
    are the means: these are not moved.

    Parameters
    ----------
    variance : float or "adapt"
        Variance of a feature in the reconstruction loss.
    shape : RowShape
        Of an encoded row.
    spans : sequence of (int, int)
        Categorical spans.
    n_classes : int
        Of which each has its own spread.
    """

    variance: Tensor
    numeric: Tensor
    squares: Tensor
    seen: Tensor
    most: Tensor

    def __init__(
        self,
        variance: float | str,
        shape: RowShape,
        spans: Sequence[tuple[int, int]],
        n_classes: int,
    ) -> None:
        super().__init__()
        self.adapts = variance == "adapt"
        self.scatters = self.adapts and not shape.is_image
        start = 0.0 if self.adapts else float(variance)
        self.register_buffer("variance", torch.tensor(start))  # 0: not known yet
        numeric = torch.ones(shape)
        for first, last in spans:
            numeric[first:last] = 0
        self.register_buffer("numeric", numeric, persistent=False)
        # moving sums of squared errors and of rows, by class
        self.register_buffer("squares", torch.zeros(n_classes, *shape))
        self.register_buffer("seen", torch.zeros(n_classes, 1))
        self.register_buffer("most", torch.zeros(n_classes, *shape))  # variance that is believed

    def prepare(self, x: Tensor, y: Tensor) -> None:
        """Learn how far rows ``x`` of class codes ``y`` are from the means of their classes."""
        for code in range(len(self.most)):
            self.most[code] = x[y == code].var(0, correction=0)

    @torch.no_grad()
    def usual_error(self, error: Tensor) -> Tensor:
        """Variance of a feature: given, or the moving average of the mean squared ``error``."""
        if self.adapts:
            usual = torch.where(self.variance > 0, self.variance, error)
            now = MEMORY * usual + (1 - MEMORY) * error
            self.variance.copy_(now.clamp(min=LEAST_VARIANCE))
        return self.variance

    @torch.no_grad()
    def learn(self, squares: Tensor, y: Tensor) -> None:
        """Learn the spread from squared errors, (n, *shape), of rebuilt rows of codes ``y``."""
        if self.scatters:
            of_class = (y[:, None] == torch.arange(len(self.seen), device=y.device)).to(squares)
            self.squares.lerp_(of_class.T @ squares, 1 - MEMORY)
            self.seen.lerp_(of_class.sum(dim=0)[:, None], 1 - MEMORY)

    def forward(self, means: Tensor, memberships: Tensor) -> Tensor:
        """Draw a row around each mean, (n, *shape), of classes by (n, n_classes) probabilities."""
        if not self.scatters:
            return means
        usual = self.squares / self.seen.clamp(min=torch.finfo(means.dtype).tiny)
        variances = torch.minimum(usual, self.most)
        deviations = (memberships @ variances).sqrt() * self.numeric
        return means + deviations * torch.randn_like(means)
