r"""eGAN: encoder-based generative adversarial network, a classifier.

Two players. The generator :math:`G` is an encoder and a decoder without noise: it turns rows of a
minority class into rows that the discriminator shall take for the majority. The discriminator
:math:`D`, which is the classifier, tells majority rows from them and, unlike in the paper, from
real minority rows. With the cross-entropy :math:`L`, the largest class 0 and
:math:`w` = ``real_minority_weight``,

.. math::
    L_D &= E_{x|0}\, L(D(x), 0)
        + \tfrac{1}{1 + w} \sum_{i > 0} E_{x|i} \big[ L(D(G(x)), i) + w L(D(x), i) \big] \\
    L_G &= E_{i > 0}\, E_{x|i}\, L(D(G(x)), 0)

For two classes and :math:`w = 0` these are the paper's losses (the non-saturating one of its code
for :math:`G`), with the difference of two logits for its one; several classes are an extension of
ours, in which the decoder is told the class.

References
----------
Ademola Okerinde, Lior Shamir, William Hsu, Tom Theis, Nasik Nafi. eGAN: Unsupervised approach to
class imbalance using transfer learning. CAIP 2021. arXiv:2104.04162
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_consistent_length
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gan_resample._sklearn import Interval
from gan_resample.base import BaseGameClassifier
from gan_resample.convnets import ConvDecoder
from gan_resample.engine.ambient import steady
from gan_resample.engine.game import ClassifyingGame
from gan_resample.nn import (
    MLP,
    Build,
    Harden,
    SoftmaxSpans,
    check_shape,
    make_backbone,
    make_module,
    output_width,
    rows_at_once,
)
from gan_resample.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    MODULE,
    POSITIVE,
    SHARE,
    BackboneParams,
    TrainingParams,
    game_param,
    one_of,
    param,
)
from gan_resample.scalars import plain

__all__ = ["PAPER_SETTINGS", "EGANClassifier", "EGANGame"]

Array = NDArray[Any]

#: The published configuration, as ``EGANClassifier(**PAPER_SETTINGS, feature_extractor=densenet,
#: freeze=2)`` with a DenseNet121 trained on ImageNet, without its last layer: of the 5 layers that
#: the paper trains, 2 have weights. Its 100 epochs are ``100 * ceil(n_majority / 128)`` rounds.
PAPER_SETTINGS: dict[str, Any] = {
    "real_minority_weight": 0.0,
    "latent_dim": 128,
    "width_multiplier": 1.0,
    "batch_size": 128,
    "learning_rate": 1e-4,
}

CHANNELS, DECODER_WIDTH = (64, 128), 64  # of the paper's networks without a backbone
SUGGESTED_WIDTH = 512  # that a callable for a feature extractor is told
MOST_CHANNELS = 100_000  # of a layer; more is a slip, and takes terabytes
FEWEST_TO_VALIDATE = 10  # rows of a minority class


class EGANGame(ClassifyingGame):
    """An encoder-decoder generator, fed with minority rows, and a discriminator of the classes.

    Parameters
    ----------
    shape : tuple of int
        Of an encoded row: (n_features,), or (channels, height, width) of an image.
    counts, deficits : sequence of int
        Rows of each class, and rows it lacks: the first class that lacks none is the majority.
    spans, levels : sequences
        Categorical spans and snapped columns, as :class:`~gan_resample.nn.Harden` takes them.
    batch_size : int
        Most minority rows a round.
    real_minority_weight, latent_dim, feature_extractor, freeze, decoder, hidden_layer_sizes, \
width_multiplier
        As in :class:`EGANClassifier`.
    """

    moves: ClassVar[Mapping[str, str]] = {
        "discriminator": "discriminator",
        "generator": "generator",
    }
    batches = "reference"
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
    ) -> None:
        super().__init__()
        n_classes, image = len(counts), len(shape) == 3
        self.reference = list(deficits).index(0)
        self.real_minority_weight = float(real_minority_weight)
        self.harden = Harden(spans, levels)
        told = n_classes if n_classes > 2 else 0  # two classes leave nothing to be told
        self.register_buffer("onehot", torch.eye(n_classes)[:, :told], persistent=False)

        nets = _Nets(shape, feature_extractor, freeze, hidden_layer_sizes, width_multiplier)
        self.discriminator = nets.discriminator(n_classes)
        latent_dim = latent_dim or (128 if image else 16)
        build = nets.decoder if decoder is None else decoder
        upwards = make_module(build, latent_dim + told, tuple(shape) if image else shape[0])
        upwards = nn.Sequential(upwards, SoftmaxSpans(spans))
        check_shape(upwards, (latent_dim + told,), shape, "decoder")
        self.generator = Generator(nets.encoder(latent_dim), upwards)
        self._plan_minority(shape, counts, batch_size)

    def _plan_minority(self, shape: Sequence[int], counts: Sequence[int], batch_size: int) -> None:
        """Make room for minority rows, and plan which of them a round has: all, if they fit."""
        own = torch.tensor([0 if k == self.reference else n for k, n in enumerate(counts)])
        room = max(1, batch_size // (len(counts) - 1))
        sizes = own.clamp(max=room)
        if sizes.sum() == 1:
            sizes *= 2  # the one row twice: a batch normalisation of the user's needs two
        labels = torch.arange(len(counts)).repeat_interleave(sizes)
        places = (torch.arange(len(labels)) - (sizes.cumsum(0) - sizes)[labels]) % own[labels]
        drawn = (own > sizes)[labels]
        # not persistent: rows of training data are no weights, and need no snapshots
        for name, tensor in {
            "minority": torch.zeros(int(own.sum()), *shape),
            "labels": labels,
            "weights": 1 / sizes[labels].float(),
            "minority_counts": own,
            "starts": own.cumsum(0) - own,
            "places": places.masked_fill(drawn, -1),  # -1: any
        }.items():
            self.register_buffer(name, tensor, persistent=False)

    def prepare(self, x: Tensor, y: Tensor) -> None:
        self.harden.learn(x)
        order = y.argsort(stable=True)
        self.minority.copy_(x[order[y[order] != self.reference]])

    def turns(self, x: Tensor, y: Tensor) -> Iterator[Mapping[str, Tensor]]:
        """Play a batch of the majority, ``x``, and minority rows: both gradients, both steps."""
        minority = self.draw_minority()
        fake = self.generate(minority)
        rows = [x, fake] + [minority] * (self.real_minority_weight > 0)
        majority = torch.full_like(self.labels, self.reference)
        on_real, on_fake, *on_minority = self.discriminator(torch.cat(rows)).split(
            [len(part) for part in rows]
        )
        # generated and real rows of a minority together weigh as much as the majority: if both
        # weighed as much each, D could not be sure of a majority that G imitates well
        as_minority = self.mean(on_fake, self.labels)
        for logits in on_minority:
            as_minority = as_minority + self.real_minority_weight * self.mean(logits, self.labels)
        loss = cross_entropy(on_real, y) + as_minority / (1 + self.real_minority_weight)
        n_minorities = len(self.minority_counts) - 1
        yield {"discriminator": loss, "generator": self.mean(on_fake, majority) / n_minorities}

    def draw_minority(self) -> Tensor:
        """All rows of each minority class, or as many as there is room for, drawn at random."""
        chance = torch.rand(len(self.labels), device=self.labels.device)
        any_place = (chance * self.minority_counts[self.labels]).long()
        place = torch.where(self.places < 0, any_place, self.places)
        return self.minority[self.starts[self.labels] + place]

    def generate(self, x: Tensor) -> Tensor:
        """Hardened rows of G for minority rows ``x`` with the classes ``labels``."""
        return self.harden(self.generator(x, self.onehot[self.labels]))

    def mean(self, logits: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy, averaged over the rows of each minority class and summed over classes."""
        return (self.weights * cross_entropy(logits, target, reduction="none")).sum()

    @property
    def predictor(self) -> nn.Module:
        return self.discriminator


class Generator(nn.Module):
    """Rows to codes, codes (and one-hot labels) to rows of the same shape; no noise."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        return self.decoder(torch.cat([self.encoder(x), label], dim=1))


class _Nets:
    """The players' networks for rows of one shape."""

    def __init__(
        self,
        shape: Sequence[int],
        feature_extractor: Build | None,
        freeze: int | str | None,
        widths: Sequence[int],
        width_multiplier: float,
    ) -> None:
        self.shape, self.build, self.freeze = tuple(shape), feature_extractor, freeze
        self.widths, self.multiplier = widths, width_multiplier

    def discriminator(self, n_classes: int) -> nn.Module:
        drop = 0.4 if len(self.shape) == 3 else 0.2
        return self._ending(self._features(self.widths, drop), n_classes)

    def encoder(self, latent_dim: int) -> nn.Module:
        return self._ending(self._features(self.widths[-1:], 0.0), latent_dim)

    def decoder(self, n_in: int, n_out: Any) -> nn.Module:
        if isinstance(n_out, int):
            return MLP(n_in, n_out, self.widths[-1:], partial(nn.LeakyReLU, 0.2))
        return ConvDecoder(n_in, n_out, self._channels(DECODER_WIDTH))

    def _features(self, widths: Sequence[int], drop: float) -> nn.Module:
        channels = [self._channels(width) for width in CHANNELS]
        image = len(self.shape) == 3
        default = (
            partial(_convolutions, channels=channels, drop=drop)
            if image
            else partial(_hidden_layers, widths=widths, drop=drop)
        )
        n_in = self.shape if image else self.shape[0]
        body = make_backbone(self.build, default, n_in, SUGGESTED_WIDTH, self.freeze)
        ending = [nn.Dropout(0.2)] if drop and self.build is not None else []
        return nn.Sequential(body, *ending)

    def _ending(self, features: nn.Module, n_out: int) -> nn.Module:
        n_hidden = output_width(features, self.shape, "feature_extractor")
        return nn.Sequential(features, nn.Linear(n_hidden, n_out))

    def _channels(self, width: int) -> int:
        if (wanted := self.multiplier * width) > MOST_CHANNELS:
            raise ValueError(
                f"width_multiplier={self.multiplier} makes layers of {wanted:.3g} channels, more "
                f"than {MOST_CHANNELS:,}: set it lower, 1 is the paper's"
            )
        return max(1, round(wanted))


def _convolutions(
    n_in: Sequence[int], n_out: int, channels: Sequence[int], drop: float
) -> nn.Module:
    """Return the paper's discriminator without a backbone, up to its last layer."""
    layers: list[nn.Module] = []
    before = n_in[0]
    for width in channels:
        layers += [nn.Conv2d(before, width, 5, stride=2, padding=2), nn.LeakyReLU(0.2)]
        layers += [nn.Dropout(drop)] if drop else []
        before = width
    return nn.Sequential(*layers, nn.Flatten())


def _hidden_layers(n_in: int, n_out: int, widths: Sequence[int], drop: float) -> nn.Module:
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Linear(n_in, width), nn.LeakyReLU(0.2), nn.LayerNorm(width)]
        layers += [nn.Dropout(drop)] if drop else []
        n_in = width
    return nn.Sequential(*layers)


def decide(proba: Array, majority: int, threshold: float | None) -> Array:
    """Return class codes: of two, the minority from ``threshold`` on; else the most probable."""
    if threshold is None:
        return proba.argmax(axis=1)
    return np.where(proba[:, 1 - majority] >= threshold, 1 - majority, majority)


class EquilibriumStop(Callback):
    """Ends the training when the classes of held-out rows are recognised equally often.

    The paper stops at ``|correct minority - correct majority| <= 20`` of 1,000 test images each.

    Parameters
    ----------
    tol : float
        Largest difference of two classes' recalls.
    threshold : float or None
        As :func:`decide` takes it.

    Attributes
    ----------
    rows : (Tensor, ndarray) or None
        Encoded held-out rows and their class codes, while there is training.
    """

    rows: Any = None

    def __init__(self, tol: float, threshold: float | None) -> None:
        self.tol, self.threshold = tol, threshold

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        gap = self.gap(net)
        net.history.record("recall_gap", gap)
        if gap <= self.tol:
            raise KeyboardInterrupt  # how skorch's callbacks say stop

    @torch.inference_mode()
    def gap(self, net: Any) -> float:
        """Difference of the largest and the smallest recall of a class."""
        game, (x, y) = net.module_.eval(), self.rows
        parts = x.split(rows_at_once(x.shape[1:]))
        logits = torch.cat([game.logits(part.to(net.device)) for part in parts])
        predicted = decide(logits.softmax(dim=1).cpu().numpy(), game.reference, self.threshold)
        recalls = [np.mean(predicted[y == code] == code) for code in np.unique(y)]
        return float(max(recalls) - min(recalls))


@dataclass(kw_only=True, eq=False, repr=False)
class EGANParams(TrainingParams, BackboneParams):
    """The parameters of :class:`EGANClassifier`."""

    real_minority_weight: float = game_param(1.0, AT_LEAST_0)
    stop: str | None = param(None, one_of("equilibrium"), None, fixed=True)
    tol: float = param(0.02, SHARE, fixed=True)
    validation_fraction: float = param(0.2, Interval(Real, 0, 1, closed="neither"), fixed=True)
    threshold: float = param(0.5, SHARE)
    latent_dim: int | None = game_param(None, AT_LEAST_1, None)
    decoder: Build | None = game_param(None, *MODULE)
    hidden_layer_sizes: Sequence[int] = game_param((128, 64), "array-like")
    width_multiplier: float = game_param(0.5, POSITIVE)


class EGANClassifier(EGANParams, BaseGameClassifier):
    """The discriminator of eGAN, a classifier that learns against changed minority rows.

    Parameters
    ----------
    real_minority_weight : float, default=1.0
        Weight of real minority rows in the discriminator's loss, in [0, inf). 0 is the paper's:
        the discriminator then knows the minority only from what the generator makes of it, which
        is paid for looking like the majority, and on tables predicts no better than chance. With w
        the weights are w / (1 + w), and 1 / (1 + w) of the generator's rows: all classes weigh the
        same.
    stop : {"equilibrium"} or None, default=None
        When training ends: after ``max_iter`` rounds, or at the first epoch in which the classes
        of held-out rows are recognised equally often (the paper's "Nash equilibrium", measured
        there on the test rows); ``max_iter`` is then the most.
    tol : float, default=0.02
        Largest difference of two classes' recalls at the equilibrium, in [0, 1]; the paper's.
    validation_fraction : float, default=0.2
        Share of each class that is held out for ``stop="equilibrium"``, in (0, 1); at least 10
        rows of each minority class are needed, of which 2 then tell its recall.
    threshold : float, default=0.5
        Probability of the minority from which on a row is predicted to belong to it, in [0, 1]; of
        two classes only. :meth:`set_sensitivity` and :meth:`set_specificity` find one.
    latent_dim : int, default=None
        Length of the generator's codes, in [1, inf). ``None``: 16 for tables, 128, the paper's,
        for images.
    feature_extractor : nn.Module or callable, default=None
        Body of the discriminator and of the generator's encoder, one copy for each: a module
        (copied at every fit; its weights are the start), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: layers
        of ``hidden_layer_sizes`` on tables, the paper's two convolutions on images. The paper has
        a DenseNet121 trained on ImageNet; this package never downloads anything.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` stays as it was handed over, its batch normalisation
        included: nothing (None), everything but the last ``freeze`` layers that have weights, in
        [0, inf), or everything ("all"). The paper trains the last 5 of 427, 2 of which have
        weights.
    decoder : nn.Module or callable, default=None
        Turns codes into rows, likewise, from ``n_in`` numbers (with several classes: a one-hot
        label among them) to rows of width, or images of shape, ``n_out``, whose pixels are between
        -1 and 1.
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Widths of the discriminator on tables; encoder and decoder have one layer of the last.
    width_multiplier : float, default=0.5
        Channels of the networks for images, as a share of the paper's, in (0, inf).
    max_iter : int, default=1000
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size : int, default=128
        Rows of the largest class a round, in [1, inf), cut to their number; of all others together
        as many at most, and all of them if they are no more, as in the paper.
    learning_rate : float, default=1e-3
        Of both moves' Adam (betas .9 and .999), in (0, inf); the paper has 1e-4.
    net_params : dict, default=None
        Handed to the skorch net: ``{"generator_optimizer__lr": 1e-3}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: discriminator, generator. A
        pretrained part can have a rate of its own: ``{"discriminator_optimizer__param_groups":
        [("0.*", {"lr": 1e-5})]}`` is that of the discriminator's feature extractor.
    encoder : TableEncoder or ImageEncoder, default=None
        How columns or pixels become numbers and come back; ``None``: ``TableEncoder()`` for
        tables, ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
    warm_start : bool, default=False
        Go on for ``max_iter`` more rounds with the same data and the same game; encoder and
        held-out rows are kept.
    verbose : int, default=0
        1: a progress bar, 2: a line an epoch.
    random_state : int, RandomState instance or None, default=None
        An int gives bit-equal results on a CPU.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    majority_ : label
        The largest class, the first of them on a tie; all others are minorities.
    threshold_ : float or None
        Probability of the minority that :meth:`predict` compares with: ``threshold``, or what
        :meth:`set_sensitivity` or :meth:`set_specificity` found; None for several classes.
    net_ : GameNet
        The trained skorch net.
    game_ : EGANGame
        The trained game, ``net_.module_``.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    n_iter_ : int
        Rounds played.
    history_ : list of dict
        One a epoch: epoch, rounds (so far), seconds, the mean ``<move>_loss`` of each move, and
        with ``stop="equilibrium"`` the ``recall_gap`` of held-out rows.
    n_features_in_, feature_names_in_, shape_in_
        As everywhere in scikit-learn.

    Warns
    -----
    ConvergenceWarning
        With ``stop="equilibrium"``, where none was reached.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : Finds a threshold by cross-validation, of
        any classifier.

    Notes
    -----
    There is no sampler: the generator knows as many rows as there are minority rows, and learns to
    make them look like the majority. The paper's figures are maxima over 100 epochs on the test
    set; on a balanced one, predicting the minority always gives an F1 of .667. An equilibrium says
    that the classes are recognised equally often, not that they are recognised well. The fitted
    classifier keeps the minority rows, and those held out, for a warm start. On a CPU
    ``predict_proba`` of tables computes in float64. ``gan_resample.egan.PAPER_SETTINGS`` has the
    published configuration.

    References
    ----------
    A. Okerinde, L. Shamir, W. Hsu, T. Theis, N. Nafi. eGAN: Unsupervised approach to class
    imbalance using transfer learning. CAIP 2021. arXiv:2104.04162

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import EGANClassifier
    >>> X, y = make_classification(n_samples=300, weights=[0.9], class_sep=2, random_state=0)
    >>> clf = EGANClassifier(max_iter=50, random_state=0).fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 2)
    """

    _game = EGANGame

    majority_: Any
    threshold_: float | None

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        if len(self.classes_) > 2 and self.threshold != 0.5:
            raise ValueError(
                f"threshold={self.threshold} is for two classes, but y holds "
                f"{len(self.classes_)}: leave it at 0.5"
            )
        threshold = plain(self.threshold) if len(self.classes_) == 2 else None
        if not self._goes_on():
            self._held_out = self._hold_out(codes, deficits, stream)
            self._watch = (
                None if self.stop is None else EquilibriumStop(plain(self.tol), threshold)
            )
        out, watch = self._held_out, self._watch
        if watch is not None:
            with steady():
                watch.rows = torch.as_tensor(x[out]).float(), codes[out]
        try:
            super()._play(x[~out], codes[~out], deficits, stream)
        finally:
            if watch is not None:
                watch.rows = None
        self.majority_ = self.classes_[self.game_.reference]
        self.threshold_ = threshold
        if watch is not None and self._stopped_by is None:
            self._warn_of_no_equilibrium()

    def _warn_of_no_equilibrium(self) -> None:
        gaps = [row["recall_gap"] for row in self.history_ if "recall_gap" in row]
        if not gaps or gaps[-1] > self.tol:
            told = f"the recalls of held-out rows differ by {gaps[-1]:.3g}" if gaps else "no epoch"
            warnings.warn(
                f"no equilibrium in {self.n_iter_} rounds ({told}; tol={self.tol}): train longer "
                "(max_iter), or look at history_ for a better tol",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _hold_out(
        self, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> Array:
        """Return which rows are kept for the equilibrium: a share of each class, or none."""
        out = np.zeros(len(codes), dtype=bool)
        if self.stop is None:
            return out
        counts = np.bincount(codes)
        smallest = np.delete(counts, list(deficits).index(0)).min()
        if smallest < FEWEST_TO_VALIDATE:
            raise ValueError(
                f"stop='equilibrium' holds rows out to watch each class, and needs at least "
                f"{FEWEST_TO_VALIDATE} rows of a minority class, but the smallest class has "
                f"{smallest}: leave stop=None and choose max_iter"
            )
        for code, count in enumerate(counts):
            n_out = min(count - 1, max(1, round(plain(self.validation_fraction) * count)))
            out[stream.permutation(np.flatnonzero(codes == code))[:n_out]] = True
        return out

    def _own_callbacks(self) -> list[Any]:
        return [] if self._watch is None else [("equilibrium_stop", self._watch)]

    def predict(self, X: Any) -> Array:
        """Label of each row: the minority from ``threshold_`` on; of several the most probable.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Columns or shape as in ``fit``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        proba = self.predict_proba(X)
        return self.classes_[decide(proba, self.game_.reference, self.threshold_)]

    def set_sensitivity(self, X: Any, y: Any, target: float) -> EGANClassifier:
        """Set ``threshold_`` to the largest at which the minority's recall is ``target`` or more.

        Parameters
        ----------
        X, y : as in ``fit``
            Rows that were not trained on, some of the minority among them.
        target : float
            Share of minority rows to be recognised, in (0, 1].

        Returns
        -------
        self : EGANClassifier

        Raises
        ------
        ValueError
            Several classes, another target, another label, no minority row.
        """
        proba, least = self._proba_of(X, y, target, minority=True)
        self.threshold_ = float(np.sort(proba)[-least])
        return self

    def set_specificity(self, X: Any, y: Any, target: float) -> EGANClassifier:
        """Set ``threshold_`` to the smallest at which the majority's recall is ``target`` or more.

        Parameters
        ----------
        X, y : as in ``fit``
            Rows that were not trained on, some of the majority among them.
        target : float
            Share of majority rows to be recognised, in (0, 1].

        Returns
        -------
        self : EGANClassifier

        Raises
        ------
        ValueError
            Several classes, another target, another label, no majority row.
        """
        proba, least = self._proba_of(X, y, target, minority=False)
        self.threshold_ = float(np.nextafter(np.sort(proba)[least - 1], np.inf))
        return self

    def _proba_of(self, X: Any, y: Any, target: float, *, minority: bool) -> tuple[Array, int]:
        """P(minority) of the rows of one class, and how many of them are to be recognised."""
        proba, y = self.predict_proba(X), column_or_1d(y)
        check_consistent_length(proba, y)
        if self.threshold_ is None:
            raise ValueError(f"a threshold is for two classes, but there are {len(self.classes_)}")
        if not isinstance(target, Real) or not 0 < target <= 1:
            raise ValueError(f"target={target!r} must be a share in (0, 1], for example 0.9")
        if len(others := np.setdiff1d(y, self.classes_)):
            raise ValueError(
                f"y holds {others.tolist()}, but the classes are {self.classes_.tolist()}"
            )
        label = self.classes_.tolist()[self.game_.reference ^ minority]
        own = y == label
        if not own.any():
            raise ValueError(f"y holds no row of {label!r}: hand over some")
        # rounding must not ask for one more row than the share does
        return proba[own, 1 - self.game_.reference], math.ceil(target * own.sum() - 1e-9)
