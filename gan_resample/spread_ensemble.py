r"""Members that each see other generated rows, few of them; their mean, with the priors put right.

Every member learns from a bootstrap sample of the real rows and from a draw of generated ones that
lifts the small classes to a modest share. All members see the same mix of the classes, with shares
:math:`s_k`. Their mean :math:`\bar q_k(x)` therefore answers for that mix, and one shift gives the
probabilities of a world with shares :math:`\pi_k`:

.. math:: p_k(x) = \frac{\bar q_k(x)\, \pi_k / s_k}{\sum_j \bar q_j(x)\, \pi_j / s_j}

The mean comes first and the correction after it. So the choice of :math:`\pi` changes neither the
order of two rows of a two-class table nor the decisions at the prior: the arg-max for equal shares
is that of :math:`p_k / \pi_k` for any. With each member corrected first, both would depend on it.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar
from warnings import warn

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gan_resample._sklearn import StrOptions, _fit_context
from gan_resample.core.containers import give, take, untensored
from gan_resample.core.labels import take_labels
from gan_resample.core.member_rows import (
    SEEDS,
    member_rows,
    refuse_no_over_sampler,
    with_seeds,
)
from gan_resample.core.parameters import AT_LEAST_1
from gan_resample.engine.seeding import random_stream
from gan_resample.priors.class_mix import hides_its_mix, last_step
from gan_resample.priors.corrected import CorrectedClassifier
from gan_resample.priors.correction import (
    aligned_proba,
    check_shares,
    fit_and_count,
    refuse_without_proba,
    shift_priors,
)
from gan_resample.spread_smote import SpreadSMOTE

__all__ = ["SpreadEnsembleClassifier"]

Array = NDArray[Any]

STOPS_EARLY = 10_000  # rows above which HistGradientBoostingClassifier does so by default


class SpreadEnsembleClassifier(CorrectedClassifier):
    """Average clones of a classifier that each learn from a few other generated rows.

    Each member is fitted to a bootstrap sample of the rows and to rows generated anew, which lift
    every smaller class to a modest share of the largest. The shift of the class mix is undone in
    the mean of their probabilities. Binary and multi-class; tables and images.

    Parameters
    ----------
    estimator : classifier
        A classifier with ``predict_proba``, or a pipeline that ends in one. It is cloned for each
        member, and each ``random_state`` in it is set. It should not balance the classes itself.
    sampler : sampler, default=None
        What generates rows; ``None``: ``SpreadSMOTE()``. It is cloned; its ``sampling_strategy``
        and each ``random_state`` are set. It sees all real rows. One of this package is fitted
        once and drawn from for each member; another over-sampler of imbalanced-learn resamples for
        each member. Samplers that remove rows are refused. To tune ``sampler__k_neighbors``, name
        the sampler.
    n_draws : int, default=8
        Members, in [1, inf), each with rows of its own. Fewer of them are the first of more.
    sampling_strategy : float, str, dict or callable, default=0.15
        A float in (0, 1]: each class with fewer rows gets up to this share of the rows of the
        largest, also where there are several classes. Otherwise as in imbalanced-learn. A class
        that has as many rows already is left alone.
    bootstrap : bool, default=True
        Whether each member sees a bootstrap sample of the real rows, drawn class by class so that
        all shares stay as they are, instead of the real rows themselves.
    prior : {"data", "balanced"} or array-like of shape (n_classes,), default="data"
        The shares of the classes where the model will be used. "data": of the labels given to
        ``fit``. "balanced": equal ones, so that :meth:`predict` gives the decisions of a threshold
        at the prior. An array: positive shares in the order of ``classes_`` that sum to 1.
    n_jobs : int, default=None
        Processes that fit members, as in joblib; ``None`` is one. The result is the same.
    random_state : int, RandomState instance or None, default=None
        An int gives an equal model in every run.

    Attributes
    ----------
    estimators_ : list of classifiers
        The fitted members; their own probabilities are those of the mix that they learned from.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    sampling_strategy_ : dict
        Label -> number of rows asked for each member, of the classes that get any.
    prior_ : ndarray of shape (n_classes,)
        The shares that probabilities are given for.
    seen_prior_ : ndarray of shape (n_classes,)
        The shares that the members learned from, weighted by a ``class_weight`` of ``estimator``.
    n_features_in_, feature_names_in_
        Those of the members, where they have them.

    See Also
    --------
    SpreadSMOTE : Where the rows come from.
    PriorCorrectedClassifier : The correction alone, around a pipeline with any sampler.
    imblearn.ensemble.BalancedBaggingClassifier : Members that see few rows of large classes.

    Notes
    -----
    With ``prior="data"``, :meth:`predict` gives the class with the largest probability in the
    world of the data: **rare classes seldom have it**. Take ``prior="balanced"``, or a threshold
    of your own, where a missed row of a rare class costs more.

    Generated rows have no weights, so ``sample_weight`` is refused. Neither they nor the sampler
    are kept, but for what members remember of the rows they saw (nearest neighbours do).

    Only the shift of shares is undone, see the notes of :class:`PriorCorrectedClassifier`.

    A bootstrap sample holds most rows more than once. Where a member holds rows out inside its fit
    (a search, early stopping), copies of one row lie on both sides, so that it fits too closely:
    put a search around the ensemble, and take ``early_stopping=False`` or ``bootstrap=False``.
    There is a warning. ``HistGradientBoostingClassifier`` stops early above 10,000 rows unless
    it is told otherwise.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from gan_resample import SpreadEnsembleClassifier
    >>> X, y = make_classification(600, weights=[0.9], flip_y=0, random_state=0)
    >>> model = SpreadEnsembleClassifier(
    ...     DecisionTreeClassifier(), prior="balanced", random_state=0
    ... ).fit(X, y)
    >>> len(model.estimators_), model.sampling_strategy_
    (8, {1: 22})
    >>> model.predict_proba(X).shape
    (600, 2)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": "no_validation",  # type: ignore[dict-item]
        "sampler": "no_validation",  # type: ignore[dict-item]
        "n_draws": [AT_LEAST_1],
        "sampling_strategy": BaseOverSampler._parameter_constraints["sampling_strategy"],
        "bootstrap": ["boolean"],
        "prior": [StrOptions({"data", "balanced"}), "array-like"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        sampler: Any = None,
        n_draws: int = 8,
        sampling_strategy: Any = 0.15,
        bootstrap: bool = True,
        prior: str | ArrayLike = "data",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.n_draws = n_draws
        self.sampling_strategy = sampling_strategy
        self.bootstrap = bootstrap
        self.prior = prior
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, **fit_params: Any) -> SpreadEnsembleClassifier:
        """Generate rows for each member and fit it.

        Parameters
        ----------
        X : whatever ``estimator`` and ``sampler`` take
            Training rows: a data frame, an array, a sparse matrix, or images of shape
            (n_rows, channels, height, width). Where no class gets rows, the sampler sees none.
            Members get frames of the library of ``X``, and arrays for tensors.
        y : array-like of shape (n_rows,)
            Their labels.
        **fit_params
            Refused: generated rows would need some too.

        Returns
        -------
        self : estimator

        Raises
        ------
        TypeError
            ``estimator`` has no ``predict_proba``, ``sampler`` is none, or there are further
            arguments.
        ValueError
            ``y`` holds no classes, ``prior`` no shares of them, or ``sampler`` removes rows.
        """
        self._refuse(fit_params)
        self._warn_of_hidden_mix()
        (X, given), y = take(untensored(X)), take_labels(y)[0]
        check_classification_targets(y)
        check_target_type(y)
        y = column_or_1d(y, warn=True)
        X = X if hasattr(X, "shape") else np.asarray(X)
        check_consistent_length(X, y)
        self._warn_of_copies(len(y))
        classes, counts = np.unique(y, return_counts=True)
        prior = self._told_prior(classes, counts)
        wanted = self._rows_wanted(y)
        stream = random_stream(self.random_state)
        refuse_no_over_sampler(self._asked_sampler)
        sampler = with_seeds(self._asked_sampler, int(stream.integers(SEEDS)))
        seeds = stream.integers(SEEDS, size=(int(self.n_draws), 2)).tolist()
        drawn = [seed for seed, _ in seeds]
        bags = member_rows(sampler, X, y, wanted, drawn, bootstrap=bool(self.bootstrap))
        members = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_member)(
                with_seeds(self.estimator, seed), give(rows, given), labels, classes
            )
            for (_, seed), (rows, labels) in zip(seeds, bags, strict=True)
        )
        self.estimators_ = [member for member, _ in members]
        # all the same, unless samplers inside the members say otherwise
        self.seen_prior_ = np.mean([shares for _, shares in members], axis=0)
        self.classes_, self.prior_, self.sampling_strategy_ = classes, prior, wanted
        return self

    def _refuse(self, fit_params: dict[str, Any]) -> None:
        refuse_without_proba(self.estimator)
        given = sorted(name for name, value in fit_params.items() if value is not None)
        if given:
            raise TypeError(
                f"{type(self).__name__}.fit takes X and y only, but got {', '.join(given)}: "
                "generated rows have no weights or other data of their own. For weights of rows "
                "fit the estimator without generated rows, for weights of classes set its "
                "class_weight"
            )

    def _warn_of_hidden_mix(self) -> None:
        classifier = last_step(self.estimator)
        if hides_its_mix(classifier):
            warn(
                f"{type(classifier).__name__} balances the classes inside its fit, or a part of "
                f"it may: {type(self).__name__} does not see what that does to the shares of "
                "the classes, and would correct them wrongly or not at all. Take a classifier "
                "that learns from the rows as they come",
                stacklevel=4,  # that of the call of fit, which is decorated
            )

    def _warn_of_copies(self, n_rows: int) -> None:
        if self.bootstrap and _holds_rows_out(self.estimator, n_rows):
            warn(
                f"{type(last_step(self.estimator)).__name__}, or a part of it, holds rows out "
                "inside its fit (a search, cross-validation or early stopping), but members see "
                "bootstrap samples, with copies of one row on both sides: it would fit too "
                "closely. Put a search around the ensemble, and take early_stopping=False or "
                "bootstrap=False",
                stacklevel=4,  # that of the call of fit, which is decorated
            )

    def _told_prior(self, classes: Array, counts: Array) -> Array:
        if isinstance(self.prior, str):
            shares = counts if self.prior == "data" else np.ones(len(classes))
            return shares / shares.sum()
        return check_shares(self.prior, classes, 'prior must be "data", "balanced" or')

    def _rows_wanted(self, y: Array) -> dict[Any, int]:
        """Label -> rows to generate for a member, of the classes that lack any."""
        share = self.sampling_strategy
        classes, counts = np.unique(y, return_counts=True)
        if isinstance(share, Real):
            lacking = int(float(share) * counts.max()) - counts
        else:
            found = check_sampling_strategy(share, y, "over-sampling")
            lacking = np.array([found.get(label, 0) for label in classes])
        pairs = zip(classes.tolist(), lacking.tolist(), strict=True)
        return {label: n for label, n in pairs if n > 0}

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
        X = untensored(X)
        proba = [aligned_proba(member, X, self.classes_) for member in self.estimators_]
        return shift_priors(np.mean(proba, axis=0), self.seen_prior_, self.prior_)

    def get_metadata_routing(self) -> Any:
        """Raise NotImplementedError: generated rows have no metadata of their own."""
        raise NotImplementedError(f"{type(self).__name__} does not support metadata routing")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "estimators_")

    @property
    def _asked_sampler(self) -> Any:
        return SpreadSMOTE() if self.sampler is None else self.sampler

    @property
    def _fitted(self) -> Any:
        return self.estimators_[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if isinstance(self._asked_sampler, BaseEstimator):  # it sees the rows too
            taken = get_tags(self._asked_sampler).input_tags
            tags.input_tags.sparse &= taken.sparse
            tags.input_tags.allow_nan &= taken.allow_nan
        return tags


def _holds_rows_out(classifier: Any, n_rows: int) -> bool:
    """Whether a classifier, or a part of it, splits the rows that it is fitted to."""
    settings = {name.rpartition("__")[2]: v for name, v in classifier.get_params().items()}
    early = settings.get("early_stopping", False)
    if "early_stopping" not in settings:  # as in GradientBoostingClassifier
        early = settings.get("n_iter_no_change") is not None
    return "cv" in settings or early is True or (early == "auto" and n_rows > STOPS_EARLY)


def _fit_member(member: Any, X: Any, y: Array, classes: Array) -> tuple[Any, Array]:
    """Fit one member; return it and the shares of ``classes`` that it learned from."""
    return member, fit_and_count(member, X, y, {}).shares_of(classes)
