r"""eGAN: encoder-based generative adversarial network, a classifier.

There are two players. The generator :math:`G` is an encoder followed by a decoder, without noise:
it turns rows of a minority class into rows that the discriminator should take for the majority.
The discriminator :math:`D`, which is the classifier, tells majority rows from these and, unlike in
the paper, from real minority rows. With the cross-entropy :math:`L`, the largest class 0 and
:math:`w` = ``real_minority_weight``,

.. math::
    L_D &= E_{x|0}\, L(D(x), 0)
        + \tfrac{1}{1 + w} \sum_{i > 0} E_{x|i} \big[ L(D(G(x)), i) + w L(D(x), i) \big] \\
    L_G &= E_{i > 0}\, E_{x|i}\, L(D(G(x)), 0)

For two classes and :math:`w = 0` these are the paper's losses (for :math:`G` the non-saturating
one of its code), with the difference of two logits in place of its single logit. More than two
classes are an extension, in which the decoder is given the class.

References
----------
Ademola Okerinde, Lior Shamir, William Hsu, Tom Theis, Nasik Nafi. eGAN: Unsupervised approach to
class imbalance using transfer learning. CAIP 2021. arXiv:2104.04162
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_resample.egan.networks import Generator, Networks
from gan_resample.engine.batches import class_batches
from gan_resample.engine.game import ClassifyingGame, Turn
from gan_resample.nn.build import Build, check_shape, make_module
from gan_resample.nn.modules import SoftmaxSpans, StraightThrough
from gan_resample.nn.shape import RowShape

__all__ = ["EGANGame"]

Array = NDArray[Any]


class EGANGame(ClassifyingGame):
    """An encoder-decoder generator, fed with minority rows, and a discriminator of the classes.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks: the first class that lacks none is the majority.
    spans, levels, gaps : sequences
        Columns of categories and of few values, as ``StraightThrough`` takes them.
    batch_size : int
        Most minority rows per round.
    real_minority_weight, latent_dim, feature_extractor, freeze, decoder, hidden_layer_sizes, \
width_multiplier
        As in :class:`EGANClassifier`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "discriminator": "discriminator",
        "generator": "generator",
    }
    minority: Tensor
    labels: Tensor
    weights: Tensor
    minority_counts: Tensor
    starts: Tensor
    places: Tensor
    onehot: Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        deficits: Sequence[int],
        spans: Sequence[tuple[int, int]],
        levels: Sequence[tuple[int, int]],
        batch_size: int,
        real_minority_weight: float,
        latent_dim: int | None,
        feature_extractor: Build | None,
        freeze: int | str | None,
        decoder: Build | None,
        hidden_layer_sizes: Sequence[int],
        width_multiplier: float,
        gaps: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        n_classes, shape = len(counts), RowShape(shape)
        self.reference = list(deficits).index(0)
        self.real_minority_weight = float(real_minority_weight)
        self.harden = StraightThrough(spans, levels, gaps)
        told = n_classes if n_classes > 2 else 0  # with two classes there is one minority
        self.register_buffer("onehot", torch.eye(n_classes)[:, :told], persistent=False)

        nets = Networks(shape, feature_extractor, freeze, hidden_layer_sizes, width_multiplier)
        self.discriminator = nets.discriminator(n_classes)
        latent_dim = latent_dim or (128 if shape.is_image else 16)
        build = nets.decoder if decoder is None else decoder
        upwards = make_module(build, latent_dim + told, shape.n_in)
        upwards = nn.Sequential(upwards, SoftmaxSpans(spans))
        check_shape(upwards, (latent_dim + told,), shape, "decoder")
        self.generator = Generator(nets.encoder(latent_dim), upwards)
        self._plan_minority(shape, counts, batch_size)

    def _plan_minority(self, shape: Sequence[int], counts: Sequence[int], batch_size: int) -> None:
        """Allocate minority rows, and plan which of them a round has: all, if they fit."""
        own = torch.tensor([0 if k == self.reference else n for k, n in enumerate(counts)])
        room = max(1, batch_size // (len(counts) - 1))
        sizes = own.clamp(max=room)
        if sizes.sum() == 1:
            sizes *= 2  # the one row twice: a user's batch normalisation would need two
        labels = torch.arange(len(counts)).repeat_interleave(sizes)
        places = (torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[labels]) % own[labels]
        drawn = (own > sizes)[labels]
        # not persistent: training rows are not weights, and snapshots need not hold them
        for name, tensor in {
            "minority": torch.zeros(int(own.sum()), *shape),
            "labels": labels,
            "weights": 1 / sizes[labels].float(),
            "minority_counts": own,
            "starts": own.cumsum(0) - own,
            "places": places.masked_fill(drawn, -1),  # -1: any
        }.items():
            self.register_buffer(name, tensor, persistent=False)

    def batches(self, y: Tensor, size: int) -> Iterator[Tensor]:
        """Yield mini-batches of the majority, the real batch of Algorithm 1."""
        return class_batches(y, size, self.reference)

    def prepare(self, x: Tensor, y: Tensor) -> None:
        self.harden.learn(x)
        order = y.argsort(stable=True)
        self.minority.copy_(x[order[y[order] != self.reference]])

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Play a batch of the majority, ``x``, and minority rows: both gradients, both steps."""
        minority = self.draw_minority()
        fake = self.generate(minority)
        rows = [x, fake] + [minority] * (self.real_minority_weight > 0)
        majority = torch.full_like(self.labels, self.reference)
        on_real, on_fake, *on_minority = self.discriminator(torch.cat(rows)).split(
            [len(part) for part in rows]
        )
        # generated and real rows of a minority together weigh as much as the majority. If each
        # did, D could never be sure of majority rows once G imitates them well
        as_minority = self.mean(on_fake, self.labels)
        for logits in on_minority:
            as_minority = as_minority + self.real_minority_weight * self.mean(logits, self.labels)
        loss = cross_entropy(on_real, y) + as_minority / (1 + self.real_minority_weight)
        n_minorities = len(self.minority_counts) - 1
        yield {"discriminator": loss, "generator": self.mean(on_fake, majority) / n_minorities}

    def draw_minority(self) -> Tensor:
        """All rows of each minority class, or as many as a batch holds, drawn at random."""
        chance = torch.rand(len(self.labels), device=self.labels.device)
        any_place = (chance * self.minority_counts[self.labels]).long()
        place = torch.where(self.places < 0, any_place, self.places)
        return self.minority[self.starts[self.labels] + place]

    def generate(self, x: Tensor) -> Tensor:
        """Rows of G for minority rows ``x``; discrete where real rows are."""
        return self.harden(self.generator(x, self.onehot[self.labels]))

    def mean(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy, averaged over the rows of each minority class, summed over classes."""
        return (self.weights * cross_entropy(logits, target, reduction="none")).sum()

    @property
    def predictor(self) -> nn.Module:
        return self.discriminator
