r"""CycleGAN: translators between a class and the rows that it is made from, learnt without pairs.

For a class :math:`B` and its source :math:`A` there are two translators, :math:`G_{AB}` and
:math:`G_{BA}`, and discriminators :math:`D_A` and :math:`D_B`; their losses are in ``game``.

References
----------
Jun-Yan Zhu, Taesung Park, Phillip Isola, Alexei A. Efros. Unpaired Image-to-Image Translation
using Cycle-Consistent Adversarial Networks. ICCV 2017. arXiv:1703.10593
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from gan_resample.cyclegan.networks import choose_nets
from gan_resample.engine.batches import balanced_batches
from gan_resample.engine.game import SamplingGame, Turn
from gan_resample.engine.memory import refuse_beyond
from gan_resample.nn.build import Build, check_shape, make_module, rows_at_once, try_module
from gan_resample.nn.modules import SoftmaxSpans, StraightThrough
from gan_resample.nn.shape import RowShape

__all__ = ["LOSSES", "HistoryPool", "Pair", "TranslationGame"]

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ls": mse_loss,
    "log": binary_cross_entropy_with_logits,
}

REUSE_NOISE = 0.05  # noise on rows of tables that are translated again, in standard deviations
FIGURE_ROWS = 500  # generated rows, and real ones, from which the diagnostics are computed


class Pair(NamedTuple):
    """The class that gets rows, B, and the classes that these are made from, A; class codes."""

    target: int
    sources: tuple[int, ...]


class TranslationGame(SamplingGame):
    """CycleGAN: a pair of translators and a pair of discriminators for each class in play.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks; a class is in play if it lacks any.
    spans, levels, gaps : sequences
        As ``StraightThrough`` takes them.
    batch_size : int
        Rows per round, equally many of each class.
    loss, cycle_weight, identity_weight, source, pool_size, cycle_noise, translator, \
discriminator, hidden_layer_sizes, width_multiplier, n_blocks
        As in :class:`CycleGANSampler`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "translators": "translators",
        "discriminators": "discriminators",
    }
    diagnostics = ("std_ratio", "distance")
    resting = ("sources", "source_rows")
    translators: Any  # G_AB and G_BA of each pair; None if no class is in play
    discriminators: Any  # D_B and D_A of each pair; None if no class is in play
    sources: Tensor
    source_rows: Tensor
    feature_weights: Tensor
    numeric: Tensor
    figures: Tensor

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        deficits: Sequence[int],
        spans: Sequence[tuple[int, int]],
        levels: Sequence[tuple[int, int]],
        batch_size: int,
        loss: str,
        cycle_weight: float,
        identity_weight: float,
        source: str,
        pool_size: int,
        cycle_noise: float,
        translator: Build | None,
        discriminator: Build | None,
        hidden_layer_sizes: Sequence[int],
        width_multiplier: float,
        n_blocks: int,
        gaps: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.shape, self.counts = RowShape(shape), tuple(counts)
        self.real_loss: Any = LOSSES[loss]
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self.cycle_noise = cycle_noise
        self.pairs = choose_pairs(counts, deficits, source)
        self.harden = StraightThrough(spans, levels, gaps)
        self._weigh_features(spans)
        self.chunk_rows = min(self.chunk_rows, rows_at_once(shape))

        nets = choose_nets(self.shape, hidden_layer_sizes, width_multiplier, n_blocks)
        translator = nets.translator if translator is None else translator
        discriminator = nets.discriminator if discriminator is None else discriminator
        self.translators = self._two_each(partial(self._make_translator, translator, spans))
        self.discriminators = self._two_each(partial(self._make_discriminator, discriminator))
        self._make_room(pool_size)

    def _two_each(self, make: Callable[[], nn.Module]) -> nn.ModuleList | None:
        """Return a network for each direction of each pair, or None if there is no pair."""
        if not self.pairs:
            return None
        return nn.ModuleList(nn.ModuleList([make(), make()]) for _ in self.pairs)

    def _make_translator(self, build: Build, spans: Sequence[tuple[int, int]]) -> nn.Module:
        body = make_module(build, self.shape.n_in, self.shape.n_in)
        check_shape(body, self.shape, self.shape, "translator")
        return nn.Sequential(body, SoftmaxSpans(spans))

    def _make_discriminator(self, build: Build) -> nn.Module:
        module = make_module(build, self.shape.n_in, 1)
        out = try_module(module, self.shape, "discriminator")
        if not out.ndim or len(out) != 2 or not out.numel():
            raise ValueError(
                "discriminator must give a logit, or a map of them, for each row, but turns 2 "
                f"into shape {tuple(out.shape)}"
            )
        return module

    def _make_room(self, pool_size: int) -> None:
        """Allocate buffers for the source rows, and for translations of earlier rounds."""
        self.places, n_sources = {}, 0  # class code -> its first row in ``sources``
        for code in sorted({code for pair in self.pairs for code in pair.sources}):
            self.places[code] = n_sources
            n_sources += self.counts[code]
        self.register_buffer("sources", torch.zeros(n_sources, *self.shape))
        self.register_buffer("source_rows", torch.zeros(n_sources, dtype=torch.long))
        n_pools = 2 * len(self.pairs)
        refuse_beyond(
            4.0 * n_pools * pool_size * math.prod(self.shape),
            f"{n_pools} pools of pool_size={pool_size:,} rows",
            "set a smaller pool_size",
        )
        self.pool = HistoryPool(n_pools, pool_size, self.shape)
        self.register_buffer("figures", torch.zeros(len(self.pairs), 2), persistent=False)

    def _weigh_features(self, spans: Sequence[tuple[int, int]]) -> None:
        """Set the weights of encoded columns such that all columns weigh the same in a distance.

        If a category is wrong, the absolute differences of its one-hot columns add up to 2; with
        weights of one half it counts as much as a number that is off by one standard deviation.
        """
        weights = torch.ones(self.shape)
        for start, stop in spans:
            weights[start:stop] = 0.5
        self.register_buffer("numeric", (weights == 1).float(), persistent=False)
        n_columns = self.numeric.sum() + len(spans)
        self.register_buffer("feature_weights", weights / n_columns, persistent=False)

    # ---- a round --------------------------------------------------------------------------------

    def batches(self, y: Tensor, size: int) -> Iterator[Tensor]:
        """Yield mini-batches with equally many rows of each class."""
        return balanced_batches(y, size)

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Turn]:
        """Play a round of CycleGAN: the translators move first, then the discriminators.

        Tensors hold both sides of all pairs, (2 * n_pairs, n, *shape): B and A of the first pair,
        of the second, and so on. All but the networks, which differ, works on all at once.
        """
        real = self.sides(x.unflatten(0, (len(self.counts), -1)))
        # G_AB(a), G_BA(b), ... and what the same networks make of rows of their own class
        made = apply_each(self.translators, torch.cat([across(real), real], dim=1))
        fake, same = made.chunk(2, dim=1)
        fake = self.harden(fake.flatten(0, 1)).view_as(fake)
        again = apply_each(self.translators, across(self.perturb(fake)))
        loss = self.cycle_weight * self.distance(again, real)
        loss = loss + self.identity_weight * self.distance(same, real) + self.teach(fake)
        with self.eval_mode("discriminators"):
            loss = loss + sum(map(self.disguise, networks(self.discriminators), fake))
        yield {"translators": loss}

        shown = self.pool(fake.detach())
        judged = map(self.judge, networks(self.discriminators), real, shown)
        yield {"discriminators": torch.stack([*judged]).sum()}

    def sides(self, rows: Tensor) -> Tensor:
        """Real rows of both sides of each pair, given those of each class: as in a round."""
        both = [side for pair in self.pairs for side in (rows[pair.target], self.draw(rows, pair))]
        return torch.stack(both)

    def draw(self, rows: Tensor, pair: Pair) -> Tensor:
        """Rows of the pair's source classes, equally many of each; as many as of any one class."""
        n = rows.shape[1]
        if len(pair.sources) == 1:
            return rows[pair.sources[0]]
        pooled = torch.cat([rows[code] for code in pair.sources])
        return pooled[torch.randperm(len(pooled), device=rows.device)[:n]]

    def perturb(self, x: Tensor) -> Tensor:
        """Add noise to numeric columns, so that the way back does not depend on last decimals."""
        if self.shape.is_image or not self.cycle_noise:
            return x
        noise = self.cycle_noise * self.numeric * torch.randn_like(x)
        return self.harden.ignore(x + noise, x)

    def distance(self, x: Tensor, wanted: Tensor) -> Tensor:
        """Mean absolute difference over rows and columns, summed over the sides of all pairs.

        A wrong category counts as 1, a missing number 0. Both have shape (n_sides, n, *shape).
        """
        error = (self.harden.ignore(x, wanted) - wanted).abs()
        return (error * self.feature_weights).sum() / x.shape[1]

    def teach(self, fake: Tensor) -> Tensor | float:
        """Return the classifier's part of the translators' loss; here there is no classifier."""
        return 0.0

    def disguise(self, discriminator: nn.Module, fake: Tensor) -> Tensor:
        """Return the translators' loss against a discriminator, whose target is "real"."""
        logits = discriminator(fake)
        return self.real_loss(logits, torch.ones_like(logits))

    def judge(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return a discriminator's loss, halved as in CycleGAN."""
        is_real, is_fake = discriminator(torch.cat([real, fake])).chunk(2)
        on_real = self.real_loss(is_real, torch.ones_like(is_real))
        return (on_real + self.real_loss(is_fake, torch.zeros_like(is_fake))) / 2

    # ---- before and after -----------------------------------------------------------------------

    def prepare(self, x: Tensor, y: Tensor) -> None:
        self.harden.learn(x)
        for code, start in self.places.items():
            own = (y == code).nonzero().squeeze(1)
            self.sources[start : start + len(own)] = x[own]
            self.source_rows[start : start + len(own)] = own

    @torch.no_grad()
    def finish(self, x: Tensor, y: Tensor) -> None:
        """Compute the diagnostics here, where real rows of the classes in play are at hand."""
        for place, pair in enumerate(self.pairs):
            source, own = self.some(x, y, pair.sources), self.some(x, y, (pair.target,))
            parts = source.split(self.chunk_rows)
            made = torch.cat([self.translate(part, pair.target) for part in parts])
            self.figures[place] = torch.stack(compare_rows(made.flatten(1), own.flatten(1)))

    def some(self, x: Tensor, y: Tensor, codes: Sequence[int]) -> Tensor:
        """Return up to 500 rows of these classes."""
        own = torch.isin(y, torch.tensor(codes, device=y.device)).nonzero().squeeze(1)
        return x[own[torch.randperm(len(own), device=x.device)[:FIGURE_ROWS]]]

    # ---- generated rows -------------------------------------------------------------------------

    @torch.no_grad()
    def translate(self, x: Tensor, target: int, *, back: bool = False) -> Tensor:
        """Translate ``x`` to class ``target``, or ``back``; discrete where real rows are."""
        at = [pair.target for pair in self.pairs].index(target)
        with self.eval_mode("translators"):
            return self.harden(self.translators[at][int(back)](x))

    def draw_sources(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return indices into ``sources`` for class codes, and how often each was drawn before.

        All rows are drawn once, in random order, before any is drawn again.
        """
        chosen, earlier = torch.zeros_like(y), torch.zeros_like(y)
        for pair in self.pairs:
            known = [self.places[code] + torch.arange(self.counts[code]) for code in pair.sources]
            places = torch.cat(known).to(y.device)
            own = (y == pair.target).nonzero().squeeze(1)
            passes = math.ceil(len(own) / len(places))
            orders = [places[torch.randperm(len(places), device=y.device)] for _ in range(passes)]
            if orders:
                chosen[own] = torch.cat(orders)[: len(own)]
                earlier[own] = torch.arange(len(own), device=y.device) // len(places)
        return chosen, earlier

    def make_rows(self, y: Tensor, chosen: Tensor, earlier: Tensor) -> Tensor:
        """Translate the rows ``chosen``; those that were drawn ``earlier`` are changed first."""
        x, again = self.sources[chosen], earlier.view(-1, *[1] * len(self.shape))
        if self.shape.is_image:
            x = torch.where(again % 2 == 1, x.flip(-1), x)
        else:
            noise = (again > 0) * REUSE_NOISE * self.numeric * torch.randn_like(x)
            x = self.harden.ignore(x + noise, x)
        rows = torch.empty_like(x)
        for pair in self.pairs:
            own = (y == pair.target).nonzero().squeeze(1)
            rows[own] = self.translate(x[own], pair.target)
        return rows

    def sample(self, y: Tensor) -> Tensor:
        return self.make_rows(y, *self.draw_sources(y))

    def diagnose(self) -> dict[str, dict[int, float]]:
        """Return std_ratio and distance of 500 rows per class; see :class:`CycleGANSampler`."""
        columns = zip(self.diagnostics, self.figures.T.tolist(), strict=True)
        codes = [pair.target for pair in self.pairs]
        return {name: dict(zip(codes, values, strict=True)) for name, values in columns}


# ---- helpers ------------------------------------------------------------------------------------


def choose_pairs(counts: Sequence[int], deficits: Sequence[int], source: str) -> list[Pair]:
    """Return, for each class in play, the classes that its rows are made from.

    "largest": the class with most rows (the first on a tie); "larger": all classes with more rows
    than it. Rows of the largest class are made from the second largest.
    """
    codes = range(len(counts))
    pairs = []
    for target in codes:
        if deficits[target]:
            others = [code for code in codes if code != target]
            largest = max(others, key=lambda code: counts[code])
            larger = tuple(code for code in others if counts[code] > counts[target])
            pairs.append(Pair(target, (larger if source == "larger" else ()) or (largest,)))
    return pairs


def networks(players: Any) -> Iterator[nn.Module]:
    """Yield the networks of both sides of each pair, in the order of a round's tensors."""
    return (network for two in players for network in two)


def apply_each(players: Any, x: Tensor) -> Tensor:
    """Return what each network makes of its rows, (n_sides, n, *shape)."""
    return torch.stack([network(rows) for network, rows in zip(networks(players), x, strict=True)])


def across(x: Tensor) -> Tensor:
    """Exchange the two sides of each pair."""
    return x.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)


class HistoryPool(nn.Module):
    """Up to ``size`` translated rows of earlier rounds for each of ``n`` discriminators.

    Until they are full, rows are stored and returned. Then each row is returned or, with
    probability 1/2, exchanged for a stored one (Shrivastava et al. 2017, as in CycleGAN), in all
    pools for one at the same place. If more than ``size`` rows are given at once, the rest is
    returned as it is.
    """

    rows: Tensor
    n_seen: Tensor

    def __init__(self, n: int, size: int, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(n, size, *shape))
        self.register_buffer("n_seen", torch.tensor(0))

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Store rows of (n, n_rows, *shape), and return as many to show."""
        size = self.rows.shape[1]
        if not size:
            return x
        x, others = x[:, :size], x[:, size:]
        places = self.n_seen + torch.arange(x.shape[1], device=x.device)
        chance = torch.randperm(size, device=x.device)[: x.shape[1]]
        slots = torch.where(self.n_seen < size, places % size, chance)
        is_old, by_chance = places >= size, torch.rand(x.shape[:2], device=x.device) < 0.5
        swap = (is_old & by_chance).view(*x.shape[:2], *[1] * (x.ndim - 2))
        stored, is_old = self.rows.index_select(1, slots), is_old.view(1, *swap.shape[1:])
        self.rows.index_copy_(1, slots, torch.where(swap | ~is_old, x, stored))
        self.n_seen += x.shape[1]
        return torch.cat([torch.where(swap, stored, x), others], dim=1)


def compare_rows(made: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
    """Return the std_ratio and the distance of generated rows, compared with real ones.

    NaN if the real rows are all equal.
    """
    spread = made.var(0, correction=0).mean().sqrt()
    own_spread = own.var(0, correction=0).mean().sqrt()
    near = torch.cdist(made, own).amin(dim=1).median()
    among = torch.cdist(own, own)
    among.fill_diagonal_(torch.inf)
    own_near = among.amin(dim=1).median()
    fine = (own_near > 0) & own_near.isfinite()
    return (
        torch.where(own_spread > 0, spread / own_spread, torch.nan),
        torch.where(fine, near / own_near, torch.nan),
    )
