"""What GAMO and PGAN have in common: games whose generator mixes the rows of a class.

The feature extractor :math:`F` turns real rows into feature vectors, and the classifier, the
generator and the generator's opponent see only these. On tables there is no :math:`F` unless one
is given, and rows are used as they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gan_resample.engine.game import ClassifyingGame, SamplingGame
from gan_resample.mixing.ahead import DrawsAhead
from gan_resample.mixing.gaps import Gaps
from gan_resample.mixing.geometry import Anchors, ClassMixer
from gan_resample.nn.build import (
    Build,
    check_width,
    make_backbone,
    make_module,
    output_width,
    rows_at_once,
)
from gan_resample.nn.convnets import ConvNet
from gan_resample.nn.modules import MLP, MovingAverage, StraightThrough, StratifiedLabels
from gan_resample.nn.shape import RowShape

__all__ = ["GENERATOR_WIDTH", "MixingGame", "class_mixer_chunk", "make_class_mixer", "perceptron"]

Array = NDArray[Any]

FEATURE_WIDTH = 512  # output of F in the code of GAMO's authors
GENERATOR_WIDTH = 64  # of cTMU's last layer in that code


class MixingGame(SamplingGame, ClassifyingGame):
    """Feature extractor, classifier and mixing generator; abstract.

    A subclass sets ``class_loss`` and, if a class is in play, makes its ``generator`` and the
    generator's opponent.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks; a class is in play if it lacks any.
    spans, levels, gaps : sequences
        Columns of categories, of few values and with missing ones, as ``StraightThrough`` takes
        them.
    batch_size : int
        Real rows per round; about as many are generated.
    feature_extractor, freeze, classifier, hidden_layer_sizes
        As in :class:`~gan_resample.GAMOSampler`.
    ema_decay : float
        Decay of the moving average of the classifier that gives :meth:`logits`; 0 for none.
    weigh_real : bool, default=True
        Whether F's loss weights real rows to the class shares that the classifier sees.
    """

    diagnostics: ClassVar[tuple[str, ...]] = ("ess", "coverage", "std_ratio")
    resting: ClassVar[tuple[str, ...]] = ("generator.anchors",)
    init_rounds: int = 0  # before the classifier moves
    class_loss: Callable[[Tensor, Tensor], Tensor]  # of logits and targets, (n,)
    onehot: Tensor
    row_weights: Tensor
    feature_extractor: Any  # None where rows are used as they are
    stored_extractor: Any  # F as it was for the anchors; None where it does not learn
    generator: Any  # None where no class lacks a row

    def __init__(
        self,
        *,
        shape: Sequence[int],
        counts: Sequence[int],
        deficits: Sequence[int],
        spans: Sequence[tuple[int, int]],
        levels: Sequence[tuple[int, int]],
        batch_size: int,
        feature_extractor: Build | None,
        freeze: int | str | None,
        classifier: Build | None,
        hidden_layer_sizes: Sequence[int],
        ema_decay: float,
        gaps: Sequence[tuple[int, int]] = (),
        weigh_real: bool = True,
    ) -> None:
        super().__init__()
        self.register_buffer("onehot", torch.eye(len(counts)), persistent=False)
        self.in_play = [code for code, deficit in enumerate(deficits) if deficit]
        self.fake_mass = sum(deficits) / sum(counts)  # S / n of the objective
        weights = _row_weights(counts, deficits if weigh_real else [0] * len(counts))
        self.register_buffer("row_weights", weights, persistent=False)

        self.feature_extractor = _make_extractor(feature_extractor, freeze, shape)
        self.stored_extractor = self._copy_extractor()
        self.n_features = shape[0]
        if self.feature_extractor is not None:
            self.n_features = output_width(self.feature_extractor, shape, "feature_extractor")
            spans, levels, gaps = (), (), ()  # features are numbers, and none is missing
        build = perceptron(hidden_layer_sizes) if classifier is None else classifier
        self.classifier = make_module(build, self.n_features, len(counts))
        check_width(self.classifier, (self.n_features,), len(counts), "classifier")
        self.average = MovingAverage(self.network, ema_decay) if ema_decay else None
        self.harden = StraightThrough(spans, levels, gaps)
        self.gaps = Gaps(spans, gaps, self.n_features) if gaps else None
        self.generator = None
        self.ahead = DrawsAhead()
        # numbers of rows that the generator mixes: of the classes in play
        self.sizes = [n if d else 0 for n, d in zip(counts, deficits, strict=True)]
        if self.in_play:
            self._set_label_laws(deficits, batch_size)

    def _copy_extractor(self) -> nn.Module | None:
        """Copy F if it learns: the copy stays as F was when the anchors were stored."""
        if not self.learns_features:
            return None
        return copy.deepcopy(self.feature_extractor).requires_grad_(False)

    def _set_label_laws(self, deficits: Sequence[int], batch_size: int) -> None:
        """Set the labels of generated rows.

        Rows for the generator's opponents have labels in proportion to the deficits (q); in the
        generator's own moves all classes in play are equally frequent.
        """
        self.deficit_labels = StratifiedLabels(
            [deficit / sum(deficits) for deficit in deficits], batch_size
        )
        uniform = [bool(deficit) / len(self.in_play) for deficit in deficits]
        self.uniform_labels = StratifiedLabels(uniform, batch_size)

    @property
    def network(self) -> nn.Module:
        """The feature extractor, if there is one, followed by the classifier."""
        if self.feature_extractor is None:
            return self.classifier
        return nn.Sequential(self.feature_extractor, self.classifier)

    @property
    def predictor(self) -> nn.Module:
        return self.network if self.average is None else self.average

    def update_average(self) -> None:
        if self.average is not None:
            self.average.update(self.network, self.rounds_played - self.init_rounds)

    # ---- features and anchors -------------------------------------------------------------------

    def prepare(self, x: Tensor, y: Tensor) -> None:
        if self.generator is not None:
            self.generator.anchors.choose(y)
            self.refresh_anchors(x)
            if self.feature_extractor is None:
                self.harden.learn(x)

    def begin_epoch(self, x: Tensor, y: Tensor) -> None:
        self.ahead.clear()
        if self.learns_features:
            self.refresh_anchors(x)

    def finish(self, x: Tensor, y: Tensor) -> None:
        self.ahead.clear()
        if self.learns_features:
            self.refresh_anchors(x)  # generated rows mix features of the final F

    @property
    def spent(self) -> tuple[str, ...]:
        return ("stored_extractor",)

    @torch.no_grad()
    def refresh_anchors(self, x: Tensor) -> None:
        if self.stored_extractor is not None:
            self.stored_extractor.load_state_dict(self.feature_extractor.state_dict())
        if self.generator is not None:
            anchors = self.generator.anchors
            parts = anchors.chosen.split(rows_at_once(x.shape[1:]))
            anchors.keep(torch.cat([self.features(x[part]) for part in parts]))

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """F(x), (n, n_features); the rows themselves if there is no F."""
        if self.feature_extractor is None:
            return x
        with self.eval_mode("feature_extractor"):
            return self.feature_extractor(x)

    @torch.no_grad()
    def stored_features(self, x: Tensor) -> Tensor:
        """Features, (n, n_features), by F as it was when the anchors were stored.

        Features of the anchors are computed before the epoch, and F moves during it. A network
        that sees real and generated vectors must see both through the same F, or it could tell
        them apart by that difference.
        """
        if self.stored_extractor is None:
            return self.features(x)
        with self.eval_mode("stored_extractor"):
            return self.stored_extractor(x)

    @property
    def learns_features(self) -> bool:
        """Whether there is an F with trainable parameters."""
        if self.feature_extractor is None:
            return False
        return any(parameter.requires_grad for parameter in self.feature_extractor.parameters())

    # ---- generated rows -------------------------------------------------------------------------

    def draw(self, y: Tensor, sizes: Sequence[int]) -> Any:
        """Draw the noise and anchors that the generator needs for class codes ``y``.

        The codes are in ascending order; ``sizes`` are the numbers of each class.
        """
        return self.generator.draw(y)

    def next_draw(self, labels: StratifiedLabels) -> Any:
        """Return a draw for a batch with ``labels``; those of later rounds are made with it."""
        return self.ahead.take(self.draw, labels, self.n_features)

    def generate(self, drawn: Any, labels: StratifiedLabels) -> Tensor:
        """Rows of G, (n, n_features), from a draw for ``labels``; discrete where real rows are."""
        return self.harden(self.generator(drawn, labels.sizes))

    def sample(self, y: Tensor) -> Tensor:
        return self.sample_with_sources(y)[0]

    def sample_with_sources(self, y: Tensor) -> tuple[Tensor, Tensor]:
        order = y.argsort(stable=True)
        sizes = torch.bincount(y, minlength=len(self.onehot)).tolist()
        with self.eval_mode("generator"):
            rows, heaviest = self.generator.mix_with_heaviest(self.draw(y[order], sizes), sizes)
        back, sources = order.argsort(), self.generator.anchors.chosen[heaviest]
        return self.harden(rows)[back], sources[back]

    @torch.no_grad()
    def imitate(self) -> Tensor:
        """Rows of G for its opponents, (n, n_features), with the labels of ``deficit_labels``."""
        with self.eval_mode("generator"):
            return self.generate(self.next_draw(self.deficit_labels), self.deficit_labels)

    def label(self, x: Tensor, y: Tensor) -> Tensor:
        """Append one-hot labels to rows, for a conditional opponent."""
        return torch.cat([x, self.onehot[y]], dim=1)

    # ---- losses ---------------------------------------------------------------------------------

    def teach_features(self, x: Tensor, y: Tensor) -> Tensor:
        """F's loss on real rows: the classifier's, weighted to the class shares of the game."""
        with self.eval_mode("classifier"):
            loss = self.class_loss(self.network(x), self.onehot[y])
        return (self.row_weights[y] * loss).mean()

    def fool_classifier(self, drawn: Any) -> Tensor:
        """G's loss against the classifier: the target is one minus the one-hot label."""
        with self.eval_mode("classifier"):
            logits = self.classifier(self.generate(drawn, self.uniform_labels))
        loss = self.class_loss(logits, 1 - self.onehot[self.uniform_labels.labels])
        return self.uniform_labels.weights @ loss

    # ---- diagnostics ----------------------------------------------------------------------------

    @torch.no_grad()
    def diagnose(self) -> dict[str, dict[int, float]]:
        """``ess``, ``coverage`` and ``std_ratio`` of 500 rows of each class in play."""
        figures = [(code, self._diagnose_class(code)) for code in self.in_play]
        names = MixingGame.diagnostics
        return {
            name: {code: found[at] for code, found in figures} for at, name in enumerate(names)
        }

    def _diagnose_class(self, code: int, n_draws: int = 500) -> tuple[float, float, float]:
        own = self.generator.anchors.of_class(code)
        y = torch.full((n_draws,), code, device=own.device)
        sizes = [n_draws * (other == code) for other in range(len(self.onehot))]
        with self.eval_mode("generator"):
            rows, weights, index = self.generator.mix(self.draw(y, sizes), sizes)
        weights = weights.abs()
        ess = weights.sum(1).square() / weights.square().sum(1)
        top = index.gather(1, weights.argmax(dim=1, keepdim=True))
        coverage = len(top.unique()) / min(n_draws, len(own))
        spread = (rows.var(0).mean() / own.var(0, correction=0).mean()).sqrt()
        return ess.mean().item(), coverage, spread.item()


def perceptron(widths: Sequence[int]) -> Build:
    """Return ``(n_in, n_out) -> MLP`` with GAMO's leaky rectifiers."""
    return partial(MLP, widths=widths, activation=partial(nn.LeakyReLU, 0.1))


def make_class_mixer(
    sizes: Sequence[int],
    n_features: int,
    *,
    max_anchors: int | None,
    latent_dim: int | None,
    hidden_layer_sizes: Sequence[int],
    gaps: Gaps | None = None,
) -> ClassMixer:
    """Return GAMO's generator for classes of ``sizes`` rows, 0 for a class not in play."""
    kept = [min(size, max_anchors or size) for size in sizes]
    anchors = Anchors(kept, n_features, gaps=gaps)
    width = latent_dim or min(100, max(8, 2 * n_features))
    return ClassMixer(anchors, width, (*hidden_layer_sizes[:1], GENERATOR_WIDTH))


def class_mixer_chunk(mixer: ClassMixer) -> int:
    """Return how many rows ``mixer`` may make at once; bounds the memory."""
    return max(32, min(2048, 4_000_000 // max(mixer.anchors.sizes)))


def _row_weights(counts: Sequence[int], deficits: Sequence[int]) -> Tensor:
    """Return the weight of a real row of each class: class size in the game over that in the data.

    The average over rows is 1. F sees only real rows. Without weights it would learn for the class
    shares of the data, the classifier for those of the game, and the two would work against each
    other.
    """
    n, lacking = torch.tensor([counts, deficits], dtype=torch.float32)
    stands_for = (n + lacking) / n
    return stands_for * n.sum() / (n * stands_for).sum()


def _make_extractor(
    build: Build | None, freeze: int | str | None, shape: Sequence[int]
) -> nn.Module | None:
    row = RowShape(shape)
    if not row.is_image and build is None and freeze is None:
        return None
    return make_backbone(build, _bounded_convolutions, row.n_in, FEATURE_WIDTH, freeze)


def _bounded_convolutions(n_in: Sequence[int], n_out: int) -> nn.Module:
    return nn.Sequential(ConvNet(n_in, n_out), nn.Tanh())
