"""DVAAN's sampler and classifier: parameters, documentation and the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.decoding import WATCHED_IMAGES, warn_of_poor_decoding
from gan_resample.core.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    MODULE,
    POSITIVE,
    SHARE,
    BackboneParams,
    SamplerParams,
    TrainingParams,
    game_param,
    one_of,
    param,
)
from gan_resample.core.sampler import BaseGameSampler, LoneRowsMixin
from gan_resample.dvaan.game import MOST_TRIES, DVAANGame
from gan_resample.dvaan.training import DVAANMixin, warn_of_acceptance
from gan_resample.nn.build import Build

__all__ = ["PAPER_SETTINGS", "DVAANClassifier", "DVAANSampler"]

Array = NDArray[Any]

#: The settings that the paper states, as ``DVAANSampler(**PAPER_SETTINGS)``; it gives no others.
#: Name ``max_iter``: the sampler's default was chosen with the other defaults, not with these.
#: Its ablations are settings too: DVAAN_mu is ``adapt_mu=False``, DVAAN_a is ``augment=None``.
PAPER_SETTINGS: dict[str, Any] = {
    "mu": 3.0,
    "decoder_variance": 1.0,
    "mean_direction": "ones",
    "discriminator_on_real": False,
    "augment": "both",
    "pool_trains": "all",
    "width_multiplier": 1.0,
}


@dataclass(kw_only=True, eq=False, repr=False)
class DVAANParams(TrainingParams, BackboneParams):
    """What the sampler and the classifier share."""

    mu: float = game_param(3.0, AT_LEAST_0)
    adapt_mu: bool = game_param(True, "boolean")
    gamma: float = game_param(1.0, AT_LEAST_0)
    mean_direction: str = game_param("unit", one_of("unit", "ones"))
    discriminator_on_real: bool = game_param(True, "boolean")
    augment: str | None = game_param("minority", one_of("minority", "both"), None)
    pool_trains: str = game_param("discriminator", one_of("discriminator", "all"))
    feature_weight: float = game_param(1.0, AT_LEAST_0)
    classification_weight: float = game_param(0.1, AT_LEAST_0)
    latent_dim: int | None = game_param(None, AT_LEAST_1, None)
    decoder_variance: float | str = game_param("adapt", one_of("adapt"), POSITIVE)
    recognition: Build | None = game_param(None, *MODULE)
    decoder: Build | None = game_param(None, *MODULE)
    width_multiplier: float = game_param(0.25, POSITIVE)
    max_iter: int | None = param(2000, AT_LEAST_1)


@dataclass(kw_only=True, eq=False, repr=False)
class DVAANSampler(SamplerParams, DVAANParams, DVAANMixin, LoneRowsMixin, BaseGameSampler):
    """Over-sample near the class boundary with the decoder of DVAAN.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    mu : float, default=3.0
        Distance of the prior's components from the origin of the latent space at the start of
        training; in [0.25, 6], or in [0, inf) with ``adapt_mu=False``. The paper gives 3 for its
        fixed variant and no other number.
    adapt_mu : bool, default=True
        Whether ``mu`` moves, after the first fifth of the rounds, by equation 10 with each loss
        divided by its own average, in steps of at most 0.01 and between 0.25 and 6. As printed,
        with losses of different scales and steps of one, ``mu`` diverges. False is the paper's
        DVAAN_mu.
    gamma : float, default=1.0
        Weight of the adversarial loss in equation 10, in [0, inf). The paper gives no value.
    mean_direction : {"unit", "ones"}, default="unit"
        Length of the directions that, times ``mu``, are the means of the components. "unit": 1.
        "ones": ``sqrt(latent_dim)``, that of the paper's vectors of ones, with which a row decoded
        from the middle is far from both classes.
    discriminator_on_real : bool, default=True
        Whether the discriminator learns from real rows and the pool too, and not only from
        reconstructions and draws from the prior. In the paper's Algorithm 1 it does not.
    augment : {"minority", "both"} or None, default="minority"
        Which rows near the boundary are added to the training rows after the first fifth of the
        rounds. "minority": of the classes in play, as many as would balance them. "both": equally
        many of all classes, as in the paper, which balances nothing. None: the paper's DVAAN_a.
    pool_trains : {"discriminator", "all"}, default="discriminator"
        Which players learn from those rows. If the autoencoder learns from them too ("all", as in
        the paper), it learns its own rows as if they were real: on two clouds far apart, after 400
        rounds even rows from the prior of the small class lay nearer to the large class.
    boundary_share : float, default=1.0
        Share of generated rows that are drawn near the boundary, in [0, 1]; the others are drawn
        from the prior of their class. The paper has 1.
    feature_weight : float, default=1.0
        Weight of the distance in the discriminator's hidden features (lambda_1), a mean over
        features, in [0, inf). The paper gives no value.
    classification_weight : float, default=0.1
        Weight of the classification loss in the decoder's loss (lambda_2), in [0, inf). The paper
        gives no value.
    latent_dim : int, default=None
        Length of the latent vectors, in [n_classes - 1, inf). ``None``: 16 for tables, 64 for
        images. The paper gives no value.
    decoder_variance : float or "adapt", default="adapt"
        Variance of the decoder's rows in the reconstruction loss, in (0, inf). "adapt" is a moving
        average of the squared error (Rybkin et al. 2021). With 1, the paper's loss as usually read
        (half the squared error), the prior dominates on standardised columns with little
        correlation: rows from the prior had 0.13, 0.47 and 0.70 of the spread of their class on
        three small tables, against 0.31, 0.81 and 0.72 with "adapt".
    recognition : nn.Module or callable, default=None
        Turns rows into means and log-variances of latent vectors: a module (copied at every fit;
        training starts from its weights), or a picklable ``(n_in, n_out) -> nn.Module`` from rows
        of width, or images of shape, ``n_in`` to ``n_out = 2 latent_dim`` numbers.
    decoder : nn.Module or callable, default=None
        Turns latent vectors into rows, in the same form; ``n_out`` is the width of a row or the
        shape of an image, whose pixels are between -1 and 1.
    feature_extractor : nn.Module or callable, default=None
        The discriminator up to its last hidden layer, in the same form, from rows or images to
        vectors; a linear layer follows.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` is frozen, its batch normalisation included: nothing
        (None), all but the last ``freeze`` layers that have weights (an int in [0, inf)), or
        everything ("all").
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Widths of recognition network and decoder on tables; the discriminator's are half as wide
        (if there are none: one layer of 16).
    width_multiplier : float, default=0.25
        Channels and hidden units of the networks for images, as a share of the paper's, in
        (0, inf).
    max_iter : int or None, default=None
        Rounds, i.e. mini-batches, in [1, inf). ``None``: 1,000 for tables, chosen against 2,000
        (docs/benchmarks.rst), and 2,000 for images.
    batch_size : int, default=128
        Rows per round, in [1, inf), at most all of them.
    learning_rate : float, default=1e-3
        Learning rate of Adam (betas 0.5 and 0.999) for recognition network and decoder, in (0,
        inf); a fifth of it for the discriminator. The paper gives no value.
    net_params : dict, default=None
        Passed to the skorch net: ``{"discriminator_optimizer__lr": 1e-4}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: recognition, decoder, discriminator.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
    warm_start : bool, default=False
        Continue the last fit for ``max_iter`` more rounds, with the same data and the same game;
        encoder, pool and ``mu`` are kept, and the first fifth is not repeated.
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
    game_ : DVAANGame
        The trained game, ``net_.module_``.
    mu_ : float
        ``mu`` after training; ``history_`` has its values during training.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_iter_ : int
        Rounds played.
    history_ : list of dict
        One per epoch: epoch, rounds (so far), seconds, the mean ``<move>_loss`` of each move, and
        ``mu``.
    acceptance_ : dict of label to float
        Share of 500 candidates near the boundary that the discriminator takes for the class; a
        warning below 1 in 50.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning below 0.05 and
        above 10.
    source_indices_ : ndarray of int
        -1 for each row generated by the last ``fit_resample``: it is decoded from a draw, not made
        from a real row. A row of a class of one row has that row's position in ``X``.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    Warns
    -----
    BoundaryWarning
        If fewer than 1 in 50 candidates near the boundary of a class were accepted. Draws from the
        prior of the class take their place, first those that the discriminator takes for the
        class.

    See Also
    --------
    SpreadSMOTE : Needs no network: compare with it first.
    DVAANClassifier : The discriminator of the same game, which is how the paper uses it.

    Notes
    -----
    The paper does not train another classifier with the generated rows; this sampler does. Its
    adversarial loss, as printed, has its largest gradient where a row is already on the right
    side, and no lower bound; here it is a cross-entropy. Several classes are an extension: the
    prior's components lie on the corners of a regular simplex, and rows near a boundary are drawn
    around the midpoints of two, more often of those that the discriminator confuses; with two this
    is the paper's procedure. ``gan_resample.dvaan.PAPER_SETTINGS`` has the paper's. A default fit
    takes as long as 46 random forests on 811 digits, as 1.6 on 10,000 rows (docs/benchmarks.rst).

    References
    ----------
    T. Guo, X. Zhu, Y. Wang, F. Chen. Discriminative Sample Generation for Deep Imbalanced
    Learning. IJCAI 2019.

    O. Rybkin, K. Daniilidis, S. Levine. Simple and Effective VAE Training with Calibrated
    Decoders. ICML 2021. arXiv:2006.13202

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import DVAANSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> X_new, y_new = DVAANSampler(max_iter=60, random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_new.tolist()).items())
    [(0, 271), (1, 271)]
    """

    # used when rows are drawn, so a continued fit may change it
    boundary_share: float = game_param(1.0, SHARE, fixed=False)
    max_iter: int | None = param(None, AT_LEAST_1, None)
    _own_rounds = (1000, 2000)
    _game = DVAANGame

    def _learn_nothing(self) -> None:
        super()._learn_nothing()
        self.mu_ = self.mu

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        if self._goes_on():
            self.game_.boundary_share = self.boundary_share
        super()._play(x, codes, deficits, stream)
        if x.ndim == 4 and self._stopped_by is None:
            self._watch_decoder(x, codes)

    @torch.no_grad()
    def _watch_decoder(self, x: Array, codes: Array) -> None:
        game, few = self.game_, slice(None, None, -(-len(x) // WATCHED_IMAGES))
        images = torch.as_tensor(x[few], dtype=torch.float32, device=game.prior.mu.device)
        y = torch.as_tensor(codes[few], device=images.device)
        parts = images.split(game.chunk_rows)
        decoded = torch.cat([game.decoder(game.encode(part)[0]) for part in parts])
        remedy = f"max_iter (the default for images is {self._own_rounds[1]:,})"
        warn_of_poor_decoding(images, decoded, y, rounds=game.rounds_played, remedy=remedy)

    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        self.game_.boundary_share = self.boundary_share
        rows = super()._draw_rows(codes, stream)
        failures, labels = self.game_.failures, self.classes_.tolist()
        if failures:
            rates = {labels[code]: kept / tried for code, (kept, tried) in failures.items()}
            advice = "Train longer (max_iter), or lower boundary_share"
            warn_of_acceptance(rates, advice)
            failures.clear()
        return rows


@dataclass(kw_only=True, eq=False, repr=False)
class DVAANClassifier(DVAANParams, DVAANMixin, BaseGameClassifier):
    """The discriminator of DVAAN, a classifier that learns from rows near the class boundary.

    Parameters
    ----------
    mu, adapt_mu, gamma, mean_direction, discriminator_on_real, augment, pool_trains, \
feature_weight, classification_weight, latent_dim, decoder_variance
        The game; as in :class:`DVAANSampler`.
    recognition, decoder, feature_extractor, freeze, hidden_layer_sizes, width_multiplier
        The networks; as in :class:`DVAANSampler`.
    max_iter : int, default=2000
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size, learning_rate, net_params, encoder, device, callbacks, warm_start, verbose, \
random_state
        Training; as in :class:`DVAANSampler`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    net_, game_, mu_, encoder_, n_iter_, history_, acceptance_, std_ratio_
        As in :class:`DVAANSampler`.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    Warns
    -----
    BoundaryWarning
        As in :class:`DVAANSampler`.

    See Also
    --------
    DVAANSampler : Rows near the boundary, for any classifier.

    Notes
    -----
    Each class lacks ``n_max - n_i`` rows; as many rows near the boundary are added, so that most
    of a rare class are generated. If no class lacks rows, the game is played without a pool. On a
    CPU ``predict_proba`` of tables computes in float64. A default fit takes as long as 87
    random forests on 811 digits, as 3 on 10,000 rows (docs/benchmarks.rst).

    References
    ----------
    T. Guo, X. Zhu, Y. Wang, F. Chen. Discriminative Sample Generation for Deep Imbalanced
    Learning. IJCAI 2019.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import DVAANClassifier
    >>> X, y = make_classification(n_samples=300, weights=[0.9], class_sep=2, random_state=0)
    >>> clf = DVAANClassifier(max_iter=60, random_state=0).fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 2)
    """

    _game = DVAANGame

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        super()._play(x, codes, deficits, stream)
        low = {label: rate for label, rate in self.acceptance_.items() if rate < 1 / MOST_TRIES}
        if low and self.augment is not None:
            warn_of_acceptance(low, "Train longer (max_iter)")
