r"""Probabilities of the world as it is, from a classifier that learned from another mix.

A classifier trained on classes in shares :math:`s_k` gives probabilities :math:`q_k(x)` of a world
in which the classes have these shares. Where rows of a class look alike in both worlds,

.. math:: p_k(x) = \frac{q_k(x)\, \pi_k / s_k}{\sum_j q_j(x)\, \pi_j / s_j}

are the probabilities of the world in which they have shares :math:`\pi_k`: equation 2.4 of Saerens
et al., theorem 2 of Elkan for two classes. Each logit moves by a constant,
:math:`\log(\pi_k / s_k)`. For two classes :math:`p_1 = \beta q_1 / (\beta q_1 + 1 - q_1)` with
:math:`\beta = (\pi_1 / \pi_0) / (s_1 / s_0)`, the formula of Dal Pozzolo et al.: where class 0 was
thinned out, :math:`\beta` is the part of its rows that was kept.

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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gan_resample.encoding.columns import refuse_masked
from gan_resample.priors.class_mix import ends_up_balanced, hides_its_mix, own_weights

__all__ = [
    "PriorCorrectedClassifier",
    "aligned_proba",
    "check_shares",
    "fit_and_count",
    "refuse_without_proba",
    "shift_priors",
]

Array = NDArray[Any]

SUM_TOLERANCE = 1e-6  # shares may come in float32


class PriorCorrectedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Undo what resampling did to the shares of the classes in ``predict_proba``.

    Wrap the whole pipeline, sampler included: ``PriorCorrectedClassifier(make_pipeline(SMOTE(),
    LogisticRegression()))``. Binary and multi-class.

    :meth:`predict` gives the class with the largest corrected probability. These are the
    decisions of the untouched world: **fewer rows are given to rare classes** than by the
    resampled model. Whoever wants the balanced decisions takes ``estimator_.predict``, a threshold
    of their own, or :class:`~sklearn.model_selection.TunedThresholdClassifierCV` around this.

    Parameters
    ----------
    estimator : classifier
        A classifier with ``predict_proba``, or a pipeline of scikit-learn or imbalanced-learn that
        ends in one and may hold samplers. It is cloned.
    seen_prior : {"fitted", "uniform"} or array-like of shape (n_classes,), default="fitted"
        The shares of the classes that the model learned from. "fitted": of the labels that
        reached the ``fit`` of the last classifier, after all samplers, weighted by its
        ``sample_weight`` and ``class_weight``. "uniform": equal shares, for classifiers that
        balance the classes inside, such as
        :class:`~imblearn.ensemble.BalancedRandomForestClassifier`, and those of games whose class
        attribute ``class_mix`` is "uniform", :class:`GAMOClassifier` for one. An array: positive
        shares in the order of ``classes_`` that sum to 1.
    prior : array-like of shape (n_classes,), default=None
        The shares where the model will be used, likewise. ``None``: of the labels given to
        ``fit``, each row counted once whatever its weight.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone, as if it had been fitted alone.
    classes_ : ndarray of shape (n_classes,)
        Labels in the ``y`` given to ``fit``. One that the samplers removed has probability 0.
    prior_ : ndarray of shape (n_classes,)
        The shares that probabilities are given for.
    seen_prior_ : ndarray of shape (n_classes,)
        The shares that the model learned from.
    n_features_in_, feature_names_in_
        Those of ``estimator_``, where it has them.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : Learns the correction from held-out rows: costs
        several fits, and also repairs what is not a shift of shares.
    sklearn.model_selection.TunedThresholdClassifierCV : Other decisions, the same probabilities.

    Notes
    -----
    Only the shift of shares is undone. Copies and dropped rows (random over- and under-sampling)
    and weights shift nothing else. What interpolation and generated rows do to the densities of
    the classes stays: recalibration does not always repair the harm (Carriero et al., Statistics
    in Medicine 2025, arXiv:2404.19494).

    Classifiers that learn rows by heart (fully grown trees, nearest neighbours, long boosting)
    hardly follow the shares of repeated rows (Elkan 2001, section 4). **The correction then
    overshoots and can do harm**: a forest after random over-sampling went from a mean of .068 to
    .005 where the share was .05. Look whether the mean of held-out probabilities is near
    ``prior_``; where it is not, take ``CalibratedClassifierCV``.

    The samplers must be where "fitted" sees past them: in ``estimator``'s own pipeline, also a
    pipeline in a pipeline, but not inside a search, an ensemble or another meta-estimator (a
    warning says so). Put this around the pipeline and the search around this. A
    ``class_weight`` likewise counts where
    it is a parameter of the last classifier itself, and weighs its rows; ``SVC`` fits its
    probabilities without it, classifiers differ in what ``class_weight="balanced"`` does to a
    ``sample_weight``, and those with ``priors`` of their own (discriminant analysis, naive Bayes)
    answer for these: name the shares there. Classifiers whose class attribute ``class_mix`` is
    "own", such as :class:`DVAANClassifier`, learn from a mix that is neither the data's nor
    balanced: take ``CalibratedClassifierCV``. A ``FrozenEstimator`` learns nothing in ``fit``:
    name its shares.

    A row of which the model says nothing (all its probabilities vanish) gets ``prior_``. ``X`` is
    handed on unseen. So are further arguments of ``fit``, by name; metadata routing does not go
    through this estimator.

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
            Training rows, as they are: before any resampling.
        y : array-like of shape (n_rows,)
            Their labels.
        **fit_params
            Handed to the ``fit`` of ``estimator``: ``sample_weight`` of a classifier,
            ``<step>__sample_weight`` of a pipeline.

        Returns
        -------
        self : estimator

        Raises
        ------
        TypeError
            ``estimator`` has no ``predict_proba``.
        ValueError
            ``y`` holds no classes, or ``prior`` or ``seen_prior`` no shares of them.
        """
        refuse_without_proba(self.estimator)
        refuse_masked(y, "y")
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
        """Shares that ``seen_prior`` tells before the fit; None where the fit will show them."""
        if isinstance(self.seen_prior, str) and self.seen_prior == "fitted":
            return None
        if isinstance(self.seen_prior, str) and self.seen_prior == "uniform":
            return np.ones(len(classes)) / len(classes)
        return check_shares(self.seen_prior, classes, 'seen_prior must be "fitted", "uniform" or')

    def predict_proba(self, X: Any) -> Array:
        """Probabilities in the world of ``prior_``.

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

    def predict(self, X: Any) -> Array:
        """Class with the largest corrected probability; rare classes seldom have it.

        Parameters
        ----------
        X : whatever ``estimator`` takes
            Rows.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            Labels out of ``classes_``.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    @property
    def n_features_in_(self) -> int:
        return self.estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> Array:
        return self.estimator_.feature_names_in_

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
            tags.classifier_tags.multi_label = False
        return tags


def refuse_without_proba(estimator: Any) -> None:
    """Raise for a classifier whose probabilities cannot be corrected: it has none."""
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{estimator!r} has no predict_proba, and without probabilities there is nothing to "
            "correct: take a classifier that has it, or wrap this one in "
            "sklearn.calibration.CalibratedClassifierCV"
        )


def check_shares(given: Any, classes: Array, must: str) -> Array:
    """Return ``given`` as shares of ``classes``, or say that it ``must`` be such."""
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
    """Warn where the labels that reach ``fit`` are not the mix that is learned from."""
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
    """Stands in for the last classifier of a pipeline during ``fit``, and counts its labels."""

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
        """Return shares in the order of ``classes``; 0 where a class was not seen."""
        _, theirs, ours = np.intersect1d(classes, self.classes_, return_indices=True)
        counts = np.zeros(len(classes))
        counts[theirs] = self.counts_[ours]
        return counts / counts.sum()


def fit_and_count(estimator: Any, X: Any, y: Any, fit_params: dict[str, Any]) -> _Witness:
    """Fit a classifier or pipeline in place; return who counted the labels that it learned from.

    The samplers of a pipeline tell nobody what they made, so its last step is replaced by a
    witness for the time of ``fit``.
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
    """Move probabilities (n, n_classes) from a world with shares ``seen`` to one of ``prior``.

    Where nothing is left of a row, it gets ``prior``: nothing is known but the shares.
    """
    ratio = np.divide(prior, seen, out=np.zeros_like(prior), where=seen > 0)
    shifted = proba * ratio
    totals = shifted.sum(axis=1, keepdims=True)
    return np.divide(shifted, totals, out=np.tile(prior, (len(proba), 1)), where=totals != 0)
