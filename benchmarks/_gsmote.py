"""Geometric SMOTE as an opponent: needs ``pip install imbalanced-learn-extra``.

References
----------
G. Douzas, F. Bacao. Geometric SMOTE. Information Sciences 501 (2019).
doi:10.1016/j.ins.2019.06.007
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from imblearn.over_sampling.base import BaseOverSampler
from numpy.typing import NDArray

from gan_resample import TableEncoder

Array = NDArray[Any]


class GSMOTE(BaseOverSampler):
    """With its defaults, on one-hot columns, of which the largest becomes the category.

    As many neighbours as the smallest class allows, 5 at most, as for SMOTE in the comparison.
    """

    def __init__(self, sampling_strategy: Any = "auto", random_state: int | None = None) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state

    def fit_resample(self, X: pd.DataFrame, y: Array) -> tuple[pd.DataFrame, Array]:
        from imblearn_extra.gsmote import GeometricSMOTE

        encoder = TableEncoder(snap=False).fit(X)
        _, counts = np.unique(y, return_counts=True)
        sampler = GeometricSMOTE(
            sampling_strategy=self.sampling_strategy,
            k_neighbors=int(min(5, counts.min() - 1)),
            random_state=self.random_state,
        )
        made, y_new = sampler.fit_resample(encoder.transform(X), y)
        rows = encoder.inverse_transform(made[len(y) :]).astype(X.dtypes)
        return pd.concat([X, rows], ignore_index=True), y_new

    def _fit_resample(self, X: Any, y: Array) -> Any:
        raise NotImplementedError("see fit_resample")
