r"""SpreadSMOTE: the geometry of GAMO's spread mixer without a game.

A new row of class :math:`i` is

.. math:: x = a + u \odot (b - a) + h\, v\, (c - d)

with :math:`a` a row of the class drawn uniformly, :math:`b, c, d` drawn independently from its
``k_neighbors`` nearest rows of the class, :math:`u` uniform on (0, 1), one per feature or one per
row, :math:`v` uniform on (0, 1), one per row, and :math:`h` the ``scale``. With :math:`h = 0` and
one :math:`u` per row this is SMOTE, whose rows are spread too narrowly. The difference of two
neighbours lets rows leave the convex hull, in directions in which the class varies locally.
SpreadSMOTE is the ablation that every game has to beat.

References
----------
N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer. SMOTE: synthetic minority over-sampling
technique. Journal of Artificial Intelligence Research 16 (2002). doi:10.1613/jair.953
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_resample.core.parameters import (
    AT_LEAST_0,
    AT_LEAST_1,
    NEIGHBOURS,
    SamplerParams,
    param,
    unfitted,
)
from gan_resample.core.rows import BaseRowSampler
from gan_resample.encoding.table import TableEncoder
from gan_resample.engine.ambient import steady
from gan_resample.engine.scalars import plain
from gan_resample.engine.seeding import seeded
from gan_resample.mixing.geometry import Anchors, spread

__all__ = ["SpreadSMOTE"]

Array = NDArray[Any]

CHUNK = 2_000_000  # most entries generated at once: bounds the memory
BLOCK = 10_000  # entries mixed at once: they stay in the processor's cache


@dataclass(kw_only=True, eq=False, repr=False)
class SpreadParams(SamplerParams):
    """The parameters of :class:`SpreadSMOTE`."""

    k_neighbors: Any = param(5, AT_LEAST_1, NEIGHBOURS)
    scale: float = param(1.0, AT_LEAST_0)
    per_feature: bool = param(True, "boolean")


@dataclass(kw_only=True, eq=False, repr=False)
class SpreadSMOTE(SpreadParams, BaseRowSampler):
    """Over-sample by interpolation plus a difference of neighbours, in observed values.

    Takes numeric, mixed and all-categorical tables, and images. Takes milliseconds.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes are resampled and how far, as in imbalanced-learn.
    k_neighbors : int or estimator, default=5
        Neighbours of the same class from which partners are drawn, in [1, inf). 5 as in SMOTE; 10
        was as good in an earlier study. In a class of fewer rows they are repeated in turn. A
        number above 64 is limited to the rows of the largest class in play. An int finds them
        exactly; in a class of more than 10,000 rows distances are computed block by block, which
        is faster and needs little memory. An estimator with ``kneighbors``, such as an approximate
        search or one on a GPU, is cloned and fitted to each class; its ``n_neighbors`` counts the
        row itself, as with SMOTE: ``NearestNeighbors(n_neighbors=6)`` gives 5.
    scale : float, default=1.0
        Length ``h`` of the step that leaves the convex hull, in [0, inf). 0 gives SMOTE's narrow
        rows; in an earlier study 0.5 had half of the gain, and 1.5 and 2 no more than 1.
    per_feature : bool, default=True
        True: interpolate each feature separately, to a point in the box between two rows. False:
        interpolate the row as a whole, to a point on the segment between them.
    encoder : TableEncoder or ImageEncoder, default=None
        Turns columns or pixels into numbers and back. ``None``: ``TableEncoder()`` for tables,
        ``ImageEncoder()`` for arrays of shape (n, channels, height, width).
    random_state : int, RandomState instance or None, default=None
        An int gives equal rows in every run.

    Attributes
    ----------
    sampling_strategy_ : dict
        Label -> number of rows to generate.
    encoder_ : TableEncoder or ImageEncoder
        Fitted to the training rows.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    synthetic_mask_ : ndarray of bool
        True on the generated rows of the last ``fit_resample``.
    n_features_in_, feature_names_in_, shape_in_
        As in scikit-learn; ``shape_in_`` is the shape of a row.

    See Also
    --------
    GAMOSampler : The same geometry with a scale learned in a game.
    imblearn.over_sampling.SMOTE : Interpolation alone.

    Notes
    -----
    Rows are mixed as standardised numbers and one-hot columns. A categorical column takes the
    category with the largest weight in the mixture: that of the row or of a neighbour, never a new
    one. A class of one row is repeated.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from gan_resample import SpreadSMOTE
    >>> X, y = make_classification(500, weights=[0.9], flip_y=0, random_state=0)
    >>> X_new, y_new = SpreadSMOTE(random_state=0).fit_resample(X, y)
    >>> sorted(Counter(y_new.tolist()).items())
    [(0, 451), (1, 451)]
    """

    def _learn_rows(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        pairs = zip(self._counts, deficits, strict=True)
        sizes = [count if deficit else 0 for count, deficit in pairs]
        with steady():
            rows = torch.as_tensor(x).flatten(1)  # tables in float64, pixels in float32
            anchors = Anchors(sizes, rows.shape[1], unfitted(self.k_neighbors)).to(rows.dtype)
            anchors.choose(torch.as_tensor(codes))
            anchors.keep(rows[anchors.chosen])
        self._anchors: Any = anchors  # None if no class lacked a row

    def _learn_nothing(self) -> None:
        self._anchors = None

    def _draw_rows(self, codes: Array, stream: np.random.Generator) -> Array:
        return self._spread(codes, stream)[0]

    def _make_rows(self, codes: Array, stream: np.random.Generator) -> Any:
        draws_its_own = type(self)._draw_rows is not SpreadSMOTE._draw_rows  # a subclass
        if draws_its_own or type(self.encoder_) is not TableEncoder:
            return super()._make_rows(codes, stream)
        return self.encoder_._decode(*self._spread(codes, stream))

    def _spread(
        self, codes: Array, stream: np.random.Generator
    ) -> tuple[Array, NDArray[np.bool_]]:
        at_once = max(1, CHUNK // self._anchors.rows.shape[1])
        with seeded(stream, torch.device("cpu")):
            parts = [self._mix(part) for part in torch.as_tensor(codes).split(at_once)]
            rows, copied = (torch.cat(part) for part in zip(*parts, strict=True))
            return rows.reshape(len(codes), *self._encoded_shape).numpy(), copied.numpy()

    def _mix(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return new rows, and which of their entries equal those of the row they start from.

        Where the four rows differ, an entry equals an observed value with probability 0.
        """
        anchors, scale = self._anchors, plain(self.scale)
        index, n_columns = anchors.draw_group(codes, 3), anchors.rows.shape[1]
        u = torch.rand(
            (len(codes), n_columns if self.per_feature else 1), dtype=anchors.rows.dtype
        )
        mixed = torch.empty((len(codes), n_columns), dtype=u.dtype)
        copied = torch.empty(mixed.shape, dtype=torch.bool)
        at_once = max(1, BLOCK // n_columns)
        for four, own, made, same in zip(
            *(part.split(at_once) for part in (index, u, mixed, copied)), strict=True
        ):
            rows = anchors.rows[four]
            inside, step = spread(rows, own)
            torch.add(inside, step.mul_(scale), out=made)
            torch.eq(made, rows[:, 0], out=same)
        return mixed, copied
