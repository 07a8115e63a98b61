"""CycleGAN's sampler and classifier: parameters, documentation and the contract."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    COUNT,
    MODULE,
    POSITIVE,
    SamplerParams,
    TrainingParams,
    game_param,
    one_of,
    param,
)
from gan_resample.core.sampler import BaseGameSampler, LoneRowsMixin
from gan_resample.cyclegan.game import CycleGANGame
from gan_resample.cyclegan.translating import CycleGANMixin
from gan_resample.cyclegan.translation import LOSSES, TranslationGame
from gan_resample.nn.build import Build

__all__ = ["PAPER_SETTINGS", "CycleGANClassifier", "CycleGANSampler"]

Array = NDArray[Any]

#: The settings on the authors' slides, and for those that they leave out, the defaults of the
#: CycleGAN code on which they say theirs is based: ``CycleGANClassifier(**PAPER_SETTINGS)``.
PAPER_SETTINGS: dict[str, Any] = {
    "loss": "log",
    "cycle_weight": 10.0,
    "identity_weight": 5.0,
    "pool_size": 50,
    "cycle_noise": 0.0,
    "width_multiplier": 1.0,
    "n_blocks": 6,
    "batch_size": 2,
    "learning_rate": 2e-4,
}


# arguments of a game with a classifier; samplers with mode="aug" play one without
CLASSIFIER_PARAMS = ("mode", "alt_period", "gamma", "classifier_weight", "classifier")


@dataclass(kw_only=True, eq=False, repr=False)
class CycleGANParams(TrainingParams):
    """What the sampler and the classifier share."""

    mode: str = game_param("aug", one_of("aug", "alt"))
    alt_period: int | str = game_param("epoch", AT_LEAST_1, one_of("epoch"))
    loss: str = game_param("log", one_of(*LOSSES))
    cycle_weight: float = game_param(10.0, AT_LEAST_0)
    identity_weight: float = game_param(5.0, AT_LEAST_0)
    gamma: float | str = game_param(1.0, POSITIVE, one_of("ratio"))
    classifier_weight: float = game_param(1.0, AT_LEAST_0)
    source: str = game_param("largest", one_of("largest", "larger"))
    pool_size: int = game_param(50, COUNT)
    cycle_noise: float = game_param(0.05, AT_LEAST_0)
    translator: Build | None = game_param(None, *MODULE)
    discriminator: Build | None = game_param(None, *MODULE)
    classifier: Build | None = game_param(None, *MODULE)
    width_multiplier: float = game_param(0.25, POSITIVE)
    n_blocks: int = game_param(3, COUNT)
    max_iter: int = param(2000, AT_LEAST_1)
    batch_size: int | None = param(  # type: ignore[assignment]
        None, AT_LEAST_1, None, fixed=True
    )


@dataclass(kw_only=True, eq=False, repr=False)
class CycleGANSampler(
    SamplerParams, CycleGANParams, CycleGANMixin, LoneRowsMixin, BaseGameSampler
):
    """Over-sample by translating rows of a large class into rows of a small one.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    mode : {"aug", "alt"}, default="aug"
        "aug": a CycleGAN alone. "alt": it alternates with a classifier, and the translators also
        minimise the classifier's loss on translated rows.
    alt_period : int or "epoch", default="epoch"
        Rounds after which classifier and CycleGAN alternate with ``mode="alt"``, in [1, inf), at
        most a third of ``max_iter``; the classifier has the first and the last. The authors'
        slides give no value.
    loss : {"log", "ls"}, default="log"
        Loss of discriminators, and of translators against them. "log": cross-entropy, as on the
        authors' slides. "ls": least squares, as in the CycleGAN code that they started from. If
        rows of two classes are easily told apart, the gradient of least squares vanishes for
        translators, which start near the identity, and rows are returned unchanged.
    cycle_weight : float, default=10.0
        Weight of the distance between a row and its translation there and back (beta), in [0,
        inf). The slides give no value; this is CycleGAN's.
    identity_weight : float, default=5.0
        Weight of the distance between a row and its translation to its own class (alpha), in [0,
        inf). The slides give no value; this is CycleGAN's.
    gamma : float or "ratio", default=1.0
        The largest class (or classes, on a tie) has weight ``1 / gamma`` in the classifier's loss
        with ``mode="alt"``, in (0, inf). 1 suits the mini-batches here, which have equally many
        rows of each class; "ratio" also weights each class by the inverse of its size. The slides
        give no value.
    classifier_weight : float, default=1.0
        Weight of the classifier's loss in the translators' loss with ``mode="alt"``, in [0, inf).
    source : {"largest", "larger"}, default="largest"
        What rows of a class are made from. "largest": rows of the largest class. "larger": rows of
        all larger classes, pooled (equally many of each in training, all that there are
        afterwards). With two classes both mean the other class.
    pool_size : int, default=50
        Translated rows of earlier rounds that are kept to be shown to each discriminator among new
        ones, in [0, inf).
    cycle_noise : float, default=0.05
        Standard deviation of the noise that numeric columns of a translated row get before it is
        translated back, in standard deviations of the column, in [0, inf). Without noise the
        translation back could depend on the last decimals. The published value is 0; images get no
        noise.
    translator : nn.Module or callable, default=None
        Turns rows into rows: a module (copied at every fit for every translator; training starts
        from its weights), or a picklable ``(n_in, n_out) -> nn.Module`` from rows of width, or
        images of shape, ``n_in`` to the same, ``n_out``; pixels are between -1 and 1.
    discriminator : nn.Module or callable, default=None
        Turns rows into logits, one or a map of them per row; given in the same form, with ``n_out
        = 1``.
    classifier : nn.Module or callable, default=None
        Turns rows into logits of the classes, in the same form; used with ``mode="alt"``.
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Widths of the translators of tables; discriminators and classifier are half as wide.
    width_multiplier : float, default=0.25
        Channels of translators and discriminators of images, as a share of CycleGAN's 64, in
        (0, inf).
    n_blocks : int, default=3
        Residual blocks of translators of images, in [0, inf); CycleGAN has 6 for images of 128
        pixels, and 9 for larger ones.
    max_iter : int, default=2000
        Rounds, i.e. mini-batches, in [1, inf). With ``mode="alt"`` they include those of the
        classifier.
    batch_size : int, default=None
        Rows per round, in [1, inf): equally many of each class, at least one. ``None``: 128 for
        tables, 4 for images.
    learning_rate : float, default=1e-3
        Learning rate of Adam for every player (betas 0.5 and 0.999), in (0, inf). CycleGAN has
        2e-4, with which translators need 100,000 rounds and more; 2,000 would not do.
    net_params : dict, default=None
        Passed to the skorch net: ``{"discriminators_optimizer__lr": 1e-4}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: translators, discriminators and, with
        ``mode="alt"``, classifier.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
        It is refused with ``mode="alt"`` and by the classifier, as their players alternate.
    warm_start : bool, default=False
        Continue the last fit for ``max_iter`` more rounds, with the same data and the same game.
    verbose : int, default=0
        1: a progress bar, 2: a line per epoch.
    random_state : int, RandomState instance or None, default=None
        An int gives bit-equal rows on a CPU.

    Attributes
    ----------
    sampling_strategy_ : dict
        Label -> number of rows to generate.
    net_ : GameNet
        The trained skorch net; None if no class lacked a row.
    game_ : TranslationGame or CycleGANGame
        The trained game, ``net_.module_``. It keeps the encoded rows of the classes that are
        translated, and so does a pickled sampler.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_iter_ : int
        Rounds played.
    history_ : list of dict
        One per epoch: epoch, rounds (so far), seconds, and the mean ``<move>_loss`` of each move;
        NaN if it was not made in the epoch.
    source_indices_ : ndarray of int
        For each row generated by the last ``fit_resample``, the position in ``X`` of the real
        row that it was made from.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning below 0.05.
    distance_ : dict of label to float
        Median distance of a generated row to the nearest real one of its class, over that from a
        real one to the nearest other; a warning below 0.05: rows are near-copies.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    SpreadSMOTE : Needs no network: compare with it first.
    CycleGANClassifier : A classifier that learns from such rows; the paper's own use of them.

    Notes
    -----
    A default fit takes as long as 50 random forests on 500 rows of two classes; each further class
    that lacks rows adds a pair of networks (docs/benchmarks.rst).

    Translators are functions: the same row gives the same translation. In one call of
    ``fit_resample`` or ``sample``, each source row is translated once before any is translated
    again, which balancing never requires. A row that is translated again is changed first: numbers
    get noise of 0.05 standard deviations, images are mirrored every other time. A warning says how
    many rows were reused. A class of a single row is repeated. A fit on images warns of too few
    rounds if translators do not leave images of their target class unchanged, which
    ``identity_weight`` asks for: if their output is further from the image than the mean image of
    the class is.

    Support for several classes is an extension: each class that lacks rows has a pair of
    translators, so the time of a fit grows with their number. Numbers that the slides do not give
    are those of CycleGAN's code. ``gan_resample.cyclegan.PAPER_SETTINGS`` has the published ones.

    References
    ----------
    A. Sahoo, A. Singh, R. Panda, R. Feris, A. Das. Mitigating Dataset Imbalance via Joint
    Generation and Classification. ECCV Workshops 2020. arXiv:2008.05524

    J.-Y. Zhu, T. Park, P. Isola, A. A. Efros. Unpaired Image-to-Image Translation using
    Cycle-Consistent Adversarial Networks. ICCV 2017. arXiv:1703.10593

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import CycleGANSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> sampler = CycleGANSampler(max_iter=60, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> sorted(Counter(y_new.tolist()).items())
    [(0, 271), (1, 271)]
    >>> bool((sampler.translate(X[sampler.source_indices_], to=1) == X_new[300:]).all())
    True
    """

    @property
    def _game(self) -> type[TranslationGame]:  # type: ignore[override]
        return CycleGANGame if self.mode == "alt" else TranslationGame

    @property
    def _game_params(self) -> Sequence[str]:
        left_out = () if self.mode == "alt" else CLASSIFIER_PARAMS
        return [name for name in super()._game_params if name not in left_out]

    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        # a class of one row is repeated and needs no translators
        deficits = [d if n > 1 else 0 for d, n in zip(deficits, self._counts, strict=True)]
        if any(deficits):
            super()._learn_rows(x, codes, deficits, stream)
        else:
            self._learn_nothing()
            self._learn_more(x, codes, deficits, stream)

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        super()._play(x, codes, deficits, stream)
        # without that loss translators are not trained to leave any image unchanged
        if x.ndim == 4 and self.identity_weight and self._stopped_by is None:
            self._watch_translators(x, codes)

    def _sample(self, y: Tensor) -> Tensor:
        game = self.game_
        chosen, earlier = game.draw_sources(y)
        self._sources = game.source_rows[chosen].cpu().numpy()
        self._warn_of_reuse(y.cpu().numpy(), earlier.cpu().numpy())
        parts = zip(*(each.split(game.chunk_rows) for each in (y, chosen, earlier)), strict=True)
        return torch.cat([game.make_rows(*part) for part in parts])

    def _warn_of_reuse(self, codes: Array, earlier: Array) -> None:
        again = np.bincount(codes[earlier > 0], minlength=len(self.classes_))
        if told := {self.classes_.tolist()[code]: int(again[code]) for code in again.nonzero()[0]}:
            fate = "mirrored every other time"
            if len(self._encoded_shape) == 1:
                fate = "with a little noise"
                if not self.game_.numeric.any():
                    fate = "and are the same again, as there are no numeric columns"
            warnings.warn(
                f"there are fewer rows to translate than were asked for: {told} (label: rows) are "
                f"made from rows that were translated before, {fate}. Ask for fewer rows "
                "(sampling_strategy), or pool more classes (source='larger')",
                UserWarning,
                stacklevel=2,
            )


@dataclass(kw_only=True, eq=False, repr=False)
class CycleGANClassifier(CycleGANParams, CycleGANMixin, BaseGameClassifier):
    """A classifier that learns from real rows and from rows of one class translated to another.

    Parameters
    ----------
    mode : {"aug", "alt"}, default="aug"
        "aug": the first half of the rounds trains a CycleGAN, the second half the classifier, on
        real and translated rows. "alt": they alternate, and the translators also minimise the
        classifier's loss on translated rows. The authors report both; "aug" was better in 15 of
        their 16 settings.
    alt_period, loss, cycle_weight, identity_weight, classifier_weight, source, pool_size, \
cycle_noise
        The game; as in :class:`CycleGANSampler`.
    gamma : float or "ratio", default=1.0
        The largest class (or classes, on a tie) has weight ``1 / gamma`` in the classifier's loss,
        in (0, inf). 1 suits the mini-batches here, which have equally many rows of each class;
        "ratio" also weights each class by the inverse of its size. The slides give no value.
    translator, discriminator, hidden_layer_sizes, width_multiplier, n_blocks
        The networks; as in :class:`CycleGANSampler`.
    classifier : nn.Module or callable, default=None
        Turns rows into logits of the classes, in the same form. ``None``: a perceptron half as
        wide as ``hidden_layer_sizes``, or for images two convolutions and a linear layer.
    max_iter : int, default=2000
        Rounds, i.e. mini-batches, of all players together, in [1, inf).
    batch_size, learning_rate, net_params, encoder, device, callbacks, warm_start, verbose, \
random_state
        Training; as in :class:`CycleGANSampler`. Moves: translators, discriminators, classifier.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    net_, game_, encoder_, n_iter_, history_, std_ratio_, distance_
        As in :class:`CycleGANSampler`; the game keeps no rows.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    CycleGANSampler : Translated rows, for any classifier.

    Notes
    -----
    A default fit takes as long as 40 random forests on 500 rows of two classes
    (docs/benchmarks.rst).

    Mini-batches have equally many rows of each class, and ``L_cls`` averages over each class, so
    ``gamma=1`` is balanced already. With several classes, each class that lacks rows has its own
    translators, and all rows that are translated back count together as one class; if rows come
    from several classes (``source="larger"``), the sum of the probabilities of these classes
    counts. If no class lacks rows, the classifier learns alone. With ``warm_start``, "aug"
    continues with the classifier. On a CPU ``predict_proba`` of tables computes in float64.

    References
    ----------
    A. Sahoo, A. Singh, R. Panda, R. Feris, A. Das. Mitigating Dataset Imbalance via Joint
    Generation and Classification. ECCV Workshops 2020. arXiv:2008.05524

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import CycleGANClassifier
    >>> X, y = make_classification(n_samples=300, weights=[0.9], class_sep=2, random_state=0)
    >>> clf = CycleGANClassifier(max_iter=60, random_state=0).fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 2)
    """

    class_mix: ClassVar[str] = "uniform"
    _game = CycleGANGame

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        super()._play(x, codes, deficits, stream)
        self.game_.sources = self.game_.sources[:0].clone()  # only samplers need them
