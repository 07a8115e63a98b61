"""Classifiers that are trained inside a game."""

from __future__ import annotations

import copy
from typing import Any, ClassVar, Self

import numpy as np
import torch
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gan_resample._sklearn import _fit_context
from gan_resample.core.containers import encoded
from gan_resample.core.labels import take_labels
from gan_resample.core.saving import predicting
from gan_resample.core.training import GameMixin
from gan_resample.encoding.table import TableEncoder
from gan_resample.engine.ambient import steady
from gan_resample.engine.game import ClassifyingGame
from gan_resample.engine.seeding import random_stream
from gan_resample.nn.build import rows_at_once

__all__ = ["BaseGameClassifier"]

Array = NDArray[Any]


class BaseGameClassifier(GameMixin, ClassifierMixin, BaseEstimator):
    """A classifier trained inside a :class:`ClassifyingGame`; abstract.

    Attributes
    ----------
    class_mix : {"own", "uniform"}
        Class attribute: the shares of the classes that the classifier learns from. "uniform":
        equal shares; "own": neither equal shares nor those of the training rows.
    """

    class_mix: ClassVar[str] = "own"
    _game: ClassVar[type[ClassifyingGame]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> BaseGameClassifier:
        """Train the classifier; the game fills each class up to the size of the largest.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Training rows; images are an array of shape (n_rows, channels, height, width).
        y : array-like of shape (n_rows,)
            Their labels, of at least two classes.

        Returns
        -------
        self : estimator
        """
        with self._fitting():
            self._learn(X, y)
        return self

    def _learn(self, X: Any, y: Any) -> None:
        goes_on = self._goes_on()
        X = self._check_rows(X, reset=not goes_on)
        y = self._check_labels(y)
        check_consistent_length(X, y)
        stream = self._stream if goes_on else random_stream(self.random_state)
        codes = self._learn_classes(y, goes_on=goes_on)
        deficits = [max(self._counts) - count for count in self._counts]
        self._warn_of_tiny_classes(deficits)
        x = self._encode(X, goes_on=goes_on)
        self._play(x, codes, deficits, stream)
        self._stream = stream

    def _check_labels(self, y: Any) -> Array:
        y = take_labels(y)[0]
        check_classification_targets(y)
        check_target_type(y)
        y = column_or_1d(y, warn=True)
        if len(np.unique(y)) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least two classes, but y holds 1 class only: "
                f"{np.unique(y).tolist()}"
            )
        return y

    def forget_rows(self) -> Self:
        """Keep only what predictions need, so that a saved classifier holds no training row.

        The rows and the players that only the game needs are dropped, and so are the observed
        values of numeric columns in the encoder. Categories stay, and of numbers what encoding
        them needs: means, scales, values that were found extreme, in columns of whole numbers
        beyond 2**53 the smallest, and of times the earliest. Predictions do not change. Fits do
        not go on from here, and figures such as ``history_`` stay. It cannot be undone.

        Returns
        -------
        self : estimator
        """
        check_is_fitted(self, "_stream")
        self.net_, self._settings, self._forgot = predicting(self.net_), {}, True
        if isinstance(self.encoder_, TableEncoder):
            self.encoder_ = copy.copy(self.encoder_)
            columns = self.encoder_._numeric
            self.encoder_._numeric = [column.without_values() for column in columns]
        return self

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Columns or shape as in ``fit``.

        Returns
        -------
        P : ndarray of shape (n_rows, n_classes)
            Columns in the order of ``classes_``. The probabilities hold for the class shares that
            the game trains with, not for those of the data: calibrate them where they matter, see
            :class:`~gan_resample.PriorCorrectedClassifier`.
        """
        check_is_fitted(self, "_stream")
        rows = encoded(self.encoder_, self._check_rows(X, reset=False))
        game: ClassifyingGame = self.net_.module_
        predictor, device = game.predictor, torch.device(self.net_.device)
        dtype = torch.float32
        if device.type == "cpu" and rows.ndim == 2:
            # float64 makes a row's result independent of its batch; images would take too long
            predictor, dtype = copy.deepcopy(predictor).double(), torch.float64
        with steady(device), torch.inference_mode():
            x = torch.as_tensor(rows)
            chunks = x.split(rows_at_once(x.shape[1:]))
            logits = [predictor(chunk.to(device, dtype)) for chunk in chunks]
            return torch.cat(logits).double().softmax(dim=1).cpu().numpy()

    def predict(self, X: Any) -> Array:
        """Most probable label of each row.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns), or images
            Columns or shape as in ``fit``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]
