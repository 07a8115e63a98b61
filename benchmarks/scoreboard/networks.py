"""GAMO's classifier, and the same network without its game, for a comparison."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.lib.plain_network import PlainClassifier
from gan_resample import GAMOClassifier

Array = NDArray[Any]


class Network(ClassifierMixin, BaseEstimator):
    """The network of GAMOClassifier without a game; a sampler may come before it."""

    takes_frames = True  # as GAMO's classifier, with the same encoder

    def __init__(self, max_iter: int = 800, random_state: int | None = None) -> None:
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Array, y: Array) -> Network:
        network = PlainClassifier(max_iter=self.max_iter, random_state=self.random_state)
        self.fitted_ = network.fit(X, y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        return self.fitted_.predict_proba(X)

    def predict(self, X: Array) -> Array:
        return self.fitted_.predict(X)


class WeightedNetwork(PlainClassifier):
    """The same with class weights."""

    balanced = True


def networks(max_iter: int | None = None) -> dict[str, Any]:
    """Name -> classifier; all but ``network`` balance inside, and run without a sampler.

    ``fresh_spread``: GAMO with a generator that is not trained: the network on rows of
    SpreadSMOTE's geometry, drawn anew in every round.
    """
    fixed = {"generator_vs_classifier_optimizer__lr": 0.0}
    found: dict[str, Any] = {
        "network": Network(),
        "network_weighted": WeightedNetwork(),
        "fresh_spread": GAMOClassifier(with_discriminator=False, net_params=fixed),
        "gamo": GAMOClassifier(),
    }
    rounds = {} if max_iter is None else {"max_iter": max_iter}
    return {name: classifier.set_params(**rounds) for name, classifier in found.items()}
