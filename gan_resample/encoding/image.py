"""ImageEncoder: images from the user's dtype and range to [-1, 1] and back."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from gan_resample._sklearn import StrOptions, _fit_context

__all__ = ["ImageEncoder", "check_images", "is_images", "n_dimensions"]

Array = NDArray[Any]

SMALLEST = 4  # pixels per side: the default networks halve the size twice
MOST_CHANNELS = 4  # a last axis of so many entries at most may be one of channels
MOST_LEVELS = 2**24  # number of values that float32 can distinguish
KNOWN_RANGES = ((0.0, 1.0), (-1.0, 1.0))  # of floats, in the order in which they are tried


def is_images(X: Any) -> bool:
    """Return whether ``X`` is an array of four dimensions, or a sequence of arrays of three."""
    return n_dimensions(X) == 4


def n_dimensions(X: Any) -> int | None:
    """Return the number of dimensions; of a list or object array, one more than its first item."""
    if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object):
        try:
            return 1 + np.ndim(X[0]) if len(X) else 1
        except ValueError:  # a ragged item
            return None
    return getattr(X, "ndim", None)


def check_images(X: Any) -> Array:
    """Return ``X`` as an array of shape (n_images, n_channels, height, width).

    Raises
    ------
    ValueError
        If images have several sizes, come with channels last, have fewer than 4 pixels per side or
        masked pixels, or if there is none.
    """
    _refuse_masked(X)
    if not hasattr(X, "shape") or X.dtype == object:
        sizes = sorted({np.shape(image) for image in X})
        if len(sizes) > 1:
            raise ValueError(
                f"images have several sizes, such as {sizes[0]} and {sizes[1]}: crop, pad or "
                "resize them to one"
            )
        X = np.stack(list(X))
    X = np.asarray(X)
    if X.dtype == object:
        raise ValueError("images come as an array of dtype object: convert it, X.astype(float)")
    if not len(X):
        raise ValueError(
            f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required."
        )
    if X.shape[3] <= MOST_CHANNELS < X.shape[1]:
        raise ValueError(
            f"images of shape {X.shape[1:]} look like (height, width, channels), but needed is "
            "(channels, height, width): X.transpose(0, 3, 1, 2)"
        )
    if min(X.shape[2:]) < SMALLEST or not X.shape[1]:
        raise ValueError(
            f"images have shape {X.shape[1:]} (channels, height, width), but networks need a "
            f"channel and {SMALLEST} pixels a side: enlarge them, or hand them over as the rows "
            "of a table"
        )
    return X


def _refuse_masked(X: Any) -> None:
    images = X if isinstance(X, (list, tuple)) else [X]
    if any(np.ma.is_masked(image) for image in images):
        raise ValueError("images have masked pixels: fill them first, X.filled(value)")


class ImageEncoder(TransformerMixin, BaseEstimator):
    """Turn images into numbers between -1 and 1, and back into their dtype, range and shape.

    Parameters
    ----------
    shape : sequence of int, default=None
        (channels, height, width) of images that are given flattened, one per row, with at least 4
        pixels per side. ``None``: images are arrays of shape (n_images, channels, height, width).
    value_range : (low, high) or "auto", default="auto"
        Values of the darkest and the brightest pixel. "auto" goes by the pixels of ``fit``. Whole
        numbers: 0 and 1 if there are no others; else 0 and 255 if all are in that range, with a
        warning if none is above 127; else the range of the dtype if it is unsigned. Floats: 0 and
        1, else -1 and 1. Other values raise an error.

    Attributes
    ----------
    shape_ : tuple of int
        (channels, height, width).
    range_ : (float, float)
        Values of the darkest and the brightest pixel.
    spans_, levels_, gaps_ : list
        Empty: images have neither categories nor columns of few values, and no missing ones, see
        :class:`TableEncoder`.
    n_features_out_ : int
        ``channels * height * width``.
    n_features_in_ : int
        The same.

    Notes
    -----
    Pixels of an integer dtype are decoded to whole numbers, equal to the encoded ones. Images to
    encode must be whole numbers if those of ``fit`` were, and floats if those were, unless
    ``value_range`` is given: an image with values up to 1 would be very dark if 255 is white.

    Examples
    --------
    >>> import numpy as np
    >>> from gan_resample import ImageEncoder
    >>> X = np.arange(2 * 16, dtype=np.uint8).reshape(2, 1, 4, 4)
    >>> encoder = ImageEncoder().fit(X)
    >>> encoder.transform(X).min().item()
    -1.0
    >>> bool((encoder.inverse_transform(encoder.transform(X)) == X).all())
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "shape": ["array-like", None],
        "value_range": ["array-like", StrOptions({"auto"})],
    }

    spans_: list[tuple[int, int]]
    levels_: list[tuple[int, int]]
    gaps_: list[tuple[int, int]]

    def __init__(
        self,
        *,
        shape: Sequence[int] | None = None,
        value_range: Any = "auto",
    ) -> None:
        self.shape = shape
        self.value_range = value_range

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.shape is not None
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ImageEncoder:
        """Learn shape, dtype and range.

        Parameters
        ----------
        X : array of shape (n_images, channels, height, width) or (n_images, n_pixels)
            Images without NaN.
        y : ignored
            Present for scikit-learn's API.

        Returns
        -------
        self : ImageEncoder

        Raises
        ------
        ValueError, TypeError
            If images have another shape, NaN or values outside the known ranges, or a dtype that
            is not numeric.
        """
        X = self._check(X)
        self.shape_, self.dtype_ = X.shape[1:], X.dtype
        self.range_ = self._find_range(X)
        self._check_values(X)
        self.n_features_in_ = self.n_features_out_ = int(np.prod(self.shape_))
        self.spans_, self.levels_, self.gaps_ = [], [], []
        return self

    def transform(self, X: Any) -> Array:
        """Encode images.

        Parameters
        ----------
        X : array of shape (n_images, channels, height, width) or (n_images, n_pixels)
            As in ``fit``.

        Returns
        -------
        Z : ndarray of float32, shape (n_images, channels, height, width)
            Between -1 and 1.
        """
        check_is_fitted(self)
        X = self._check(X)
        if X.shape[1:] != self.shape_:
            raise ValueError(
                f"images have shape {X.shape[1:]}, but in fit they had {self.shape_} (channels, "
                "height, width)"
            )
        self._check_values(X)
        self._check_kind(X)
        low, high = self.range_
        Z = (X.astype(np.float64) - low) * (2 / (high - low)) - 1
        return Z.astype(np.float32)

    def inverse_transform(self, Z: Array) -> Array:
        """Decode images into the dtype, range and shape seen in ``fit``.

        Parameters
        ----------
        Z : ndarray of float, shape (n_images, channels, height, width)
            Values beyond -1 and 1 are clipped.

        Returns
        -------
        X : ndarray of shape (n_images, channels, height, width) or (n_images, n_pixels)
        """
        check_is_fitted(self)
        low, high = self.range_
        Z = np.asarray(Z, dtype=np.float64).clip(-1, 1)
        X = ((Z + 1) * ((high - low) / 2) + low).clip(low, high)
        if self.dtype_.kind in "biu":
            X = np.rint(X).clip(np.ceil(low), np.floor(high))
        X = X.astype(self.dtype_)
        return X.reshape(len(X), -1) if self.shape is not None else X

    def _check(self, X: Any) -> Array:
        """Return ``X`` with four dimensions."""
        if self.shape is None:
            if not is_images(X):
                raise ValueError(
                    f"ImageEncoder takes images, (n, channels, height, width), but got shape "
                    f"{np.shape(X)}: for flattened images say ImageEncoder(shape=(channels, "
                    "height, width)), for a table use TableEncoder"
                )
            X = check_images(X)
        else:
            _refuse_masked(X)
            X = self._unflatten(np.asarray(X))
        if X.dtype.kind not in "biuf":
            raise TypeError(f"images must hold numbers, but their dtype is {X.dtype}")
        if X.dtype.kind == "f" and not np.isfinite(X).all():
            raise ValueError(
                f"images hold {np.sum(~np.isfinite(X))} pixels that are NaN or infinite, which "
                "ImageEncoder cannot encode: fill them first"
            )
        return X

    def _unflatten(self, X: Array) -> Array:
        shape = tuple(self.shape if self.shape is not None else ())
        if len(shape) != 3 or not all(isinstance(n, Integral) and n > 0 for n in shape):
            raise ValueError(
                f"shape={self.shape!r} must be (channels, height, width), whole numbers above 0"
            )
        n_pixels = int(np.prod(shape))
        if X.ndim != 2 or X.shape[1] != n_pixels:
            raise ValueError(
                f"ImageEncoder(shape={shape}) takes rows of {n_pixels} pixels, but got shape "
                f"{X.shape}"
            )
        return check_images(X.reshape(len(X), *shape))

    def _find_range(self, X: Array) -> tuple[float, float]:
        if not isinstance(self.value_range, str):
            return self._check_range(X.dtype, *self._two_numbers())
        if X.dtype.kind == "b":
            return 0.0, 1.0
        lowest, highest = float(X.min()), float(X.max())
        if X.dtype.kind in "iu":
            if lowest >= 0 and highest <= 255:
                return 0.0, self._white(int(highest))
            if X.dtype.kind == "u":
                return self._check_range(X.dtype, 0.0, float(np.iinfo(X.dtype).max))
        else:
            for low, high in KNOWN_RANGES:
                if low <= lowest and highest <= high:
                    return low, high
        raise ValueError(
            f"pixels lie between {lowest:g} and {highest:g}, which is neither 0 to 1 nor -1 to 1 "
            "(floats) nor 0 to 255 (whole numbers): rescale them, or say "
            "ImageEncoder(value_range=(low, high))"
        )

    def _white(self, highest: int) -> float:
        if highest <= 1:
            return 1.0
        if highest < 128:
            warnings.warn(
                f"the brightest pixel is {highest} where 255 is taken for white: if {highest} is "
                f"white, say ImageEncoder(value_range=(0, {highest}))",
                UserWarning,
                stacklevel=4,
            )
        return 255.0

    def _two_numbers(self) -> tuple[float, float]:
        pair = tuple(self.value_range)
        if len(pair) != 2 or not all(isinstance(v, Real) and math.isfinite(v) for v in pair):
            raise ValueError(
                f"value_range={self.value_range!r} must be two finite numbers, (low, high)"
            )
        if not pair[0] < pair[1]:
            raise ValueError(f"value_range={self.value_range!r} must rise: (low, high)")
        return float(pair[0]), float(pair[1])

    @staticmethod
    def _check_range(dtype: Any, low: float, high: float) -> tuple[float, float]:
        if dtype.kind in "iu" and high - low >= MOST_LEVELS:
            raise ValueError(
                f"pixels of {dtype} between {low:g} and {high:g} are more levels than float32 can "
                "tell apart: rescale them"
            )
        return low, high

    def _check_kind(self, X: Array) -> None:
        """Raise on floats if ``fit`` saw whole numbers, and the reverse: white may not be 1."""
        if isinstance(self.value_range, str) and (X.dtype.kind == "f") != (
            self.dtype_.kind == "f"
        ):
            raise ValueError(
                f"pixels are of dtype {X.dtype}, but in fit they were {self.dtype_}, from "
                f"{self.range_[0]:g} to {self.range_[1]:g}: hand over the same kind of images"
            )

    def _check_values(self, X: Array) -> None:
        low, high = self.range_
        if X.dtype.kind != "b" and (X.min() < low or X.max() > high):
            raise ValueError(
                f"pixels lie between {X.min():g} and {X.max():g}, outside the range of "
                f"{low:g} to {high:g}: rescale them, or say ImageEncoder(value_range=(low, high))"
            )
