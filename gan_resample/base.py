"""The estimators' common part: the only code that knows scikit-learn, imbalanced-learn *and* torch.

``BaseRowSampler`` is the data contract of every sampler (real rows first and bit-identical, dtypes
and containers kept, ``sample`` as often as wanted); ``BaseGameSampler`` and ``BaseGameClassifier``
add a net that plays a game.
"""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy, check_target_type
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from torch import Tensor

from gan_resample._sklearn import Interval, _fit_context
from gan_resample.encoding import TableEncoder, is_frame
from gan_resample.engine.callbacks import check_callbacks
from gan_resample.engine.game import ClassifyingGame, Game, SamplingGame
from gan_resample.engine.guards import TinyClassWarning, warn_of_collapse
from gan_resample.engine.net import GameNet
from gan_resample.engine.seeding import find_device, random_stream, seeded

__all__ = [
    "ENCODER_CONSTRAINTS",
    "TRAINING_CONSTRAINTS",
    "BaseGameClassifier",
    "BaseGameSampler",
    "BaseRowSampler",
]

Array = NDArray[Any]

DENSE_LIMIT = 2 * 2**30  # bytes that a sparse table may take when made dense
TINY_CLASS = 5
PREDICT_ROWS = 8192

ENCODER_CONSTRAINTS: dict[str, list[Any]] = {
    "encoder": [TableEncoder, None],
    "random_state": ["random_state"],
}
TRAINING_CONSTRAINTS: dict[str, list[Any]] = {
    **ENCODER_CONSTRAINTS,
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "net_params": [dict, None],
    "hidden_layer_sizes": ["array-like"],
    "device": [str, torch.device],
    "callbacks": [list, tuple, None],
    "warm_start": ["boolean"],
    "verbose": ["verbose"],
}


class RowsMixin:
    """Validation and encoding of rows, the same for samplers and classifiers."""

    encoder: TableEncoder | None

    def _check_rows(self, X: Any, *, reset: bool) -> Any:
        """Check container, shape and names; values are the encoder's business."""
        if is_frame(X):
            return validate_data(self, X, reset=reset, skip_check_array=True)
        if hasattr(X, "columns") and hasattr(X, "to_pandas"):
            raise TypeError(
                f"{type(self).__name__} takes pandas data frames, arrays and sparse matrices, but "
                f"got {type(X)}: call X.to_pandas() first"
            )
        listed = getattr(self.encoder, "categorical_features", None) is not None
        X = validate_data(
            self,
            X,
            reset=reset,
            accept_sparse=("csr", "csc"),
            dtype=None if listed else "numeric",
            ensure_all_finite=False,
        )
        if sparse.issparse(X) and np.prod(X.shape, dtype=float) * 8 > DENSE_LIMIT:
            raise ValueError(
                f"X is sparse with shape {X.shape}; networks need dense rows, and it would take "
                f"more than {DENSE_LIMIT / 2**30:.0f} GiB: reduce it first, for example with "
                "sklearn.decomposition.TruncatedSVD or sklearn.feature_selection"
            )
        return X

    def _check_params_keep(self) -> bool:
        """Whether this fit goes on from the last one."""
        going_on = getattr(self, "warm_start", False)
        return going_on and getattr(self, "net_", None) is not None

    def _learn_classes(self, y: Array, *, goes_on: bool) -> Array:
        """Set ``classes_`` and the counts; return class codes."""
        classes, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        if goes_on:
            self._refuse_other_classes(classes, counts)
        self.classes_, self._counts = classes, tuple(counts.tolist())
        return codes

    def _refuse_other_classes(self, classes: Array, counts: Array) -> None:
        then = dict(zip(self.classes_.tolist(), self._counts, strict=True))
        now = dict(zip(classes.tolist(), counts.tolist(), strict=True))
        if now != then:
            raise ValueError(
                f"warm_start=True goes on with the same data, but the class counts are {now} and "
                f"were {then}: fit the same rows, or set warm_start=False"
            )

    def _warn_of_tiny_classes(self, deficits: Sequence[int]) -> None:
        for label, count, deficit in zip(self.classes_, self._counts, deficits, strict=True):
            if deficit and count < TINY_CLASS:
                fate = "its row is repeated" if count == 1 else "mixtures of so few rows say little"
                warnings.warn(
                    f"class {label!r} has {count} row{'s' if count > 1 else ''} only: {fate}",
                    TinyClassWarning,
                    stacklevel=3,
                )

    def _fit_encoder(self, X: Any) -> Array:
        """Learn the columns and return the training rows encoded, float64."""
        self.encoder_ = clone(TableEncoder() if self.encoder is None else self.encoder)
        return self.encoder_.fit(_dense(X)).transform(_dense(X))


class BaseRowSampler(RowsMixin, BaseOverSampler):
    """What every sampler keeps to, with a game or without one; abstract.

    A sampler writes ``_learn_rows`` and ``_draw_rows``, both in encoded rows.
    """

    @abstractmethod
    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Learn from encoded rows ``x`` (n, n_features) of classes ``codes``."""

    @abstractmethod
    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        """Encoded rows for class codes."""

    @abstractmethod
    def _learn_nothing(self) -> None:
        """Set every fitted attribute where no class lacks a row."""

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Array, bool]:
        y, one_vs_all = check_target_type(y, indicate_one_vs_all=True)
        X = self._check_rows(X, reset=not self._check_params_keep())
        check_consistent_length(X, y)
        return X, y, one_vs_all

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, **params: Any) -> BaseRowSampler:
        """Learn to generate rows, without generating any; see :meth:`sample`.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns)
            Training rows.
        y : array-like of shape (n_rows,)
            Their labels.

        Returns
        -------
        self : estimator
        """
        check_classification_targets(y)
        X, y, _ = self._check_X_y(X, y)
        self.sampling_strategy_ = check_sampling_strategy(
            self.sampling_strategy, y, self._sampling_type
        )
        self._learn(X, y)
        return self

    def _fit_resample(self, X: Any, y: Array, **params: Any) -> tuple[Any, Array]:
        self._learn(X, y)
        wanted = {label: n for label, n in self.sampling_strategy_.items() if n}
        self.synthetic_mask_ = np.repeat([False, True], [len(y), sum(wanted.values())])
        if not wanted:
            return X, y
        labels = np.repeat(np.asarray(list(wanted), dtype=y.dtype), list(wanted.values()))
        return _stack(X, self.sample(labels)), np.concatenate([y, labels])

    def _learn(self, X: Any, y: Array) -> None:
        goes_on = self._check_params_keep()
        stream = self._stream if goes_on else random_stream(self.random_state)
        codes = self._learn_classes(y, goes_on=goes_on)
        deficits = [self.sampling_strategy_.get(label, 0) for label in self.classes_]
        self._in_play = self.classes_[np.flatnonzero(deficits)]
        self._container = type(X) if sparse.issparse(X) else None
        x = self.encoder_.transform(_dense(X)) if goes_on else self._fit_encoder(X)
        self.synthetic_mask_ = np.zeros(len(y), dtype=bool)
        if any(deficits):
            self._warn_of_tiny_classes(deficits)
            self._learn_rows(x, codes, deficits, stream)
        else:
            self._learn_nothing()
        self._stream = stream

    def sample(
        self, labels: Any, random_state: int | np.random.RandomState | None = None
    ) -> Any:
        """Generate one row for each label, as often as wanted.

        Parameters
        ----------
        labels : array-like of shape (n_rows,)
            Labels as in ``y``, each of a class that was in play in ``fit``.
        random_state : int, RandomState instance or None, default=None
            ``None`` goes on in the fit's stream: ``fit`` followed by one ``sample`` gives exactly
            the rows of ``fit_resample``, also after unpickling.

        Returns
        -------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns)
            In the container, columns and dtypes seen in ``fit`` (an array for a list).

        Raises
        ------
        ValueError
            A label of a class that was not in play.
        """
        check_is_fitted(self, "encoder_")
        labels = column_or_1d(labels)
        stream = self._stream if random_state is None else random_stream(random_state)
        others = np.setdiff1d(labels, self._in_play)
        if len(others):
            raise ValueError(
                f"cannot generate rows of {others.tolist()}: in fit, the classes in play were "
                f"{self._in_play.tolist()}; name the others in sampling_strategy"
            )
        codes = np.searchsorted(self.classes_, labels)
        X = self.encoder_.inverse_transform(self._draw_rows(codes, stream))
        return X if self._container is None else self._container(X)


class GameMixin:
    """An estimator that trains a net which plays a game."""

    _game: ClassVar[type[Game]]
    _game_params: ClassVar[Sequence[str]]  # constructor arguments handed on to the game
    _optimizer_params: ClassVar[dict[str, Any]] = {}

    @property
    def game_(self) -> Any:
        """The trained game, ``net_.module_``; None where nothing was trained."""
        return None if self.net_ is None else self.net_.module_

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        """Train a net, or go on with the last one, and set the fitted attributes."""
        goes_on = self._check_params_keep()
        device = find_device(self.device)
        net = self.net_ if goes_on else self._make_net(x.shape[1], deficits, device)
        net.set_params(max_iter=self.max_iter)
        rows = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(codes)
        with seeded(stream, device):
            net.partial_fit(*rows)
            net.module_.eval()
            figures = net.module_.diagnose()
        self.net_ = net
        self.n_iter_ = net.module_.rounds_played
        self.history_ = [_history_row(row) for row in net.history if "epoch" in row]
        for name in net.module_.diagnostics:
            values = figures.get(name, {})
            figures[name] = {self.classes_[code]: value for code, value in values.items()}
            setattr(self, f"{name}_", figures[name])
        warn_of_collapse(figures)

    def _make_net(self, n_features: int, deficits: Sequence[int], device: torch.device) -> GameNet:
        own = {name: getattr(self, name) for name in self._game_params}
        known = {
            "n_features": n_features,
            "counts": self._counts,
            "deficits": tuple(deficits),
            "spans": tuple(self.encoder_.spans_),
            "levels": tuple(self.encoder_.levels_),
            "batch_size": min(self.batch_size, sum(self._counts)),
        }
        options = {
            "max_iter": self.max_iter,
            "batch_size": self.batch_size,
            "lr": self.learning_rate,
            "device": str(device),
            "callbacks": check_callbacks(self.callbacks, self._game.moves),
            "verbose": int(self.verbose),
            **{f"module__{name}": value for name, value in (known | own).items()},
        }
        return GameNet(self._game, **options, **self._optimizer_options(options))

    def _optimizer_options(self, taken: dict[str, Any]) -> dict[str, Any]:
        wanted = self.net_params or {}
        if clash := sorted(set(wanted) & set(taken)):
            raise ValueError(
                f"net_params sets {clash}, which this estimator sets itself: use its own arguments "
                "for them, and net_params for optimizers"
            )
        if "optimizer" in wanted:  # the method's betas are Adam's, not any optimizer's
            return wanted
        defaults = {f"optimizer__{name}": v for name, v in self._optimizer_params.items()}
        return {"optimizer": torch.optim.Adam} | defaults | wanted


class BaseGameSampler(GameMixin, BaseRowSampler):
    """An over-sampler whose rows come from a :class:`SamplingGame`; abstract."""

    _game: ClassVar[type[SamplingGame]]

    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        self._play(x, codes, deficits, stream)

    def _learn_nothing(self) -> None:
        self.net_, self.n_iter_, self.history_ = None, 0, []
        for name in self._game.diagnostics:
            setattr(self, f"{name}_", {})

    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        game, device = self.game_, torch.device(self.net_.device)
        y = torch.as_tensor(codes, device=device)
        with seeded(stream, device), torch.inference_mode():
            rows = torch.cat([game.sample(chunk) for chunk in y.split(game.chunk_rows)])
        return rows.cpu().numpy()


class BaseGameClassifier(GameMixin, RowsMixin, ClassifierMixin, BaseEstimator):
    """A classifier trained inside a :class:`ClassifyingGame`; abstract."""

    _game: ClassVar[type[ClassifyingGame]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> BaseGameClassifier:
        """Play the game on training rows; each class lacks ``n_max - n_i`` rows.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns)
            Training rows.
        y : array-like of shape (n_rows,)
            Their labels, of at least two classes.

        Returns
        -------
        self : estimator
        """
        goes_on = self._check_params_keep()
        y = self._check_labels(y)
        X = self._check_rows(X, reset=not goes_on)
        check_consistent_length(X, y)
        stream = self._stream if goes_on else random_stream(self.random_state)
        codes = self._learn_classes(y, goes_on=goes_on)
        deficits = [max(self._counts) - count for count in self._counts]
        self._warn_of_tiny_classes(deficits)
        x = self.encoder_.transform(_dense(X)) if goes_on else self._fit_encoder(X)
        self._play(x, codes, deficits, stream)
        self._stream = stream
        return self

    def _check_labels(self, y: Any) -> Array:
        check_classification_targets(y)
        check_target_type(y)
        y = column_or_1d(y, warn=True)
        if len(np.unique(y)) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least two classes, but y holds 1 class only: "
                f"{np.unique(y).tolist()}"
            )
        return y

    def predict_proba(self, X: Any) -> Array:
        """Class probabilities.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns)
            Columns as in ``fit``.

        Returns
        -------
        P : ndarray of shape (n_rows, n_classes)
            Columns as in ``classes_``. They answer to the game's class mix, not to that of the
            data: calibrate them where probabilities matter.
        """
        check_is_fitted(self)
        x = torch.as_tensor(self.encoder_.transform(_dense(self._check_rows(X, reset=False))))
        game, device = self.game_, torch.device(self.net_.device)
        if device.type == "cpu":  # float64 makes a row's result independent of its batch
            game = copy.deepcopy(game).double()
        else:
            x = x.float()
        with torch.inference_mode():
            chunks = [game.logits(chunk.to(device)) for chunk in x.split(PREDICT_ROWS)]
        return torch.cat(chunks).softmax(dim=1).cpu().numpy()

    def predict(self, X: Any) -> Array:
        """Most probable label of each row.

        Parameters
        ----------
        X : data frame, array or sparse matrix of shape (n_rows, n_columns)
            Columns as in ``fit``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _history_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "batches"}


def _dense(X: Any) -> Any:
    return X.toarray() if sparse.issparse(X) else X


def _stack(X: Any, rows: Any) -> Any:
    """Put generated rows under the untouched real ones."""
    if is_frame(X):
        import pandas as pd

        return pd.concat([X, rows], ignore_index=True)
    if sparse.issparse(X):
        return sparse.vstack([X, rows], format=X.format)
    return np.concatenate([X, rows])
