"""What DVAAN's estimators share: the training plan, and the warnings of what lies at a bound."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.core.training import GameMixin, Training
from gan_resample.dvaan.game import MOST_TRIES, DVAANGame
from gan_resample.dvaan.prior import MU_MAX, MU_MIN
from gan_resample.engine.guards import BoundaryWarning

__all__ = ["DVAANMixin", "warn_of_acceptance"]

Array = NDArray[Any]


def warn_of_acceptance(rates: Mapping[Any, float], advice: str) -> None:
    """Warn of classes with too few accepted rows near their boundary."""
    told = ", ".join(f"{label!r}: {rate:.2g}" for label, rate in rates.items())
    warnings.warn(
        f"of the candidates near the boundary of a class, fewer than 1 in {MOST_TRIES} are taken "
        f"for that class by the discriminator ({told}): other draws from the prior of the class "
        f"fill up. {advice}",
        BoundaryWarning,
        stacklevel=3,
    )


class DVAANMixin(GameMixin):
    """What the sampler and the classifier share."""

    game_: DVAANGame
    mu: float
    adapt_mu: bool
    mu_: float
    acceptance_: dict[Any, float]

    def _plan_training(self, shape: Sequence[int], deficits: Sequence[int]) -> Training:
        return replace(
            super()._plan_training(shape, deficits),
            optimizer={"betas": (0.5, 0.999)},
            learning_rates={"discriminator": 0.2},
        )

    def _learn_classes(self, y: Array, *, goes_on: bool) -> Array:
        if self.adapt_mu and not MU_MIN <= self.mu <= MU_MAX:
            raise ValueError(
                f"mu={self.mu} must be between {MU_MIN} and {MU_MAX} where it adapts: change it, "
                "or set adapt_mu=False"
            )
        return super()._learn_classes(y, goes_on=goes_on)

    def _play(
        self, x: Array, codes: Array, deficits: Sequence[int], stream: np.random.Generator
    ) -> None:
        super()._play(x, codes, deficits, stream)
        self.mu_ = self.game_.prior.mu.item()
        if self.adapt_mu and self.mu_ in (MU_MIN, MU_MAX):
            fate = (
                "the classes coincide in latent space, and which side a row lies on says little"
                if self.mu_ == MU_MIN
                else "what lies between the classes is far from both"
            )
            warnings.warn(
                f"mu ended at its bound {self.mu_}: {fate}. Fix it (adapt_mu=False), or change "
                "gamma",
                BoundaryWarning,
                stacklevel=2,
            )
