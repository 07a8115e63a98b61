"""Figures of merit against their formulas, written out on small cases."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from imblearn.metrics import geometric_mean_score
from scipy import linalg, sparse
from scipy.spatial.distance import cdist
from sklearn.exceptions import NotFittedError

from gan_resample import GAMOSampler, SpreadSMOTE
from gan_resample.evaluation.metrics.generated import (
    acsa,
    frechet_distance,
    generation_scores,
    gmean,
    manifold_scores,
    near_copies,
    nearest_distances,
)
from tests.helpers import QUICK, blobs, small_features

rng = np.random.default_rng(0)
REAL, MADE = rng.normal(size=(40, 3)), rng.normal(0.5, 2, size=(25, 3))


def test_acsa_and_gmean_by_hand():
    y, predicted = [0, 0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 0, 2, 2]
    assert acsa(y, predicted) == pytest.approx((0.75 + 0.5 + 1) / 3)
    assert gmean(y, predicted) == pytest.approx((0.75 * 0.5 * 1) ** (1 / 3))
    assert gmean(y, predicted) == pytest.approx(geometric_mean_score(y, predicted))
    assert gmean([0, 1], [0, 0]) == 0


def test_gmean_of_many_poor_classes_does_not_underflow():
    y = np.repeat(np.arange(200), 100)
    predicted = np.where(np.arange(len(y)) % 100 == 0, y, (y + 1) % 200)
    assert gmean(y, predicted) == pytest.approx(0.01)  # the product is 1e-400


def test_frechet_distance_is_the_formula():
    one, other = np.cov(REAL.T), np.cov(MADE.T)
    gap = REAL.mean(0) - MADE.mean(0)
    direct = gap @ gap + np.trace(one + other - 2 * linalg.sqrtm(one @ other).real)
    assert frechet_distance(REAL, MADE) == pytest.approx(direct)
    assert frechet_distance(MADE, REAL) == pytest.approx(direct)
    assert frechet_distance(REAL, REAL) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(REAL, REAL + np.array([3, 4, 0])) == pytest.approx(25)
    assert frechet_distance(REAL[:, :1], 2 * REAL[:, :1]) == pytest.approx(
        REAL[:, 0].mean() ** 2 + REAL[:, 0].var(ddof=1)  # (2 m - m)^2 + (2 s - s)^2
    )


def test_frechet_distance_of_fewer_rows_than_features_is_finite():
    wide = rng.normal(size=(3, 50))
    assert frechet_distance(wide, wide[::-1]) == pytest.approx(0, abs=1e-6)


def naive_manifold(real, made, k):
    """Every ball and every row, one by one."""
    own = cdist(real, real)
    mine = cdist(made, made)
    reach = [sorted(np.delete(own[i], i))[k - 1] for i in range(len(real))]
    made_reach = [sorted(np.delete(mine[j], j))[k - 1] for j in range(len(made))]
    across = cdist(made, real)
    inside = [[across[j, i] <= reach[i] for i in range(len(real))] for j in range(len(made))]
    recalled = [
        any(across[j, i] <= made_reach[j] for j in range(len(made))) for i in range(len(real))
    ]
    covered = [any(inside[j][i] for j in range(len(made))) for i in range(len(real))]
    return (
        np.mean([any(row) for row in inside]),
        np.mean(recalled),
        np.sum(inside) / (k * len(made)),
        np.mean(covered),
    )


@pytest.mark.parametrize("k", [1, 3, 5])
def test_manifold_scores_are_the_definitions(k):
    assert manifold_scores(REAL, MADE, k=k) == pytest.approx(naive_manifold(REAL, MADE, k))


def test_manifold_scores_do_not_depend_on_the_chunks(monkeypatch):
    n_rows = rng.normal(size=(70, 2)), rng.normal(size=(60, 2))
    whole = manifold_scores(*n_rows), near_copies(*n_rows)
    monkeypatch.setattr("gan_resample.evaluation.metrics.generated.ENTRIES", 150)
    assert (manifold_scores(*n_rows), near_copies(*n_rows)) == whole


@pytest.mark.parametrize("width", [2, 64])
def test_ties_and_repeated_rows_far_from_zero(width):
    rows = rng.normal(size=(60, width)) * 10 + 100
    assert manifold_scores(rows, rows, k=5).density == pytest.approx(1.2)  # itself, and k others
    repeated = np.repeat(rows[:10], 6, axis=0)
    scores = manifold_scores(repeated, repeated, k=5)
    assert scores[:2] == (1, 1)
    assert scores.coverage == 1


def test_repeated_rows_do_not_hide_near_copies():
    real = np.repeat([[0.0], [1.0], [2.0]], 4, axis=0)
    real += np.tile([0, 1e-9, 2e-9, 3e-9], 3)[:, None]  # equal but for rounding
    made = np.array([[0.05], [1.5]])
    assert near_copies(real, made) == 0.5
    for wrong in (-1, float("nan"), "a"):
        with pytest.raises(ValueError, match="tolerance="):
            near_copies(real, made, tolerance=wrong)


def test_repeated_rows_are_precise_and_dense_but_cover_nothing():
    scores = manifold_scores(REAL, np.repeat(REAL[:1], 30, axis=0))
    assert scores.precision == 1
    assert scores.recall <= 1 / 40
    assert scores.coverage < 0.3


def test_rows_far_away_are_nowhere():
    assert manifold_scores(REAL, REAL + 100) == (0, 0, 0, 0)


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(float, (12, 2), elements=st.floats(-5, 5)), st.integers(1, 5))
def test_real_rows_beside_themselves_are_perfect(rows, k):
    scores = manifold_scores(rows, rows, k=k)
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    assert scores.density >= 1 / k
    assert near_copies(rows, rows, tolerance=0) == 1
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)


def test_nearest_distances_and_near_copies():
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    made = np.array([[0.05], [1.5], [2.0], [7.0]])
    np.testing.assert_allclose(nearest_distances(real, made), [0.05, 0.5, 0, 3])
    # real rows are 1, 1, 1 and 8 from the nearest other: the median is 1
    assert near_copies(real, made) == 0.5
    assert near_copies(real, made, tolerance=0) == 0.25
    assert near_copies(real, made, tolerance=0.6) == 0.75


def test_features_are_a_callable_or_a_module():
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.5)).double()
    weight, bias = (p.detach().numpy() for p in module[0].parameters())
    module = module.float()

    def features(rows):
        return np.asarray(rows) @ weight.T + bias

    by_hand = frechet_distance(features(REAL), features(MADE))
    assert frechet_distance(REAL, MADE, features=features) == pytest.approx(by_hand)
    assert frechet_distance(REAL, MADE, features=module) == pytest.approx(by_hand, rel=1e-4)
    assert module.training  # the user's module is left as it was
    images = rng.random((6, 1, 4, 4))
    assert nearest_distances(images, images).tolist() == [0] * 6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: manifold_scores(REAL[:5], MADE), "got 5 rows, but this figure needs at least 6"),
        (lambda: frechet_distance(REAL, MADE[:1]), "got 1 rows.*at least 2"),
        (lambda: frechet_distance(REAL, MADE[:, :2]), "have 3 features and generated ones 2"),
        (lambda: nearest_distances(REAL * np.nan, MADE), "NaN or infinite"),
    ],
)
def test_bad_rows_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_generation_scores_judge_the_classes_in_play():
    X, y = blobs()
    scores = generation_scores(SpreadSMOTE(random_state=0).fit(X, y), X, y, random_state=0)
    assert scores.index.tolist() == [1, 2]
    assert scores["n_rows"].tolist() == [20, 8]
    assert (scores["precision"] > 0.9).all()
    assert (scores["near_copies"] == 0).all()
    few = generation_scores(SpreadSMOTE(random_state=0).fit(X, y), X, y, k=8, random_state=0)
    assert few.index.tolist() == [1]
    with pytest.raises(NotFittedError):
        generation_scores(SpreadSMOTE(), X, y)
    listed = generation_scores(
        SpreadSMOTE(random_state=0).fit(X.tolist(), y), X.tolist(), y, random_state=0
    )
    pd.testing.assert_frame_equal(scores, listed)
    packed = sparse.csr_matrix(X)
    held = generation_scores(SpreadSMOTE(random_state=0).fit(packed, y), packed, y, random_state=0)
    pd.testing.assert_frame_equal(scores, held)


def test_generation_scores_refuse():
    X, y = blobs()
    fitted = SpreadSMOTE(random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        generation_scores(fitted, X, y[:-1])
    with pytest.raises(ValueError, match="k=0 must be"):
        generation_scores(fitted, X, y, k=0)
    with pytest.raises(ValueError, match="nothing to judge"):
        generation_scores(SpreadSMOTE().fit(*blobs((9, 9))), X, y)


def test_generation_scores_use_the_games_own_features():
    X, y = blobs()
    frame, names = pd.DataFrame(X, columns=list("abcd")), np.array(["a", "b", "c"])[y]
    sampler = GAMOSampler(**QUICK, feature_extractor=small_features, space="features")
    sampler.fit(frame, names)
    vectors = generation_scores(sampler, frame, names, random_state=0)
    assert vectors.index.tolist() == ["b", "c"]
    with pytest.raises(ValueError, match=r"own features.*leave features=None"):
        generation_scores(sampler, frame, names, features=np.asarray)
    sampler.set_params(space="rows").fit(frame, names)
    own = generation_scores(sampler, frame, names, random_state=0)
    told = generation_scores(sampler, frame, names, features=sampler.features, random_state=0)
    pd.testing.assert_frame_equal(own, told)
    assert (own["nearest"] > 0).all()
