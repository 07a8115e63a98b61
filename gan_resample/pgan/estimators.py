"""PGAN's sampler and classifier: parameters, documentation and the contract."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    SamplerParams,
    game_param,
    one_of,
    param,
)
from gan_resample.core.training import GameMixin, Training
from gan_resample.engine.guards import BoundaryWarning
from gan_resample.engine.scalars import plain
from gan_resample.mixing.parameters import AverageParams, MixingParams, SpaceParams
from gan_resample.mixing.sampler import MixingSampler
from gan_resample.pgan.game import CANDIDATES, PGANGame

__all__ = ["PAPER_SETTINGS", "PGANClassifier", "PGANSampler"]


#: What the paper states, as ``PGANSampler(**PAPER_SETTINGS)`` or
#: ``PGANClassifier(**PAPER_SETTINGS, ema_decay=0)``; rounds, batch and widths it does not give.
PAPER_SETTINGS: dict[str, Any] = {
    "init": "convex_ae",
    "adversarial_rate": 1.0,
    "critic_steps": 1,
    "max_anchors": None,
    "learning_rate": 2e-4,
}


@dataclass(kw_only=True, eq=False, repr=False)
class PGANParams(MixingParams):
    """What sampler and classifier share."""

    init: str = game_param("convex_ae", one_of("convex_ae", "none"))
    init_iter: int = game_param(300, AT_LEAST_1)
    adversarial_rate: float = param(0.1, AT_LEAST_0, fixed=True)
    critic_steps: int = game_param(1, AT_LEAST_1)


class PGANMixin(PGANParams, GameMixin):
    """What sampler and classifier share: the rounds of the auto-encoder come before the game's."""

    game_: PGANGame
    acceptance_: dict[Any, float]

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        return replace(
            super()._plan_training(shape, deficits),
            rounds_before=self._rounds_before(deficits),
            optimizer={"betas": (0.6, 0.999)},
            learning_rates={"generator_vs_classifier": plain(self.adversarial_rate)},
        )

    def _rounds_before(self, deficits: Sequence[int]) -> int:
        """Return the rounds of the auto-encoder, which come before those of the game."""
        if not any(deficits) or self.init == "none":
            return 0
        played = self.game_.rounds_played if self._goes_on() else 0
        # a fit that was interrupted may have some left
        return max(0, plain(self.init_iter) - played)


@dataclass(kw_only=True, eq=False, repr=False)
class PGANSampler(SamplerParams, SpaceParams, PGANMixin, MixingSampler):
    """Over-sample with the generator of PGAN (Polarity-GAN).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    select : {"uncertain"} or None, default=None
        Which generated rows come back: all, or, of five times as many, those that the classifier
        is least sure of (least confidence) among those that the critic scores above the lowest
        tenth of real rows. An extension of ours: the paper measures uncertainty, it does not
        select by it.
    init : {"convex_ae", "none"}, default="convex_ae"
        Whether an auto-encoder with the generator as decoder is trained before the game, and gives
        each class a Gaussian of its own for the noise, or the noise is N(0, 1).
    init_iter : int, default=300
        Rounds of the auto-encoder, in [1, inf), before the ``max_iter`` of the game.
    adversarial_rate : float, default=0.1
        Learning rate of the generator's move against the classifier, as a share of
        ``learning_rate``, in [0, inf). With 1, the paper's, the critic believed 10 to 64 % of the
        rows on four small sets, against 67 to 100 % with a tenth, and a class of 12 rows kept less
        than a fifth of its spread in four fits of five (with a tenth: in one of six).
    critic_steps : int, default=1
        Moves of the critic a round, in [1, inf); 5 is usual for Wasserstein critics, 1 what the
        paper's algorithm lists.
    max_anchors : int or None, default=1024
        Most rows of a class that the generator mixes, in [1, inf): a random subset, drawn once a
        fit, so that time and memory stop growing with the class. The hull shrinks to that of the
        subset. ``None``, the paper's: all rows.
    latent_dim : int, default=None
        Length of the noise vector, in [1, inf). ``None``: ``min(100, max(8, 2 n_features))``. The
        paper gives no value.
    feature_extractor : nn.Module or callable, default=None
        Turns rows into the vectors that the others play with, and learns from real rows: a module
        (copied at every fit; its weights are the start), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: rows of
        a table as they are; for images convolutions, 512 wide. The paper has a ResNet-50 trained
        on ImageNet; this package never downloads anything.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` stays as it was handed over, its batch normalisation
        included: nothing (None), everything but the last ``freeze`` layers that have weights, in
        [0, inf), or everything ("all").
    classifier : nn.Module or callable, default=None
        The classifier to be fooled: a module (copied at every fit; its weights are the start), or
        a picklable ``(n_in, n_out) -> nn.Module`` that returns logits. ``None``: a perceptron.
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Widths of classifier, critic and auto-encoder. The paper gives no value.
    space : {"rows", "features"}, default="rows"
        What comes back: rows like those that came in (decoded by GAMO2pix where there is a feature
        extractor), or the feature vectors of real rows and generated ones; :meth:`features` gives
        those of other rows. ``fit_resample`` then takes arrays only, and where no class lacks a
        row, so that nothing is learned, the vectors are encoded rows.
    shared_decoder : bool, default=True
        One decoder of feature vectors, told the class; False: one for each class.
    decoder_iter : int, default=1000
        Rounds of the decoder's training after the game, in [1, inf).
    max_iter : int, default=1000
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size : int, default=128
        Real, and as many generated, rows a round, in [1, inf); cut to the number of rows.
    learning_rate : float, default=1e-3
        Of every move's Adam (betas .6 and .999), in (0, inf); the paper has 2e-4.
    net_params : dict, default=None
        Handed to the skorch net: ``{"feature_extractor_optimizer__lr": 1e-5}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: encoder,
        generator_as_decoder, feature_extractor, classifier, critic, generator_vs_classifier,
        generator_vs_critic, and decoder.
    encoder : TableEncoder or ImageEncoder, default=None
        How columns or pixels become numbers and come back; ``None``: ``TableEncoder()`` for
        tables, ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` is refused: not every move is made
        in every epoch.
    warm_start : bool, default=False
        Go on for ``max_iter`` more rounds with the same data and the same game; encoder and stored
        rows are kept.
    verbose : int, default=0
        1: a progress bar, 2: a line an epoch.
    random_state : int, RandomState instance or None, default=None
        An int gives bit-equal rows on a CPU.

    Attributes
    ----------
    sampling_strategy_ : dict
        Label -> number of rows to generate.
    net_ : GameNet
        The trained skorch net; None where no class lacked a row.
    game_ : PGANGame
        The trained game, ``net_.module_``.
    space_ : str
        ``space`` as it was in ``fit``.
    decoder_net_ : GameNet
        The trained net of :mod:`gan_resample.mixing.gamo2pix`; None where rows need no decoder.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_iter_ : int
        Rounds played, those of ``init_iter`` among them.
    history_ : list of dict
        One a epoch: epoch, rounds (so far), seconds, and the mean ``<move>_loss`` of each move
        (NaN where it was not made).
    ess_ : dict of label to float
        Effective number of rows that a generated one mixes, ``1 / sum w^2``: the mean of 500.
    coverage_ : dict of label to float
        Distinct heaviest rows in 500 draws over ``min(500, n_i)``; a warning under .1.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning under .05.
    acceptance_ : dict of label to float
        Share of 500 generated rows that the critic scores above the lowest tenth of real ones.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As everywhere in scikit-learn.

    Warns
    -----
    BoundaryWarning
        With ``select="uncertain"``, where the critic believes too few candidates; those with the
        next best scores fill up.

    See Also
    --------
    SpreadSMOTE : No network at all: compare with it first.
    GAMOSampler : The same generator against a discriminator; its ``mixer`` leaves the hull.
    PGANClassifier : The classifier of the same game, which is how the paper uses it.

    Notes
    -----
    The paper does not train another classifier with its rows; this does. Its equations 5 and 6
    are not offered: with the masses of equation 5 the critic's loss falls without bound by a
    constant, and equation 6 counts no row of the largest class as a negative. Both masses are
    GAMO's here, and the critic has a gradient penalty (10) and a drift term (.001). The critic's
    target on generated rows is the fake side (line 7 of Algorithm 1 has the real one), and the
    generator's against the classifier is the complement of the label (line 10 has the label, with
    which they would not compete). The auto-encoder of the paper emits pixels; this one emits the
    generator's convex weights, without the weight of the row itself, and sees the classes in play.
    F weighs real rows to the class mix of the game, as :class:`GAMOSampler` does by default.
    ``gan_resample.pgan.PAPER_SETTINGS`` has what the paper states.

    References
    ----------
    K. Deepshikha, A. Naman. Removing Class Imbalance using Polarity-GAN: An Uncertainty Sampling
    Approach. 2020. arXiv:2012.04937

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import PGANSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> sampler = PGANSampler(max_iter=20, init_iter=20, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> sorted(Counter(y_new.tolist()).items())
    [(0, 271), (1, 271)]
    """

    select: str | None = param(None, one_of("uncertain"), None)

    _game = PGANGame

    def _sample(self, y: Tensor) -> Tensor:
        if self.select is None:
            return super()._sample(y)
        rows, doubtful = [], []
        for chunk in y.split(max(1, self.game_.chunk_rows // CANDIDATES)):
            found, believed = self.game_.sample_uncertain(chunk)
            rows.append(self._decode(found, chunk))
            doubtful.append(chunk[~believed])
        self._warn_of_doubt(torch.cat(doubtful).tolist())
        return torch.cat(rows)

    def _warn_of_doubt(self, codes: Sequence[int]) -> None:
        """Tell of rows that came back although the critic does not believe them."""
        if not len(codes):
            return
        labels = self.classes_[np.unique(codes)].tolist()
        warnings.warn(
            f"the critic believes too few of the candidates of {labels}: {len(codes)} rows are "
            "those that it scores best among the others. Train longer (max_iter), or take rows as "
            "they come (select=None)",
            BoundaryWarning,
            stacklevel=2,
        )


@dataclass(kw_only=True, eq=False, repr=False)
class PGANClassifier(AverageParams, PGANMixin, BaseGameClassifier):
    """The classifier of PGAN, trained against its generator: the paper's own use of the game.

    It predicts with a moving average of the classifier's weights.

    Parameters
    ----------
    ema_decay : float, default=0.99
        Decay of the moving average for each round, in [0, 1); 0 predicts with the last weights, as
        the paper does.
    init, init_iter, adversarial_rate, critic_steps, max_anchors, latent_dim
        The generator and its critic; as in :class:`PGANSampler`.
    feature_extractor, freeze, classifier, hidden_layer_sizes
        The networks; as in :class:`PGANSampler`.
    max_iter, batch_size, learning_rate, net_params, encoder, device, callbacks, warm_start, \
verbose, random_state
        Training; as in :class:`PGANSampler`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    net_, game_, encoder_, n_iter_, history_, ess_, coverage_, std_ratio_, acceptance_
        As in :class:`PGANSampler`.
    n_features_in_, feature_names_in_, shape_in_
        As everywhere in scikit-learn.

    See Also
    --------
    PGANSampler : The generator of the same game, for any classifier.

    Notes
    -----
    Each class lacks ``n_max - n_i`` rows. Where none is deficient the classifier learns alone. All
    classes weigh the same in training: the probabilities are those of a balanced world. On a CPU
    ``predict_proba`` of tables computes in float64. How unsure they are is measured by
    :func:`~gan_resample.evaluation.metrics.generated.entropy` and its neighbours.

    References
    ----------
    K. Deepshikha, A. Naman. Removing Class Imbalance using Polarity-GAN: An Uncertainty Sampling
    Approach. 2020. arXiv:2012.04937

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import PGANClassifier
    >>> X, y = make_classification(n_samples=300, weights=[0.9], class_sep=2, random_state=0)
    >>> clf = PGANClassifier(max_iter=50, init_iter=20, random_state=0).fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 2)
    """

    class_mix: ClassVar[str] = "uniform"
    _game = PGANGame
