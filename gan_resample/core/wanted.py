"""The labels that ``sample`` is asked for: each of a class that rows can be generated of."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from gan_resample.core.containers import take
from gan_resample.encoding.columns import refuse_masked

__all__ = ["WantedLabelsMixin"]

Array = NDArray[Any]


class WantedLabelsMixin:
    """A sampler that checks the labels of the rows that it is asked for."""

    classes_: Array
    sampling_strategy_: dict[Any, int]
    _counts: tuple[int, ...]
    _in_play: Array

    def _check_wanted(self, labels: Any) -> Array:
        """Return the labels that :meth:`sample` is asked for, each of a class in play."""
        known, in_play = self.classes_.tolist(), self._in_play.tolist()
        refuse_masked(labels, "labels")
        labels = take(labels)[0]
        if np.ndim(labels) == 0:
            number = isinstance(labels, Integral) and labels not in (0, 1, *in_play)
            n, label = (abs(int(labels)) if number else 10), (in_play or known)[-1]
            raise ValueError(
                f"labels={labels!r} must be a list with a label for each row that is wanted: for "
                f"{n} rows of class {label!r} say sample([{label!r}] * {n})"
            )
        if np.ndim(labels) > 1 and np.shape(labels)[1:] != (1,):
            raise ValueError(
                f"labels must be a list with a label for each row that is wanted, but has shape "
                f"{np.shape(labels)}"
            )
        labels = column_or_1d(labels)
        given = labels.tolist()
        others = [label for label in dict.fromkeys(given) if label not in set(in_play)]
        if unknown := [label for label in others if label not in known]:
            raise ValueError(
                f"cannot generate rows of {unknown}: the classes that {type(self).__name__} was "
                f"fitted to are {known}"
            )
        if others:
            raise ValueError(
                f"cannot generate rows of {others}: in fit, the classes in play were {in_play}. "
                f"Fit with sampling_strategy={self._strategy_with(others, labels)}, the rows of "
                "each class, real and generated, to have the others in play too"
            )
        return labels

    def _strategy_with(self, others: Sequence[Any], labels: Array) -> dict[Any, int]:
        """Return a ``sampling_strategy`` in which ``others`` are in play too."""
        counts = dict(zip(self.classes_.tolist(), self._counts, strict=True))
        wanted = dict(zip(others, (int(np.sum(labels == each)) for each in others), strict=True))
        lacking = {label: self.sampling_strategy_.get(label, 0) for label in counts}
        return {
            label: count + int(lacking[label] or wanted[label])
            for label, count in counts.items()
            if lacking[label] or label in wanted
        }
