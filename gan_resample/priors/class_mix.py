"""Which class mix a classifier learns from: the labels given, weighted, or another one."""

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

# of other packages; a classifier of one's own says so by a class attribute ``class_mix``
BALANCING = (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)


def last_step(estimator: Any) -> Any:
    """Return what a pipeline ends in, also a pipeline in a pipeline; anything else as it is."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def balances_inside(classifier: Any) -> bool:
    """Whether a classifier, or a pipeline's last step, balances the classes by itself."""
    return _balances(last_step(classifier))


def ends_up_balanced(classifier: Any) -> bool:
    """Whether what balances inside learns from equal shares, as far as it says so."""
    return getattr(last_step(classifier), "class_mix", "uniform") == "uniform"


def hides_its_mix(classifier: Any) -> bool:
    """Whether a classifier may learn from another class mix than the labels it is given.

    One that balances inside, or that holds a sampler, such a classifier or one with class weights
    of its own: a search or an ensemble of pipelines.
    """
    held = classifier.get_params(deep=True).values()
    samples = any(_balances(part) or hasattr(part, "fit_resample") for part in held)
    return balances_inside(classifier) or samples or _weighs_in_parts(last_step(classifier))


def _balances(part: Any) -> bool:
    return isinstance(part, BALANCING) or hasattr(type(part), "class_mix")


def _weighs_in_parts(classifier: Any) -> bool:
    settings = classifier.get_params(deep=True).items()
    return any(name.endswith("__class_weight") and value is not None for name, value in settings)


def own_weights(classifier: Any, labels: Array) -> Array:
    """Weigh rows as the classifier will by its class weights: it answers for the weighted mix."""
    by_class = getattr(classifier, "class_weight", None)
    # a forest balances each of its bootstraps: the same mix
    by_class = "balanced" if by_class == "balanced_subsample" else by_class
    return compute_sample_weight(by_class, labels)
