r"""DVAAN: discriminative variational autoencoding adversarial network.

Three players. The recognition network :math:`Q(z|x)` turns rows into latent vectors, the decoder
:math:`Dec(z)` turns latent vectors into rows, and the discriminator :math:`Dis`, which is the
classifier, tells the classes apart. The prior has a component for each class,
:math:`z|y \sim N(\mu v_y, I)`, with unit vectors :math:`v_y` to the corners of a regular simplex
(two classes: :math:`\pm v`). Let :math:`(x, y)` be real rows, and :math:`(x_+, y_+)` the same of
which some are replaced by rows of a pool. With :math:`z \sim Q(z|x)`, :math:`\tilde x = Dec(z)`,
:math:`x_p = Dec(z_p)` for a :math:`z_p` from the prior of class :math:`y_+`, :math:`f` the last
hidden layer of :math:`Dis` and :math:`L(x, y)` its cross-entropy, the players minimise

.. math::
    Q: \; & L_{ele} + L_{KL} + \lambda_1 L_{fea} \\
    Dec: \; & L_{ele} + \lambda_1 L_{fea} + \lambda_2 L_{adv} \\
    Dis: \; & L_{adv} + L(x_+, y_+)

    L_{ele} = \tfrac1{2 \sigma^2} \|x - \tilde x\|^2, \quad
    L_{KL} = KL(Q(z|x) \| N(\mu v_y, I)), \quad
    L_{fea} = \tfrac12 \overline{(f(x) - f(\tilde x))^2}, \quad
    L_{adv} = L(\tilde x, y) + L(x_p, y_+)

Then :math:`\mu` moves by which of :math:`L_{fea}` and :math:`L_{adv}` is above its own average
(equation 10). Rows decoded from between two components, near the boundary of the classes, are kept
where :math:`Dis` agrees with the nearer component: they are the pool.

References
----------
Ting Guo, Xingquan Zhu, Yang Wang, Fang Chen. Discriminative Sample Generation for Deep Imbalanced
Learning. IJCAI 2019.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from gan_resample.dvaan.networks import ImageNets, TableNets, simplex, told_shape
from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.nn.build import (
    Build,
    check_shape,
    check_width,
    make_backbone,
    make_module,
    output_width,
    rows_at_once,
)
from gan_resample.nn.losses import gaussian_divergence
from gan_resample.nn.modules import Harden, SoftmaxSpans

__all__ = ["MOST_TRIES", "MU_MAX", "MU_MIN", "DVAANGame", "parts"]

Array = NDArray[Any]

MU_STEP, MU_MIN, MU_MAX = 0.01, 0.25, 6.0
MEMORY = 0.99  # of the averages that the rule for mu compares with
LEAST_VARIANCE = 1e-4  # that "adapt" may reach, of standardised columns
WARM_UP = 0.2  # share of the rounds before mu moves and the pool is built
MOST_TRIES = 50  # candidates for each row near the boundary
POOL_TRIES = 5  # likewise for the pool, which is filled anew every epoch
POOL_ROWS = 2048  # kept at once; a larger pool would only be drawn from more evenly
POOL_NUMBERS = 2**25  # likewise, in numbers (128 MiB): of very large rows fewer are kept
FEWEST_TRIES = 500  # candidates before a search may end for want of success
PROBES = 256  # rows of each class from which the confusion of classes is estimated


class DVAANGame(SamplingGame, ClassifyingGame):
    """Recognition network, decoder, and a discriminator that is the classifier.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks; a class is in play where the deficit is positive.
    spans, levels : sequences
        Categorical spans and snapped columns, as :class:`~gan_resample.nn.modules.Harden` takes them.
    batch_size : int
        Not used: the net says how many rows a round has.
    mu, adapt_mu, gamma, mean_direction, dis_on_real, augment, pool_trains, mix, feature_weight, \
class_weight_decoder, latent_dim, decoder_variance, recognition, decoder, feature_extractor, \
freeze, hidden_layer_sizes, width_multiplier
        As in :class:`DVAANSampler`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "recognition": "recognition",
        "decoder": "decoder",
        "discriminator": "discriminator",
    }
    diagnostics = ("acceptance", "spread")
    directions: Tensor
    mu: Tensor
    variance: Tensor
    usual_losses: Tensor
    confusion: Tensor
    deviations: Tensor
    pool: Tensor
    pool_labels: Tensor
    pool_share: Tensor
    scattered: Tensor
    squares: Tensor
    seen: Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        deficits: Sequence[int],
        spans: Sequence[tuple[int, int]],
        levels: Sequence[tuple[int, int]],
        batch_size: int,
        mu: float,
        adapt_mu: bool,
        gamma: float,
        mean_direction: str,
        dis_on_real: bool,
        augment: str | None,
        pool_trains: str,
        feature_weight: float,
        class_weight_decoder: float,
        latent_dim: int | None,
        decoder_variance: float | str,
        recognition: Build | None,
        decoder: Build | None,
        feature_extractor: Build | None,
        freeze: int | str | None,
        hidden_layer_sizes: Sequence[int],
        width_multiplier: float,
        mix: float = 1.0,
    ) -> None:
        super().__init__()
        n_classes = len(counts)
        latent_dim = _latent_dim(latent_dim, shape, n_classes)
        self.in_play = [code for code, deficit in enumerate(deficits) if deficit]
        self.adapt_mu, self.gamma, self.dis_on_real, self.mix = adapt_mu, gamma, dis_on_real, mix
        self.pool_trains = pool_trains
        self.feature_weight, self.class_weight = feature_weight, class_weight_decoder

        table = len(shape) == 1
        nets = TableNets(hidden_layer_sizes) if table else ImageNets(width_multiplier)
        self._make_autoencoder(nets, shape, spans, latent_dim, recognition, decoder)
        self._make_discriminator(nets, shape, n_classes, feature_extractor, freeze)
        self.harden = Harden(spans, levels)
        self.chunk_rows = min(self.chunk_rows, rows_at_once(shape))

        stretch = math.sqrt(latent_dim) if mean_direction == "ones" else 1.0
        self.register_buffer("directions", simplex(n_classes, latent_dim) * stretch)
        self.adapt_variance = decoder_variance == "adapt"
        start = 0.0 if self.adapt_variance else float(decoder_variance)
        self.register_buffer("variance", torch.tensor(start))  # 0: not known yet
        self.register_buffer("mu", torch.tensor(float(mu)))
        self.register_buffer("usual_losses", torch.zeros(2))  # of L_fea and L_adv
        self.register_buffer("confusion", 1 - torch.eye(n_classes))
        self.register_buffer("deviations", torch.zeros(n_classes))
        self._plan_scatter(shape, spans, n_classes)
        self.warm_up_ends = 0
        # class code -> candidates kept and tried in searches that failed, until it is told
        self.failures: dict[int, tuple[int, int]] = {}
        self._plan_pool(deficits, counts, augment, shape)

    def _make_autoencoder(
        self,
        nets: TableNets | ImageNets,
        shape: Sequence[int],
        spans: Sequence[tuple[int, int]],
        latent_dim: int,
        recognition: Build | None,
        decoder: Build | None,
    ) -> None:
        row = told_shape(shape)
        build = nets.recognition if recognition is None else recognition
        self.recognition = make_module(build, row, 2 * latent_dim)
        check_width(self.recognition, shape, 2 * latent_dim, "recognition")
        upwards = make_module(nets.decoder if decoder is None else decoder, latent_dim, row)
        self.decoder = nn.Sequential(upwards, SoftmaxSpans(spans))
        check_shape(self.decoder, (latent_dim,), shape, "decoder")

    def _make_discriminator(
        self,
        nets: TableNets | ImageNets,
        shape: Sequence[int],
        n_classes: int,
        feature_extractor: Build | None,
        freeze: int | str | None,
    ) -> None:
        row = told_shape(shape)
        features = make_backbone(feature_extractor, nets.features, row, nets.n_hidden, freeze)
        n_hidden = output_width(features, shape, "feature_extractor")
        head = nets.head if feature_extractor is None else nn.Linear
        self.discriminator = nn.Sequential(features, head(n_hidden, n_classes))

    def _plan_scatter(
        self, shape: Sequence[int], spans: Sequence[tuple[int, int]], n_classes: int
    ) -> None:
        """Choose what is drawn around its mean: numbers, if the variance is learned.

        The errors of categories and pixels say no law, and a given variance is the paper's, which
        shows the means.
        """
        self.scatters = self.adapt_variance and len(shape) == 1
        numbers = torch.ones(shape)
        for start, stop in spans:
            numbers[start:stop] = 0
        self.register_buffer("scattered", numbers, persistent=False)
        # moving sums of squared errors and of rows, by class
        self.register_buffer("squares", torch.zeros(n_classes, *shape))
        self.register_buffer("seen", torch.zeros(n_classes, 1))

    def _plan_pool(
        self,
        deficits: Sequence[int],
        counts: Sequence[int],
        augment: str | None,
        shape: Sequence[int],
    ) -> None:
        """Make room for the pool: as many rows as are lacking, of the classes that lack them."""
        n_classes, largest = len(counts), max(counts)
        # what would balance the classes: more rows may be asked for, but not learnt from
        lacking = [min(d, largest - n) for d, n in zip(deficits, counts, strict=True)]
        quotas = {
            "minority": lacking,
            "both": [-(-sum(lacking) // n_classes)] * n_classes,
            None: [0] * n_classes,
        }[augment]
        room = min(POOL_ROWS, max(1, POOL_NUMBERS // math.prod(shape)))
        shrink = min(1.0, room / max(1, sum(quotas)))
        self.quotas = [math.ceil(quota * shrink) for quota in quotas]
        self.full_share = sum(quotas) / (sum(counts) + sum(quotas))
        labels = torch.arange(n_classes).repeat_interleave(torch.tensor(self.quotas))
        self.register_buffer("pool", torch.zeros(len(labels), *shape))
        self.register_buffer("pool_labels", labels)
        self.register_buffer("pool_share", torch.tensor(0.0))

    # ---- a round --------------------------------------------------------------------------------

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        """Algorithm 1 of the paper: all gradients at the same weights, then all steps."""
        rows, labels = self.draw_from_pool(x, y)
        if self.pool_trains == "all":
            x, y = rows, labels
        mean, log_variance = self.encode(x)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        z = torch.cat([z, self.draw_prior(labels)])
        soft = self.decoder(z)
        x_rec, _ = soft.chunk(2)
        # one pass of Dis over real rows, reconstructions, prior draws, and rows of D and D+
        shown = self.harden(self.scatter(soft, z))
        features = self.discriminator[0](torch.cat([x, shown, rows]))
        f_real, f_rec, *_ = features.chunk(4)
        logits, targets = self.discriminator[1](features), torch.cat([y, y, labels, labels])
        class_loss = cross_entropy(logits, targets, reduction="none").view(4, -1).mean(dim=1)
        _, on_rec, on_prior, on_rows = class_loss

        squares = (x - x_rec).square()
        error = squares.mean()
        element = 0.5 * error * x[0].numel() / self.usual_error(error)
        self.learn_scatter(squares, y)
        divergence = gaussian_divergence(mean, log_variance, self.means[y]).mean()
        feature = 0.5 * (f_real - f_rec).square().mean()
        adversarial = on_rec + on_prior
        yield {
            "recognition": element + divergence + self.feature_weight * feature,
            "decoder": element + self.feature_weight * feature + self.class_weight * adversarial,
            "discriminator": adversarial + on_rows if self.dis_on_real else adversarial,
        }
        self.move_means(feature.detach(), adversarial.detach())

    def draw_from_pool(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Replace each row by one of the pool with the pool's share of all rows, D and D+."""
        if not any(self.quotas):
            return x, y
        replaced = torch.rand(len(y), device=y.device) < self.pool_share
        chosen = (torch.rand(len(y), device=y.device) * len(self.pool)).long()
        where = replaced.view(-1, *[1] * (x.ndim - 1))
        labels = torch.where(replaced, self.pool_labels[chosen], y)
        return torch.where(where, self.pool[chosen], x), labels

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of Q(z|x), each (n, latent_dim); the latter in [-10, 10]."""
        mean, log_variance = self.recognition(x).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)

    @torch.no_grad()
    def usual_error(self, error: Tensor) -> Tensor:
        """Variance of a feature around the decoder's: given, or the error's moving average."""
        if self.adapt_variance:
            usual = torch.where(self.variance > 0, self.variance, error)
            now = MEMORY * usual + (1 - MEMORY) * error
            self.variance.copy_(now.clamp(min=LEAST_VARIANCE))
        return self.variance

    def scatter(self, soft: Tensor, z: Tensor) -> Tensor:
        """Draw rows from the decoder's law, normal around the decoded means ``soft``.

        The means lie close together in all directions but the few that latent vectors can tell: a
        classifier that learns from many of them judges by the other directions, in which real
        rows spread out, what it has seen of them on a thread. A number gets the spread that real
        rows of the class have around what they are rebuilt as.
        """
        if not self.scatters:
            return soft
        variances = self.squares / self.seen.clamp(min=torch.finfo(soft.dtype).tiny)
        of_class = (-0.5 * torch.cdist(z.detach(), self.means).square()).softmax(dim=1)
        deviations = (of_class @ variances).sqrt() * self.scattered
        return soft + deviations * torch.randn_like(soft)

    @torch.no_grad()
    def learn_scatter(self, squares: Tensor, y: Tensor) -> None:
        """Learn that spread from squared errors, (n, *shape), of rebuilt rows of codes ``y``."""
        if self.scatters:
            of_class = (y[:, None] == torch.arange(len(self.seen), device=y.device)).to(squares)
            self.squares.lerp_(of_class.T @ squares, 1 - MEMORY)
            self.seen.lerp_(of_class.sum(dim=0)[:, None], 1 - MEMORY)

    @property
    def means(self) -> Tensor:
        """Means of the prior's components, (n_classes, latent_dim)."""
        return self.mu * self.directions

    def draw_prior(self, y: Tensor) -> Tensor:
        """Draw z, (n, latent_dim), from the prior's component of each class code."""
        means = self.means[y]
        return means + torch.randn_like(means)

    @torch.no_grad()
    def move_means(self, feature: Tensor, adversarial: Tensor) -> None:
        """Equation 10 with each loss over its own average, small steps, and bounds.

        As printed, ``mu - tanh(L_fea - gamma L_adv)`` compares losses of unlike scale in steps of
        one, and mu runs away.
        """
        if not self.adapt_mu:
            return
        losses = torch.stack([feature, adversarial])
        usual = torch.where(self.usual_losses > 0, self.usual_losses, losses)
        usual = MEMORY * usual + (1 - MEMORY) * losses
        ratio = losses / usual.clamp(min=torch.finfo(losses.dtype).tiny)
        mu = (self.mu - MU_STEP * (ratio[0] - self.gamma * ratio[1]).tanh()).clamp(MU_MIN, MU_MAX)
        sound = losses.isfinite().all() & mu.isfinite()
        self.usual_losses.copy_(torch.where(sound, usual, self.usual_losses))
        if self.rounds_played >= self.warm_up_ends:
            self.mu.copy_(torch.where(sound, mu, self.mu))

    # ---- between epochs -------------------------------------------------------------------------

    def prepare(self, x: Tensor, y: Tensor) -> None:
        self.harden.learn(x)
        rows = x.flatten(1)
        for code in range(len(self.deviations)):
            self.deviations[code] = rows[y == code].var(0, correction=0).mean().sqrt()

    @property
    def phases(self) -> tuple[int, ...]:
        return (self.warm_up_ends,)

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        if not self.rounds_played:
            self.warm_up_ends = math.ceil(WARM_UP * self.rounds_planned)
        if self.rounds_played >= self.warm_up_ends and any(self.quotas):
            self.learn_confusion(x, y)
            self.fill_pool()

    def finish(self, x: Tensor, y: Tensor) -> None:
        self.learn_confusion(x, y)

    @torch.no_grad()
    def learn_confusion(self, x: Tensor, y: Tensor) -> None:
        """Estimate which pairs of classes Dis confuses: their boundary is where rows are drawn."""
        if len(self.directions) == 2:
            return
        with self.still("discriminator"):
            for code in range(len(self.directions)):
                own = (y == code).nonzero().squeeze(1)
                few = own[torch.randint(len(own), (PROBES,), device=y.device)]
                parts = x[few].split(self.chunk_rows)
                taken = torch.cat([self.logits(part).softmax(dim=1) for part in parts])
                self.confusion[code] = taken.mean(dim=0)
        both = self.confusion + self.confusion.T
        self.confusion.copy_(both.fill_diagonal_(0) + 1e-6 * (1 - torch.eye(len(both)).to(both)))

    @torch.no_grad()
    def fill_pool(self) -> None:
        """Rebuild D+ with the present networks."""
        with self.still("decoder", "discriminator"):
            filled = enumerate(self.quotas)
            rows = [self.boundary_rows(code, n, POOL_TRIES) for code, n in filled if n]
        self.pool.copy_(torch.cat(rows))
        self.pool_share.fill_(self.full_share)
        self.failures.clear()  # nobody asked for these rows

    # ---- generated rows -------------------------------------------------------------------------

    def boundary_latents(self, code: int, n: int) -> Tensor:
        """Draw z from N(midpoint of two components, I), on the side of class ``code``: (n, l).

        The other class is drawn by confusion. A vector nearer to the other component is mirrored,
        not dropped: the law is symmetric, so this is its part on the wanted side.
        """
        others = self.confusion[code].expand(n, -1).multinomial(1).squeeze(1)
        middle = (self.means[code] + self.means[others]) / 2
        noise = torch.randn_like(middle)
        across = normalize(self.directions[code] - self.directions[others], dim=1)
        along = (noise * across).sum(dim=1, keepdim=True)
        return middle + noise + (along.abs() - along) * across

    def decode(self, z: Tensor) -> Tensor:
        """Hardened rows, (n, *shape): the means of the decoder's law."""
        return self.harden(self.decoder(z))

    def draw_rows(self, z: Tensor) -> Tensor:
        """Hardened rows, (n, *shape), drawn from the decoder's law at ``z``."""
        return self.harden(self.scatter(self.decoder(z), z))

    def agrees(self, x: Tensor, code: int) -> Tensor:
        """Whether Dis takes each row for one of class ``code``: (n,)."""
        return self.logits(x).argmax(dim=1) == code

    def boundary_rows(self, code: int, n: int, most_tries: int) -> Tensor:
        """Return ``n`` rows near the boundary on which both labels agree.

        Where fewer than 1 in ``most_tries`` candidates pass, or none of the first 500, the rest
        comes from the prior of the class, and ``failures`` counts what was tried.
        """
        kept, missing, tried, most = [], n, 0, FEWEST_TRIES
        while missing and tried < most:
            size = min(missing + missing // 4 + 16, self.chunk_rows, most - tried)
            x = self.draw_rows(self.boundary_latents(code, size))
            kept.append(x[self.agrees(x, code)][:missing])
            missing, tried = missing - len(kept[-1]), tried + size
            if missing < n:
                most = max(FEWEST_TRIES, most_tries * n)
        if not missing:
            return torch.cat(kept)
        before = self.failures.get(code, (0, 0))
        self.failures[code] = before[0] + n - missing, before[1] + tried
        rows = torch.cat([*kept, self.prior_rows(code, missing)])
        return rows[torch.randperm(n, device=rows.device)]

    def prior_rows(self, code: int, n: int) -> Tensor:
        """Decode draws from the class's component; of four each, one that Dis takes for it."""
        rows = []
        for size in parts(n, max(1, self.chunk_rows // 4)):
            y = torch.full((4 * size,), code, device=self.mu.device)
            x = self.draw_rows(self.draw_prior(y))
            best = self.agrees(x, code).long().argsort(descending=True, stable=True)
            rows.append(x[best[:size]])
        return torch.cat(rows)

    @property
    def predictor(self) -> nn.Module:
        return self.discriminator

    @torch.no_grad()
    def sample(self, y: Tensor) -> Tensor:
        """Make rows for class codes; ``mix`` of them near the boundary of their class."""
        rows = self.pool.new_empty(len(y), *self.pool.shape[1:])
        with self.still("decoder", "discriminator"):
            for code in range(len(self.directions)):
                own = (y == code).nonzero().squeeze(1)
                rows[own] = self.generate(code, len(own), MOST_TRIES)
        return rows

    def generate(self, code: int, n: int, most_tries: int) -> Tensor:
        """Make ``n`` rows of a class; by chance, each is near the boundary or from the prior."""
        near = torch.rand(n, device=self.mu.device) < self.mix
        rows = self.pool.new_empty(n, *self.pool.shape[1:])
        n_near = int(near.sum())
        if n_near:
            rows[near] = self.boundary_rows(code, n_near, most_tries)
        if n_near < n:
            y = torch.full((n - n_near,), code, device=self.mu.device)
            rows[~near] = self.draw_rows(self.draw_prior(y))
        return rows

    def report(self) -> Mapping[str, Tensor]:
        return {"mu": self.mu}

    @torch.no_grad()
    def diagnose(self) -> dict[str, dict[int, float]]:
        """Return acceptance and spread of 500 rows a class; see :class:`DVAANSampler`."""
        found: dict[str, dict[int, float]] = {name: {} for name in self.diagnostics}
        sizes = parts(500, self.chunk_rows)
        for code in self.in_play:
            with self.still("decoder", "discriminator"):
                candidates = (self.draw_rows(self.boundary_latents(code, n)) for n in sizes)
                agreed = torch.cat([self.agrees(x, code) for x in candidates])
                rows = torch.cat([self.generate(code, n, POOL_TRIES) for n in sizes])
            deviation = rows.flatten(1).var(0, correction=0).mean().sqrt()
            own = self.deviations[code]  # 0 of equal rows, to which nothing compares
            found["acceptance"][code] = agreed.float().mean().item()
            found["spread"][code] = torch.where(own > 0, deviation / own, torch.nan).item()
        self.failures.clear()
        return found

    def get_extra_state(self) -> dict[str, int]:
        return super().get_extra_state() | {"warm_up_ends": self.warm_up_ends}

    def set_extra_state(self, state: Any) -> None:
        super().set_extra_state(state)
        self.warm_up_ends = state["warm_up_ends"]


# ---- what a game is made of ---------------------------------------------------------------------


def parts(n: int, size: int) -> list[int]:
    """Split ``n`` into parts of at most ``size``."""
    return [min(size, n - start) for start in range(0, n, size)]


def _latent_dim(asked: int | None, shape: Sequence[int], n_classes: int) -> int:
    """``asked``, or the default, large enough for a component of the prior for each class."""
    if asked is None:
        return max(16 if len(shape) == 1 else 64, n_classes - 1)
    if asked < n_classes - 1:
        raise ValueError(
            f"latent_dim={asked} has room for the means of {asked + 1} classes, but y has "
            f"{n_classes}: latent_dim must be at least {n_classes - 1}, or None"
        )
    return asked
