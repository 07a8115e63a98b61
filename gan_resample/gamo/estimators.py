"""GAMO's sampler and classifier: parameters, documentation and the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    COUNT,
    SamplerParams,
    game_param,
    one_of,
    param,
)
from gan_resample.core.training import GameMixin, Training
from gan_resample.gamo.game import GAMOGame
from gan_resample.mixing.parameters import AverageParams, MixingParams, SpaceParams
from gan_resample.mixing.sampler import MixingSampler

__all__ = ["PAPER_SETTINGS", "GAMOClassifier", "GAMOSampler"]


#: The published configuration (of the authors' code; the same for flat and for other images).
#: Use it as ``GAMOSampler(**PAPER_SETTINGS)``, with ``gamo2pix.PAPER_SETTINGS`` for its decoder,
#: or ``GAMOClassifier(**PAPER_SETTINGS, ema_decay=0)``.
PAPER_SETTINGS: dict[str, Any] = {
    "mixer": "class",
    "loss": "ls",
    "fake_weight": "batch",
    "max_anchors": None,
    "latent_dim": 100,
    "hidden_layer_sizes": (256, 128),
    "batch_size": 32,
    "learning_rate": 2e-4,
    "max_iter": 25_000,
}


@dataclass(kw_only=True, eq=False, repr=False)
class GAMOParams(MixingParams):
    """What sampler and classifier share."""

    mixer: str = game_param("spread", one_of("spread", "neighbours", "class"))
    n_neighbors: int = game_param(5, COUNT)
    max_scale: float = game_param(2.0, AT_LEAST_0)
    loss: str = game_param("ls", one_of("ls", "ce"))
    with_discriminator: bool = game_param(True, "boolean")
    fake_weight: str = game_param("prior", one_of("prior", "batch"))
    hidden_layer_sizes: Sequence[int] = game_param((128, 64), "array-like")
    max_iter: int = param(800, AT_LEAST_1)
    batch_size: int = param(64, AT_LEAST_1, fixed=True)


class GAMOMixin(GAMOParams, GameMixin):
    """What sampler and classifier share."""

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        training = super()._plan_training(shape, deficits)
        return replace(training, optimizer={"betas": (0.5, 0.999)})


@dataclass(kw_only=True, eq=False, repr=False)
class GAMOSampler(SamplerParams, SpaceParams, GAMOMixin, MixingSampler):
    """Over-sample with the generator of GAMO.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    mixer : {"spread", "neighbours", "class"}, default="spread"
        How the generator makes a row of class i. "class" is the paper's: softmax weights over all
        rows of the class. "neighbours": softmax weights over a row and its ``n_neighbors`` nearest
        of the class. Both stay in the convex hull; in an earlier study they were about 4 points of
        balanced accuracy below SMOTE on tables. "spread": a row, a step to a neighbour for each
        feature, and a difference of two neighbours whose length the generator learns: 1.5 points
        above SMOTE on 41 tables (docs/scoreboard.rst), as is :class:`SpreadSMOTE`, the same
        without a game.
    n_neighbors : int, default=5
        Neighbours of the same class, in [0, inf); "spread" needs at least 1. With "neighbours", 0
        is random duplication. Of more than 64, no more than the largest class in play has.
    max_scale : float, default=2.0
        Largest length of "spread"'s step out of the hull, in [0, inf); the game starts at half.
    max_anchors : int or None, default=1024
        Most rows of a class that "class" mixes, in [1, inf): a random subset, drawn once a fit, so
        that time and memory stop growing with the class. The hull shrinks to that of the subset.
        ``None``, the paper's: all rows.
    latent_dim : int, default=None
        Length of the noise vector, in [1, inf). ``None``: 4 for "spread" and "neighbours",
        ``min(100, max(8, 2 n_features))`` for "class"; the paper's code has 100.
    loss : {"ls", "ce"}, default="ls"
        Least squares on probabilities (the paper's section 4.1, which it found better) or
        cross-entropy (its equations 2 and 3).
    with_discriminator : bool, default=True
        Leave the discriminator out for the paper's ablation.
    fake_weight : {"prior", "batch"}, default="prior"
        How generated rows count beside real ones for classifier and discriminator: with the mass
        S/n of the paper's objective, in one step with the real rows, or in equal batches in a step
        of their own, as in the paper's Algorithm 1 and code. With "prior" the feature extractor,
        which sees real rows only, weighs them to the same class mix; unweighted it lost 3 points
        of balanced accuracy on thinned Fashion-MNIST.
    feature_extractor : nn.Module or callable, default=None
        Turns rows into the vectors that the others play with, and learns from real rows: a module
        (copied at every fit; its weights are the start), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: rows of
        a table as they are; for images the convolutions of the paper's code, 512 wide.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` stays as it was handed over, its batch normalisation
        included: nothing (None), everything but the last ``freeze`` layers that have weights, in
        [0, inf), or everything ("all").
    classifier : nn.Module or callable, default=None
        The classifier to be fooled: a module (copied at every fit; its weights are the start), or
        a picklable ``(n_in, n_out) -> nn.Module`` that returns logits. ``None``: a perceptron.
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Widths of classifier and discriminator; the paper's code has (256, 128).
    space : {"rows", "features"}, default="rows"
        What comes back: rows like those that came in (decoded by GAMO2pix where there is a feature
        extractor), or the feature vectors of real rows and generated ones; :meth:`features` gives
        those of other rows. ``fit_resample`` then takes arrays only, and where no class lacks a
        row, so that nothing is learned, the vectors are encoded rows.
    shared_decoder : bool, default=True
        One decoder of feature vectors, told the class; False: one for each class, the paper's.
    decoder_iter : int, default=1000
        Rounds of the decoder's training after the game, in [1, inf); the paper's code has 25,000.
    max_iter : int, default=800
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size : int, default=64
        Real, and as many generated, rows a round, in [1, inf); cut to the number of rows.
    learning_rate : float, default=1e-3
        Of every move's Adam (betas .5 and .999), in (0, inf).
    net_params : dict, default=None
        Handed to the skorch net: ``{"generator_vs_classifier_optimizer__lr": 1e-4}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: feature_extractor, classifier,
        discriminator, generator_vs_classifier, generator_vs_discriminator, and decoder.
    encoder : TableEncoder or ImageEncoder, default=None
        How columns or pixels become numbers and come back; ``None``: ``TableEncoder()`` for
        tables, ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
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
    game_ : GAMOGame
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
        Rounds played.
    history_ : list of dict
        One a epoch: epoch, rounds (so far), seconds, and the mean ``<move>_loss`` of each move.
    ess_ : dict of label to float
        Effective number of rows that a generated one mixes, ``(sum |w|)^2 / sum w^2``: the mean
        of 500.
    coverage_ : dict of label to float
        Distinct heaviest rows in 500 draws over ``min(500, n_i)``; a warning under .1.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning under .05.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As everywhere in scikit-learn.

    See Also
    --------
    SpreadSMOTE : The same geometry without a game, no worse on tables and far cheaper.
    GAMOClassifier : The classifier of the same game, which is how the paper uses it.

    Notes
    -----
    The paper does not use the generator to train another classifier; this does. The fitted sampler
    holds the rows of the classes in play: it can only mix what it has. Departures from the paper,
    each an argument: ``mixer``, ``fake_weight``, ``max_anchors`` and the training numbers
    (``gan_resample.gamo.PAPER_SETTINGS`` has the published ones). In all settings labels are drawn
    in fixed numbers a round and weighted to their law, one batch of mixed classes moves the
    generator (Algorithm 1; the authors' code has a batch for each class), its target is the full
    complement ``1 - e_y`` (Algorithm 1; equation 6 leaves the largest class out), and its two
    moves have optimizers of their own.

    References
    ----------
    S. S. Mullick, S. Datta, S. Das. Generative Adversarial Minority Oversampling. ICCV 2019.
    arXiv:1903.09730

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import GAMOSampler
    >>> X, y = make_classification(300, weights=[0.9], flip_y=0, random_state=0)
    >>> X_new, y_new = GAMOSampler(max_iter=20, random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_new.tolist()).items())
    [(0, 271), (1, 271)]
    """

    _game = GAMOGame


@dataclass(kw_only=True, eq=False, repr=False)
class GAMOClassifier(AverageParams, GAMOMixin, BaseGameClassifier):
    """The classifier of GAMO, trained against its generator: the paper's own use of the game.

    It predicts with a moving average of the classifier's weights. On 21 tables that nothing was
    chosen on it had 5.0 +- 2.2 points more balanced accuracy than the same net alone, 1.3 +- 1.2
    more than with class weights and 2.4 +- 0.9 more than on rows of SMOTE, at the price of a worse
    Brier score; but 0.6 +- 0.6 less than the same net on rows of :class:`SpreadSMOTE` drawn anew
    in every round, which is this without the game (docs/scoreboard.rst).

    Parameters
    ----------
    ema_decay : float, default=0.99
        Decay of the moving average for each round, in [0, 1); 0 predicts with the last weights, as
        the paper does.
    mixer, n_neighbors, max_scale, max_anchors, latent_dim
        The generator; as in :class:`GAMOSampler`.
    loss, with_discriminator, fake_weight, feature_extractor, freeze, classifier, \
hidden_layer_sizes
        The game; as in :class:`GAMOSampler`.
    max_iter, batch_size, learning_rate, net_params, encoder, device, callbacks, warm_start, \
verbose, random_state
        Training; as in :class:`GAMOSampler`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    net_, game_, encoder_, n_iter_, history_, ess_, coverage_, std_ratio_
        As in :class:`GAMOSampler`.
    n_features_in_, feature_names_in_, shape_in_
        As everywhere in scikit-learn.

    See Also
    --------
    GAMOSampler : The generator of the same game, for any classifier.

    Notes
    -----
    Each class lacks ``n_max - n_i`` rows. Where none is deficient the classifier learns alone.
    With ``fake_weight="prior"`` all classes weigh the same in training: the probabilities are
    those of a balanced world. On a CPU ``predict_proba`` of tables computes in float64.

    References
    ----------
    S. S. Mullick, S. Datta, S. Das. Generative Adversarial Minority Oversampling. ICCV 2019.
    arXiv:1903.09730

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import GAMOClassifier
    >>> X, y = make_classification(n_samples=300, weights=[0.9], class_sep=2, random_state=0)
    >>> clf = GAMOClassifier(max_iter=50, random_state=0).fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 2)
    """

    class_mix: ClassVar[str] = "uniform"
    _game = GAMOGame
