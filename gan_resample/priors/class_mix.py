"""Which class shares a classifier learns from: those of its labels, weighted, or others."""

from __future__ import annotations

from typing import Any

from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.class_weight import compute_sample_weight

__all__ = ["balances_inside", "ends_up_balanced", "hides_its_mix", "last_step", "own_weights"]

Array = NDArray[Any]

# of other packages; other classifiers that balance have a class attribute ``class_mix``
BALANCING = (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)


def last_step(estimator: Any) -> Any:
    """Return the last step of a pipeline, also of nested ones; anything else as it is."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def balances_inside(classifier: Any) -> bool:
    """Whether a classifier, or a pipeline's last step, balances the classes by itself."""
    return _balances(last_step(classifier))


def ends_up_balanced(classifier: Any) -> bool:
    """Whether a classifier that balances inside learns from equal shares, or does not say."""
    return getattr(last_step(classifier), "class_mix", "uniform") == "uniform"


def hides_its_mix(classifier: Any) -> bool:
    """Whether a classifier may learn from other class shares than those of its labels.

    It may if it balances inside, is told priors of its own (as Gaussian naive Bayes can be), or
    contains (as a search or an ensemble of pipelines does) a sampler, a classifier that balances
    inside, or one with class weights.
    """
    held = classifier.get_params(deep=True).values()
    samples = any(_balances(part) or hasattr(part, "fit_resample") for part in held)
    last = last_step(classifier)
    return (
        balances_inside(classifier) or samples or _weighs_in_parts(last) or _is_told_priors(last)
    )


def _balances(part: Any) -> bool:
    return isinstance(part, BALANCING) or hasattr(type(part), "class_mix")


def _weighs_in_parts(classifier: Any) -> bool:
    settings = classifier.get_params(deep=True).items()
    return any(name.endswith("__class_weight") and value is not None for name, value in settings)


def _is_told_priors(classifier: Any) -> bool:
    settings = classifier.get_params(deep=True).items()
    told = [value for name, value in settings if name.rpartition("__")[2] in ("prior", "priors")]
    return not all(value is None or (isinstance(value, str) and value == "data") for value in told)


def own_weights(classifier: Any, labels: Array) -> Array:
    """Return the row weights that follow from the classifier's own class weights."""
    by_class = getattr(classifier, "class_weight", None)
    # a forest balances each of its bootstrap samples: the same shares
    by_class = "balanced" if by_class == "balanced_subsample" else by_class
    return compute_sample_weight(by_class, labels)
