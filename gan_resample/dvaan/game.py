r"""DVAAN: discriminative variational autoencoding adversarial network.

There are three players. The recognition network :math:`Q(z|x)` turns rows into latent vectors, the
decoder :math:`Dec(z)` turns latent vectors into rows, and the discriminator :math:`Dis`, which is
the classifier, tells the classes apart. The prior has a component for each class, :math:`z|y \sim
N(\mu v_y, I)`, with unit vectors :math:`v_y` to the corners of a regular simplex (two classes:
:math:`\pm v`). Let :math:`(x, y)` be real rows, and :math:`(x_+, y_+)` the same with some of them
replaced by rows of a pool. With :math:`z \sim Q(z|x)`, :math:`\tilde x = Dec(z)`, :math:`x_p =
Dec(z_p)` for a :math:`z_p` from the prior of class :math:`y_+`, :math:`f` the last hidden layer of
:math:`Dis` and :math:`L(x, y)` its cross-entropy, the players minimise

.. math::
    Q: \; & L_{ele} + L_{KL} + \lambda_1 L_{fea} \\
    Dec: \; & L_{ele} + \lambda_1 L_{fea} + \lambda_2 L_{adv} \\
    Dis: \; & L_{adv} + L(x_+, y_+)

    L_{ele} = \tfrac1{2 \sigma^2} \|x - \tilde x\|^2, \quad
    L_{KL} = KL(Q(z|x) \| N(\mu v_y, I)), \quad
    L_{fea} = \tfrac12 \overline{(f(x) - f(\tilde x))^2}, \quad
    L_{adv} = L(\tilde x, y) + L(x_p, y_+)

Then :math:`\mu` moves, up or down depending on which of :math:`L_{fea}` and :math:`L_{adv}` is
further above its own average (equation 10). The pool is made of rows decoded from between two
components, near the boundary of the classes, on whose class :math:`Dis` and the nearer component
agree.

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
from torch.nn.functional import cross_entropy

from gan_resample.dvaan.law import DecoderLaw
from gan_resample.dvaan.networks import (
    choose_nets,
    make_decoder,
    make_discriminator,
    make_recognition,
)
from gan_resample.dvaan.prior import Prior, default_latent_dim
from gan_resample.engine.game import ClassifyingGame, SamplingGame, Turn
from gan_resample.nn.build import Build, rows_at_once
from gan_resample.nn.losses import gaussian_divergence
from gan_resample.nn.modules import StraightThrough
from gan_resample.nn.shape import RowShape

__all__ = ["MOST_TRIES", "DVAANGame"]

Array = NDArray[Any]

WARM_UP = 0.2  # share of the rounds before mu moves and the pool is built
MOST_TRIES = 50  # most candidates for each row near the boundary
POOL_TRIES = 5  # the same for the pool, which is filled anew every epoch
POOL_ROWS = 2048  # most rows in the pool; more would hardly matter for what is drawn
POOL_NUMBERS = 2**25  # most numbers in the pool (128 MiB), which limits very large rows
FEWEST_TRIES = 500  # candidates before a search without success may end
PROBES = 256  # rows of each class from which confusion is estimated


class DVAANGame(SamplingGame, ClassifyingGame):
    """Recognition network, decoder, and a discriminator that is the classifier.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks; a class is in play if it lacks any.
    spans, levels, gaps : sequences
        Columns of categories and of few values, as ``StraightThrough`` takes them.
    batch_size : int
        Not used: the net sets the number of rows per round.
    mu, adapt_mu, gamma, mean_direction, discriminator_on_real, augment, pool_trains, \
boundary_share, feature_weight, classification_weight, latent_dim, decoder_variance, recognition, \
decoder, feature_extractor, freeze, hidden_layer_sizes, width_multiplier
        As in :class:`DVAANSampler`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "recognition": "recognition",
        "decoder": "decoder",
        "discriminator": "discriminator",
    }
    diagnostics = ("acceptance", "std_ratio")
    resting = ("pool", "pool_labels")  # filled anew in each epoch, and by the first continued one
    confusion: Tensor
    deviations: Tensor
    pool: Tensor
    pool_labels: Tensor
    pool_share: Tensor

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
        discriminator_on_real: bool,
        augment: str | None,
        pool_trains: str,
        feature_weight: float,
        classification_weight: float,
        latent_dim: int | None,
        decoder_variance: float | str,
        recognition: Build | None,
        decoder: Build | None,
        feature_extractor: Build | None,
        freeze: int | str | None,
        hidden_layer_sizes: Sequence[int],
        width_multiplier: float,
        boundary_share: float = 1.0,
        gaps: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        n_classes, shape = len(counts), RowShape(shape)
        self.in_play = [code for code, deficit in enumerate(deficits) if deficit]
        self.adapt_mu, self.gamma, self.boundary_share = adapt_mu, gamma, boundary_share
        self.discriminator_on_real, self.pool_trains = discriminator_on_real, pool_trains
        self.feature_weight, self.class_weight = feature_weight, classification_weight

        latent_dim = default_latent_dim(latent_dim, is_image=shape.is_image, n_classes=n_classes)
        nets = choose_nets(shape, hidden_layer_sizes, width_multiplier)
        self.recognition = make_recognition(nets, shape, latent_dim, recognition)
        self.decoder = make_decoder(nets, shape, latent_dim, spans, decoder)
        self.discriminator = make_discriminator(nets, shape, n_classes, feature_extractor, freeze)
        self.harden = StraightThrough(spans, levels, gaps)
        self.prior = Prior(n_classes, latent_dim, mu, mean_direction)
        self.law = DecoderLaw(decoder_variance, shape, spans, n_classes, gaps)
        self._plan_pool(deficits, counts, augment, shape)

    def _plan_pool(
        self,
        deficits: Sequence[int],
        counts: Sequence[int],
        augment: str | None,
        shape: Sequence[int],
    ) -> None:
        """Allocate the pool: as many rows as are lacking, of the classes that lack them."""
        n_classes, largest = len(counts), max(counts)
        self.chunk_rows, self.warm_up_ends = min(self.chunk_rows, rows_at_once(shape)), 0
        # class code -> candidates kept and tried in searches that failed, until warned of
        self.failures: dict[int, tuple[int, int]] = {}
        self.register_buffer("confusion", 1 - torch.eye(n_classes))
        self.register_buffer("deviations", torch.zeros(n_classes))
        # as many as would balance the classes: more may be asked for, but are not trained on
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

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Algorithm 1 of the paper: all gradients at the same weights, then all steps."""
        rows, labels = self.draw_from_pool(x, y)
        if self.pool_trains == "all":
            x, y = rows, labels
        mean, log_variance = self.encode(x)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        z = torch.cat([z, self.prior.draw(labels)])
        soft = self.decoder(z)
        x_rec, _ = soft.chunk(2)
        # one pass of Dis over real rows, reconstructions, prior draws, and rows of D and D+
        shown = self.harden(self.scatter(soft, z))
        features = self.discriminator[0](torch.cat([x, shown, rows]))
        f_real, f_rec, *_ = features.chunk(4)
        logits, targets = self.discriminator[1](features), torch.cat([y, y, labels, labels])
        class_loss = cross_entropy(logits, targets, reduction="none").view(4, -1).mean(dim=1)
        _, on_rec, on_prior, on_rows = class_loss

        squares = (x - self.harden.ignore(x_rec, x)).square()
        error = squares.mean()
        element = 0.5 * error * x[0].numel() / self.law.usual_error(error)
        self.law.learn(squares, y)
        divergence = gaussian_divergence(mean, log_variance, self.prior.means[y]).mean()
        feature = 0.5 * (f_real - f_rec).square().mean()
        adversarial = on_rec + on_prior
        yield {
            "recognition": element + divergence + self.feature_weight * feature,
            "decoder": element + self.feature_weight * feature + self.class_weight * adversarial,
            "discriminator": adversarial + on_rows if self.discriminator_on_real else adversarial,
        }
        if self.adapt_mu:
            rests = self.rounds_played < self.warm_up_ends
            self.prior.move(feature.detach(), adversarial.detach(), self.gamma, rests=rests)

    def draw_from_pool(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Replace rows by rows of the pool, with the pool's share of all rows as probability."""
        if not any(self.quotas):
            return x, y
        replaced = torch.rand(len(y), device=y.device) < self.pool_share
        chosen = (torch.rand(len(y), device=y.device) * len(self.pool)).long()
        where = replaced.view(-1, *[1] * (x.ndim - 1))
        labels = torch.where(replaced, self.pool_labels[chosen], y)
        return torch.where(where, self.pool[chosen], x), labels

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, in [-10, 10], of Q(z|x), each (n, latent_dim)."""
        mean, log_variance = self.recognition(x).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)

    def scatter(self, soft: Tensor, z: Tensor) -> Tensor:
        """Draw rows around ``soft``, the means to which ``z`` are decoded."""
        return self.law(soft, self.prior.memberships(z.detach()))

    # ---- between epochs -------------------------------------------------------------------------

    def prepare(self, x: Tensor, y: Tensor) -> None:
        self.harden.learn(x)
        self.law.prepare(x, y)
        for code in range(len(self.deviations)):
            self.deviations[code] = x[y == code].flatten(1).var(0, correction=0).mean().sqrt()

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
        """Estimate which pairs of classes Dis confuses; rows are drawn near their boundaries."""
        if len(self.prior.directions) == 2:
            return
        with self.eval_mode("discriminator"):
            for code, own in enumerate(rows_by_class(y, len(self.prior.directions))):
                few = own[torch.randint(len(own), (PROBES,), device=y.device)]
                parts = x[few].split(self.chunk_rows)
                taken = torch.cat([self.logits(part).softmax(dim=1) for part in parts])
                self.confusion[code] = taken.mean(dim=0)
        both = self.confusion + self.confusion.T
        self.confusion.copy_((both + 1e-6).fill_diagonal_(0))

    @torch.no_grad()
    def fill_pool(self) -> None:
        """Rebuild the pool, D+ in the paper, with the present networks."""
        with self.eval_mode("decoder", "discriminator"):
            filled = enumerate(self.quotas)
            rows = [self.boundary_rows(code, n, POOL_TRIES) for code, n in filled if n]
        self.pool.copy_(torch.cat(rows))
        self.pool_share.fill_(self.full_share)
        self.failures.clear()  # no user asked for these rows

    # ---- generated rows -------------------------------------------------------------------------

    def boundary_latents(self, code: int, n: int) -> Tensor:
        """Draw z, (n, latent_dim), between ``code`` and classes confused with it, on its side."""
        others = self.confusion[code].expand(n, -1).multinomial(1).squeeze(1)
        return self.prior.draw_between(code, others)

    def decode(self, z: Tensor) -> Tensor:
        """Rows, (n, *shape), decoded from ``z`` without scatter; discrete where real rows are."""
        return self.harden(self.decoder(z))

    def draw_rows(self, z: Tensor) -> Tensor:
        """Rows, (n, *shape), decoded from ``z`` with scatter; discrete where real rows are."""
        return self.harden(self.scatter(self.decoder(z), z))

    def agrees(self, x: Tensor, code: int) -> Tensor:
        """Whether Dis takes each row for class ``code``: (n,)."""
        return self.logits(x).argmax(dim=1) == code

    def boundary_rows(self, code: int, n: int, most_tries: int) -> Tensor:
        """Return ``n`` rows near the boundary on which Dis and the nearer component agree.

        If fewer than 1 in ``most_tries`` candidates pass, or none of the first 500, the rest is
        drawn from the prior of the class, and ``failures`` counts the candidates.
        """
        kept, missing, tried, passed, most = [], n, 0, 0, FEWEST_TRIES
        while missing and tried < most:
            # the usual number of candidates for those rows: each batch waits for the device once
            size = math.ceil(1.1 * missing * (tried + 1) / (passed + 1)) + 16
            size = min(size, self.chunk_rows, most - tried)
            x = self.draw_rows(self.boundary_latents(code, size))
            agreed = x[self.agrees(x, code)]
            kept.append(agreed[:missing])
            passed, tried, missing = passed + len(agreed), tried + size, missing - len(kept[-1])
            if missing < n:
                most = max(FEWEST_TRIES, most_tries * n)
        if not missing:
            return torch.cat(kept)
        before = self.failures.get(code, (0, 0))
        self.failures[code] = before[0] + n - missing, before[1] + tried
        rows = torch.cat([*kept, self.prior_rows(code, missing)])
        return rows[torch.randperm(n, device=rows.device)]

    def prior_rows(self, code: int, n: int) -> Tensor:
        """Decode draws from the class's component: of four for each row, one that Dis accepts."""
        rows = []
        for size in parts(n, max(1, self.chunk_rows // 4)):
            y = torch.full((4 * size,), code, device=self.prior.mu.device)
            x = self.draw_rows(self.prior.draw(y))
            best = self.agrees(x, code).long().argsort(descending=True, stable=True)
            rows.append(x[best[:size]])
        return torch.cat(rows)

    @property
    def predictor(self) -> nn.Module:
        return self.discriminator

    @torch.no_grad()
    def sample(self, y: Tensor) -> Tensor:
        """Make rows for class codes, a share ``boundary_share`` of them near a boundary."""
        rows = self.pool.new_empty(len(y), *self.pool.shape[1:])
        with self.eval_mode("decoder", "discriminator"):
            for code, own in enumerate(rows_by_class(y, len(self.prior.directions))):
                if len(own):
                    rows[own] = self.generate(code, len(own), MOST_TRIES)
        return rows

    def generate(self, code: int, n: int, most_tries: int) -> Tensor:
        """Make ``n`` rows of a class, each at random near the boundary or from the prior."""
        # drawn on the CPU, since Python needs the number at once
        n_near = int((torch.rand(n, device="cpu") < self.boundary_share).sum())
        y = torch.full((n - n_near,), code, device=self.prior.mu.device)
        if not n_near:
            return self.draw_rows(self.prior.draw(y))
        near = self.boundary_rows(code, n_near, most_tries)
        if n_near == n:
            return near
        rows = torch.cat([near, self.draw_rows(self.prior.draw(y))])
        return rows[torch.randperm(n, device=rows.device)]

    def report(self) -> Mapping[str, Tensor]:
        return {"mu": self.prior.mu}

    @torch.no_grad()
    def diagnose(self) -> dict[str, dict[int, float]]:
        """Return acceptance and std_ratio of 500 rows per class; see :class:`DVAANSampler`."""
        found: dict[str, dict[int, float]] = {name: {} for name in self.diagnostics}
        sizes = parts(500, self.chunk_rows)
        for code in self.in_play:
            with self.eval_mode("decoder", "discriminator"):
                candidates = (self.draw_rows(self.boundary_latents(code, n)) for n in sizes)
                agreed = torch.cat([self.agrees(x, code) for x in candidates])
                rows = torch.cat([self.generate(code, n, POOL_TRIES) for n in sizes])
            deviation = rows.flatten(1).var(0, correction=0).mean().sqrt()
            own = self.deviations[code]  # 0 if all rows are equal, and then the ratio is undefined
            found["acceptance"][code] = agreed.float().mean().item()
            found["std_ratio"][code] = torch.where(own > 0, deviation / own, torch.nan).item()
        self.failures.clear()
        return found

    def get_extra_state(self) -> dict[str, int]:
        return super().get_extra_state() | {"warm_up_ends": self.warm_up_ends}

    def set_extra_state(self, state: Any) -> None:
        super().set_extra_state(state)
        self.warm_up_ends = state["warm_up_ends"]


# ---- helpers ------------------------------------------------------------------------------------


def rows_by_class(y: Tensor, n_classes: int) -> tuple[Tensor, ...]:
    """Return the row numbers of each class, ascending; waits for the device once."""
    sizes = torch.bincount(y, minlength=n_classes).tolist()
    return y.argsort(stable=True).split(sizes)


def parts(n: int, size: int) -> list[int]:
    """Split ``n`` into parts of at most ``size``."""
    return [min(size, n - start) for start in range(0, n, size)]
