"""How rows of a class are mixed into new ones; shared by games and SpreadSMOTE.

``spread`` steps out of the convex hull of the class, along differences of neighbouring rows. The
convex mixers of GAMO, over all rows of a class or over neighbours, stay inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from gan_resample.engine.memory import refuse_beyond
from gan_resample.mixing.gaps import Gaps
from gan_resample.mixing.neighbours import asked_neighbours, nearest_neighbours
from gan_resample.nn.modules import MLP

__all__ = [
    "Anchors",
    "ClassMixer",
    "Mix",
    "Mixer",
    "NeighbourMixer",
    "SpreadMixer",
    "spread",
]

FEW = 64  # so many neighbours of a row are kept even if its class has fewer
NEVER = -1e30  # a logit of which the softmax makes 0
TOGETHER = 2**17  # most numbers in the rows and units of classes that are mixed all at once


class Mix(NamedTuple):
    """Mixed rows and what they are mixed from.

    ``rows`` (n, n_features); ``weights`` (n, m), summing to 1 over the m anchors of each row;
    ``anchors`` (n, m), their indices among the stored rows.
    """

    rows: Tensor
    weights: Tensor
    anchors: Tensor


def spread(rows: Tensor, u: Tensor, lacks: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the two parts of the spread geometry: a point inside the hull, and a step out of it.

    ``x = inside + h step`` with ``inside = a + u (b - a)`` and ``step = v (c - d)``, for ``rows``
    (a, b, c, d) of shape (n, 4, n_features), the scale h, ``u`` of shape (n, 1) or
    (n, n_features), and ``v ~ U(0, 1)``, one per row. Both parts have shape (n, n_features).

    ``lacks``, of the shape of ``rows``, says what is missing. What ``b`` lacks is taken from
    ``a``, there is no step where ``c`` or ``d`` lacks anything, and what ``a`` lacks stays as in
    ``a``: so the missing values of a new row are those of a real one.
    """
    a, b, c, d = rows.unbind(1)
    v = torch.rand((len(a), 1), device=a.device, dtype=a.dtype)
    if lacks is None:
        return a + u * (b - a), v * (c - d)
    no_a, no_b, no_c, no_d = lacks.unbind(1)
    b = torch.where(no_a | no_b, a, b)
    return a + u * (b - a), (v * (c - d)).masked_fill(no_a | no_c | no_d, 0.0)


class Anchors(nn.Module):
    """The rows of the classes in play, each with its nearest neighbours in its class.

    Parameters
    ----------
    counts : sequence of int
        Rows of each class; 0 for a class that is not in play.
    n_features : int
        Columns of an encoded row.
    n_neighbors : int or estimator, default=0
        Neighbours kept for each row. A number above 64 is limited to the other rows that the
        largest class has. An estimator with ``kneighbors`` finds them itself, and counts the row.
    gaps : Gaps, default=None
        Tells which entries of rows are missing; None: none is.

    Raises
    ------
    ValueError
        If the neighbours would take more than 2 GiB.
    """

    rows: Tensor
    neighbours: Tensor
    chosen: Tensor
    starts: Tensor
    counts: Tensor
    lacks: Tensor

    def __init__(
        self,
        counts: Sequence[int],
        n_features: int,
        n_neighbors: Any = 0,
        gaps: Gaps | None = None,
    ) -> None:
        super().__init__()
        self.gaps = gaps
        n_neighbors, self.search = asked_neighbours(n_neighbors)
        self.sizes = tuple(counts)
        n_rows, others = sum(counts), max(1, max(counts) - 1)
        if n_neighbors > max(FEW, others):
            n_neighbors = others
        refuse_beyond(
            8.0 * n_rows * n_neighbors,
            f"{n_neighbors:,} neighbours of each of {n_rows:,} rows",
            "set k_neighbors of SpreadSMOTE, n_neighbors of GAMO, lower",
        )
        sizes = torch.tensor(counts)
        self.offsets = tuple((sizes.cumsum(0) - sizes).tolist())  # first row of each class
        self.register_buffer("counts", sizes)
        self.register_buffer("starts", sizes.cumsum(0) - sizes)
        self.register_buffer("rows", torch.zeros(sum(counts), n_features))
        self.register_buffer("neighbours", torch.zeros(sum(counts), n_neighbors, dtype=torch.long))
        self.register_buffer("chosen", torch.zeros(sum(counts), dtype=torch.long))
        if gaps is not None:
            lacks = torch.zeros(self.rows.shape, dtype=torch.bool)
            self.register_buffer("lacks", lacks)

    def choose(self, y: Tensor) -> None:
        """Set ``chosen``, the training rows to keep: of a large class a random subset."""
        for code, start, size in self._classes():
            mine = (y == code).nonzero().squeeze(1)
            if len(mine) > size:
                mine = mine[torch.randperm(len(mine), device=y.device)[:size]]
            self.chosen[start : start + size] = mine

    def keep(self, rows: Tensor) -> None:
        """Store the chosen rows, (len(chosen), n_features), and find their neighbours."""
        self.rows.copy_(rows)
        if self.gaps is not None:
            self.lacks.copy_(self.gaps.lacking(rows))
        for _, start, size in self._classes():
            own, k = rows[start : start + size], self.neighbours.shape[1]
            near = nearest_neighbours(own, k, self.search, self.gaps)
            self.neighbours[start : start + size] = near + start

    def lacking(self, index: Tensor) -> Tensor | None:
        """Return what the stored rows of ``index`` lack, (*index.shape, n_features), or None."""
        return None if self.gaps is None else self.lacks[index]

    def mean(self, mixed: Tensor) -> Tensor:
        """Return weighted means of stored rows, (n, n_features), as means over what is there."""
        return mixed if self.gaps is None else self.gaps.mean(mixed)

    def of_class(self, code: int) -> Tensor:
        """Return the stored rows of a class, (n_rows, n_features)."""
        return self.rows[self.offsets[code] :][: self.sizes[code]]

    def _classes(self) -> Iterator[tuple[int, int, int]]:
        """Code, first row and number of rows of each class that is in play."""
        for code, size in enumerate(self.sizes):
            if size:
                yield code, self.offsets[code], size

    def draw_group(self, y: Tensor, n_partners: int) -> Tensor:
        """Draw a row of each class code uniformly, and independently some of its neighbours.

        Returns indices of shape (n, 1 + n_partners), the row itself first.
        """
        chance = torch.rand((len(y), 1 + n_partners), device=y.device)
        base = self.starts[y] + (chance[:, 0] * self.counts[y]).long()
        which = (chance[:, 1:] * self.neighbours.shape[1]).long()
        return torch.cat([base[:, None], self.neighbours[base].gather(1, which)], dim=1)


class Mixer(nn.Module, ABC):
    """Makes rows of a class from stored rows of that class; the generator of GAMO; abstract.

    All random numbers are drawn by :meth:`draw`: rows made twice from one draw differ only if the
    weights have changed between. Papers ask for such moves "with the same noise".
    """

    anchors: Anchors
    onehot: Tensor

    def __init__(self, anchors: Anchors, latent_dim: int) -> None:
        super().__init__()
        self.anchors, self.latent_dim = anchors, latent_dim
        self.register_buffer("onehot", torch.eye(len(anchors.sizes)), persistent=False)

    def noise(self, y: Tensor, *rows: Tensor) -> Tensor:
        """Noise, one-hot labels and ``rows`` side by side: (n, latent_dim + n_classes + ...)."""
        z = torch.randn((len(y), self.latent_dim), device=y.device)
        return torch.cat([z, self.onehot[y], *rows], dim=1)

    @abstractmethod
    def draw(self, y: Tensor) -> Any:
        """Draw noise and anchors for ``y``, (n,) class codes in ascending order."""

    @abstractmethod
    def forward(self, drawn: Any, sizes: Sequence[int]) -> Tensor:
        """Mix rows, (n, n_features), from what :meth:`draw` returned.

        ``sizes`` are the numbers of each class: Python ints, so that the device is not waited for
        where classes have weights of their own.
        """

    @abstractmethod
    def mix(self, drawn: Any, sizes: Sequence[int]) -> Mix:
        """Return the rows of :meth:`forward`, their weights and anchors; for a single class."""

    @abstractmethod
    def mix_with_heaviest(self, drawn: Any, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the rows of :meth:`forward`, and of each the stored row that weighs most, (n,).

        For a step out of the hull, the row that it starts from.
        """


class SpreadDraw(NamedTuple):
    """``inside`` and ``step`` of :func:`spread`, the net's input, and the draw's anchors and u."""

    inside: Tensor
    step: Tensor
    seen: Tensor
    anchors: Tensor
    u: Tensor


class SpreadMixer(Mixer):
    """The spread geometry with a learned scale: ``h = max_scale sigmoid(f(z, onehot(y), a))``.

    The last layer's weights start at zero, so the scale starts at ``max_scale / 2``.
    """

    def __init__(self, anchors: Anchors, latent_dim: int, width: int, max_scale: float) -> None:
        super().__init__(anchors, latent_dim)
        self.max_scale = max_scale
        n_in = latent_dim + len(self.onehot) + anchors.rows.shape[1]
        self.net = MLP(n_in, 1, (width,), partial(nn.LeakyReLU, 0.1))
        for parameter in self.net[-1].parameters():
            nn.init.zeros_(parameter)

    def draw(self, y: Tensor) -> SpreadDraw:
        index = self.anchors.draw_group(y, 3)
        rows = self.anchors.rows[index]
        u = torch.rand_like(rows[:, 0])
        parts = spread(rows, u, self.anchors.lacking(index))
        return SpreadDraw(*parts, self.noise(y, rows[:, 0]), index, u)

    def scale(self, drawn: SpreadDraw) -> Tensor:
        """Return the scale h of each row's step, (n, 1)."""
        return self.max_scale * self.net(drawn.seen).sigmoid()

    def forward(self, drawn: SpreadDraw, sizes: Sequence[int]) -> Tensor:
        return torch.addcmul(drawn.inside, self.scale(drawn), drawn.step)

    def mix(self, drawn: SpreadDraw, sizes: Sequence[int]) -> Mix:
        toward, half = drawn.u.mean(dim=1, keepdim=True), self.scale(drawn) / 2  # v at its mean
        weights = torch.cat([1 - toward, toward, half, -half], dim=1)
        return Mix(self(drawn, sizes), weights, drawn.anchors)

    def mix_with_heaviest(self, drawn: SpreadDraw, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        return self(drawn, sizes), drawn.anchors[:, 0]


class NeighbourDraw(NamedTuple):
    """The net's input, (n, k + 1, n_in), the rows to mix and their indices."""

    seen: Tensor
    rows: Tensor
    anchors: Tensor


class NeighbourMixer(Mixer):
    """Convex mixtures of a row and its neighbours; one small net gives weights, for all classes.

    Its input is the noise, the class and the rows.
    """

    def __init__(self, anchors: Anchors, latent_dim: int, width: int) -> None:
        super().__init__(anchors, latent_dim)
        n_in = latent_dim + len(self.onehot) + 2 * anchors.rows.shape[1]
        self.net = MLP(n_in, 1, (width,), partial(nn.LeakyReLU, 0.1))

    def draw(self, y: Tensor) -> NeighbourDraw:
        base = self.anchors.draw_group(y, 0)
        index = torch.cat([base, self.anchors.neighbours[base[:, 0]]], dim=1)
        rows = self.anchors.rows[index]
        context = self.noise(y, rows[:, 0])[:, None].expand(-1, rows.shape[1], -1)
        return NeighbourDraw(torch.cat([context, rows], dim=2), rows, index)

    def forward(self, drawn: NeighbourDraw, sizes: Sequence[int]) -> Tensor:
        return self.mix(drawn, sizes).rows

    def mix(self, drawn: NeighbourDraw, sizes: Sequence[int]) -> Mix:
        weights = self.net(drawn.seen).squeeze(2).softmax(dim=1)
        mixed = (weights[:, None] @ drawn.rows).squeeze(1)
        return Mix(self.anchors.mean(mixed), weights, drawn.anchors)

    def mix_with_heaviest(
        self, drawn: NeighbourDraw, sizes: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        rows, weights, anchors = self.mix(drawn, sizes)
        return rows, anchors.gather(1, weights.argmax(dim=1, keepdim=True)).squeeze(1)


class ClassMixer(Mixer):
    """GAMO's generator: a shared trunk (cTMU) and, for each class, weights over its rows (IGU).

    ``x = softmax(Linear_i(trunk(z, onehot(i)))) @ X_i``, a softmax over the rows of the class.
    Batch normalisation follows the activations, as in the authors' code; without it the generator
    collapses to a point.

    If the classes have few rows, all are mixed at once: the rows of other classes get weight 0.
    That is more arithmetic, but far fewer operations.
    """

    others: Tensor

    def __init__(self, anchors: Anchors, latent_dim: int, widths: Sequence[int]) -> None:
        super().__init__(anchors, latent_dim)
        *hidden, out = widths
        # MLP ends in a linear layer, but the trunk's last layer has an activation and a norm
        self.trunk = nn.Sequential(
            MLP(latent_dim + len(self.onehot), out, hidden, nn.ReLU, norm=nn.BatchNorm1d),
            nn.ReLU(),
            nn.BatchNorm1d(out),
        )
        # all classes in one flat parameter, so that the optimizer has few tensors
        units = [nn.Linear(out, size) for size in anchors.sizes if size]
        self.weight = nn.Parameter(torch.cat([unit.weight.detach() for unit in units]))
        self.bias = nn.Parameter(torch.cat([unit.bias.detach() for unit in units]))
        sizes = torch.tensor(anchors.sizes)
        numbers = self.weight.numel() + anchors.rows.numel()
        self.together = len(units) > 1 and numbers <= TOGETHER
        # class by stored row: 0 for its own rows, else a number of which the softmax makes 0
        own = self.onehot.repeat_interleave(sizes, dim=1) if self.together else torch.zeros(0, 0)
        self.register_buffer("others", (1 - own) * NEVER, persistent=False)

    def draw(self, y: Tensor) -> Tensor:
        return self.noise(y)

    def forward(self, drawn: Tensor, sizes: Sequence[int]) -> Tensor:
        if self.together:
            return self.anchors.mean(self._weights_of_all(drawn) @ self.anchors.rows)
        parts = [weights @ own for weights, own, _ in self._weights(drawn, sizes)]
        return self.anchors.mean(torch.cat(parts))

    def mix(self, drawn: Tensor, sizes: Sequence[int]) -> Mix:
        ((weights, own, start),) = self._weights(drawn, sizes)
        index = torch.arange(len(own), device=drawn.device) + start
        return Mix(self.anchors.mean(weights @ own), weights, index.expand(len(drawn), -1))

    def mix_with_heaviest(self, drawn: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        if self.together:
            weights = self._weights_of_all(drawn)
            return self.anchors.mean(weights @ self.anchors.rows), weights.argmax(dim=1)
        parts = [(w @ own, w.argmax(dim=1) + n) for w, own, n in self._weights(drawn, sizes)]
        rows, heaviest = zip(*parts, strict=True)
        return self.anchors.mean(torch.cat(rows)), torch.cat(heaviest)

    def reconstruct(self, drawn: Tensor, sizes: Sequence[int], index: Tensor) -> Tensor:
        """Mix rows as :meth:`forward` does, with weight 0 for the stored row ``index``, (n,)."""
        if self.together:
            return self.anchors.mean(self._weights_of_all(drawn, index) @ self.anchors.rows)
        parts = self._weights(drawn, sizes, index)
        return self.anchors.mean(torch.cat([weights @ own for weights, own, _ in parts]))

    def _weights_of_all(self, drawn: Tensor, without: Tensor | None = None) -> Tensor:
        """Return the weight of every stored row, (n, n_rows); ``without`` as in _weights."""
        labels = drawn[:, -len(self.onehot) :]
        logits = torch.addmm(
            linear(self.trunk(drawn), self.weight, self.bias), labels, self.others
        )
        if without is not None:
            # half of it: the only row of a class is still far above those of the others
            half = logits.new_full((len(logits), 1), NEVER / 2)
            logits = logits.scatter_add(1, without[:, None], half)
        return logits.softmax(dim=1)

    def _weights(
        self, drawn: Tensor, sizes: Sequence[int], without: Tensor | None = None
    ) -> Iterator[tuple[Tensor, Tensor, int]]:
        """Yield, class by class, mixing weights, the rows mixed, and the index of the first one.

        The weight of the stored row ``without``, (n,), is 0, unless the class has no other row.
        """
        own = self.anchors.sizes
        # split, not slices: the gradient of each slice would be a full-size tensor of zeros
        pieces = self.trunk(drawn).split(list(sizes)), self.weight.split(own), self.bias.split(own)
        rows = self.anchors.rows.split(own), self.anchors.offsets
        left_out = [None] * len(own) if without is None else without.split(list(sizes))
        for part, weight, bias, mixed, start, out in zip(*pieces, *rows, left_out, strict=True):
            if not len(part):
                continue
            logits = linear(part, weight, bias)
            if out is not None and len(mixed) > 1:
                logits = logits.scatter(1, out[:, None] - start, -torch.inf)
            yield logits.softmax(dim=1), mixed, start
