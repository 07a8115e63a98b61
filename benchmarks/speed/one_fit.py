"""Fit one estimator with its defaults, and print its CPU seconds and rounds as JSON.

A file by itself, which runs with any version of the package: ``python one_fit.py CASE [ROUNDS]``,
with the version on ``PYTHONPATH``. A case is an estimator and its data: ``GAMOSampler:digits``. A
random forest is timed on the same rows.
"""

import json
import sys
import time
import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

import gan_resample

THINNED = (170, 150, 130, 110, 90, 70, 50, 25, 10, 6)  # of the digits
NINE_PAIRS = (400, 200, 150, 120, 100, 80, 60, 40, 30, 20)


def digits():
    X, y = load_digits(return_X_y=True)
    rows = [np.flatnonzero(y == label)[:n] for label, n in enumerate(THINNED)]
    return X[np.concatenate(rows)], y[np.concatenate(rows)]


def gaussians(counts):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    return rng.standard_normal((len(y), 30)) + y[:, None], y


def large():
    return make_classification(
        10_000, 30, n_informative=10, weights=[100 / 101], flip_y=0, random_state=0
    )


DATA = {
    "digits": digits,
    "10k": large,
    "one pair": lambda: gaussians((400, 100)),
    "nine pairs": lambda: gaussians(NINE_PAIRS),
}


def warm_up(estimator, X, y):
    """Fit for two rounds first: what is loaded at the first use is no part of a fit."""
    few = {name: 2 for name in ("max_iter", "init_iter") if name in estimator.get_params()}
    clone(estimator).set_params(**few).fit(X, y)


def main(case, max_iter=None):
    name, _, data = case.partition(":")
    X, y = DATA[data]()
    estimator = getattr(gan_resample, name)(random_state=0)
    if "device" in estimator.get_params():
        estimator.set_params(device="cpu")
    if max_iter is not None and "max_iter" in estimator.get_params():
        estimator.set_params(max_iter=int(max_iter))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with threadpool_limits(1):
        warm_up(estimator, X, y)
        start = time.process_time()
        estimator.fit_resample(X, y) if hasattr(estimator, "fit_resample") else estimator.fit(X, y)
        seconds = time.process_time() - start
        start = time.process_time()
        RandomForestClassifier(random_state=0).fit(X, y)
        forest = time.process_time() - start
    rounds = int(getattr(estimator, "n_iter_", 0))
    print(json.dumps({"seconds": seconds, "rounds": rounds, "forest": forest}))


if __name__ == "__main__":
    main(*sys.argv[1:])
