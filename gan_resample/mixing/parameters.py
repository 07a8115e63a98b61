"""Parameters that the estimators of GAMO and PGAN share."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from numpy.typing import NDArray

from gan_resample._sklearn import Interval
from gan_resample.core.parameters import (
    AT_LEAST_1,
    MODULE,
    BackboneParams,
    TrainingParams,
    game_param,
    one_of,
    param,
)
from gan_resample.nn.build import Build

__all__ = ["AverageParams", "MixingParams", "SpaceParams"]

Array = NDArray[Any]


@dataclass(kw_only=True, eq=False, repr=False)
class MixingParams(TrainingParams, BackboneParams):
    """Parameters of every estimator whose game mixes rows."""

    classifier: Build | None = game_param(None, *MODULE)
    max_anchors: int | None = game_param(1024, AT_LEAST_1, None)
    latent_dim: int | None = game_param(None, AT_LEAST_1, None)


@dataclass(kw_only=True, eq=False, repr=False)
class AverageParams:
    """Parameter of a classifier that predicts with a moving average of its weights."""

    ema_decay: float = game_param(0.99, Interval(Real, 0, 1, closed="left"))


@dataclass(kw_only=True, eq=False, repr=False)
class SpaceParams:
    """Parameters of a sampler whose game may mix feature vectors."""

    space: str = param("rows", one_of("rows", "features"))
    shared_decoder: bool = param(True, "boolean")
    decoder_iter: int = param(1000, AT_LEAST_1)
