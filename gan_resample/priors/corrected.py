"""What classifiers around others have in common that correct their probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Tags, get_tags

__all__ = ["CorrectedClassifier"]

Array = NDArray[Any]


class CorrectedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Base of classifiers that correct the probabilities of fitted clones of ``estimator``."""

    estimator: Any
    classes_: Array

    @property
    @abstractmethod
    def _fitted(self) -> Any:
        """A fitted clone of ``estimator``; the others, if there are any, are like it."""

    @abstractmethod
    def predict_proba(self, X: Any) -> Array:
        """Return corrected class probabilities, (n_rows, n_classes)."""

    def predict(self, X: Any) -> Array:
        """Class with the largest corrected probability.

        It is that of the data's shares unless other ones were asked for, and rare classes seldom
        have it.

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
        return self._fitted.n_features_in_

    @property
    def feature_names_in_(self) -> Array:
        return self._fitted.feature_names_in_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.estimator is None:  # to be set before a fit
            return tags
        inner = get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
            tags.classifier_tags.multi_label = False
        return tags
