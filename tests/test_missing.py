"""Missing values in every estimator: samplers keep them, and classifiers take them."""

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import get_tags

from gan_resample import (
    EGANClassifier,
    GAMOSampler,
    ImageEncoder,
    PriorCorrectedClassifier,
    SpreadEnsembleClassifier,
    SpreadSMOTE,
    TableEncoder,
)
from gan_resample.dvaan.law import DecoderLaw
from gan_resample.nn.shape import RowShape
from tests.helpers import QUICK, classifiers, make_game, samplers

# share of missing cells, by column and class
SHARES = {"age": (0.1, 0.6, 0.0), "stay": (0.0, 0.3, 0.9), "town": (0.5, 0.1, 0.4)}
COUNTS = (300, 100, 60)


def table_with_gaps(counts=COUNTS, seed=0):
    """Return a frame with every kind of column and missing cells by class, and labels."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    n = len(y)
    lacks = {name: rng.random(n) < np.take(shares, y) for name, shares in SHARES.items()}
    X = pd.DataFrame(
        {
            "age": np.where(lacks["age"], np.nan, rng.normal(50 + 10 * y, 9)),
            "stay": pd.Series(rng.integers(1, 9, n)).astype("Int64").mask(lacks["stay"]),
            "town": pd.Series(rng.choice(["Ulm", "Bonn"], n), dtype=object),
            "full": rng.normal(y, 1),
        }
    )
    X["town"] = X["town"].mask(lacks["town"]).astype("category")
    return X, y


X, Y = table_with_gaps((60, 20, 8))


@pytest.mark.parametrize(
    "sampler",
    [
        SpreadSMOTE(random_state=0),
        SpreadSMOTE(per_feature=False, random_state=0),
        GAMOSampler(**QUICK),
    ],
    ids=repr,
)
def test_values_are_missing_about_as_often_as_in_the_class(sampler):
    X, y = table_with_gaps()
    rows, labels = clone(sampler).fit_resample(X, y)
    made = rows[len(y) :]
    for code in (1, 2):
        real, new = X[y == code].isna(), made[labels[len(y) :] == code].isna()
        assert len(new) == COUNTS[0] - COUNTS[code]
        assert (new.mean() - real.mean()).abs().max() < 0.1
        # together as in real rows, too
        assert set(map(tuple, new.to_numpy())) <= set(map(tuple, real.to_numpy()))
    assert made["full"].notna().all()


@pytest.mark.parametrize("sampler", samplers(), ids=repr)
def test_samplers_keep_missing_values_and_put_nothing_in_their_place(sampler):
    before = X.copy()
    rows, _ = sampler.fit_resample(X, Y)
    pd.testing.assert_frame_equal(X, before)
    pd.testing.assert_frame_equal(rows[: len(Y)], X)
    made = rows[len(Y) :]
    assert made.dtypes.equals(X.dtypes)
    assert made["full"].notna().all()
    assert made[["age", "stay", "town"]].isna().to_numpy().any()
    for name in ("age", "stay"):
        assert made[name].dropna().between(X[name].min(), X[name].max()).all()
    again = sampler.sample([1] * 5)
    assert again.dtypes.equals(X.dtypes)
    assert get_tags(sampler).input_tags.allow_nan


@pytest.mark.parametrize("classifier", classifiers(), ids=repr)
def test_classifiers_learn_and_predict_with_missing_values(classifier):
    proba = classifier.fit(X, Y).predict_proba(X)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert get_tags(classifier).input_tags.allow_nan


def test_a_number_that_is_missing_is_no_number_to_a_classifier():
    classifier = EGANClassifier(**QUICK | {"max_iter": 20}).fit(X, Y)
    lacking = X.assign(age=np.nan)
    assert np.ptp(classifier.predict_proba(lacking) - classifier.predict_proba(X)) > 0
    whole = classifier.encoder_.transform(X.fillna({"age": 50.0}))
    [(age, flag)] = [pair for pair in classifier.encoder_.gaps_ if pair[0] == 0]
    assert whole[:, flag].max() == 0
    assert (classifier.encoder_.transform(lacking)[:, [age, flag]] == [0, 1]).all()


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_arrays_and_sparse_matrices_keep_missing_values(make):
    rows = X[["age", "full"]].to_numpy()
    new, labels = SpreadSMOTE(random_state=0).fit_resample(make(rows), Y)
    new = new.toarray() if sparse.issparse(new) else new
    np.testing.assert_array_equal(new[: len(Y)], rows)
    lacking = np.isnan(new[len(Y) :])
    assert not lacking[:, 1].any()
    share = lacking[labels[len(Y) :] == 1, 0].mean()
    assert share == pytest.approx(np.isnan(rows[Y == 1, 0]).mean(), abs=0.2)


@pytest.mark.parametrize("estimator", [*samplers(), *classifiers()], ids=repr)
def test_infinite_values_are_refused(estimator):
    rows = X[["age", "full"]].to_numpy(copy=True)
    rows[5, 1] = np.inf
    with pytest.raises(ValueError, match=r"column 1 has 1 infinite value \(inf\).*clip or drop"):
        estimator.fit(rows, Y)


@pytest.mark.parametrize("classifier", classifiers()[:1], ids=repr)
def test_infinite_values_are_refused_in_new_rows(classifier):
    rows = X[["age", "full"]].to_numpy(copy=True)
    classifier.fit(rows, Y)
    rows[[3, 7], 0] = -np.inf
    with pytest.raises(ValueError, match=r"column 0 has 2 infinite values"):
        classifier.predict(rows)


def test_in_a_pipeline_and_cross_validation():
    numbers, y = X[["age", "full"]], Y > 0
    for sampler in (SpreadSMOTE(random_state=0), GAMOSampler(**QUICK)):
        pipeline = make_pipeline(sampler, HistGradientBoostingClassifier(max_iter=5))
        scores = cross_val_score(pipeline, numbers, y, cv=2, scoring="balanced_accuracy")
        assert scores.min() > 0.5


def test_tags_tell_the_truth():
    def takes(estimator):
        return get_tags(estimator).input_tags.allow_nan

    strict = TableEncoder(missing="error")
    for estimator in (SpreadSMOTE, GAMOSampler, EGANClassifier):
        assert takes(estimator(encoder=TableEncoder()))
        assert not takes(estimator(encoder=strict))
        assert not takes(estimator(encoder=ImageEncoder()))
        assert takes(PriorCorrectedClassifier(EGANClassifier()))
    inner = EGANClassifier(encoder=strict)
    assert not takes(PriorCorrectedClassifier(inner))
    for search, taken in (
        (NearestNeighbors(n_neighbors=6), False),
        (NearestNeighbors(n_neighbors=6, metric="nan_euclidean"), True),
        (object(), False),  # without tags
    ):
        for estimator in (SpreadSMOTE(k_neighbors=search), GAMOSampler(n_neighbors=search)):
            assert takes(estimator) == taken
    assert takes(GAMOSampler(n_neighbors=3))
    boosting = HistGradientBoostingClassifier()
    assert takes(SpreadEnsembleClassifier(boosting))
    assert not takes(SpreadEnsembleClassifier(boosting, sampler=SpreadSMOTE(encoder=strict)))


# ---- losses of games ----------------------------------------------------------------------------


def test_missing_numbers_do_not_narrow_the_noise_of_dvaan():
    n = torch.arange(4000)
    missing = n % 4 != 0
    number = torch.where(missing, 0.0, 3.0 + 2 * (-1.0) ** (n // 4))  # of variance 4
    x = torch.stack([number, (~missing).float(), missing.float()], dim=1)
    y = torch.zeros(len(n), dtype=torch.long)
    law = DecoderLaw("adapt", RowShape((3,)), [(1, 3)], 1, [(0, 2)])
    law.prepare(x, y)
    assert law.most[0, 0].item() == pytest.approx(4.0)
    squares = torch.zeros(x.shape)
    squares[~missing, 0] = 1.5
    law.learn(squares, y)
    made = law(torch.zeros(4000, 3), torch.ones(4000, 1))
    assert made[:, 0].var().item() == pytest.approx(1.5, rel=0.1)
    assert (made[:, 1:] == 0).all()


def test_translators_are_not_blamed_for_numbers_that_are_missing():
    game = make_game("cyclegan", n_features=4, spans=((2, 4),), gaps=((0, 3),))
    real = torch.tensor([[0.0, 1.0, 0, 1], [2.0, 1.0, 1, 0]])
    made = real + torch.tensor([5.0, 0.0, 0, 0])
    found = game.distance(made[None], real[None])
    assert found.item() == pytest.approx(5.0 / 3 / 2)  # of one of two rows, in three columns
    noisy = game.perturb(real)
    assert noisy[0, 0] == 0
    assert noisy[1, 0] != 2
