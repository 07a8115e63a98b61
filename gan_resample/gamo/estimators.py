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
    NEIGHBOURS,
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
    """What the sampler and the classifier share."""

    mixer: str = game_param("spread", one_of("spread", "neighbours", "class"))
    n_neighbors: Any = game_param(5, COUNT, NEIGHBOURS)
    max_scale: float = game_param(2.0, AT_LEAST_0)
    loss: str = game_param("ls", one_of("ls", "ce"))
    with_discriminator: bool = game_param(True, "boolean")
    fake_weight: str = game_param("prior", one_of("prior", "batch"))
    hidden_layer_sizes: Sequence[int] = game_param((128, 64), "array-like")
    max_iter: int | None = param(None, AT_LEAST_1, None)
    batch_size: int = param(64, AT_LEAST_1, fixed=True)


class GAMOMixin(GAMOParams, GameMixin):
    """What the sampler and the classifier share."""

    _own_rounds = (200, 800)

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
        rows of the class. Both stay in the convex hull; in an earlier study they were about 4
        points of balanced accuracy below SMOTE on tables. "spread": a row, plus a step to a
        neighbour in each feature, plus a difference of two neighbours, scaled by a length that the
        generator learns. It is 1.5 points above SMOTE on 41 tables (docs/scoreboard.rst), and so
        is :class:`SpreadSMOTE`, the same geometry without a game.
    n_neighbors : int or estimator, default=5
        Neighbours of the same class, in [0, inf); "spread" needs at least 1. With "neighbours", 0
        is random duplication. A number above 64 is limited to the rows of the largest class in
        play. An int finds them exactly, block by block in a class of more than 10,000 rows. An
        estimator with ``kneighbors``, such as an approximate search or one on a GPU, is cloned
        and fitted to each class; its ``n_neighbors`` counts the row itself, as with SMOTE.
    max_scale : float, default=2.0
        Largest length of the step of "spread" out of the hull, in [0, inf); training starts at
        half of it.
    max_anchors : int or None, default=1024
        Most rows of a class that "class" mixes, in [1, inf): of a larger class a random subset,
        drawn once per fit, which bounds time and memory; rows are then generated in the hull of
        the subset. ``None``: all rows, as in the paper.
    latent_dim : int, default=None
        Length of the noise vector, in [1, inf). ``None``: 4 for "spread" and "neighbours",
        ``min(100, max(8, 2 n_features))`` for "class"; the paper's code has 100.
    loss : {"ls", "ce"}, default="ls"
        "ls": least squares on probabilities (section 4.1 of the paper, which found it better).
        "ce": cross-entropy (its equations 2 and 3).
    with_discriminator : bool, default=True
        Whether there is a discriminator; the paper's ablation has none.
    fake_weight : {"prior", "batch"}, default="prior"
        The weight of generated rows in the losses of classifier and discriminator. "prior": S/n,
        as in the paper's objective, in one step with the real rows. "batch": equal batches, each
        in a step of its own, as in the paper's Algorithm 1 and code. With "prior" the feature
        extractor, which sees real rows only, weights them to the same class shares; without these
        weights it lost 3 points of balanced accuracy on thinned Fashion-MNIST.
    feature_extractor : nn.Module or callable, default=None
        Turns rows into the vectors that the other players see, and learns from real rows: a module
        (copied at every fit; training starts from its weights), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: for
        tables none, rows are used as they are; for images the convolutions of the paper's code,
        512 wide.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` is frozen, its batch normalisation included: nothing
        (None), all but the last ``freeze`` layers that have weights (an int in [0, inf)), or
        everything ("all").
    classifier : nn.Module or callable, default=None
        The classifier to be fooled: a module (copied at every fit; training starts from its
        weights), or a picklable ``(n_in, n_out) -> nn.Module`` that returns logits. ``None``: a
        perceptron.
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Widths of classifier and discriminator; the paper's code has (256, 128).
    space : {"rows", "features"}, default="rows"
        What is returned. "rows": rows like the input, decoded by GAMO2pix if there is a feature
        extractor. "features": the feature vectors of real and generated rows; :meth:`features`
        gives those of other rows. ``fit_resample`` then takes arrays only; if no class lacks a
        row, nothing is learned and the vectors are encoded rows.
    shared_decoder : bool, default=True
        True: one decoder of feature vectors, which is given the class. False: one for each class,
        as in the paper.
    decoder_iter : int, default=1000
        Rounds for which the decoder is trained after the game, in [1, inf); the paper's code has
        25,000.
    max_iter : int or None, default=None
        Rounds, i.e. mini-batches, in [1, inf). ``None``: 200 for tables, chosen with the
        default mixer against 800 (docs/benchmarks.rst), and 800 for images.
    batch_size : int, default=64
        Real rows per round, in [1, inf), at most all of them; as many are generated.
    learning_rate : float, default=1e-3
        Learning rate of Adam for every move (betas 0.5 and 0.999), in (0, inf).
    net_params : dict, default=None
        Passed to the skorch net: ``{"generator_vs_classifier_optimizer__lr": 1e-4}``,
        ``{"optimizer": torch.optim.AdamW}``. Moves: feature_extractor, classifier,
        discriminator, generator_vs_classifier, generator_vs_discriminator, and decoder.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
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
    game_ : GAMOGame
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
        Rounds played.
    history_ : list of dict
        One per epoch: epoch, rounds (so far), seconds, and the mean ``<move>_loss`` of each move.
    ess_ : dict of label to float
        Effective number of rows in the mixture of a generated row, ``(sum |w|)^2 / sum w^2``: mean
        over 500 rows.
    coverage_ : dict of label to float
        Of 500 generated rows, the number of distinct rows that weigh most in the mixture, divided
        by ``min(500, n_i)``; a warning below 0.1.
    std_ratio_ : dict of label to float
        Standard deviation of generated rows over that of the class; a warning below 0.05.
    source_indices_ : ndarray of int
        For each row generated by the last ``fit_resample``, the position in ``X`` of the real
        row that it starts from, with the mixers "neighbours" and "class" of the one that weighs
        most.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    SpreadSMOTE : The same geometry without a game, no worse on tables and far cheaper.
    GAMOClassifier : The classifier of the same game, which is how the paper uses it.

    Notes
    -----
    A default fit takes as long as 4 random forests on 811 digits, as a sixth of one on 10,000 rows
    of two classes (docs/benchmarks.rst).

    The paper does not train another classifier with the generated rows; this sampler does. The
    fitted sampler holds the rows of the classes in play: it can only mix what it has. The defaults
    depart from the paper in ``mixer``, ``fake_weight``, ``max_anchors`` and the numbers of
    training; ``gan_resample.gamo.PAPER_SETTINGS`` has the published ones. With any settings, each
    round generates a fixed number of rows of each class, weighted to the wanted shares; one batch
    of mixed classes moves the generator (Algorithm 1; the authors' code has a batch for each
    class); its target is the full complement ``1 - e_y`` (Algorithm 1; equation 6 leaves the
    largest class out); and its two moves have separate optimizers.

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

    It predicts with a moving average of the classifier's weights. On 21 tables that were not used
    to choose settings it had 5.0 +- 2.2 points more balanced accuracy than the same net alone, 1.3
    +- 1.2 more than with class weights and 2.4 +- 0.9 more than on rows of SMOTE, at the price of
    a worse Brier score. It had 0.6 +- 0.6 points less than the same net trained on
    :class:`SpreadSMOTE` rows drawn anew in every round, which amounts to this classifier without
    the game (docs/scoreboard.rst).

    Parameters
    ----------
    ema_decay : float, default=0.99
        Decay of the moving average per round, in [0, 1); 0 predicts with the last weights, as in
        the paper.
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
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    GAMOSampler : The generator of the same game, for any classifier.

    Notes
    -----
    A default fit takes as long as 4 random forests on 811 digits, as a fifth of one on 10,000 rows
    of two classes (docs/benchmarks.rst).

    Each class lacks ``n_max - n_i`` rows. If no class lacks rows, the classifier learns alone.
    With ``fake_weight="prior"`` all classes weigh the same in training: the probabilities are
    those for equally frequent classes. On a CPU ``predict_proba`` of tables computes in float64.

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
