"""Figures of merit of predictions, and of generated rows compared with real ones.

Predictions are measured by the accuracy on each class, generated rows by where they lie among real
ones in a space of *features*, vectors that the user chooses: distances between raw pixels mean
little. None of these figures says whether the rows help a classifier: compare classifiers for
that.

References
----------
M. Heusel et al. GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium.
NeurIPS 2017 (Frechet distance).
T. Kynkaanniemi et al. Improved Precision and Recall Metric for Assessing Generative Models.
NeurIPS 2019.
M. F. Naeem et al. Reliable Fidelity and Diversity Metrics for Generative Models. ICML 2020
(density and coverage).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import nn

from gan_resample.core.containers import encoded, take
from gan_resample.engine.ambient import steady
from gan_resample.evaluation.metrics.uncertainty import (
    entropy,
    least_confidence,
    margin_of_confidence,
    ratio_of_confidence,
)

__all__ = [
    "Manifold",
    "acsa",
    "entropy",
    "frechet_distance",
    "generation_scores",
    "gmean",
    "least_confidence",
    "manifold_scores",
    "margin_of_confidence",
    "near_copies",
    "nearest_distances",
    "ratio_of_confidence",
]

Array = NDArray[Any]
Features = nn.Module | Callable[[Any], Any] | None

CHUNK = 512  # rows at once through a module
ENTRIES = 4_000_000  # most entries of a distance matrix at once (32 MB)
REPEATED = 1e-6  # rows nearer than this, relative to the largest entry, are equal


def acsa(y_true: Any, y_pred: Any) -> float:
    """Average class-specific accuracy: the mean over classes of the recall.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,)
        Labels and predicted labels.

    Returns
    -------
    score : float
        Between 0 and 1; scikit-learn's balanced accuracy.
    """
    return float(balanced_accuracy_score(y_true, y_pred))


def gmean(y_true: Any, y_pred: Any) -> float:
    """Geometric mean over classes of the recall, computed in log space.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_rows,)
        Labels and predicted labels.

    Returns
    -------
    score : float
        Between 0 and 1; 0 if the recall of any class is 0.
    """
    recalls = recall_score(y_true, y_pred, labels=np.unique(y_true), average=None)
    return float(stats.gmean(recalls))


def frechet_distance(real: Any, generated: Any, *, features: Features = None) -> float:
    """Frechet distance between two Gaussians, fitted to real and to generated rows.

    ``|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))`` with means ``m`` and covariances ``S``. With the
    features of an Inception network this is the FID of the literature; with others it compares
    samplers with each other, not with published figures. Small samples bias it upwards: compare
    equal numbers of rows.

    Parameters
    ----------
    real, generated : array-like of shape (n_rows, ...)
        At least two rows each.
    features : nn.Module or callable, default=None
        Turns rows into vectors, (n_rows, n_features); None: the rows, flattened.

    Returns
    -------
    distance : float
        At least 0; 0 if means and covariances agree.
    """
    real, generated = _vectors(real, features, 2), _vectors(generated, features, 2)
    _check_widths(real, generated)
    gap = real.mean(axis=0) - generated.mean(axis=0)
    one, other = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (real, generated))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    # tr (S S')^(1/2) = tr (S^(1/2) S' S^(1/2))^(1/2), whose matrix is symmetric
    cross = np.sqrt(np.linalg.eigvalsh(root @ other @ root).clip(min=0)).sum()
    return float(max(gap @ gap + np.trace(one) + np.trace(other) - 2 * cross, 0.0))


class Manifold(NamedTuple):
    """The figures of :func:`manifold_scores`, which defines them.

    Parameters
    ----------
    precision, recall, coverage : float
        Shares, in [0, 1].
    density : float
        At least 0; may be larger than 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(
    real: Any, generated: Any, *, k: int = 5, features: Features = None
) -> Manifold:
    """Precision, recall, density and coverage, from balls around rows.

    The radius of a row's ball is the distance to its k-th nearest other row of the same kind.
    ``precision``: share of generated rows in the ball of some real row. ``recall``: share of real
    rows in the ball of some generated row. ``density``: mean number of balls of real rows in which
    a generated row lies, divided by k. ``coverage``: share of real rows whose ball holds a
    generated row.

    Parameters
    ----------
    real, generated : array-like of shape (n_rows, ...)
        More than ``k`` rows each.
    k : int, default=5
        Number of the nearest row that sets the radius, in [1, n_rows - 1]; 3 and 5 are usual.
    features : nn.Module or callable, default=None
        Turns rows into vectors, (n_rows, n_features); None: the rows, flattened.

    Returns
    -------
    scores : Manifold
        precision, recall, density, coverage. All are in [0, 1] except density, which may be
        larger. Copies of few rows give high precision and density, and low recall and coverage.
    """
    real, generated = _vectors(real, features, k + 1), _vectors(generated, features, k + 1)
    _check_widths(real, generated)
    reach, own_reach = _reach(real, k), _reach(generated, k)
    held = np.zeros(len(generated))  # number of balls of real rows around each generated one
    recalled = np.zeros(len(real), dtype=bool)
    covered = np.zeros(len(real), dtype=bool)
    for part, distance in _distances(generated, real):
        inside = distance <= reach
        held[part] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= (distance <= own_reach[part, None]).any(axis=0)
    return Manifold(
        precision=float((held > 0).mean()),
        recall=float(recalled.mean()),
        density=float(held.mean() / k),
        coverage=float(covered.mean()),
    )


def nearest_distances(real: Any, generated: Any, *, features: Features = None) -> Array:
    """Distance of each generated row to the nearest real one.

    Parameters
    ----------
    real, generated : array-like of shape (n_rows, ...)
        Rows.
    features : nn.Module or callable, default=None
        Turns rows into vectors, (n_rows, n_features); None: the rows, flattened.

    Returns
    -------
    distances : ndarray of shape (n_generated,)
        Euclidean, in the features.
    """
    real, generated = _vectors(real, features), _vectors(generated, features)
    _check_widths(real, generated)
    return np.concatenate([distance.min(axis=1) for _, distance in _distances(generated, real)])


def near_copies(
    real: Any, generated: Any, *, tolerance: float = 0.1, features: Features = None
) -> float:
    """Share of generated rows that are almost copies of a real one.

    Parameters
    ----------
    real, generated : array-like of shape (n_rows, ...)
        At least two real rows.
    tolerance : float, default=0.1
        A near-copy is nearer than this to some real row, relative to the median distance of a real
        row to the nearest different one, in [0, inf); 0 counts exact copies.
    features : nn.Module or callable, default=None
        Turns rows into vectors, (n_rows, n_features); None: the rows, flattened.

    Returns
    -------
    share : float
        Between 0 and 1.
    """
    real, generated = _vectors(real, features, 2), _vectors(generated, features)
    if not (isinstance(tolerance, Real) and tolerance >= 0):
        raise ValueError(f"tolerance={tolerance!r} must be a number of at least 0")
    limit = tolerance * _typical_distance(real)
    return float((nearest_distances(real, generated) <= limit).mean())


def generation_scores(
    sampler: Any,
    X: Any,
    y: Any,
    *,
    features: Features = None,
    k: int = 5,
    random_state: Any = None,
) -> pd.DataFrame:
    """Measure what a fitted sampler generates, class by class, against real rows.

    As many rows are generated as there are real ones. With training rows, ``near_copies`` shows
    memorised rows; for the other figures use rows that the sampler has not seen.

    Parameters
    ----------
    sampler : estimator
        A fitted sampler of this package.
    X : array of shape (n_rows, ...)
        Real rows.
    y : array-like of shape (n_rows,)
        Their labels. Classes that were not in play, or have at most ``k`` rows, are left out.
    features : nn.Module or callable, default=None
        Turns rows into vectors, (n_rows, n_features). None: the sampler's ``features``, those of
        its feature extractor, or encoded rows if it has none.
    k : int, default=5
        As in :func:`manifold_scores`.
    random_state : int, RandomState instance or None, default=None
        Seed of the generated rows; None continues the sampler's stream.

    Returns
    -------
    scores : DataFrame
        A row for each class: ``n_rows``, ``frechet``, ``precision``, ``recall``, ``density``,
        ``coverage``, ``nearest`` (median distance to the nearest real row) and ``near_copies``.
    """
    check_is_fitted(sampler, "encoder_")
    check_consistent_length(X, y)
    if not (isinstance(k, Integral) and k > 0):
        raise ValueError(f"k={k!r} must be a whole number of at least 1")
    if not any(sampler.sampling_strategy_.values()):
        raise ValueError(
            f"no class lacked a row when {type(sampler).__name__} was fitted: there is nothing to "
            "judge"
        )
    features, made_features = _features_of(sampler, features)
    X, y = take(X)[0], np.asarray(take(y)[0])
    X = np.asarray(X) if isinstance(X, (list, tuple)) else X
    found = {}
    for label, n in sampler.sampling_strategy_.items():
        own = np.flatnonzero(y == label)
        if not n or len(own) <= k:
            continue
        made = sampler.sample(np.full(len(own), label, dtype=y.dtype), random_state=random_state)
        real = X.iloc[own] if hasattr(X, "iloc") else X[own]
        found[label] = _scores(_vectors(real, features), _vectors(made, made_features), k)
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("class")


def _features_of(sampler: Any, features: Features) -> tuple[Features, Features]:
    """Features of real rows, and of those that the sampler generates."""
    if getattr(sampler, "space_", "rows") == "features":
        if features is not None:
            raise ValueError(
                f"{type(sampler).__name__} generates vectors in its own features, as "
                "space='features' asks: leave features=None"
            )
        return sampler.features, None
    if features is None:
        features = getattr(sampler, "features", partial(_encode, sampler))
    return features, features


def _encode(sampler: Any, rows: Any) -> Array:
    return encoded(sampler.encoder_, rows)


def _scores(real: Array, generated: Array, k: int) -> dict[str, float]:
    return {
        "n_rows": len(real),
        "frechet": frechet_distance(real, generated),
        **manifold_scores(real, generated, k=k)._asdict(),
        "nearest": float(np.median(nearest_distances(real, generated))),
        "near_copies": near_copies(real, generated),
    }


def _distances(rows: Array, others: Array) -> Iterator[tuple[slice, Array]]:
    """Yield parts of ``rows`` and their distances to all ``others``, (len(part), len(others)).

    They are exact: equal rows have distance 0, and a pair always has the same distance.
    """
    step = max(1, ENTRIES // len(others))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        yield part, cdist(rows[part], others)


def _to_others(rows: Array) -> Iterator[Array]:
    """Yield distances of parts of the rows to all rows; a row's distance to itself is infinite."""
    for part, distance in _distances(rows, rows):
        own = np.arange(len(distance))
        distance[own, own + part.start] = np.inf
        yield distance


def _reach(rows: Array, k: int) -> Array:
    """Distance of each row to its k-th nearest other row."""
    parts = [np.partition(distance, k - 1, axis=1)[:, k - 1] for distance in _to_others(rows)]
    return np.concatenate(parts)


def _typical_distance(rows: Array) -> float:
    """Median distance of a row to the nearest row that is not equal to it."""
    same = REPEATED * np.abs(rows).max()
    nearest = [np.where(d > same, d, np.inf).min(axis=1) for d in _to_others(rows)]
    typical = float(np.median(np.concatenate(nearest)))
    return typical if np.isfinite(typical) else 0.0


def _vectors(rows: Any, features: Features, fewest: int = 1) -> Array:
    """Features of rows, (n, n_features), in float64; finite."""
    if isinstance(features, nn.Module):
        rows = _through(features, np.asarray(rows))
    elif features is not None:
        rows = features(rows)
    vectors = np.asarray(rows, dtype=np.float64)
    vectors = vectors.reshape(len(vectors), -1)
    if len(vectors) < fewest:
        raise ValueError(
            f"got {len(vectors)} rows, but this figure needs at least {fewest} real and generated "
            "ones: use more rows or a smaller k"
        )
    if not np.isfinite(vectors).all():
        raise ValueError("rows or their features hold NaN or infinite numbers: fill them first")
    return vectors


@torch.inference_mode()
def _through(module: nn.Module, rows: Array) -> Array:
    module = copy.deepcopy(module).cpu().eval()
    with steady():
        chunks = torch.as_tensor(rows, dtype=torch.float32).split(CHUNK)
        return torch.cat([module(chunk).flatten(1) for chunk in chunks]).numpy()


def _check_widths(real: Array, generated: Array) -> None:
    if real.shape[1] != generated.shape[1]:
        raise ValueError(
            f"real rows have {real.shape[1]} features and generated ones {generated.shape[1]}: "
            "they must agree"
        )
