r"""GAMO: generative adversarial minority oversampling.

There are three players. The classifier :math:`M` learns from real and generated rows. The
conditional discriminator :math:`D(x|y)` tells real from generated rows. The generator
:math:`G(z|y)` mixes real rows of class :math:`y` into new ones, which :math:`M` should take for
another class while :math:`D` takes them for real. With :math:`P_i` the share of class :math:`i`,
:math:`d_i` the rows it lacks and :math:`q_i = d_i / S`, :math:`S = \sum_i d_i`,

.. math::
    \min_M \; & E_{x, y}\, L(M(x), e_y) + \tfrac{S}{n}\, E_{y \sim q, z}\, L(M(G(z|y)), e_y) \\
    \min_D \; & E_{x, y}\, L(D(x|y), 1) + \tfrac{S}{n}\, E_{y \sim q, z}\, L(D(G(z|y)|y), 0) \\
    \min_G \; & E_{y \sim u, z}\, L(M(G(z|y)), 1 - e_y) + E_{y \sim u, z}\, L(D(G(z|y)|y), 1)

where :math:`e_y` is one-hot, :math:`u` is uniform over the classes in play and :math:`L` is least
squares on probabilities (section 4.1 of the paper) or cross-entropy (its equations 2 and 3).

References
----------
Sankha Subhra Mullick, Shounak Datta, Swagatam Das. Generative Adversarial Minority Oversampling.
ICCV 2019. arXiv:1903.09730
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_resample.engine.game import Turn
from gan_resample.mixing.game import (
    GENERATOR_WIDTH,
    MixingGame,
    class_mixer_chunk,
    make_class_mixer,
    perceptron,
)
from gan_resample.mixing.geometry import Anchors, Mixer, NeighbourMixer, SpreadMixer
from gan_resample.nn.losses import bernoulli, one_vs_rest, squared_sigmoid, squared_softmax

__all__ = ["GAMOGame"]


LOSSES = {"ls": (squared_softmax, squared_sigmoid), "ce": (one_vs_rest, bernoulli)}


class GAMOGame(MixingGame):
    """Classifier, conditional discriminator and mixing generator.

    Parameters
    ----------
    ema_decay : float, default=0
        Decay of the moving average of the classifier that gives :meth:`logits`; 0 for none.
    hidden_layer_sizes, loss, with_discriminator, fake_weight, mixer, n_neighbors, max_scale, \
max_anchors, latent_dim
        As in :class:`GAMOSampler`.
    **shared
        Of :class:`~gan_resample.mixing.game.MixingGame`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "feature_extractor": "feature_extractor",
        "classifier": "classifier",
        "discriminator": "discriminator",
        "generator_vs_classifier": "generator",
        "generator_vs_discriminator": "generator",
    }
    discriminator: Any  # None where it is left out

    def __init__(
        self,
        *,
        hidden_layer_sizes: Sequence[int],
        loss: str,
        with_discriminator: bool,
        fake_weight: str,
        mixer: str,
        n_neighbors: Any,
        max_scale: float,
        max_anchors: int | None,
        latent_dim: int | None,
        ema_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        joint = fake_weight == "prior"
        shared |= {"hidden_layer_sizes": hidden_layer_sizes, "ema_decay": ema_decay}
        super().__init__(**shared, weigh_real=joint)
        self.joint = joint
        if not joint:
            self.fake_mass = 1.0  # the equal parts of Algorithm 1
        self.class_loss, self.real_loss = LOSSES[loss]
        self.smoothing = 0.1 if loss == "ls" else 0.0

        self.discriminator = None
        if not self.in_play:
            return
        if with_discriminator:
            judge = perceptron(hidden_layer_sizes)
            self.discriminator = judge(self.n_features + len(self.onehot), 1)
        if mixer == "class":
            self.generator = make_class_mixer(
                self.sizes,
                self.n_features,
                max_anchors=max_anchors,
                latent_dim=latent_dim,
                hidden_layer_sizes=hidden_layer_sizes,
                gaps=self.gaps,
            )
            self.chunk_rows = class_mixer_chunk(self.generator)
        else:
            anchors = Anchors(self.sizes, self.n_features, n_neighbors, self.gaps)
            self.generator = _mix_neighbours(mixer, anchors, latent_dim or 4, max_scale)

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Algorithm 1 of the paper with one inner step; see the notes on ``fake_weight``."""
        # F learns from real rows through M (lines 3 to 6); all other players see features only
        if self.learns_features:
            yield {"feature_extractor": self.teach_features(x, y)}
        # generated vectors mix features by F as it was when the anchors were stored. D must see
        # real rows through the same F, or it could tell them apart by that; M sees them through F
        # as it is
        as_old = [self.stored_features(x)] if self.learns_features else []
        x = self.features(x)
        one = torch.ones_like(y, dtype=x.dtype)
        real = (x, y, one, one / len(y), *as_old)
        if self.generator is None:  # no class lacks rows: the classifier learns alone
            yield self.judge(*real)
            self.update_average()
            return

        # M and D learn from real rows and from rows of G with labels from q (lines 7 to 12)
        weight = self.fake_mass * self.deficit_labels.weights
        rows = self.imitate()
        as_old = [rows] if as_old else []
        fake = (rows, self.deficit_labels.labels, torch.zeros_like(weight), weight, *as_old)
        if self.joint:
            yield self.judge(*map(torch.cat, zip(real, fake, strict=True)))
        else:
            yield self.judge(*real)
            yield self.judge(*fake)
        self.update_average()

        # G moves against M, then against D: same noise, labels uniform over classes (13 to 16)
        drawn = self.next_draw(self.uniform_labels)
        yield {"generator_vs_classifier": self.fool_classifier(drawn)}
        if self.discriminator is not None:
            yield {"generator_vs_discriminator": self.fool_discriminator(drawn)}

    def judge(
        self, x: Tensor, y: Tensor, real: Tensor, weight: Tensor, as_old: Tensor | None = None
    ) -> Turn:
        """M's and D's loss on rows ``x`` of class ``y``; ``real`` is 1 or 0 for each row.

        D sees ``as_old`` instead, features by F as it was when the anchors were stored, if given.
        """
        class_loss = self.class_loss(self.classifier(x), self.onehot[y])
        losses: dict[str, Tensor] = {"classifier": weight @ class_loss}
        if self.discriminator is not None:
            # 1 becomes 1 - smoothing u, and 0 becomes smoothing u
            target = torch.sub(real, torch.rand_like(real), alpha=self.smoothing).abs()
            real_loss = self.real_loss(
                self.discriminate(x if as_old is None else as_old, y), target
            )
            losses["discriminator"] = weight @ real_loss
        return losses

    def fool_discriminator(self, drawn: Any) -> Tensor:
        """G's loss against D: the target is exactly 1, without smoothing (line 15)."""
        with self.eval_mode("discriminator"):
            logit = self.discriminate(
                self.generate(drawn, self.uniform_labels), self.uniform_labels.labels
            )
        loss = self.real_loss(logit, torch.ones_like(logit))
        return self.uniform_labels.weights @ loss

    def discriminate(self, x: Tensor, y: Tensor) -> Tensor:
        """Logits of D(x|y), shape (n,): the one-hot label is appended to the row."""
        return self.discriminator(self.label(x, y)).squeeze(1)


def _mix_neighbours(mixer: str, anchors: Anchors, latent_dim: int, max_scale: float) -> Mixer:
    if mixer == "neighbours":
        return NeighbourMixer(anchors, latent_dim, GENERATOR_WIDTH)
    if not anchors.neighbours.shape[1]:
        raise ValueError(
            "mixer='spread' needs n_neighbors >= 1, got 0: use mixer='neighbours' to repeat rows"
        )
    return SpreadMixer(anchors, latent_dim, GENERATOR_WIDTH, max_scale)
