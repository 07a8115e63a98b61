"""
A sampler of your own without a game
====================================

It adds noise to real rows, in the encoded space in which the samplers of this package work:
numbers standardised, categories one-hot. There are two methods to write, and one for the case that
no class lacks rows. The base class provides tables with text, dtypes, counts, ``sample``, seeds
and pickling.
"""

# %%
# Rows are given encoded, in float64, with class codes from 0. ``_draw_rows`` returns rows of the
# same kind. When they are decoded, a category is that of its largest number, and counts and
# constants take observed values.
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from gan_resample.core.parameters import AT_LEAST_0, SamplerParams, param
from gan_resample.core.rows import BaseRowSampler
from gan_resample.datasets import load_bundled
from gan_resample.evaluation import ComparisonDisplay, compare
from gan_resample.testing import check_sampler


@dataclass(kw_only=True, eq=False, repr=False)
class JitterParams(SamplerParams):
    noise: float = param(0.3, AT_LEAST_0)


@dataclass(kw_only=True, eq=False, repr=False)
class JitterSampler(JitterParams, BaseRowSampler):
    """Repeat rows of a class, with noise proportional to the standard deviations of the class."""

    def _learn_rows(self, x, codes, deficits, stream):
        self.rows_ = [x[codes == code] for code in range(len(deficits))]

    def _learn_nothing(self):  # no class lacks a row: set the fitted attributes all the same
        self.rows_ = []

    def _draw_rows(self, codes, stream):
        made = np.empty((len(codes), *self._encoded_shape))
        for code in np.unique(codes):
            own, at = self.rows_[code], codes == code
            noise = stream.normal(size=(at.sum(), *own.shape[1:]))
            made[at] = own[stream.integers(len(own), size=at.sum())]
            made[at] += self.noise * own.std(axis=0) * noise  # a class of one row is repeated
        return made


# %%
# It passes the checks of samplers, and can be used in a pipeline and in a comparison.
check_sampler(JitterSampler())

cancer = load_bundled("breast_cancer")
jitter = JitterSampler(random_state=0)
train = cancer.splits(3, 1, 0)[0].train
model = make_pipeline(StandardScaler(), jitter, LogisticRegression())
model.fit(cancer.X.iloc[train], cancer.y[train])
methods = {"none": "none", "SMOTE": "smote", "spread": "spread", "jitter": jitter}
ComparisonDisplay.from_comparison(compare(cancer, methods, ["logistic"], cv=3))
plt.show()
