"""How far DVAAN's generated rows scatter around the means that the decoder gives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_resample.dvaan.prior import MEMORY
from gan_resample.nn.modules import number_gaps
from gan_resample.nn.shape import RowShape

__all__ = ["DecoderLaw"]

LEAST_VARIANCE = 1e-4  # lower bound of "adapt", for standardised columns


class DecoderLaw(nn.Module):
    """The distribution of rows around the decoded means: normal, or the means themselves.

    The means vary only in the few directions that latent vectors determine. A classifier trained
    on many of them would see hardly any variation in the other directions, in which real rows do
    vary, and would judge real rows badly. With ``variance="adapt"`` each numeric column of a table
    therefore gets noise. Its variance is that of the reconstruction errors of real rows of the
    class, but at most the variance of the class: a decoder with larger errors has not learned the
    class. Categories and pixels get no noise, and neither does anything if the variance is given,
    as in the paper.

    Parameters
    ----------
    variance : float or "adapt"
        Variance of a feature in the reconstruction loss.
    shape : RowShape
        Of an encoded row.
    spans : sequence of (int, int)
        Categorical spans.
    n_classes : int
        Number of classes; each has its own variances.
    gaps : sequence of (int, int), default=()
        (column, column that is 1 where it is missing) of columns with missing values, whose
        errors are 0 where they are missing: they do not count.
    """

    variance: Tensor
    numeric: Tensor
    squares: Tensor
    seen: Tensor
    most: Tensor
    there: Tensor

    def __init__(
        self,
        variance: float | str,
        shape: RowShape,
        spans: Sequence[tuple[int, int]],
        n_classes: int,
        gaps: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.adapts = variance == "adapt"
        self.scatters = self.adapts and not shape.is_image
        start = 0.0 if self.adapts else float(variance)
        self.register_buffer("variance", torch.tensor(start))  # 0: not yet known
        numeric = torch.ones(shape)
        for first, last in spans:
            numeric[first:last] = 0
        self.register_buffer("numeric", numeric, persistent=False)
        # moving averages of squared errors and of rows, by class
        self.register_buffer("squares", torch.zeros(n_classes, *shape))
        self.register_buffer("seen", torch.zeros(n_classes, 1))
        self.register_buffer("most", torch.zeros(n_classes, *shape))  # upper bound of the variance
        self.gaps = number_gaps(spans, gaps)
        if self.gaps:
            self.register_buffer("there", torch.ones(n_classes, *shape))  # share of values

    def prepare(self, x: Tensor, y: Tensor) -> None:
        """Learn the variances of the classes from rows ``x`` of class codes ``y``."""
        for code in range(len(self.most)):
            self.most[code] = x[y == code].var(0, correction=0)
            for column, missing in self.gaps:
                own = x[(y == code) & (x[:, missing] < 0.5), column]
                if len(own):
                    self.most[code, column] = own.var(0, correction=0)
                    self.there[code, column] = len(own) / (y == code).sum()

    @torch.no_grad()
    def usual_error(self, error: Tensor) -> Tensor:
        """Variance for the reconstruction loss: given, or a moving average of ``error``."""
        if self.adapts:
            usual = torch.where(self.variance > 0, self.variance, error)
            now = MEMORY * usual + (1 - MEMORY) * error
            self.variance.copy_(now.clamp(min=LEAST_VARIANCE))
        return self.variance

    @torch.no_grad()
    def learn(self, squares: Tensor, y: Tensor) -> None:
        """Learn from squared reconstruction errors, (n, *shape), of class codes ``y``."""
        if self.scatters:
            of_class = (y[:, None] == torch.arange(len(self.seen), device=y.device)).to(squares)
            self.squares.lerp_(of_class.T @ squares, 1 - MEMORY)
            self.seen.lerp_(of_class.sum(dim=0)[:, None], 1 - MEMORY)

    def forward(self, means: Tensor, memberships: Tensor) -> Tensor:
        """Draw a row around each mean, (n, *shape), given (n, n_classes) class probabilities."""
        if not self.scatters:
            return means
        usual = self.squares / self.seen.clamp(min=torch.finfo(means.dtype).tiny)
        usual = usual / self.there if self.gaps else usual
        variances = torch.minimum(usual, self.most)
        deviations = (memberships @ variances).sqrt() * self.numeric
        return means + deviations * torch.randn_like(means)
