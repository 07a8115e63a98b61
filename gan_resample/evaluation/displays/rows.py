"""Displays of real and generated rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from gan_resample.core.containers import dense, encoded, take
from gan_resample.encoding.image import is_images
from gan_resample.evaluation.displays.style import (
    GAP,
    GENERATED,
    INK,
    OTHERS,
    PANEL,
    REAL,
    image_strip,
    plain,
)
from gan_resample.evaluation.metrics.projection import project

__all__ = ["GenerationDisplay", "ResamplingDisplay"]

Array = NDArray[Any]
Record = dict[str, Any]

SHOWN_POINTS = 200  # per class and kind


class ResamplingDisplay:
    """Real and generated rows on the first two principal components of the real ones.

    Parameters
    ----------
    points : mapping of str to list of dict
        For each sampler its rows: ``x``, ``y``, ``label`` and ``kind``, "real" or "generated".
    largest : str
        Label of the largest class, drawn pale.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panels.
    axes_ : ndarray of Axes
        One for each sampler.
    """

    def __init__(self, points: Mapping[str, Sequence[Record]], *, largest: str) -> None:
        self.points = points
        self.largest = largest

    @classmethod
    def from_estimator(cls, sampler: Any, X: Any, y: Any, *, ax: Any = None) -> ResamplingDisplay:
        """Fit a copy of a sampler, and draw the rows that it adds to a table.

        Parameters
        ----------
        sampler : estimator
            An over-sampler that returns real rows first.
        X : DataFrame or array of shape (n_rows, n_columns)
            Real rows without missing values.
        y : array-like of shape (n_rows,)
            Their labels.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ResamplingDisplay

        Raises
        ------
        TypeError
            If ``X`` holds images: :class:`GenerationDisplay` draws them.
        ValueError
            If the table has only one encoded column, or the sampler added no row.
        """
        if is_images(X):
            raise TypeError(
                f"ResamplingDisplay draws rows of tables as points, but X holds images, of shape "
                f"{np.shape(X)}: fit the sampler, and show what it makes with "
                "GenerationDisplay.from_estimator(sampler, X, y)"
            )
        X_new, y_new = clone(sampler).fit_resample(take(X)[0], take(y)[0])
        if not isinstance(X_new, pd.DataFrame):
            X_new = pd.DataFrame(dense(X_new)).infer_objects()
        points = project(X_new, np.asarray(y_new), len(y))
        if points is None:
            raise ValueError(
                f"{type(sampler).__name__} added no row to {len(y)}, or the table has one column "
                "only: there is nothing to draw"
            )
        labels, counts = np.unique(np.asarray(y), return_counts=True)
        largest = str(labels[counts.argmax()])
        return cls({type(sampler).__name__: points}, largest=largest).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ResamplingDisplay:
        """Draw; ``ax`` is an Axes for one sampler or a sequence of them, None makes a figure."""
        n = len(self.points)
        if ax is None:
            width = max(5.2, 0.8 + 2.9 * n)  # room for the legend
            figure = plt.figure(figsize=(width, 3.4), layout="constrained")
            ax = figure.subplots(1, n, sharex=True, sharey=True, squeeze=False)[0]
        self.axes_ = np.atleast_1d(np.asarray(ax, dtype=object))
        self.figure_ = self.axes_[0].figure
        for panel, (name, points) in zip(self.axes_, self.points.items(), strict=True):
            self._draw(panel, name, pd.DataFrame(points))
        self.figure_.legend(
            *self.axes_[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=3,
            frameon=False,
            fontsize=9,
        )
        return self

    def _draw(self, ax: Any, name: str, points: pd.DataFrame) -> None:
        real, common = points["kind"] == "real", points["label"] == self.largest
        for chosen, style in (
            (real & common, {"s": 9, "color": OTHERS, "label": "real, largest class"}),
            (~real, {"s": 9, "color": GENERATED, "alpha": 0.5, "label": "generated"}),
            (real & ~common, {"s": 16, "color": REAL, "label": "real, smaller classes"}),
        ):
            ax.scatter(points.loc[chosen, "x"], points.loc[chosen, "y"], lw=0, **style)
        ax.set_title(name, fontsize=10, color=INK)
        ax.set(xticks=[], yticks=[])
        plain(ax)


class GenerationDisplay:
    """Real and generated rows of each class: a grid of images, or points in a plane.

    Parameters
    ----------
    real : mapping of label to ndarray
        Real rows of every class: images (n, channels, height, width) between -1 and 1, or points
        (n, 2).
    generated : mapping of label to ndarray
        Generated rows of the classes in play, in the same form.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Holds the panels.
    axes_ : ndarray of Axes
        One for each class in play; for images two for each class, real and generated.
    """

    def __init__(self, real: Mapping[Any, Array], generated: Mapping[Any, Array]) -> None:
        self.real = real
        self.generated = generated

    @classmethod
    def from_estimator(
        cls,
        sampler: Any,
        X: Any,
        y: Any,
        *,
        n_images: int = 8,
        random_state: Any = None,
        figure: Any = None,
    ) -> GenerationDisplay:
        """Generate rows with a fitted sampler, and draw them beside real ones.

        Parameters
        ----------
        sampler : estimator
            A fitted sampler of this package.
        X : array of shape (n_rows, ...)
            Real rows, as in ``fit``.
        y : array-like of shape (n_rows,)
            Their labels.
        n_images : int, default=8
            Number of images of each class and kind; of real ones the first. For tables, as many
            rows are generated as there are real ones, at most 200 per class.
        random_state : int, RandomState instance or None, default=None
            Seed of the generated rows; None continues the sampler's stream.
        figure : matplotlib Figure, default=None
            Where to draw; None makes one.

        Returns
        -------
        display : GenerationDisplay

        Raises
        ------
        TypeError
            If the estimator has no ``sample``.
        ValueError
            If no class was in play, or a table has only one encoded column.
        """
        if not hasattr(sampler, "sample"):
            raise TypeError(
                f"GenerationDisplay draws the rows that a sampler of this package generates, and "
                f"{type(sampler).__name__} generates none"
            )
        check_is_fitted(sampler, "encoder_")
        in_play = [label for label, n in sampler.sampling_strategy_.items() if n]
        if not in_play:
            raise ValueError(
                f"no class lacked a row when {type(sampler).__name__} was fitted: there is "
                "nothing to draw"
            )
        check_consistent_length(X, y)
        if not (isinstance(n_images, Integral) and n_images > 0):
            raise ValueError(f"n_images={n_images!r} must be a whole number of at least 1")
        X, y = take(X)[0], np.asarray(take(y)[0])
        real, encode = _encoder_of(sampler, X)
        n_shown = n_images if real.ndim == 4 else SHOWN_POINTS
        own = {label: real[y == label][:n_shown] for label in sampler.classes_.tolist()}
        numbers = {label: n_images if real.ndim == 4 else len(own[label]) for label in in_play}
        labels = np.repeat(np.asarray(in_play, dtype=y.dtype), list(numbers.values()))
        rows = encode(sampler.sample(labels, random_state=random_state))
        made = {label: rows[labels == label] for label in in_play}
        if real.ndim != 4:
            own, made = _in_a_plane(real, own, made)
        return cls(own, made).plot(figure=figure)

    def plot(self, *, figure: Any = None) -> GenerationDisplay:
        """Draw; ``figure`` is a matplotlib Figure, None makes one.

        Returns
        -------
        self : GenerationDisplay
        """
        first = next(iter(self.generated.values()))
        draw = self._images if first.ndim == 4 else self._points
        with mpl.rc_context({"text.parse_math": False}):  # labels may hold dollars
            draw(first, figure)
        return self

    def _images(self, first: Array, figure: Any) -> None:
        n_classes, n_images = len(self.generated), len(first)
        if figure is None:
            height, width = first.shape[2:]
            strip = PANEL * height / (n_images * (width + GAP))
            size = (2 * PANEL + 0.8, 0.4 + n_classes * (strip + 0.08))
            figure = plt.figure(figsize=size, layout="constrained")
        self.figure_ = figure
        self.axes_ = figure.subplots(n_classes, 2, squeeze=False)
        for row, (label, made) in zip(self.axes_, self.generated.items(), strict=True):
            for ax, images in zip(row, (self.real[label], made), strict=True):
                ax.imshow(image_strip(images, n_images), cmap="gray", vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            row[0].set_ylabel(str(label), rotation=0, ha="right", va="center", color=INK)
        for ax, kind in zip(self.axes_[0], ("real", "generated"), strict=True):
            ax.set_title(kind, fontsize=10, color=INK)

    def _points(self, first: Array, figure: Any) -> None:
        n = len(self.generated)
        n_columns = min(n, 4)
        n_rows = -(-n // n_columns)
        if figure is None:
            size = (0.6 + 2.6 * n_columns, 0.6 + 2.6 * n_rows)
            figure = plt.figure(figsize=size, layout="constrained")
        self.figure_ = figure
        panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
        self.axes_ = panels.ravel()[:n]
        for ax in panels.ravel()[n:]:
            ax.set_visible(False)
        for ax, (label, made) in zip(self.axes_, self.generated.items(), strict=True):
            others = np.concatenate([rows for key, rows in self.real.items() if key != label])
            ax.scatter(*others.T, s=6, lw=0, color=OTHERS, label="real, other classes")
            ax.scatter(*made.T, s=9, lw=0, color=GENERATED, alpha=0.6, label="generated")
            ax.scatter(*self.real[label].T, s=14, lw=0, color=REAL, label="real")
            ax.set_title(str(label), fontsize=10, color=INK)
            ax.set(xticks=[], yticks=[])
            plain(ax)
        handles = self.axes_[0].get_legend_handles_labels()
        style = {"loc": "outside lower center", "ncols": 3, "frameon": False, "fontsize": 9}
        figure.legend(*handles, **style)


def _encoder_of(sampler: Any, X: Any) -> tuple[Array, Callable[[Any], Array]]:
    """Return encoded real rows, and the function that encodes what the sampler generates."""
    if getattr(sampler, "space_", "rows") == "features":
        return sampler.features(X), np.asarray  # generated rows are feature vectors already
    encode = partial(encoded, sampler.encoder_)
    return encode(X), encode


def _in_a_plane(real: Array, *parts: dict[Any, Array]) -> list[dict[Any, Array]]:
    """Project rows to the first two principal components of the real ones."""
    if real.shape[1] < 2:
        raise ValueError("rows with one encoded column only cannot be drawn in a plane")
    plane = PCA(2, random_state=0).fit(real)
    return [{label: plane.transform(rows) for label, rows in part.items()} for part in parts]
