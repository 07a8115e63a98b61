"""A small comparison that several test modules look at; made once a process."""

from functools import cache

import numpy as np
import pandas as pd

from gan_resample.datasets import as_dataset
from gan_resample.evaluation import compare

QUICK = {"cv": 2, "max_iter": 4}
SAMPLERS = ["none", "class_weight", "threshold", "random", "smote", "spread", "gamo"]


def mixed_table(n=90, seed=0):
    """Two classes, numbers and texts with missing values; the minority is one row in six."""
    rng = np.random.default_rng(seed)
    rare = np.arange(n) % 6 == 0
    X = pd.DataFrame(
        {
            "amount": rng.normal(size=n) + 2 * rare,
            "count": rng.integers(0, 5, n).astype(float),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], n),
        }
    )
    X.loc[3, "amount"] = np.nan
    X.loc[4, "town"] = None
    return X, np.where(rare, "rare", "common")


def numeric_table(n=90, seed=0):
    """Three classes of numbers."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    return rng.normal(size=(n, 3)) + 1.5 * y[:, None], y


def tables():
    return [
        as_dataset("mixed", *mixed_table(), categorical=["count"]),
        as_dataset("numbers", *numeric_table()),
    ]


@cache
def small_comparison():
    """Every sampler with two classifiers, one of which takes no weights, on two tables."""
    return compare(tables(), SAMPLERS, ["logistic", "knn"], **QUICK)
