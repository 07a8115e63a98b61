"""eGAN's classifier: parameters, documentation and the contract."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_consistent_length

from gan_resample._sklearn import Interval
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.containers import take
from gan_resample.core.parameters import (
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
from gan_resample.core.training import GameMixin, Training
from gan_resample.egan.equilibrium import EquilibriumStop, decide
from gan_resample.egan.game import EGANGame
from gan_resample.engine.ambient import steady
from gan_resample.engine.scalars import plain
from gan_resample.nn.build import Build

__all__ = ["PAPER_SETTINGS", "EGANClassifier"]

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


FEWEST_TO_VALIDATE = 10  # fewest rows of a minority class for stop="equilibrium"


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


class EGANMixin(EGANParams, GameMixin):
    """What is no parameter, outside of the dataclass."""

    game_: EGANGame


@dataclass(kw_only=True, eq=False, repr=False)
class EGANClassifier(EGANMixin, BaseGameClassifier):
    """The discriminator of eGAN, a classifier that also learns from changed minority rows.

    Parameters
    ----------
    real_minority_weight : float, default=1.0
        Weight w of real minority rows in the discriminator's loss, in [0, inf). The paper has 0:
        the discriminator then sees minority rows only as the generator changes them to look like
        the majority, and on tables predicts no better than chance. Real minority rows have weight
        w / (1 + w), the generator's rows 1 / (1 + w): all classes weigh the same.
    stop : {"equilibrium"} or None, default=None
        When training ends. None: after ``max_iter`` rounds. "equilibrium": after the first epoch
        in which the classes of held-out rows are recognised equally often, or after ``max_iter``
        rounds. The paper calls this a Nash equilibrium and measures it on the test rows.
    tol : float, default=0.02
        Largest difference between the recalls of two classes at the equilibrium, in [0, 1]; as in
        the paper.
    validation_fraction : float, default=0.2
        Share of each class that is held out for ``stop="equilibrium"``, in (0, 1); at least 10
        rows of each minority class are needed, so that its recall is measured on 2.
    threshold : float, default=0.5
        Least probability of the minority for which it is predicted, in [0, 1]; for two classes
        only. :meth:`set_sensitivity` and :meth:`set_specificity` find one.
    latent_dim : int, default=None
        Length of the generator's codes, in [1, inf). ``None``: 16 for tables; 128, as in the
        paper, for images.
    feature_extractor : nn.Module or callable, default=None
        Body of the discriminator and of the generator's encoder, one copy for each: a module
        (copied at every fit; training starts from its weights), or a picklable ``(n_in, n_out) ->
        nn.Module`` from rows of width, or images of shape, ``n_in`` to vectors. ``None``: layers
        of ``hidden_layer_sizes`` on tables, the paper's two convolutions on images. The paper has
        a DenseNet121 trained on ImageNet; this package never downloads anything.
    freeze : int, "all" or None, default=None
        How much of ``feature_extractor`` is frozen, its batch normalisation included: nothing
        (None), all but the last ``freeze`` layers that have weights (an int in [0, inf)), or
        everything ("all"). The paper trains the last 5 of 427, 2 of which have weights.
    decoder : nn.Module or callable, default=None
        Turns codes into rows, in the same form: from ``n_in`` numbers (for more than two classes
        including a one-hot label) to rows of width, or images of shape, ``n_out``; pixels are
        between -1 and 1.
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Widths of the discriminator on tables; encoder and decoder have one layer of the last
        width.
    width_multiplier : float, default=0.5
        Channels of the networks for images, as a share of the paper's, in (0, inf).
    max_iter : int, default=1000
        Rounds, i.e. mini-batches, in [1, inf).
    batch_size : int, default=128
        Rows of the largest class per round, in [1, inf), at most all of them. Of all other classes
        together there are at most as many, and all of them if they are no more, as in the paper.
    learning_rate : float, default=1e-3
        Learning rate of Adam for both moves (betas 0.9 and 0.999), in (0, inf); the paper has
        1e-4.
    net_params : dict, default=None
        Passed to the skorch net: ``{"generator_optimizer__lr": 1e-3}``, ``{"optimizer":
        torch.optim.AdamW}``. Moves: discriminator, generator. A pretrained part can have a
        learning rate of its own: ``{"discriminator_optimizer__param_groups": [("0.*", {"lr":
        1e-5})]}`` is that of the discriminator's feature extractor.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    device : str, default="auto"
        "auto" (a GPU if there is one), "cpu" or "cuda".
    callbacks : list, default=None
        skorch callbacks, copied in ``fit``. ``EarlyStopping`` must monitor a ``<move>_loss``.
    warm_start : bool, default=False
        Continue the last fit for ``max_iter`` more rounds, with the same data and the same game;
        encoder and held-out rows are kept.
    verbose : int, default=0
        1: a progress bar, 2: a line per epoch.
    random_state : int, RandomState instance or None, default=None
        An int gives bit-equal results on a CPU.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of ``predict_proba``'s columns.
    majority_ : label
        The largest class, the first one on a tie; all others are minorities.
    threshold_ : float or None
        Least probability of the minority for which :meth:`predict` returns it: ``threshold``, or
        what :meth:`set_sensitivity` or :meth:`set_specificity` found; None for more than two
        classes.
    net_ : GameNet
        The trained skorch net.
    game_ : EGANGame
        The trained game, ``net_.module_``.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    n_iter_ : int
        Rounds played.
    history_ : list of dict
        One per epoch: epoch, rounds (so far), seconds, the mean ``<move>_loss`` of each move, and
        with ``stop="equilibrium"`` the ``recall_gap`` of held-out rows.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    Warns
    -----
    ConvergenceWarning
        With ``stop="equilibrium"``, if none was reached.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : Finds a threshold by cross-validation, for
        any classifier.

    Notes
    -----
    A default fit takes as long as 18 random forests on 811 digits, as two thirds of one on 10,000
    rows of two classes (docs/benchmarks.rst).

    There is no sampler: the generator only changes minority rows, one for one, and makes them look
    like the majority. The paper's figures are maxima over 100 epochs on the test set; on a
    balanced test set, always predicting the minority gives an F1 of 0.667. An equilibrium means
    that the classes are recognised equally often, not that they are recognised well. The fitted
    classifier keeps the minority rows and the held-out rows for a warm start. On a CPU
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
        self.majority_: Any = self.classes_[self.game_.reference]
        self.threshold_: float | None = threshold
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
        """Return a mask of the rows held out for the equilibrium: a share of each class."""
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

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        watches = [] if self._watch is None else [("equilibrium_stop", self._watch)]
        return replace(super()._plan_training(shape, deficits), callbacks=watches)

    def predict(self, X: Any) -> Array:
        """Predict the minority from ``threshold_`` on; of more than two classes the most probable.

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
        """Set ``threshold_`` to the largest value with a minority recall of at least ``target``.

        Parameters
        ----------
        X, y : as in ``fit``
            Rows that were not used for training, some of the minority among them.
        target : float
            Share of minority rows to recognise, in (0, 1].

        Returns
        -------
        self : EGANClassifier

        Raises
        ------
        ValueError
            If there are more than two classes, ``target`` is out of range, ``y`` has an unknown
            label, or no row is of the minority.
        """
        proba, least = self._proba_of(X, y, target, minority=True)
        self.threshold_ = float(np.sort(proba)[-least])
        return self

    def set_specificity(self, X: Any, y: Any, target: float) -> EGANClassifier:
        """Set ``threshold_`` to the smallest value with a majority recall of at least ``target``.

        Parameters
        ----------
        X, y : as in ``fit``
            Rows that were not used for training, some of the majority among them.
        target : float
            Share of majority rows to recognise, in (0, 1].

        Returns
        -------
        self : EGANClassifier

        Raises
        ------
        ValueError
            If there are more than two classes, ``target`` is out of range, ``y`` has an unknown
            label, or no row is of the majority.
        """
        proba, least = self._proba_of(X, y, target, minority=False)
        self.threshold_ = float(np.nextafter(np.sort(proba)[least - 1], np.inf))
        return self

    def _proba_of(self, X: Any, y: Any, target: float, *, minority: bool) -> tuple[Array, int]:
        """P(minority) of the rows of one class, and how many of them have to be recognised."""
        proba, y = self.predict_proba(X), column_or_1d(take(y)[0])
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
        # so that rounding errors do not ask for one row too many
        return proba[own, 1 - self.game_.reference], math.ceil(target * own.sum() - 1e-9)
