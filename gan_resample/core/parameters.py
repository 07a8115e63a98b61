"""Parameters of estimators as dataclass fields: each default beside its constraints.

A class of parameters is a dataclass whose fields are made by :func:`param` or :func:`game_param`.
The constructor, scikit-learn's constraints, the list of arguments for the game, and the list of
parameters that a ``warm_start`` must keep are all derived from the fields. Do not annotate fitted
attributes in such a class: they would become parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import Field, dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import torch
from imblearn.over_sampling.base import BaseOverSampler
from sklearn.base import clone
from sklearn.utils import get_tags
from torch import nn

from gan_resample._sklearn import HasMethods, Interval, StrOptions
from gan_resample.encoding.image import ImageEncoder
from gan_resample.encoding.table import TableEncoder
from gan_resample.engine.scalars import plain
from gan_resample.nn.build import Build

__all__ = [
    "AT_LEAST_0",
    "AT_LEAST_1",
    "COUNT",
    "MODULE",
    "NEIGHBOURS",
    "POSITIVE",
    "SHARE",
    "BackboneParams",
    "Interval",
    "RowParams",
    "SamplerParams",
    "TrainingParams",
    "fixed_params",
    "game_param",
    "game_params",
    "is_estimator",
    "one_of",
    "param",
    "unfitted",
]

AT_LEAST_0 = Interval(Real, 0, None, closed="left")
AT_LEAST_1 = Interval(Integral, 1, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="both")
COUNT = Interval(Integral, 0, None, closed="left")
NEIGHBOURS = HasMethods(["fit", "kneighbors", "get_params"])
MODULE = (nn.Module, callable, None)  # or a picklable (n_in, n_out) -> nn.Module


def one_of(*names: str) -> StrOptions:
    """Return the constraint of a parameter that takes one of ``names``."""
    return StrOptions(set(names))


def param(default: Any, *constraints: Any, fixed: bool = False) -> Any:
    """Return the field of a parameter.

    Parameters
    ----------
    default : object
        Default value; immutable.
    *constraints
        As in scikit-learn's ``_parameter_constraints``: one of them must hold. None given: any
        value is accepted.
    fixed : bool, default=False
        Whether a fit that continues an earlier one (``warm_start``) must keep the value.
    """
    about = {"constraints": constraints, "fixed": fixed, "game": False}
    return field(default=default, metadata=about)


def game_param(default: Any, *constraints: Any, fixed: bool = True) -> Any:
    """Return the field of a parameter that is also an argument of the game; see :func:`param`."""
    about = {"constraints": constraints, "fixed": fixed, "game": True}
    return field(default=default, metadata=about)


class Constraints:
    """scikit-learn's ``_parameter_constraints`` of a class, read off its fields."""

    def __get__(self, _: Any, kind: type) -> dict[str, Any]:
        return {name: list(c) or "no_validation" for name, c in _told(kind, "constraints")}


def game_params(kind: Any) -> tuple[str, ...]:
    """Names of the parameters of an estimator, or its class, that are arguments of its game."""
    return tuple(name for name, of_game in _told(kind, "game") if of_game)


def fixed_params(kind: Any) -> tuple[str, ...]:
    """Names of the parameters that a fit with ``warm_start`` must keep."""
    return tuple(name for name, fixed in _told(kind, "fixed") if fixed)


def is_estimator(value: Any) -> bool:
    """Whether a parameter's value is an estimator, which can be cloned and fitted."""
    return all(hasattr(value, name) for name in ("fit", "get_params")) and not isinstance(
        value, type
    )


def unfitted(value: Any) -> Any:
    """Return a parameter's value in Python's own numbers; of an estimator, a clone."""
    return clone(value) if is_estimator(value) else plain(value)


def _told(kind: Any, what: str) -> Iterator[tuple[str, Any]]:
    """Yield the name of each parameter and what its field tells of it."""
    for each in fields(kind):
        if what not in each.metadata:
            raise TypeError(
                f"{each.name!r} is annotated in a class of parameters and so taken for one: write "
                f"{each.name} = param(default, constraints), or game_param for an argument of the "
                "game; a fitted attribute has no annotation"
            )
        yield each.name, each.metadata[what]


def _takes_missing(part: Any) -> bool:
    """Whether a part of an estimator takes missing values, by its tags; without them: no."""
    has_tags = hasattr(part, "__sklearn_tags__") and not isinstance(part, type)
    return has_tags and bool(get_tags(part).input_tags.allow_nan)


@dataclass(kw_only=True, eq=False, repr=False)
class RowParams:
    """Parameters of every estimator."""

    _parameter_constraints = Constraints()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        for kind in cls.__mro__:  # a dataclass has values in the places of its fields
            left = [name for name, value in vars(kind).items() if isinstance(value, Field)]
            if left:
                raise TypeError(
                    f"{kind.__name__} has the parameters {', '.join(left)}, but is no dataclass: "
                    "write @dataclass(kw_only=True, eq=False, repr=False) above it"
                )
        return super().__new__(cls)

    encoder: TableEncoder | ImageEncoder | None = param(
        None, TableEncoder, ImageEncoder, None, fixed=True
    )
    random_state: int | np.random.RandomState | None = param(None, "random_state")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        encoder = TableEncoder() if self.encoder is None else self.encoder
        asked = [encoder, *self._searches()]
        tags.input_tags.allow_nan = all(map(_takes_missing, asked))
        return tags

    def _searches(self) -> Iterator[Any]:
        """Yield the estimators of the user's that are to find neighbours."""
        for name, constraints in _told(type(self), "constraints"):
            value = getattr(self, name)
            if NEIGHBOURS in constraints and not isinstance(value, Integral):
                yield value


@dataclass(kw_only=True, eq=False, repr=False)
class SamplerParams(RowParams):
    """Parameters of every sampler."""

    sampling_strategy: Any = param(
        "auto", *BaseOverSampler._parameter_constraints["sampling_strategy"]
    )


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingParams(RowParams):
    """Parameters of every estimator that trains a game, with the most common defaults."""

    max_iter: int | None = param(1000, AT_LEAST_1)  # None only where a method says what it means
    batch_size: int = param(128, AT_LEAST_1, fixed=True)
    learning_rate: float = param(1e-3, POSITIVE, fixed=True)
    net_params: dict[str, Any] | None = param(None, dict, None, fixed=True)
    hidden_layer_sizes: Sequence[int] = game_param((256, 128), "array-like")
    device: str | torch.device = param("auto", str, torch.device, fixed=True)
    callbacks: Sequence[Any] | None = param(None, list, tuple, None, fixed=True)
    warm_start: bool = param(False, "boolean")
    verbose: int = param(0, "verbose")


@dataclass(kw_only=True, eq=False, repr=False)
class BackboneParams:
    """The network that turns rows into features, and how much of it is frozen."""

    feature_extractor: Build | None = game_param(None, *MODULE)
    freeze: int | str | None = game_param(None, COUNT, one_of("all"), None)
