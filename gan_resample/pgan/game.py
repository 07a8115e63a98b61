r"""PGAN (Polarity-GAN): GAMO's convex generator against a classifier and a Wasserstein critic.

There are four players. The feature extractor :math:`F` (left out on tables) turns rows into
vectors. The classifier :math:`C` learns from vectors of real and generated rows. The critic
:math:`D(x|y)` scores how real a vector of class :math:`y` looks. The generator :math:`G(z|y)`
mixes stored vectors of the class by convex weights, such that :math:`C` takes the mixture for
another class while :math:`D` takes it for real. With :math:`d_i` the rows that class :math:`i`
lacks, :math:`q_i = d_i / S`, :math:`S = \sum_i d_i`, and :math:`u` uniform over the classes in
play,

.. math::
    \min_{F, C} \; & E_{x, y}\, L(C(F(x)), e_y)
        + \tfrac{S}{n}\, E_{y \sim q, z}\, L(C(G(z|y)), e_y) \\
    \min_D \; & E_{y \sim q} \big[ E_z D(G(z|y)|y) - E_{x|y} D(F(x)|y)
        + \lambda (\|\nabla_{\hat x} D(\hat x|y)\| - 1)^2 + \varepsilon D^2 \big] \\
    \min_G \; & E_{y \sim u, z}\, L(C(G(z|y)), 1 - e_y) - E_{y \sim u, z}\, D(G(z|y)|y)

where :math:`L` is cross-entropy on one-vs-rest outputs, :math:`e_y` is one-hot and :math:`\hat x`
lies between a real and a generated vector of the class. F sees real rows only, weighted by
:math:`(n_y + d_y) / n_y` to the class shares that :math:`C` sees.

Before the game an auto-encoder finds out where to draw :math:`z`: an encoder :math:`E` turns a
stored vector into a code, :math:`G` reconstructs the vector from the *other* vectors of its class,
and the codes of each class give the mean and the covariance of its noise.

References
----------
Kumari Deepshikha, Anugunj Naman. Removing Class Imbalance using Polarity-GAN: An Uncertainty
Sampling Approach. 2020 (equations 3 to 6, Algorithm 1). arXiv:2012.04937
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from gan_resample.engine.game import Turn
from gan_resample.mixing.game import MixingGame, class_mixer_chunk, make_class_mixer, perceptron
from gan_resample.nn.losses import gradient_penalty, one_vs_rest

__all__ = ["CANDIDATES", "PGANGame"]


PENALTY, DRIFT = 10.0, 1e-3  # weights of the critic's gradient penalty and of its squared scores
CANDIDATES = 5  # generated for each row that select="uncertain" keeps
FLOOR = 0.1  # quantile of the scores of real rows; the critic accepts generated rows above it


class PGANGame(MixingGame):
    """Feature extractor, classifier, class-conditional critic and convex generator.

    Parameters
    ----------
    hidden_layer_sizes, init, init_iter, critic_steps, max_anchors, latent_dim
        As in :class:`PGANSampler`.
    ema_decay : float, default=0
        Decay of the moving average of the classifier that gives :meth:`logits`; 0 for none.
    **shared
        Of :class:`~gan_resample.mixing.game.MixingGame`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "encoder": "encoder",
        "generator_as_decoder": "generator",
        "feature_extractor": "feature_extractor",
        "classifier": "classifier",
        "critic": "critic",
        "generator_vs_classifier": "generator",
        "generator_vs_critic": "generator",
    }
    alternates = True
    diagnostics = (*MixingGame.diagnostics, "acceptance")
    encoder: Any  # None if there is no auto-encoder
    critic: Any  # None if no class lacks a row
    code_means: Tensor
    code_factors: Tensor
    floors: Tensor

    def __init__(
        self,
        *,
        hidden_layer_sizes: Sequence[int],
        init: str,
        init_iter: int,
        critic_steps: int,
        max_anchors: int | None,
        latent_dim: int | None,
        ema_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        shared |= {"hidden_layer_sizes": hidden_layer_sizes, "ema_decay": ema_decay}
        super().__init__(**shared)
        self.class_loss = one_vs_rest
        self.critic_steps = critic_steps
        self.encoder = self.critic = None
        if not self.in_play:
            return
        n_classes = len(self.onehot)
        make = perceptron(hidden_layer_sizes)
        self.critic = make(self.n_features + n_classes, 1)
        self.generator = make_class_mixer(
            self.sizes,
            self.n_features,
            max_anchors=max_anchors,
            latent_dim=latent_dim,
            hidden_layer_sizes=hidden_layer_sizes,
            gaps=self.gaps,
        )
        self.chunk_rows = class_mixer_chunk(self.generator)
        width = self.generator.latent_dim
        if init == "convex_ae":
            self.init_rounds = init_iter
            self.encoder = make(self.n_features, width)
        # N(0, I) until the auto-encoder has been trained
        self.register_buffer("code_means", torch.zeros(n_classes, width))
        self.register_buffer("code_factors", torch.eye(width).repeat(n_classes, 1, 1))
        self.register_buffer("floors", torch.zeros(n_classes))

    # ---- a round --------------------------------------------------------------------------------

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Algorithm 1 of the paper, as corrected, after ``init_iter`` rounds of auto-encoder."""
        if self.rounds_played < self.init_rounds:
            yield {("encoder", "generator_as_decoder"): self.reconstruct()}
            return

        # F learns from real rows through C; all other players see features only
        if self.learns_features:
            yield {"feature_extractor": self.teach_features(x, y)}
        x = self.stored_features(x)
        weight = torch.full_like(y, 1 / len(y), dtype=x.dtype)
        if self.generator is None:  # no class lacks rows: the classifier learns alone
            yield {"classifier": self.teach(x, y, weight)}
            self.update_average()
            return

        # C and D learn from real rows and from rows of G with labels from q
        fake, q = self.imitate(), self.deficit_labels
        both = (x, fake), (y, q.labels), (weight, self.fake_mass * q.weights)
        yield {"classifier": self.teach(*map(torch.cat, both)), "critic": self.criticise(fake)}
        self.update_average()
        for _ in range(self.critic_steps - 1):
            yield {"critic": self.criticise(self.imitate())}

        # G moves against C, then against D: same noise, labels uniform over classes
        drawn = self.next_draw(self.uniform_labels)
        yield {"generator_vs_classifier": self.fool_classifier(drawn)}
        yield {"generator_vs_critic": self.please_critic(drawn)}

    def teach(self, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
        """C's loss on rows ``x`` of class ``y``."""
        return weight @ self.class_loss(self.classifier(x), self.onehot[y])

    def reconstruct(self) -> Tensor:
        """Mean squared error of stored vectors, reconstructed from the others of their class."""
        y, sizes = self.uniform_labels.labels, self.uniform_labels.sizes
        anchors = self.generator.anchors
        index = anchors.draw_group(y, 0).squeeze(1)
        rows = anchors.rows[index]
        codes = self.label(self.encoder(rows), y)
        error = (self.generator.reconstruct(codes, sizes, index) - rows).square().mean(dim=1)
        return self.uniform_labels.weights @ error

    def criticise(self, fake: Tensor) -> Tensor:
        """D's loss: real rows of each class have the same total weight as generated ones.

        In the paper these weights differ (equation 5), so that a constant added to D lowers its
        loss.
        """
        y, weights = self.deficit_labels.labels, self.deficit_labels.weights
        anchors = self.generator.anchors
        real = anchors.rows[anchors.draw_group(y, 0).squeeze(1)]
        on_fake, on_real = self.score(torch.cat([fake, real]), torch.cat([y, y])).chunk(2)
        slope = gradient_penalty(partial(self.score, y=y), real, fake)
        drift = (on_fake.square() + on_real.square()) / 2
        return weights @ (on_fake - on_real + PENALTY * slope + DRIFT * drift)

    def please_critic(self, drawn: Tensor) -> Tensor:
        """G's loss against D: minus the mean score."""
        with self.eval_mode("critic"):
            scores = self.score(
                self.generate(drawn, self.uniform_labels), self.uniform_labels.labels
            )
        return -(self.uniform_labels.weights @ scores)

    def score(self, x: Tensor, y: Tensor) -> Tensor:
        """D(x|y), shape (n,): the one-hot label is appended to the row."""
        return self.critic(self.label(x, y)).squeeze(1)

    def draw(self, y: Tensor, sizes: Sequence[int]) -> Tensor:
        """Noise of each class's own Gaussian, and one-hot labels, for the generator."""
        z = torch.randn((len(y), self.code_means.shape[1]), device=y.device)
        parts = zip(z.split(list(sizes)), self.code_factors, strict=True)
        own = torch.cat([part @ factor.T for part, factor in parts])
        return self.label(self.code_means[y] + own, y)

    # ---- between epochs -------------------------------------------------------------------------

    @property
    def phases(self) -> tuple[int, ...]:
        return (self.init_rounds,) if self.init_rounds else ()

    @property
    def spent(self) -> tuple[str, ...]:
        return ("encoder", *super().spent)  # only its Gaussians are needed, to draw z

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        super().begin_epoch(x, y)
        if self.init_rounds and self.rounds_played == self.init_rounds:
            self.learn_codes()

    def finish(self, x: Tensor, y: Tensor) -> None:
        super().finish(x, y)
        if self.generator is None:
            return
        if 0 < self.rounds_played <= self.init_rounds:  # stopped before the game
            self.learn_codes()
        self.learn_floors()

    @torch.no_grad()
    def learn_codes(self) -> None:
        """Fit a Gaussian to the codes of each class, from which z is drawn from now on."""
        width = self.code_means.shape[1]
        unit = torch.eye(width, device=self.code_means.device)
        for code in self.in_play:
            with self.eval_mode("encoder"):
                codes = self.encoder(self.generator.anchors.of_class(code))
            n = len(codes)
            covariance = codes.T.cov(correction=0).reshape(width, width)
            # few rows do not determine directions: shrink towards a sphere of the same size
            share, size = width / (width + n), covariance.diagonal().mean()
            shrunk = torch.lerp(covariance, size * unit, share) + 1e-6 * (1 + size) * unit
            self.code_means[code] = codes.mean(dim=0)
            self.code_factors[code] = torch.linalg.cholesky(shrunk)

    @torch.no_grad()
    def learn_floors(self) -> None:
        """Compute the score that 90 % of the real rows of each class exceed."""
        with self.eval_mode("critic"):
            for code in self.in_play:
                rows = self.generator.anchors.of_class(code)
                scores = self.score(rows, torch.full((len(rows),), code, device=rows.device))
                self.floors[code] = scores.quantile(FLOOR)

    # ---- selection ------------------------------------------------------------------------------

    def sample_uncertain(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each label make five candidates; of those that D accepts, return what C doubts most.

        If D accepts too few, those with the next best scores follow. Returns the rows, and for
        each row the training row that weighs most in it and whether D accepts it.
        """
        wanted = torch.bincount(y, minlength=len(self.onehot)).tolist()
        rows = torch.empty((len(y), self.n_features), device=y.device)
        sources = torch.empty_like(y)
        believed = torch.empty(len(y), dtype=torch.bool, device=y.device)
        for code in [code for code, n in enumerate(wanted) if n]:
            candidates = torch.full((CANDIDATES * wanted[code],), code, device=y.device)
            found, made_from = self.sample_with_sources(candidates)
            above = self.score(found, candidates) - self.floors[code]
            doubt = 1 - self.classifier(found).softmax(dim=1).amax(dim=1)
            merit = torch.where(above >= 0, doubt, above)
            best = merit.topk(wanted[code]).indices
            own = y == code
            rows[own], sources[own] = found[best], made_from[best]
            believed[own] = above[best] >= 0
        return rows, sources, believed

    @torch.no_grad()
    def diagnose(self) -> dict[str, dict[int, float]]:
        figures = super().diagnose()
        figures["acceptance"] = {code: self._acceptance(code) for code in self.in_play}
        return figures

    def _acceptance(self, code: int, n_draws: int = 500) -> float:
        y = torch.full((n_draws,), code, device=self.onehot.device)
        return (self.score(self.sample(y), y) >= self.floors[code]).float().mean().item()
