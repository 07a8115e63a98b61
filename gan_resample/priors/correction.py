r"""Correct the probabilities of a classifier that was trained on other class shares.

A classifier trained with class shares :math:`s_k` gives probabilities :math:`q_k(x)` that hold for
data with these shares. If rows of each class are distributed alike in both,

.. math:: p_k(x) = \frac{q_k(x)\, \pi_k / s_k}{\sum_j q_j(x)\, \pi_j / s_j}

are the probabilities for data with shares :math:`\pi_k`: equation 2.4 of Saerens et al., theorem 2
of Elkan for two classes. Each logit moves by a constant, :math:`\log(\pi_k / s_k)`. For two
classes :math:`p_1 = \beta q_1 / (\beta q_1 + 1 - q_1)` with :math:`\beta = (\pi_1 / \pi_0) / (s_1
/ s_0)`, the formula of Dal Pozzolo et al.: if class 0 was under-sampled, :math:`\beta` is the
share of its rows that was kept.

References
----------
C. Elkan. The foundations of cost-sensitive learning. IJCAI 2001.

M. Saerens, P. Latinne, C. Decaestecker. Adjusting the outputs of a classifier to new a priori
probabilities: a simple procedure. Neural Computation 14 (2002). doi:10.1162/089976602753284446

A. Dal Pozzolo, O. Caelen, R. A. Johnson, G. Bontempi. Calibrating probability with undersampling
for unbalanced classification. IEEE SSCI 2015. doi:10.1109/SSCI.2015.33
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gan_resample.core.labels import take_labels
from gan_resample.priors.class_mix import ends_up_balanced, hides_its_mix, own_weights
from gan_resample.priors.corrected import CorrectedClassifier

__all__ = [
    "PriorCorrectedClassifier",
    "aligned_proba",
    "check_shares",
    "fit_and_count",
    "refuse_without_proba",
    "shift_priors",
]

Array = NDArray[Any]

SUM_TOLERANCE = 1e-6  # as shares may be float32


def _forgets_rows(corrected: Any) -> bool:
    """Whether the estimator inside can forget the rows that it was fitted to."""
    return hasattr(getattr(corrected, "estimator_", corrected.estimator), "forget_rows")


class PriorCorrectedClassifier(CorrectedClassifier):
    """Undo the effect on ``predict_proba`` of training with other class shares.

    Wrap the whole pipeline, including the sampler:
    ``PriorCorrectedClassifier(make_pipeline(SMOTE(), LogisticRegression()))``. For two or more
    classes.

    :meth:`predict` returns the class with the largest corrected probability. These decisions are
    for the real class shares: **rare classes are predicted less often** than by the resampled
    model. For balanced decisions use ``estimator_.predict``, a threshold of your own, or
    :class:`~sklearn.model_selection.TunedThresholdClassifierCV` around this estimator.

    Parameters
    ----------
    estimator : classifier
        A classifier with ``predict_proba``, or a pipeline of scikit-learn or imbalanced-learn that
        ends in one and may hold samplers. It is cloned.
    seen_prior : {"fitted", "uniform"} or array-like of shape (n_classes,), default="fitted"
        The class shares that the model learned from. "fitted": those of the labels that reach the
        ``fit`` of the last classifier, after all samplers, weighted by its ``sample_weight`` and
        ``class_weight``. "uniform": equal shares, for classifiers that balance the classes inside,
        such as :class:`~imblearn.ensemble.BalancedRandomForestClassifier`, and classifiers whose
        class attribute ``class_mix`` is "uniform", such as :class:`GAMOClassifier`. An array:
        positive shares in the order of ``classes_`` that sum to 1.
    prior : array-like of shape (n_classes,), default=None
        The class shares where the model will be used, in the same form. ``None``: those of the
        labels given to ``fit``, each row counted once whatever its weight.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone, the same as if it had been fitted alone.
    classes_ : ndarray of shape (n_classes,)
        Labels in the ``y`` given to ``fit``. A class that the samplers removed has probability 0.
    prior_ : ndarray of shape (n_classes,)
        The class shares for which the probabilities hold.
    seen_prior_ : ndarray of shape (n_classes,)
        The class shares that the model learned from.
    n_features_in_, feature_names_in_
        Those of ``estimator_``, if it has them.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : Learns the correction from held-out rows. It takes
        several fits, and also corrects errors that are not a shift of shares.
    sklearn.model_selection.TunedThresholdClassifierCV : Changes decisions, not probabilities.

    Notes
    -----
    Only the shift of shares is undone. Random over- and under-sampling and weights have no other
    effect. Interpolated and generated rows also change the distributions within the classes, which
    is not undone: recalibration does not always repair the harm (Carriero et al., Statistics in
    Medicine 2025, arXiv:2404.19494).

    Classifiers that memorise rows (fully grown trees, nearest neighbours, long boosting) hardly
    respond to the shares of repeated rows (Elkan 2001, section 4). **The correction then
    overshoots and can do harm**: the mean probability of a forest after random over-sampling went
    from 0.068 to 0.005, while the share was 0.05. Check whether the mean of held-out probabilities
    is near ``prior_``; if it is not, use ``CalibratedClassifierCV``.

    "fitted" takes into account samplers in the pipeline ``estimator``, also in nested pipelines,
    but not inside a search, an ensemble or another meta-estimator (a warning says so). Put this
    estimator around the pipeline, and the search around this estimator. A ``class_weight`` is
    taken into account if it is a parameter of the last classifier itself and weights its rows.
    Give the shares as an array for ``SVC``, which fits its probabilities without class weights;
    for ``class_weight="balanced"`` together with a ``sample_weight``, which classifiers combine
    differently; for classifiers with ``priors`` (discriminant analysis, naive Bayes), whose
    probabilities hold for these; and for a ``FrozenEstimator``, which learns nothing in ``fit``.
    Classifiers whose class attribute ``class_mix`` is "own", such as :class:`DVAANClassifier`,
    learn from shares that are neither those of the data nor equal: use ``CalibratedClassifierCV``.

    A row whose corrected probabilities all vanish gets ``prior_``. ``X`` is passed on unchecked,
    and so are further arguments of ``fit``, by name; metadata routing is not supported.

    References
    ----------
    C. Elkan. The foundations of cost-sensitive learning. IJCAI 2001. Theorem 2.

    M. Saerens, P. Latinne, C. Decaestecker. Adjusting the outputs of a classifier to new a priori
    probabilities. Neural Computation 14 (2002). Equation 2.4. doi:10.1162/089976602753284446

    A. Dal Pozzolo, O. Caelen, R. A. Johnson, G. Bontempi. Calibrating probability with
    undersampling for unbalanced classification. IEEE SSCI 2015. doi:10.1109/SSCI.2015.33

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from gan_resample import PriorCorrectedClassifier
    >>> X, y = make_classification(2000, weights=[0.95], class_sep=0.3, random_state=0)
    >>> model = make_pipeline(SMOTE(random_state=0), LogisticRegression())
    >>> corrected = PriorCorrectedClassifier(model).fit(X, y)
    >>> proba = corrected.predict_proba(X), corrected.estimator_.predict_proba(X)
    >>> [round(float(p[:, 1].mean()), 2) for p in proba], round(float(y.mean()), 2)
    ([0.05, 0.24], 0.06)
    """

    def __init__(
        self, estimator: Any, *, seen_prior: Any = "fitted", prior: ArrayLike | None = None
    ) -> None:
        self.estimator = estimator
        self.seen_prior = seen_prior
        self.prior = prior

    def fit(self, X: Any, y: Any, **fit_params: Any) -> PriorCorrectedClassifier:
        """Fit a clone of ``estimator`` and learn the shares of the classes.

        Parameters
        ----------
        X : whatever ``estimator`` takes
            Training rows, before any resampling.
        y : array-like of shape (n_rows,)
            Their labels.
        **fit_params
            Passed to the ``fit`` of ``estimator``: ``sample_weight`` of a classifier,
            ``<step>__sample_weight`` of a pipeline.

        Returns
        -------
        self : estimator

        Raises
        ------
        TypeError
            If ``estimator`` has no ``predict_proba``.
        ValueError
            If ``y`` does not hold classes, or ``prior`` or ``seen_prior`` are not shares of them.
        """
        refuse_without_proba(self.estimator)
        y = take_labels(y)[0]
        check_classification_targets(y)
        classes, counts = np.unique(column_or_1d(y, warn=True), return_counts=True)
        prior = counts / counts.sum()
        if self.prior is not None:
            prior = check_shares(self.prior, classes, "prior must be None or")
        seen = self._told_shares(classes)
        estimator = clone(self.estimator)
        witness = fit_and_count(estimator, X, y, fit_params)
        if seen is None:
            _warn_of_hidden_mix(witness.estimator, witness.weight_)
            seen = witness.shares_of(classes)
        self.seen_prior_ = seen
        self.estimator_, self.classes_, self.prior_ = estimator, classes, prior
        return self

    def _told_shares(self, classes: Array) -> Array | None:
        """Return the shares that ``seen_prior`` gives, or None if the fit will count them."""
        if isinstance(self.seen_prior, str) and self.seen_prior == "fitted":
            return None
        if isinstance(self.seen_prior, str) and self.seen_prior == "uniform":
            return np.ones(len(classes)) / len(classes)
        return check_shares(self.seen_prior, classes, 'seen_prior must be "fitted", "uniform" or')

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities for data with the shares ``prior_``.

        Parameters
        ----------
        X : whatever ``estimator`` takes
            Rows.

        Returns
        -------
        proba : ndarray of shape (n_rows, n_classes)
            One column for each of ``classes_``; each row sums to 1.
        """
        check_is_fitted(self)
        proba = aligned_proba(self.estimator_, X, self.classes_)
        return shift_priors(proba, self.seen_prior_, self.prior_)

    @available_if(_forgets_rows)
    def forget_rows(self) -> Self:
        """Have ``estimator_`` keep only what predictions need, where it can.

        See :meth:`gan_resample.GAMOClassifier.forget_rows`; pipelines have no such method.

        Returns
        -------
        self : estimator
        """
        check_is_fitted(self)
        self.estimator_.forget_rows()
        return self

    @property
    def _fitted(self) -> Any:
        return self.estimator_


def refuse_without_proba(estimator: Any) -> None:
    """Raise for a classifier whose probabilities cannot be corrected: it has none."""
    if isinstance(estimator, type):
        raise TypeError(
            f"estimator is the class {estimator.__name__}, but must be an instance: write "
            f"{estimator.__name__}()"
        )
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{estimator!r} has no predict_proba, and without probabilities there is nothing to "
            "correct: take a classifier that has it, or wrap this one in "
            "sklearn.calibration.CalibratedClassifierCV"
        )


def check_shares(given: Any, classes: Array, must: str) -> Array:
    """Return ``given`` as shares of ``classes``; raise with the words ``must`` if it is not."""
    try:
        shares = np.array(given, dtype=float)
    except (TypeError, ValueError):
        shares = np.empty(0)
    fits = shares.shape == classes.shape and (shares > 0).all()
    if not fits or abs(shares.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(
            f"{must} {len(classes)} positive shares that sum to 1, of the classes "
            f"{classes.tolist()} in this order, but is {given!r}"
        )
    return shares / shares.sum()


def _warn_of_hidden_mix(classifier: Any, weight: Any) -> None:
    """Warn if a classifier may learn from other shares than those of the labels in ``fit``."""
    name = type(classifier).__name__
    if hides_its_mix(classifier):
        reason = f"{name} balances the classes inside its fit, or a part of it may"
    elif weight is not None and getattr(classifier, "class_weight", None) is not None:
        reason = f"{name} has a class_weight and gets a sample_weight, and may balance the two"
    else:
        return
    advice = (
        'Set seen_prior="uniform" where they end up balanced; for a search or an ensemble of '
        "pipelines put this around the pipeline inside it; else take CalibratedClassifierCV"
        if ends_up_balanced(classifier)
        else "They do not end up balanced: take CalibratedClassifierCV"
    )
    warnings.warn(
        f'{reason}: seen_prior="fitted" does not see what that does to the shares of the classes, '
        f"and would correct them wrongly or not at all. {advice}",
        stacklevel=3,
    )


class _Witness(ClassifierMixin, BaseEstimator):
    """Takes the place of the last classifier of a pipeline during ``fit``; counts its labels."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any, **fit_params: Any) -> _Witness:
        labels = column_or_1d(y)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        weights = own_weights(self.estimator, labels)
        self.weight_ = fit_params.get("sample_weight")
        if self.weight_ is not None:
            weights = weights * np.asarray(self.weight_)
        self.counts_ = np.bincount(codes, weights)
        self.estimator.fit(X, y, **fit_params)
        return self

    def shares_of(self, classes: Array) -> Array:
        """Return shares in the order of ``classes``; 0 for a class that was not seen."""
        _, theirs, ours = np.intersect1d(classes, self.classes_, return_indices=True)
        counts = np.zeros(len(classes))
        counts[theirs] = self.counts_[ours]
        return counts / counts.sum()


def fit_and_count(estimator: Any, X: Any, y: Any, fit_params: dict[str, Any]) -> _Witness:
    """Fit a classifier or pipeline in place; return the counter of the labels in its last step.

    A pipeline does not reveal the labels that its samplers make, so a :class:`_Witness` replaces
    its last step during ``fit``.
    """
    if not isinstance(estimator, Pipeline):
        return _Witness(estimator).fit(X, y, **fit_params)
    owner = estimator
    while isinstance(owner.steps[-1][1], Pipeline):
        owner = owner.steps[-1][1]
    name, last = owner.steps[-1]
    witness = _Witness(last)
    owner.set_params(**{name: witness})
    estimator.fit(X, y, **fit_params)
    owner.set_params(**{name: last})
    return witness


def aligned_proba(estimator: Any, X: Any, classes: Array) -> Array:
    """Probabilities (n, n_classes) of ``classes``; 0 of one that ``estimator`` did not see."""
    seen = np.asarray(estimator.predict_proba(X), dtype=float)
    _, ours, theirs = np.intersect1d(classes, estimator.classes_, return_indices=True)
    proba = np.zeros((len(seen), len(classes)))
    proba[:, ours] = seen[:, theirs]
    return proba


def shift_priors(proba: Array, seen: Array, prior: Array) -> Array:
    """Turn probabilities (n, n_classes) for class shares ``seen`` into those for ``prior``.

    A row whose corrected probabilities all vanish gets ``prior``: only the shares are known.
    """
    ratio = np.divide(prior, seen, out=np.zeros_like(prior), where=seen > 0)
    shifted = proba * ratio
    totals = shifted.sum(axis=1, keepdims=True)
    return np.divide(shifted, totals, out=np.tile(prior, (len(proba), 1)), where=totals != 0)
