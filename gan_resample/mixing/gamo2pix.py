r"""GAMO2pix: from GAMO's feature vectors back to images.

On images GAMO generates feature vectors :math:`h = F(x)`. A variational head :math:`E` and a
decoder, trained after the game with :math:`F` frozen, turn such vectors into images:

.. math::
    m, v = E(h), \quad z = m + e^{v / 2} \varepsilon, \; \varepsilon \sim N(0, I), \quad
    L = \| x - \mathrm{Dec}(z, y) \|^2 + \tfrac12 \sum_d (e^{v_d} + m_d^2 - 1 - v_d)

Departures from the paper and its code:

* One decoder is given the class, instead of one decoder for each class (the paper's,
  ``shared_decoder=False``): a decoder trained on 40 images memorises them.
* ``v`` is the log-variance in both places; the code draws with it as the log of the deviation.
* The head also learns from mixtures of two vectors of a class, by the last term alone, because
  it decodes mixtures later.
* The weight of the last term rises over the first tenth of the rounds.
* The last kernel is 3 by 3, not 4 by 4.

References
----------
Sankha Subhra Mullick, Shounak Datta, Swagatam Das. Generative Adversarial Minority Oversampling.
ICCV 2019, section 5. arXiv:1903.09730
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_resample.engine.game import Game
from gan_resample.engine.net import GameNet
from gan_resample.nn.convnets import ConvDecoder
from gan_resample.nn.losses import gaussian_divergence
from gan_resample.nn.modules import MLP, StratifiedLabels
from gan_resample.nn.shape import RowShape

__all__ = [
    "PAPER_SETTINGS",
    "GAMO2pixGame",
    "VariationalDecoder",
    "make_decoder",
    "train_decoder",
]

#: The published configuration: ``GAMOSampler(**gamo.PAPER_SETTINGS, **gamo2pix.PAPER_SETTINGS)``.
PAPER_SETTINGS: dict[str, Any] = {"shared_decoder": False, "decoder_iter": 25_000}

LATENT, HEAD_WIDTH = 100, 128  # of the authors' code
WARM_UP = 0.1  # share of the rounds over which the weight of the divergence rises to 1


class VariationalDecoder(nn.Module):
    """A Gaussian head on feature vectors, and a decoder of what it draws.

    Parameters
    ----------
    n_features : int
        Width of the feature vectors.
    n_classes : int
        Width of the one-hot label that the decoder is given; 0 for none.
    shape : tuple of int
        Of a decoded row: (channels, height, width), or (n_columns,) of a table.
    """

    def __init__(self, n_features: int, n_classes: int, shape: Sequence[int]) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(n_features, HEAD_WIDTH), nn.Tanh())
        self.mean = nn.Linear(HEAD_WIDTH, LATENT)
        self.log_variance = nn.Linear(HEAD_WIDTH, LATENT)
        n_in = LATENT + n_classes
        self.decoder: nn.Module
        if RowShape(shape).is_image:
            self.decoder = ConvDecoder(n_in, shape)
        else:
            self.decoder = MLP(n_in, shape[0], (128, 256), nn.ReLU)

    def encode(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of z, each (n, LATENT); log-variances are between -10 and 10."""
        hidden = self.head(h)
        return self.mean(hidden), self.log_variance(hidden).clamp(-10, 10)

    def forward(self, mean: Tensor, log_variance: Tensor, label: Tensor) -> Tensor:
        """Decode one draw of z for each row, (n, *shape); ``label`` has shape (n, n_classes)."""
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        return self.decoder(torch.cat([z, label], dim=1))


class GAMO2pixGame(Game):
    """A game with a single player, the decoder; its rows are feature vectors, then pixels.

    Parameters
    ----------
    n_features : int
        Width of the feature vectors, the first columns of a row.
    shape : tuple of int
        Of a decoded row; flattened, it is the other columns.
    counts : sequence of int
        Rows of each class; 0 for a class that is not in play.
    batch_size : int
        Rows per round, equally many of each class in play; without ``shared_decoder`` rows per
        round and decoder.
    shared_decoder : bool
        Whether one decoder is given the class, or each class has its own.
    """

    moves: ClassVar[Mapping[str, str]] = {"decoder": "decoder"}
    onehot: Tensor
    counts: Tensor

    def __init__(
        self,
        *,
        n_features: int,
        shape: Sequence[int],
        counts: Sequence[int],
        batch_size: int,
        shared_decoder: bool,
    ) -> None:
        super().__init__()
        self.n_features, self.shape, self.shared_decoder = n_features, tuple(shape), shared_decoder
        in_play = [bool(count) for count in counts]
        told = len(counts) if shared_decoder else 0
        self.register_buffer("onehot", torch.eye(len(counts))[:, :told], persistent=False)
        self.register_buffer("counts", torch.tensor(counts), persistent=False)
        self.decoder = nn.ModuleList(
            VariationalDecoder(n_features, told, shape) if used else nn.Identity()
            for used in ([True] if shared_decoder else in_play)
        )
        n_rows = batch_size * (1 if shared_decoder else sum(in_play))
        self.uniform_labels = StratifiedLabels([used / sum(in_play) for used in in_play], n_rows)
        self._rows = torch.empty(0)

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        if not len(self._rows):
            self._rows = x[y.argsort(stable=True)]

    def finish(self, x: Tensor, y: Tensor) -> None:
        self._rows = torch.empty(0)  # a fitted sampler need not keep the images

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        y, sizes = self.uniform_labels.labels, self.uniform_labels.sizes
        rows, others = self.draw(y), self.draw(y)
        h, pixels = rows.split([self.n_features, rows.shape[1] - self.n_features], dim=1)
        share = torch.rand((len(y), 1), device=h.device)
        mixed = torch.lerp(h, others[:, : self.n_features], share)
        loss = torch.zeros((), device=h.device)
        warm = min(1.0, self.rounds_played / max(1.0, WARM_UP * self.rounds_planned))
        for decoder, *part in self.by_decoder(sizes, h, mixed, pixels, self.onehot[y]):
            own, mix, seen, label = part
            mean, log_variance = decoder.encode(own)
            error = (decoder(mean, log_variance, label).flatten(1) - seen).square().sum(dim=1)
            kl = gaussian_divergence(mean, log_variance) + gaussian_divergence(
                *decoder.encode(mix)
            )
            loss = loss + (error + warm * kl).sum() / len(y)
        yield {"decoder": loss}

    def draw(self, y: Tensor) -> Tensor:
        """Draw a training row for each label, with replacement."""
        start = self.counts.cumsum(0) - self.counts
        chance = torch.rand(len(y), device=y.device)
        return self._rows[start[y] + (chance * self.counts[y]).long()]

    def by_decoder(self, sizes: Sequence[int], *tensors: Tensor) -> Iterator[Any]:
        """Yield each decoder with its part of the tensors, whose rows are sorted by class."""
        if self.shared_decoder:
            yield self.decoder[0], *tensors
            return
        parts = zip(*(tensor.split(list(sizes)) for tensor in tensors), strict=True)
        for decoder, part in zip(self.decoder, parts, strict=True):
            if len(part[0]):
                yield decoder, *part

    def decode(self, h: Tensor, y: Tensor) -> Tensor:
        """Turn feature vectors ``h`` of classes ``y`` into rows of ``shape``."""
        order = y.argsort(stable=True)
        sizes = torch.bincount(y, minlength=len(self.counts)).tolist()
        decoded = [
            decoder(*decoder.encode(own), label)
            for decoder, own, label in self.by_decoder(sizes, h[order], self.onehot[y[order]])
        ]
        return torch.cat(decoded)[order.argsort()]


def make_decoder(
    features: Tensor, x: Tensor, counts: Sequence[int], *, shared_decoder: bool, **options: Any
) -> GameNet:
    """Return an untrained net for rows ``x`` (n, *shape) and their ``features`` (n, n_features).

    ``options`` are those of :class:`~gan_resample.engine.net.GameNet`.
    """
    return GameNet(
        GAMO2pixGame,
        module__n_features=features.shape[1],
        module__shape=tuple(x.shape[1:]),
        module__counts=tuple(counts),
        module__batch_size=options["batch_size"],
        module__shared_decoder=shared_decoder,
        **options,
    )


def train_decoder(net: GameNet, features: Tensor, x: Tensor, y: Tensor) -> None:
    """Train ``net``, or train it further, on rows ``x``, their features and class codes."""
    try:
        net.partial_fit(torch.cat([features, x.flatten(1)], dim=1), y)
    finally:
        if net.initialized_:
            net.module_.eval()
