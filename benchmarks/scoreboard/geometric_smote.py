"""Geometric SMOTE for the comparison; needs ``pip install imbalanced-learn-extra``.

References
----------
G. Douzas, F. Bacao. Geometric SMOTE. Information Sciences 501 (2019).
doi:10.1016/j.ins.2019.06.007
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray

from gan_resample.evaluation.run.smote import _fit_encoded

Array = NDArray[Any]


class GSMOTE(BaseOverSampler):
    """Geometric SMOTE with its defaults, run as SMOTE's relatives are in the comparison.

    It mixes one-hot columns, of which the largest becomes the category, with at most 5 neighbours
    or as many as the smallest class allows; the only row of a class is repeated.
    """

    def __init__(self, sampling_strategy: Any = "auto", random_state: int | None = None) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array]:
        from imblearn_extra.gsmote import GeometricSMOTE

        sampler = GeometricSMOTE(
            sampling_strategy=self.sampling_strategy, random_state=self.random_state
        )
        X_new, y_new, _ = _fit_encoded(sampler, X, y)
        return X_new, y_new

    def _fit_resample(self, X: Any, y: Array) -> Any:
        raise NotImplementedError("see fit_resample")
