"""Layers and small modules that know no game."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_resample.engine.memory import refuse_beyond

__all__ = [
    "MLP",
    "Frozen",
    "MovingAverage",
    "SoftmaxSpans",
    "Spans",
    "StraightThrough",
    "StratifiedLabels",
    "number_gaps",
]


# Pads the sorted values of a column with fewer of them; finite, for the divergence guard.
PADDING = torch.finfo(torch.float32).max


class MLP(nn.Sequential):
    """Linear layers from ``n_in`` to ``n_out``, an activation between them, none at the end.

    Parameters
    ----------
    n_in, n_out : int
        Width of the input and of the output.
    widths : sequence of int
        Widths of the hidden layers.
    activation : callable returning a module
        Called once for each hidden layer.
    norm : callable of a width returning a module, default=None
        Called once for each hidden layer; comes *after* the activation, as in GAMO's code.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        widths: Sequence[int],
        activation: Callable[[], nn.Module],
        *,
        norm: Callable[[int], nn.Module] | None = None,
    ) -> None:
        layers: list[nn.Module] = []
        for rows, columns in pairwise((n_in, *widths, n_out)):
            refuse_beyond(
                4.0 * rows * columns,
                f"a layer of {rows:,} by {columns:,} weights",
                "set smaller hidden_layer_sizes, or a smaller latent_dim",
            )
        for width in widths:
            layers += [nn.Linear(n_in, width), activation()]
            layers += [norm(width)] if norm else []
            n_in = width
        super().__init__(*layers, nn.Linear(n_in, n_out))


class MovingAverage(nn.Module):
    """An exponential moving average of another module's weights, always in eval mode.

    At update ``t`` the decay is at most ``(1 + t) / (10 + t)``, so that the random initial weights
    are forgotten soon, in short fits too.
    """

    def __init__(self, source: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.module = copy.deepcopy(source).requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> MovingAverage:
        return super().train(False)

    @torch.no_grad()
    def update(self, source: nn.Module, updates: int) -> None:
        """Move towards ``source``; ``updates`` is the number of earlier calls."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        for average, now in zip(self.module.parameters(), source.parameters(), strict=True):
            average.lerp_(now, 1 - decay)
        for copied, buffer in zip(self.module.buffers(), source.buffers(), strict=True):
            copied.copy_(buffer)

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


class Frozen(nn.Module):
    """A module of which only the last layers learn; the others are always in eval mode.

    A layer is a submodule with parameters of its own. Layers are counted in the order in which the
    module registers them, which in torch's usual networks is the order of computation. Submodules
    without parameters, such as dropout, stay in eval mode even between layers that learn.

    Parameters
    ----------
    module : nn.Module
        The module to wrap; parameters that do not learn have ``requires_grad=False``.
    n_learning : int, default=0
        Layers at the end that keep learning.
    """

    def __init__(self, module: nn.Module, n_learning: int = 0) -> None:
        super().__init__()
        self.module = module.requires_grad_(False)
        layers = [m for m in module.modules() if any(True for _ in m.parameters(recurse=False))]
        self._learning = layers[max(0, len(layers) - n_learning) :]
        for layer in self._learning:
            layer.requires_grad_(True)
        self.train(self.training)

    def train(self, mode: bool = True) -> Frozen:
        # otherwise the statistics of batch normalisation would change in every round
        super().train(False)
        for layer in self._learning:
            layer.train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


class Spans(nn.Module):
    """The categorical spans of rows, for operations on all of them at once.

    Parameters
    ----------
    spans : sequence of (int, int)
        First and last-plus-one column of every span.

    Attributes
    ----------
    columns : Tensor
        The columns of all spans, one after another.
    """

    columns: Tensor
    places: Tensor
    padding: Tensor
    kept: Tensor

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        starts, stops = torch.tensor(list(spans), dtype=torch.long).view(-1, 2).T
        steps = torch.arange(int((stops - starts).max()) if spans else 0)
        places = starts[:, None] + steps
        self.register_buffer("padding", places >= stops[:, None], persistent=False)
        self.register_buffer("columns", places[~self.padding], persistent=False)
        self.register_buffer(
            "places", torch.minimum(places, stops[:, None] - 1).flatten(), persistent=False
        )
        self.register_buffer(
            "kept", (~self.padding).flatten().nonzero().squeeze(1), persistent=False
        )

    def forward(self, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        """Apply ``function`` to all spans; return new values of ``columns``, (n, len(columns)).

        ``function`` is given a tensor of shape (n, n_spans, widest), padded with minus infinity,
        and returns one of the same shape.
        """
        wide = x.index_select(1, self.places).unflatten(1, self.padding.shape)
        changed = function(wide.masked_fill(self.padding, -torch.inf))
        return changed.flatten(1).index_select(1, self.kept)


def _one_hot(wide: Tensor) -> Tensor:
    return torch.zeros_like(wide).scatter_(2, wide.argmax(dim=2, keepdim=True), 1.0)


def _softmax(wide: Tensor) -> Tensor:
    return wide.softmax(dim=2)


class SoftmaxSpans(nn.Module):
    """Output layer of a network that makes rows of tables: a softmax on each categorical span.

    Parameters
    ----------
    spans : sequence of (int, int)
        First and last-plus-one column of every span; other columns are not changed.
    """

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.spans = Spans(spans)

    def forward(self, x: Tensor) -> Tensor:
        columns = self.spans.columns
        return x.index_copy(1, columns, self.spans(x, _softmax)) if len(columns) else x


def number_gaps(
    spans: Sequence[tuple[int, int]], gaps: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return those of ``gaps`` that are of numbers, not of categories."""
    firsts = {start for start, _ in spans}
    return [(column, missing) for column, missing in gaps if column not in firsts]


class StraightThrough(nn.Module):
    """Make generated rows of tables as discrete as real ones, with a straight-through gradient.

    One-hot columns of real rows hold 0 and 1, those of mixtures hold numbers between: a
    discriminator could tell them apart by a single column. So categorical spans become one-hot by
    their arg-max, and each column with few distinct values takes the nearest value seen in
    :meth:`learn`. A number that is missing becomes 0, as in real rows, and has no gradient.

    Parameters
    ----------
    spans : sequence of (int, int)
        First and last-plus-one column of every categorical span.
    levels : sequence of (int, int)
        (column, number of distinct values) of every column that takes the nearest such value.
    gaps : sequence of (int, int)
        (column, column that is 1 where it is missing) of every column with missing values.
    """

    columns: Tensor
    levels: Tensor
    borders: Tensor
    numbers: Tensor
    missing: Tensor

    def __init__(
        self,
        spans: Sequence[tuple[int, int]] = (),
        levels: Sequence[tuple[int, int]] = (),
        gaps: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__()
        self.spans = Spans(spans)
        self.register_buffer("columns", torch.tensor([c for c, _ in levels], dtype=torch.long))
        most = max((count for _, count in levels), default=1)
        self.register_buffer("levels", torch.full((len(levels), most), PADDING))
        self.register_buffer("borders", torch.full((len(levels), most - 1), PADDING))
        pairs = torch.tensor(number_gaps(spans, gaps), dtype=torch.long).view(-1, 2)
        self.register_buffer("numbers", pairs[:, 0], persistent=False)
        self.register_buffer("missing", pairs[:, 1], persistent=False)

    def learn(self, x: Tensor) -> None:
        """Learn the distinct values of the columns in ``levels`` from ``x``, (n, n_features)."""
        missing = dict(zip(self.numbers.tolist(), self.missing.tolist(), strict=True))
        for row, column in enumerate(self.columns.tolist()):
            there = x if column not in missing else x[x[:, missing[column]] < 0.5]
            values = there[:, column].unique()  # sorted
            self.levels[row] = PADDING
            self.levels[row, : len(values)] = values
        low, high = self.levels[:, :-1], self.levels[:, 1:]
        self.borders.copy_(low / 2 + high / 2)  # the sum could be infinite

    def forward(self, x: Tensor) -> Tensor:
        if not len(self.spans.columns) and not len(self.columns):
            return x
        hard = self._harden(x.detach())
        hard, x = self.ignore(hard, hard), self.ignore(x, hard)
        # exactly the hard values, with the gradient of the soft ones
        return hard + (x - x.detach()) if x.requires_grad else hard

    def ignore(self, x: Tensor, rows: Tensor) -> Tensor:
        """Return ``x``, (..., n_features), with 0 for the numbers that ``rows`` lack."""
        if not len(self.numbers):
            return x
        missing = rows.index_select(-1, self.missing) > 0.5
        there = x.index_select(-1, self.numbers).masked_fill(missing, 0.0)
        return x.index_copy(x.ndim - 1, self.numbers, there)

    def _harden(self, x: Tensor) -> Tensor:
        if len(columns := self.spans.columns):
            x = x.index_copy(1, columns, self.spans(x, _one_hot))
        if len(self.columns):
            near = self._nearest(x.index_select(1, self.columns))
            x = x.index_copy(1, self.columns, near)
        return x

    def _nearest(self, x: Tensor) -> Tensor:
        place = torch.searchsorted(self.borders, x.T.contiguous())
        return self.levels.gather(1, place).T


class StratifiedLabels(nn.Module):
    """Labels of a generated batch: a fixed number for each class, weighted to a distribution.

    Independent draws from the distribution would leave rare classes out of most batches. They
    would also change shapes from round to round, and the device would be waited for wherever a
    class has weights of its own. So each class with a positive share gets a fixed number of rows,
    the nearest to its share but at least one, and ``weights`` make up for the rounding: the
    expected weighted sum of row losses is exactly that under the distribution.

    Parameters
    ----------
    law : sequence of float
        Share of each class, summing to 1.
    n_rows : int
        Rows per batch; raised to the number of classes in play, and to 2.

    Attributes
    ----------
    sizes : tuple of int
        Rows of each class.
    labels, weights : Tensor of shape (sum(sizes),)
        Class codes in ascending order, and row weights with sum 1.
    """

    labels: Tensor
    weights: Tensor

    def __init__(self, law: Sequence[float], n_rows: int) -> None:
        super().__init__()
        mass = torch.tensor(law, dtype=torch.float64)
        sizes = _apportion(mass, max(n_rows, int((mass > 0).sum()), 2))
        weight = mass / sizes.clamp(min=1)
        self.sizes = tuple(sizes.tolist())
        labels = torch.arange(len(law)).repeat_interleave(sizes)
        self.register_buffer("labels", labels)
        self.register_buffer("weights", weight[labels].float())


def _apportion(mass: Tensor, n_rows: int) -> Tensor:
    """Whole numbers proportional to ``mass``, by largest remainders; at least 1 if mass > 0."""
    sizes = torch.where(mass > 0, (mass * n_rows).floor().clamp(min=1), 0.0).long()
    for _ in range(n_rows - int(sizes.sum())):
        sizes[(mass * n_rows - sizes).argmax()] += 1
    for _ in range(int(sizes.sum()) - n_rows):
        sizes[torch.where(sizes > 1, sizes - mass * n_rows, -torch.inf).argmax()] -= 1
    return sizes
