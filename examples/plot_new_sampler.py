"""
A sampler of your own without a game
====================================

Noise on real rows, in the space in which the package's samplers work: numbers standardised,
categories one-hot. Two methods are written and one for the case that nothing is to do; tables with
text, dtypes, counts, ``sample``, seeds and pickling come with the base class.
"""

# %%
# Rows come in encoded, float64, with class codes from 0. ``_draw_rows`` gives back rows of the
# same kind; categories go to the largest of their numbers, counts and constants to values seen.
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


class JitterSampler(JitterParams, BaseRowSampler):
    """Repeat rows of a class, each with noise in proportion to the class's standard deviations."""

    def _learn_rows(self, x, codes, deficits, stream):
        self.rows_ = [x[codes == code] for code in range(len(deficits))]

    def _learn_nothing(self):  # no class lacks a row: the fitted attributes are there all the same
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
# It keeps what a sampler promises, and stands in a pipeline and in the comparison.
check_sampler(JitterSampler())

cancer = load_bundled("breast_cancer")
jitter = JitterSampler(random_state=0)
train = cancer.splits(3, 1, 0)[0].train
model = make_pipeline(StandardScaler(), jitter, LogisticRegression())
model.fit(cancer.X.iloc[train], cancer.y[train])
methods = {"none": "none", "SMOTE": "smote", "spread": "spread", "jitter": jitter}
ComparisonDisplay.from_comparison(compare(cancer, methods, ["logistic"], cv=3))
plt.show()
