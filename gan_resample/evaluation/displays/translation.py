"""The display of rows that were translated from one class to another."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from gan_resample.core.containers import dense, encoded
from gan_resample.evaluation.displays.style import (
    GAP,
    GENERATED,
    INK,
    PALE,
    PANEL,
    REAL,
    image_strip,
    plain,
)

__all__ = ["TranslationDisplay"]

Array = NDArray[Any]

SHOWN_COLUMNS = 15  # of a table, those that change most


class TranslationDisplay:
    """Rows, and their translations to another class by :class:`~gan_resample.CycleGANSampler`.

    Images are drawn above their translations. For tables the columns that change most are drawn:
    the change of numbers in standard deviations (median, and middle 80 % of the rows), and the
    share of rows in which a category changes.

    Parameters
    ----------
    images : ndarray of shape (2, n, channels, height, width), default=None
        Originals and translations, encoded.
    numbers : mapping of column to (float, float, float), default=None
        10 %, 50 % and 90 % quantile of the change.
    categories : mapping of column to float, default=None
        Share of rows whose category changed.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panels.
    axes_ : ndarray of Axes
        Two for images; for tables one for numbers and one for categories, if there are any.
    """

    def __init__(
        self,
        *,
        images: Array | None = None,
        numbers: Mapping[Any, tuple[float, float, float]] | None = None,
        categories: Mapping[Any, float] | None = None,
    ) -> None:
        self.images = images
        self.numbers = numbers
        self.categories = categories

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, to: Any, n_images: int = 8, figure: Any = None
    ) -> TranslationDisplay:
        """Translate rows with a fitted CycleGAN, and draw both.

        Parameters
        ----------
        estimator : CycleGANSampler or CycleGANClassifier
            Fitted.
        X : data frame or array of shape (n_rows, ...)
            Rows of the class that is translated, as in ``fit``.
        to : label
            The class that they are translated to.
        n_images : int, default=8
            Number of images shown, the first of ``X``; for tables all rows count.
        figure : matplotlib Figure, default=None
            Where to draw; None makes one.

        Returns
        -------
        display : TranslationDisplay

        Raises
        ------
        TypeError
            If the estimator has no ``translate``.
        ValueError
            If it does not translate to ``to``.
        """
        if not hasattr(estimator, "translate"):
            raise TypeError(
                f"TranslationDisplay draws CycleGAN's estimators, not {type(estimator).__name__}"
            )
        if not (isinstance(n_images, Integral) and n_images > 0):
            raise ValueError(f"n_images={n_images!r} must be a whole number of at least 1")
        check_is_fitted(estimator, "encoder_")
        encoder = estimator.encoder_
        rows, translated = dense(X), dense(estimator.translate(X, to=to))
        before, after = encoded(encoder, rows), encoded(encoder, translated)
        if before.ndim == 4:
            return cls(images=np.stack([before, after])[:, :n_images]).plot(figure=figure)
        names = getattr(estimator, "feature_names_in_", np.arange(estimator.n_features_in_))
        change = after - before
        numbers = {
            names[column]: tuple(np.quantile(change[:, at], (0.1, 0.5, 0.9)).tolist())
            for at, column in enumerate(encoder.numeric_features_)
        }
        # spans of missing numbers, which follow, are of no categorical column
        spans = zip(encoder.categorical_features_, encoder.spans_, strict=False)
        categories = {
            names[column]: float(change[:, start:stop].any(axis=1).mean())
            for column, (start, stop) in spans
        }
        return cls(numbers=numbers, categories=categories).plot(figure=figure)

    def plot(self, *, figure: Any = None) -> TranslationDisplay:
        """Draw; ``figure`` is a matplotlib Figure, None makes one.

        Returns
        -------
        self : TranslationDisplay
        """
        with mpl.rc_context({"text.parse_math": False}):  # names may hold dollars
            if self.images is not None:
                self._draw_images(self.images, figure)
            else:
                self._draw_columns(dict(self.numbers or {}), dict(self.categories or {}), figure)
        return self

    def _draw_images(self, images: Array, figure: Any) -> None:
        _, n, _, height, width = images.shape
        if figure is None:
            strip = 2 * PANEL * height / (n * (width + GAP))
            figure = plt.figure(figsize=(2 * PANEL + 0.8, 0.2 + 2 * strip), layout="constrained")
        self.figure_ = figure
        self.axes_ = figure.subplots(2, 1, squeeze=False)[:, 0]
        for ax, row, name in zip(self.axes_, images, ("real", "translated"), strict=True):
            ax.imshow(image_strip(row, n), cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.set_ylabel(name, rotation=0, ha="right", va="center", color=INK)

    def _draw_columns(
        self, numbers: dict[Any, Any], categories: dict[Any, float], figure: Any
    ) -> None:
        largest = sorted(numbers, key=lambda name: -max(map(abs, numbers[name])))[:SHOWN_COLUMNS]
        changed = sorted(categories, key=lambda name: -categories[name])[:SHOWN_COLUMNS]
        parts = [part for part in (largest, changed) if part]
        if figure is None:
            size = (1.0 + 3.4 * len(parts), 1.1 + 0.24 * max(map(len, parts)))
            figure = plt.figure(figsize=size, layout="constrained")
        self.figure_ = figure
        self.axes_ = figure.subplots(1, len(parts), squeeze=False)[0]
        for ax, names in zip(self.axes_, parts, strict=True):
            at = np.arange(len(names))[::-1]
            if names is largest:
                low, middle, high = np.array([numbers[name] for name in names]).T
                ax.axvline(0, color=PALE, lw=1)
                ax.hlines(at, low, high, color=REAL, lw=2, alpha=0.45)
                ax.plot(middle, at, "o", color=REAL, ms=5)
                ax.set_xlabel("change, standard deviations", fontsize=9)
            else:
                shares = [100 * categories[name] for name in names]
                ax.barh(at, shares, height=0.6, color=GENERATED)
                ax.set(xlim=(0, 100))
                ax.set_xlabel("rows with another category, %", fontsize=9)
            ax.set_yticks(at, [str(name) for name in names])
            plain(ax)
