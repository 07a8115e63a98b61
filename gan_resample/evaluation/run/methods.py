"""The methods and classifiers of a comparison, by name.

A :class:`Method`, a way to treat imbalance, has two parts: a sampler, which changes the training
rows once per fold for all classifiers, and ``fit``, which trains a classifier on them. Class
weights and thresholds have no sampler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
    RandomOverSampler,
)
from imblearn.under_sampling import RandomUnderSampler
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

import gan_resample
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.sampler import BaseGameSampler
from gan_resample.evaluation.run.fingerprint import Teller
from gan_resample.evaluation.run.smote import NotApplicable
from gan_resample.priors.class_mix import balances_inside
from gan_resample.spread_ensemble import SpreadEnsembleClassifier
from gan_resample.spread_smote import SpreadSMOTE

__all__ = [
    "Method",
    "PriorThresholdClassifier",
    "check_numbers",
    "choose_classifiers",
    "choose_methods",
    "describe",
    "encodes_itself",
    "with_seed",
]

Array = NDArray[Any]
Fit = Callable[[Pipeline, Any, Array, int], tuple[Any, str]]


# ---- ways to fit: each returns the fitted model, and a note on a fallback or "" -----------------


def fit_plainly(model: Pipeline, X: Any, y: Array, seed: int) -> tuple[Any, str]:
    return model.fit(X, y), ""


def fit_weighted(
    model: Pipeline, X: Any, y: Array, seed: int, weigh: Callable[[Array], Array]
) -> tuple[Any, str]:
    """Train with class weights, which ``weigh`` computes from the class sizes."""
    name, classifier = model.steps[-1]
    labels, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    weights = weigh(counts)
    # prefer row weights: not every classifier looks class weights up by label
    if has_fit_parameter(classifier, "sample_weight"):
        return model.fit(X, y, **{f"{name}__sample_weight": weights[codes]}), ""
    if "class_weight" in classifier.get_params():
        by_label = dict(zip(labels.tolist(), weights.tolist(), strict=True))
        return model.set_params(**{f"{name}__class_weight": by_label}).fit(X, y), ""
    raise NotApplicable(f"{type(classifier).__name__} takes no class weights")


def balanced_weights(counts: Array) -> Array:
    """Inverse of class sizes, as ``class_weight="balanced"``."""
    return counts.sum() / (len(counts) * counts)


def class_balanced_weights(counts: Array, beta: float) -> Array:
    """Inverse of the effective numbers of rows, with mean 1.

    ``(1 - beta) / (1 - beta^n)`` for counts ``n`` (Cui et al., CVPR 2019, arXiv:1901.05555): equal
    weights for beta = 0, and the inverse of the class size as beta approaches 1.
    """
    weights = (1 - beta) / (1 - beta ** np.asarray(counts, dtype=float))
    return weights * (len(weights) / weights.sum())


def fit_prior_threshold(model: Pipeline, X: Any, y: Array, seed: int) -> tuple[Any, str]:
    """Divide probabilities by the classes' shares, without tuning."""
    if not hasattr(model, "predict_proba"):
        name = type(model[-1]).__name__
        raise NotApplicable(f"{name} has no probabilities to divide by the prior")
    return PriorThresholdClassifier(model).fit(X, y), ""


def fit_threshold(model: Pipeline, X: Any, y: Array, seed: int) -> tuple[Any, str]:
    """Tune the threshold of two classes; divide by the prior if there are more."""
    _, counts = np.unique(y, return_counts=True)
    if len(counts) > 2:
        return fit_prior_threshold(model, X, y, seed)
    if counts.min() < 2:
        note = "fell back: one row of a class, so the threshold is its prior and not tuned"
        return fit_prior_threshold(model, X, y, seed)[0], note
    folds = StratifiedKFold(int(min(5, counts.min())), shuffle=True, random_state=seed)
    tuned = TunedThresholdClassifierCV(model, scoring=make_scorer(mean_recall), cv=folds)
    return tuned.fit(X, y), ""


def mean_recall(y: Array, predicted: Array) -> float:
    """Balanced accuracy without scikit-learn's checks, which take most of a search's time."""
    right = y == predicted
    return float(np.mean([right[y == label].mean() for label in np.unique(y)]))


def fit_ensemble(model: Pipeline, X: Any, y: Array, seed: int, ensemble: Any) -> tuple[Any, str]:
    """Fit members of an ensemble that corrects itself for the priors; divide by these likewise."""
    if not hasattr(model, "predict_proba"):
        raise NotApplicable(f"{type(model[-1]).__name__} has no probabilities to average")
    members = clone(ensemble).set_params(estimator=model, random_state=seed)
    return PriorThresholdClassifier(members).fit(X, y), ""


class PriorThresholdClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Predict the class with the largest ratio of probability to prior; needs no tuning."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Array) -> PriorThresholdClassifier:
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.prior_ = counts / len(y)
        return self

    def predict_proba(self, X: Any) -> Array:
        return self.estimator_.predict_proba(X)

    def predict(self, X: Any) -> Array:
        return self.classes_[(self.predict_proba(X) / self.prior_).argmax(axis=1)]


# ---- by name ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Method:
    """One way to treat imbalance: a sampler (None: rows as they are) and a way to fit."""

    sampler: Any = None
    fit: Fit = fit_plainly
    weigh: Callable[[Array], Array] | None = None  # class weights from class sizes
    generates_inside: bool = False  # whether ``fit`` adds rows, though there is no sampler
    corrects: bool = False  # whether ``fit`` undoes itself what it does to the class mix

    @property
    def does_nothing(self) -> bool:
        return self.sampler is None and self.fit is fit_plainly

    @property
    def plays_a_game(self) -> bool:
        return isinstance(self.sampler, BaseGameSampler)

    def class_weights(self, counts: Array) -> Array:
        """Weights of classes of these sizes: 0 if empty, 1 if the method has no weights."""
        weights = (counts > 0).astype(float)
        if self.weigh is not None:
            weights[counts > 0] = self.weigh(counts[counts > 0])
        return weights


def weighted(weigh: Callable[[Array], Array]) -> Method:
    """Return the method of class weights that ``weigh`` computes from class sizes."""
    return Method(fit=partial(fit_weighted, weigh=weigh), weigh=weigh)


def averaged(ensemble: Any) -> Method:
    """Put an ensemble round the classifier, decided at the prior."""
    generates = ensemble.sampling_strategy != {}
    fit = partial(fit_ensemble, ensemble=ensemble)
    return Method(fit=fit, generates_inside=generates, corrects=True)


def _games(base: type, ending: str, max_iter: int | None) -> dict[str, Any]:
    """Short name -> estimator, for every public class of the package derived from ``base``."""
    public = [getattr(gan_resample, name) for name in sorted(gan_resample.__all__)]
    return {
        kind.__name__.removesuffix(ending).lower(): _of_rounds(kind(), max_iter)
        for kind in public
        if isinstance(kind, type) and issubclass(kind, base)
    }


def _of_rounds(estimator: Any, max_iter: int | None) -> Any:
    """Set the rounds of a game, and limit ``init_iter`` to as many."""
    if max_iter is None:
        return estimator
    estimator.set_params(max_iter=max_iter)
    before = estimator.get_params().get("init_iter")
    return estimator if before is None else estimator.set_params(init_iter=min(before, max_iter))


#: Methods that are compared only if they are named.
MORE = {
    "undersample": Method(RandomUnderSampler()),
    "borderline": Method(BorderlineSMOTE()),
    "svm_smote": Method(SVMSMOTE()),
    "kmeans_smote": Method(KMeansSMOTE()),
    "adasyn": Method(ADASYN()),
    "prior": Method(fit=fit_prior_threshold),
    "bagging": averaged(SpreadEnsembleClassifier(None, sampling_strategy={})),
    "bagged_random": averaged(SpreadEnsembleClassifier(None, sampler=RandomOverSampler())),
    **{
        f"class_balanced_{beta}": weighted(partial(class_balanced_weights, beta=beta))
        for beta in (0.9, 0.99, 0.999, 0.9999)
    },
}


def known_methods(max_iter: int | None = None) -> dict[str, Method]:
    """Every named method; ``max_iter`` None: each game's default."""
    games = _games(BaseGameSampler, "Sampler", max_iter)
    return {
        "none": Method(),
        "class_weight": weighted(balanced_weights),
        "threshold": Method(fit=fit_threshold),
        "random": Method(RandomOverSampler()),
        "smote": Method(SMOTE()),
        "spread": Method(SpreadSMOTE()),
        "spread_ensemble": averaged(SpreadEnsembleClassifier(None, sampler=SpreadSMOTE())),
        **{name: Method(sampler) for name, sampler in games.items()},
        **MORE,
    }


def known_classifiers(max_iter: int | None = None) -> dict[str, Any]:
    """Every named classifier: five of scikit-learn, then those that balance."""
    return {
        "logistic": LogisticRegression(max_iter=2000),
        "knn": KNeighborsClassifier(),
        "forest": RandomForestClassifier(),
        "boosting": HistGradientBoostingClassifier(),
        "mlp": MLPClassifier(),
        "balanced_bagging": BalancedBaggingClassifier(),
        "easy_ensemble": EasyEnsembleClassifier(),
        **_games(BaseGameClassifier, "Classifier", max_iter),
    }


def check_numbers(repeats: Any, random_state: Any, max_iter: Any, n_jobs: Any) -> None:
    """Raise ValueError for arguments of a comparison that are no numbers of their range."""

    def is_whole(value: Any) -> bool:
        return isinstance(value, Integral) and not isinstance(value, bool)

    least = {"repeats": (repeats, 1), "random_state": (random_state, 0), "max_iter": (max_iter, 1)}
    for name, (value, low) in least.items():
        if not (value is None and name == "max_iter") and not (is_whole(value) and value >= low):
            raise ValueError(f"{name}={value!r} must be a whole number of at least {low}")
    if n_jobs is not None and (not is_whole(n_jobs) or n_jobs == 0):
        raise ValueError(
            f"n_jobs={n_jobs!r} must be a number of processes, such as 2, or -1 for all cores"
        )


def choose_methods(samplers: Any, max_iter: int | None = None) -> dict[str, Method]:
    """Return name -> method for names, or for a mapping of names to samplers.

    None: all names but those of ``MORE``.
    """
    known = known_methods(max_iter)
    if samplers is None:
        return {name: method for name, method in known.items() if name not in MORE}
    return {
        name: value if isinstance(value, Method) else Method(value)
        for name, value in _choose(samplers, known, "sampler", "fit_resample").items()
    }


def choose_classifiers(classifiers: Any, max_iter: int | None = None) -> dict[str, Any]:
    """Return name -> classifier, in the same way; None: all but those that balance inside."""
    known = known_classifiers(max_iter)
    if classifiers is None:
        return {name: value for name, value in known.items() if not balances_inside(value)}
    return _choose(classifiers, known, "classifier", "predict")


def _choose(wanted: Any, known: Mapping[str, Any], what: str, ability: str) -> dict[str, Any]:
    """Look up names; accept objects that have the method called ``ability``."""
    if isinstance(wanted, str):
        wanted = [wanted]
    if not isinstance(wanted, Iterable):
        raise TypeError(
            f"{what}s={wanted!r:.100} must be a list of names, or a mapping of names to objects "
            f"with get_params and {ability}"
        )
    if not isinstance(wanted, Mapping):
        wanted = {str(name): name for name in wanted}
    chosen = {}
    for name, value in wanted.items():
        name = str(name)
        value = "none" if value is None else value
        if isinstance(value, str) and value in known:
            value = known[value]
        elif isinstance(value, (str, type)) or not _is_estimator(value, ability):
            raise ValueError(
                f"unknown {what} {value!r}: known are {', '.join(known)}; in Python, a mapping of "
                f"names to objects with get_params and {ability} will also do"
            )
        chosen[name] = value
    if not chosen:
        raise ValueError(f"no {what} named: known are {', '.join(known)}")
    return chosen


def _is_estimator(value: Any, ability: str) -> bool:
    return isinstance(value, Method) or (hasattr(value, "get_params") and hasattr(value, ability))


def with_seed(estimator: Any, seed: int) -> Any:
    """Return a copy in which every ``random_state`` of None, also in its parts, is ``seed``."""
    copy = clone(estimator)
    unset = {
        name: seed
        for name, value in copy.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    }
    return copy.set_params(**unset)


def describe(value: Any, name: str = "", gaps: list[str] | None = None) -> str:
    """Return a text for a method, classifier or scorer, which differs if its contents differ.

    Parameters
    ----------
    value : object
        Samplers and classifiers are described by class and nested parameters.
    name : str, default=""
        How to call it in ``gaps``.
    gaps : list of str, default=None
        The path of each part that cannot be described is appended to it.

    Returns
    -------
    text : str
        The same in every process and on every machine; see
        :mod:`gan_resample.evaluation.run.fingerprint`.
    """
    teller = Teller()
    if isinstance(value, Method):
        text = _how(value.fit, teller, f"{name}.fit")
        if value.weigh is not getattr(value.fit, "keywords", {}).get("weigh"):
            text += f", weigh={_how(value.weigh, teller, f'{name}.weigh')}"
        if value.sampler is not None:
            text = f"{teller.tell(value.sampler, name, cloned=True)}, {text}"
    else:
        text = teller.tell(value, name, cloned=True)
    if gaps is not None:
        gaps += teller.gaps
    return text


def _how(fit: Any, teller: Teller, path: str) -> str:
    """Describe a way to fit with its arguments; functions of this module without its name."""
    if isinstance(fit, partial) and getattr(fit.func, "__module__", None) == __name__:
        values = [*fit.args, *fit.keywords.values()]
        given = [_how(each, teller, path) for each in values]
        return f"{_how(fit.func, teller, path)}({', '.join(given)})"
    text = teller.tell(fit, path)
    return text.removeprefix(f"{__name__}.")


def encodes_itself(classifier: Any) -> bool:
    """Whether a classifier takes frames as they are: those of games, or ``takes_frames``."""
    return isinstance(classifier, BaseGameClassifier) or getattr(classifier, "takes_frames", False)
