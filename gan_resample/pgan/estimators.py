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
#: ``PGANClassifier(**PAPER_SETTINGS, ema_decay=0)``; it gives no rounds, batch size or widths.
#: Name ``max_iter``: the classifier's default was chosen with the other defaults, not with these.
PAPER_SETTINGS: dict[str, Any] = {
    "init": "convex_ae",
    "adversarial_rate": 1.0,
    "critic_steps": 1,
    "max_anchors": None,
    "learning_rate": 2e-4,
}


@dataclass(kw_only=True, eq=False, repr=False)
class PGANParams(MixingParams):
    """What the sampler and the classifier share."""

    init: str = game_param("convex_ae", one_of("convex_ae", "none"))
    init_iter: int = game_param(300, AT_LEAST_1)
    adversarial_rate: float = param(0.1, AT_LEAST_0, fixed=True)
    critic_steps: int = game_param(1, AT_LEAST_1)


class PGANMixin(PGANParams, GameMixin):
    """What sampler and classifier share: the auto-encoder's rounds come before the game's."""

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
        """Return the rounds of the auto-encoder, played before those of the game."""
        if not any(deficits) or self.init == "none":
            return 0
        played = self.game_.rounds_played if self._goes_on() else 0
        # a fit that was stopped may have left some
        return max(0, plain(self.init_iter) - played)


@dataclass(kw_only=True, eq=False, repr=False)
class PGANSampler(SamplerParams, SpaceParams, PGANMixin, MixingSampler):
    """Over-sample with the generator of PGAN (Polarity-GAN).

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    select : {"uncertain"} or None, default=None
        Which generated rows are returned. None: all. "uncertain": five times as many are
        generated; of those that the critic scores above the lowest tenth of real rows, the ones
        are returned that the classifier is least sure of (least confidence). This is an extension:
        the paper measures uncertainty, it does not select by it.
    init : {"convex_ae", "none"}, default="convex_ae"
        "convex_ae": before the game an auto-encoder is trained, with the generator as its decoder,
        and gives each class a Gaussian of its own for the noise. "none": the noise is N(0, 1).
    init_iter : int, default=300
        Rounds of the auto-encoder, in [1, inf), before the ``max_iter`` of the game.
    adversarial_rate : float, default=0.1
        Learning rate of the generator's move against the classifier, as a share of
        ``learning_rate``, in [0, inf). With 1, as in the paper, the critic accepted 10 to 64 % of
        the rows on four small sets, against 67 to 100 % with 0.1, and a class of 12 rows kept less
        than a fifth of its standard deviation in four fits of five (with 0.1: in one of six).
    critic_steps : int, default=1
        Moves of the critic per round, in [1, inf); 5 is usual for Wasserstein critics, the paper's
        algorithm has 1.
    max_anchors : int or None, default=1024
        Most rows of a class that the generator mixes, in [1, inf): of a larger class a random
        subset, drawn once per fit, which bounds time and memory; rows are then generated in the
        hull of the subset. ``None``: all rows, as in the paper.
    latent_dim : int, default=None
        Length of the noise vector, in [1, inf). ``None``: ``min(100, max(8, 2 n_features))``. The
        paper gives no value.
    feature_extractor : nn.Module or callable, default=None
        Turns rows into the vectors that the other players see, and learns from real rows: a module
        (copied at every fit; training starts from its weights), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: for
        tables none, rows are used as they are; for images convolutions, 512 wide. The paper has a
        ResNet-50 trained on ImageNet; this package never downloads anything.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` is frozen, its batch normalisation included: nothing
        (None), all but the last ``freeze`` layers that have weights (an int in [0, inf)), or
        everything ("all").
    classifier : nn.Module or callable, default=None
        The classifier to be fooled: a module (copied at every fit; training starts from its
        weights), or a picklable ``(n_in, n_out) -> nn.Module`` that returns logits. ``None``: a
        perceptron.
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Widths of classifier, critic and auto-encoder. The paper gives no value.
    space : {"rows", "features"}, default="rows"
        What is returned. "rows": rows like the input, decoded by GAMO2pix if there is a feature
        extractor. "features": the feature vectors of real and generated rows; :meth:`features`
        gives those of other rows. ``fit_resample`` then takes arrays only; if no class lacks a
        row, nothing is learned and the vectors are encoded rows.
    shared_decoder : bool, default=True
        True: one decoder of feature vectors, which is given the class. False: one for each class.
    decoder_iter : int, default=1000
        Rounds for which the decoder is trained after the game, in [1, inf).
    max_iter : int, default=1000
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size : int, default=128
        Real rows per round, in [1, inf), at most all of them; as many are generated.
    learning_rate : float, default=1e-3
        Learning rate of Adam for every move (betas 0.6 and 0.999), in (0, inf); the paper has
        2e-4.
    net_params : dict, default=None
        Passed to the skorch net: ``{"feature_extractor_optimizer__lr": 1e-5}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: encoder,
        generator_as_decoder, feature_extractor, classifier, critic, generator_vs_classifier,
        generator_vs_critic, and decoder.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` is refused: not every move is made
        in every epoch.
    warm_start : bool, default=False
        Continue the last fit for ``max_iter`` more rounds, with the same data and the same game;
        encoder and stored rows are kept.
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
    game_ : PGANGame
        The trained game, ``net_.module_``.
    space_ : str
        The value of ``space`` in ``fit``.
    decoder_net_ : GameNet
        The trained net of :mod:`gan_resample.mixing.gamo2pix`; None if rows need no decoder.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_iter_ : int
        Rounds played, including those of ``init_iter``.
    history_ : list of dict
        One per epoch: epoch, rounds (so far), seconds, and the mean ``<move>_loss`` of each move
        (NaN if it was not made in the epoch).
    ess_ : dict of label to float
        Effective number of rows in the mixture of a generated row, ``1 / sum w^2``: mean over 500
        rows.
    coverage_ : dict of label to float
        Of 500 generated rows, the number of distinct rows that weigh most in the mixture, divided
        by ``min(500, n_i)``; a warning below 0.1.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning below 0.05.
    acceptance_ : dict of label to float
        Share of 500 generated rows that the critic scores above the lowest tenth of real ones.
    source_indices_ : ndarray of int
        For each row generated by the last ``fit_resample``, the position in ``X`` of the real
        row that weighs most in it.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    Warns
    -----
    BoundaryWarning
        With ``select="uncertain"``, if the critic accepts too few candidates; those with the next
        best scores are returned too.

    See Also
    --------
    SpreadSMOTE : Needs no network: compare with it first.
    GAMOSampler : The same generator against a discriminator; its ``mixer`` leaves the hull.
    PGANClassifier : The classifier of the same game, which is how the paper uses it.

    Notes
    -----
    A default fit takes as long as 63 random forests on 811 digits, as 2 on 10,000 rows of two
    classes (docs/benchmarks.rst).

    The paper does not train another classifier with the generated rows; this sampler is made for
    it. Its equations 5 and 6 are not offered: with the weights of equation 5 a constant added to
    the critic's scores lowers its loss without bound, and equation 6 counts no row of the largest
    class as a negative. Both weights are those of GAMO here, and the critic has a gradient penalty
    (10) and a drift term (0.001). The critic's target on generated rows is the fake side (line 7
    of Algorithm 1 has the real one), and the generator's target against the classifier is the
    complement of the label (line 10 has the label, with which they would not compete). The
    auto-encoder of the paper outputs pixels; this one outputs the generator's convex weights, with
    weight 0 for the row itself, and sees the classes in play. F weights real rows to the class
    shares of the game, as :class:`GAMOSampler` does by default.
    ``gan_resample.pgan.PAPER_SETTINGS`` has the settings that the paper states.

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
        rows, sources, doubtful = [], [], []
        for chunk in y.split(max(1, self.game_.chunk_rows // CANDIDATES)):
            found, places, believed = self.game_.sample_uncertain(chunk)
            rows.append(self._decode(found, chunk))
            sources.append(places)
            doubtful.append(chunk[~believed])
        self._warn_of_doubt(torch.cat(doubtful).tolist())
        self._sources = torch.cat(sources).cpu().numpy()
        return torch.cat(rows)

    def _warn_of_doubt(self, codes: Sequence[int]) -> None:
        """Warn of rows that are returned although the critic does not accept them."""
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
        Decay of the moving average per round, in [0, 1); 0 predicts with the last weights, as in
        the paper.
    init, init_iter, adversarial_rate, critic_steps, max_anchors, latent_dim
        The generator and its critic; as in :class:`PGANSampler`.
    feature_extractor, freeze, classifier, hidden_layer_sizes
        The networks; as in :class:`PGANSampler`.
    max_iter : int or None, default=None
        Rounds, i.e. mini-batches, in [1, inf), after the ``init_iter``. ``None``: 400 for tables,
        chosen against 1,000 (docs/benchmarks.rst), and 1,000 for images.
    batch_size, learning_rate, net_params, encoder, device, callbacks, warm_start, verbose, \
random_state
        Training; as in :class:`PGANSampler`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    net_, game_, encoder_, n_iter_, history_, ess_, coverage_, std_ratio_, acceptance_
        As in :class:`PGANSampler`.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    PGANSampler : The generator of the same game, for any classifier.

    Notes
    -----
    A default fit takes as long as 37 random forests on 811 digits, as 1 on 10,000 rows of two
    classes (docs/benchmarks.rst).

    Each class lacks ``n_max - n_i`` rows. If no class lacks rows, the classifier learns alone. All
    classes weigh the same in training: the probabilities are those for equally frequent classes.
    On a CPU ``predict_proba`` of tables computes in float64.
    :func:`~gan_resample.evaluation.metrics.generated.entropy` and its relatives measure how unsure
    they are.

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
    max_iter: int | None = param(None, AT_LEAST_1, None)
    _own_rounds = (400, 1000)
    _game = PGANGame
