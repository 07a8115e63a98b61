"""PriorCorrectedClassifier: values by hand, the obvious use, and what it passes through."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.utils.estimator_checks as sklearn_checks
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn import FunctionSampler
from imblearn.ensemble import (
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy import sparse
from scipy.special import logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_val_predict
from sklearn.pipeline import make_pipeline as make_plain_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

from gan_resample import GAMOClassifier, PriorCorrectedClassifier
from tests.helpers import QUICK, blobs, digit_images


def over(classifier=None):
    return make_pipeline(RandomOverSampler(random_state=0), classifier or LogisticRegression())


@sklearn_checks.parametrize_with_checks(
    [
        PriorCorrectedClassifier(LogisticRegression()),
        PriorCorrectedClassifier(LogisticRegression(), seen_prior="uniform"),
        PriorCorrectedClassifier(over()),
    ]
)
def test_sklearn_check(estimator, check):
    check(estimator)


class Told(ClassifierMixin, BaseEstimator):
    """Takes its rows for probabilities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.asarray(X)


def corrected(proba, seen, prior):
    """Probabilities (n, n_classes) moved from shares ``seen`` to shares ``prior``."""
    model = PriorCorrectedClassifier(Told(), seen_prior=seen, prior=prior)
    return model.fit(None, np.arange(len(prior))).predict_proba(proba)


# ---- values by hand -----------------------------------------------------------------------------


def test_two_classes_as_dal_pozzolo():
    # 900 against 100 rows, of which 100 against 100 are kept: a ninth of class 0
    beta, q = 1 / 9, np.array([0.0, 0.2, 0.5, 0.9, 1.0])
    found = corrected(np.column_stack([1 - q, q]), "uniform", [0.9, 0.1])
    np.testing.assert_allclose(found[:, 1], beta * q / (beta * q - q + 1))
    np.testing.assert_allclose(found[2], [0.9, 0.1])


def test_two_classes_as_elkan():
    p, b, new = 0.7, 0.4, 0.1
    expected = new * (p - p * b) / (b - p * b + new * p - b * new)
    assert corrected([[1 - p, p]], [1 - b, b], [1 - new, new])[0, 1] == pytest.approx(expected)


def test_it_is_a_shift_of_the_logit():
    q = np.array([0.01, 0.3, 0.99])
    found = corrected(np.column_stack([1 - q, q]), [0.6, 0.4], [0.95, 0.05])[:, 1]
    np.testing.assert_allclose(logit(found), logit(q) + logit(0.05) - logit(0.4))


def test_three_classes_by_hand():
    # .2 * .8/.5, .3 * .15/.25, .5 * .05/.25 = .32, .18, .10, which sum to .6
    found = corrected([[0.2, 0.3, 0.5]], [0.5, 0.25, 0.25], [0.8, 0.15, 0.05])
    np.testing.assert_allclose(found, [[32 / 60, 18 / 60, 10 / 60]])


def test_a_row_that_the_model_knows_nothing_of_gets_the_shares():
    found = corrected([[0.0, 0.0], [0.0, 1.0]], "uniform", [0.7, 0.3])
    np.testing.assert_allclose(found, [[0.7, 0.3], [0.0, 1.0]])


@st.composite
def worlds(draw):
    """Probabilities of some rows, and two mixes of the classes."""
    k = draw(st.integers(2, 5))
    numbers = st.lists(st.floats(0.01, 1), min_size=k, max_size=k)
    proba, seen, prior = (np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
                          for n in (4, 1, 1))  # fmt: skip
    proba, seen, prior = (w / w.sum(axis=1, keepdims=True) for w in (proba, seen, prior))
    return proba, seen[0], prior[0]


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_laws(world):
    proba, seen, prior = world
    found = corrected(proba, seen, prior)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(corrected(proba, seen, seen), proba)
    np.testing.assert_allclose(corrected(found, prior, seen), proba)
    # what a class has against its share is what it had
    np.testing.assert_allclose(_odds(found / prior), _odds(proba / seen))


def _odds(ratios):
    return ratios / ratios[:, :1]


# ---- the obvious use ----------------------------------------------------------------------------


def simulated(n_classes, n=20_000, seed=0):
    """Rows of a logistic model with rare classes, and their true probabilities."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    coef = np.array([[0, 0, 0], [1.5, -1, 0], [0, 1, 1]])[:n_classes]
    proba = softmax(X @ coef.T + np.array([0, -3.5, -3])[:n_classes], axis=1)
    return X, (proba.cumsum(axis=1) < rng.uniform(size=(n, 1))).sum(axis=1), proba


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("sampler", [RandomOverSampler, RandomUnderSampler])
def test_it_gives_the_plain_models_probabilities_back(sampler, n_classes):
    X, y, truth = simulated(n_classes)
    plain = LogisticRegression().fit(X, y).predict_proba(X)
    model = make_pipeline(sampler(random_state=0), LogisticRegression())
    model = PriorCorrectedClassifier(model).fit(X, y)
    ours, theirs = model.predict_proba(X), model.estimator_.predict_proba(X)
    np.testing.assert_allclose(model.seen_prior_, np.full(n_classes, 1 / n_classes))
    np.testing.assert_allclose(model.prior_, np.bincount(y) / len(y))
    assert np.abs(ours - plain).mean() < 0.01
    assert np.abs(ours - truth).mean() < 0.1 * np.abs(theirs - truth).mean()
    assert brier_score_loss(y, ours) < brier_score_loss(y, theirs) - 0.02
    # the decisions of the untouched world: rare classes have fewer rows
    assert (model.predict(X) > 0).mean() < 0.5 * (model.estimator_.predict(X) > 0).mean()


def test_smote_before_a_classifier():
    X, y, truth = simulated(2, 4000)
    model = make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression())
    model = PriorCorrectedClassifier(model).fit(X, y)
    assert model.estimator_.predict_proba(X)[:, 1].mean() > 3 * y.mean()
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.015)
    assert np.abs(model.predict_proba(X) - truth).mean() < 0.02


def test_other_shares_where_it_is_used():
    X, y, _ = simulated(2)
    model = PriorCorrectedClassifier(LogisticRegression(), prior=[0.5, 0.5]).fit(X, y)
    balanced = LogisticRegression(class_weight="balanced").fit(X, y)
    assert np.abs(model.predict_proba(X) - balanced.predict_proba(X)).mean() < 0.01


# ---- the shares that were seen ------------------------------------------------------------------


@pytest.mark.parametrize("seen", ["fitted", "uniform"])
def test_class_weights_are_undone(seen):
    X, y, _ = simulated(3)
    plain = LogisticRegression().fit(X, y).predict_proba(X)
    model = PriorCorrectedClassifier(LogisticRegression(class_weight="balanced"), seen_prior=seen)
    assert np.abs(model.fit(X, y).predict_proba(X) - plain).mean() < 0.01


@pytest.mark.parametrize("weight", [{0: 1, 1: 3}, "balanced_subsample"])
def test_class_weights_of_other_kinds_count(weight):
    X, y = blobs((60, 20))
    forest = RandomForestClassifier(3, class_weight=weight, random_state=0)
    model = PriorCorrectedClassifier(forest).fit(X, y)
    np.testing.assert_allclose(model.seen_prior_, [0.5, 0.5])


def test_weights_after_a_sampler_weigh_what_it_made():
    X, y = blobs((60, 20))
    model = PriorCorrectedClassifier(over(LogisticRegression(class_weight="balanced")))
    np.testing.assert_allclose(model.fit(X, y).seen_prior_, [0.5, 0.5])


def test_sample_weights_are_undone():
    X, y, _ = simulated(2)
    weight = np.where(y == 1, 10.0, 1.0)
    plain = LogisticRegression().fit(X, y).predict_proba(X)
    alone = PriorCorrectedClassifier(LogisticRegression()).fit(X, y, sample_weight=weight)
    piped = make_plain_pipeline(StandardScaler(), LogisticRegression())
    piped = PriorCorrectedClassifier(piped).fit(X, y, logisticregression__sample_weight=weight)
    for model in (alone, piped):
        odds = 10 * np.sum(y == 1) / np.sum(y == 0)
        np.testing.assert_allclose(model.seen_prior_, [1 / (1 + odds), odds / (1 + odds)])
        assert np.abs(model.predict_proba(X) - plain).mean() < 0.01


def test_nested_pipelines():
    X, y = blobs((60, 20))
    nested = make_plain_pipeline(StandardScaler(), make_pipeline(StandardScaler(), over()))
    model = PriorCorrectedClassifier(nested).fit(X, y)
    np.testing.assert_allclose(model.seen_prior_, [0.5, 0.5])
    assert isinstance(model.estimator_[-1][-1][-1], LogisticRegression)


def test_the_estimator_is_what_it_would_be_alone():
    X, y = blobs((60, 20))
    alone = over().fit(X, y)
    model = PriorCorrectedClassifier(over()).fit(X, y)
    np.testing.assert_array_equal(model.estimator_.predict_proba(X), alone.predict_proba(X))
    assert repr(model.estimator_) == repr(alone)


def test_a_class_that_the_sampler_removes_has_no_probability():
    X, y = blobs((60, 20, 10))
    labels = np.array(["a", "b", "c"])[y]
    drop = FunctionSampler(func=lambda X, y: (X[y != "b"], y[y != "b"]))
    model = PriorCorrectedClassifier(make_pipeline(drop, LogisticRegression())).fit(X, labels)
    proba = model.predict_proba(X)
    assert model.classes_.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(model.seen_prior_, [6 / 7, 0, 1 / 7])
    np.testing.assert_array_equal(proba[:, 1], 0)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert set(model.predict(X)) == {"a", "c"}


# ---- what it passes through ---------------------------------------------------------------------


def test_frames_strings_and_names():
    X, y = blobs((60, 20))
    X = pd.DataFrame(X, columns=["a", "b", "c", "d"][: X.shape[1]]).assign(
        kind=np.where(y, "u", "v")
    )
    before = X.copy()
    code = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    model = make_pipeline(RandomOverSampler(random_state=0), code, LogisticRegression())
    model = PriorCorrectedClassifier(model).fit(X, pd.Series(y, dtype="Int64"))
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_features_in_ == X.shape[1]
    assert model.predict_proba(X).shape == (80, 2)
    pd.testing.assert_frame_equal(X, before)


def test_sparse_and_missing_values():
    X, y = blobs((60, 20))
    dense = PriorCorrectedClassifier(over()).fit(X, y).predict_proba(X)
    thin = PriorCorrectedClassifier(over()).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(thin.predict_proba(sparse.csr_array(X)), dense, atol=1e-5)
    X[0, 0] = np.nan
    model = PriorCorrectedClassifier(over(HistGradientBoostingClassifier(max_iter=3)))
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()
    assert get_tags(
        PriorCorrectedClassifier(HistGradientBoostingClassifier())
    ).input_tags.allow_nan


def test_images_and_a_game():
    X, y = digit_images()
    game = GAMOClassifier(**QUICK)
    model = PriorCorrectedClassifier(game, seen_prior="uniform").fit(X, y)
    proba = model.predict_proba(X)
    assert model.n_features_in_ == 64
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    ratio = proba / model.estimator_.predict_proba(X) / model.prior_
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(3, axis=1))


def test_an_already_fitted_model():
    X, y = blobs((60, 20))
    model = FrozenEstimator(over().fit(X, y))
    model = PriorCorrectedClassifier(model, seen_prior=[0.5, 0.5]).fit(X, y)
    fitted = PriorCorrectedClassifier(over()).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), fitted.predict_proba(X))


def test_pickle_clone_and_global_state():
    X, y = blobs((60, 20))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    model = PriorCorrectedClassifier(over()).fit(X, y)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    again = pickle.loads(pickle.dumps(model))
    fresh = clone(model)
    assert not hasattr(fresh, "estimator_")
    assert not hasattr(fresh, "n_features_in_")
    for other in (again, fresh.fit(X, y)):
        np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


def test_searches_and_other_meta_estimators():
    X, y = blobs((60, 20))
    model = PriorCorrectedClassifier(over())
    grid = {"estimator__logisticregression__C": [0.1, 1.0], "seen_prior": ["fitted", "uniform"]}
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    assert search.best_params_["seen_prior"] in grid["seen_prior"]
    assert cross_val_predict(model, X, y, method="predict_proba", cv=3).shape == (80, 2)
    for outer in (CalibratedClassifierCV(model, cv=3), TunedThresholdClassifierCV(model, cv=3)):
        assert outer.fit(X, y).predict_proba(X).shape == (80, 2)


# ---- wrong arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize("shares", [[0.5, 0.2, 0.3], [0.5, 0.6], [1.0, 0.0], [0.5, np.nan], 0.5])
@pytest.mark.parametrize("name", ["prior", "seen_prior"])
def test_shares_that_are_none(name, shares):
    with pytest.raises(ValueError, match=rf"^{name} must be .* 2 positive shares that sum to 1"):
        PriorCorrectedClassifier(over(), **{name: shares}).fit(*blobs((60, 20)))


def test_words_that_are_not_known():
    X, y = blobs((60, 20))
    with pytest.raises(ValueError, match=r"must be .*\"uniform\" or 2 .*but is 'balanced'"):
        PriorCorrectedClassifier(over(), seen_prior="balanced").fit(X, y)
    with pytest.raises(ValueError, match="prior must be None or"):
        PriorCorrectedClassifier(over(), prior="uniform").fit(X, y)


@pytest.mark.parametrize("classifier", [SGDClassifier(), over(SGDClassifier())], ids=["", "piped"])
def test_without_probabilities_there_is_nothing_to_correct(classifier):
    with pytest.raises(TypeError, match="has no predict_proba"):
        PriorCorrectedClassifier(classifier).fit(*blobs((60, 20)))


def test_several_labels_a_row_are_refused():
    X, y = blobs((60, 20))
    with pytest.raises(ValueError, match="1d array"):
        PriorCorrectedClassifier(RandomForestClassifier(3)).fit(X, np.column_stack([y, 1 - y]))


@pytest.mark.parametrize(
    "inside",
    [
        GAMOClassifier(max_iter=5),
        BalancedRandomForestClassifier(n_estimators=5),
        EasyEnsembleClassifier(n_estimators=2),
        RUSBoostClassifier(n_estimators=2),
        GridSearchCV(over(), {}, cv=2),
        GridSearchCV(LogisticRegression(class_weight="balanced"), {}, cv=2),
        BaggingClassifier(BalancedRandomForestClassifier(n_estimators=5), n_estimators=2),
        TunedThresholdClassifierCV(over(), cv=2),
    ],
)
def test_balance_inside_a_classifier_is_not_overlooked_in_silence(inside):
    X, y = make_classification(200, weights=[0.8], random_state=0)
    with pytest.warns(UserWarning, match='Set seen_prior="uniform"'):
        PriorCorrectedClassifier(inside).fit(X, y)
    with pytest.warns(UserWarning, match='Set seen_prior="uniform"'):
        PriorCorrectedClassifier(make_pipeline(StandardScaler(), inside)).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        PriorCorrectedClassifier(inside, seen_prior="uniform").fit(X, y)


def test_weights_of_rows_and_of_classes_together_are_not_overlooked():
    X, y = make_classification(200, weights=[0.8], random_state=0)
    both = LogisticRegression(class_weight="balanced")
    weight = np.where(y == 1, 4.0, 1.0)
    with pytest.warns(UserWarning, match="has a class_weight and gets a sample_weight"):
        PriorCorrectedClassifier(both).fit(X, y, sample_weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        PriorCorrectedClassifier(both).fit(X, y)
        PriorCorrectedClassifier(LogisticRegression()).fit(X, y, sample_weight=weight)
        PriorCorrectedClassifier(GridSearchCV(LogisticRegression(), {}, cv=2)).fit(X, y)


def test_shares_are_made_to_sum_to_one():
    X, y = blobs((60, 20))
    model = PriorCorrectedClassifier(LogisticRegression(), prior=[0.75, 0.2500005]).fit(X, y)
    assert model.prior_.sum() == pytest.approx(1, abs=1e-12)


def test_masked_labels_are_refused():
    X, y = blobs((30, 10))
    masked = np.ma.masked_array(y, mask=np.arange(len(y)) < 2)
    with pytest.raises(ValueError, match="y has 2 masked cells"):
        PriorCorrectedClassifier(LogisticRegression()).fit(X, masked)


@pytest.mark.parametrize(("mix", "told"), [("uniform", "Set seen_prior"), ("own", "They do not")])
def test_a_classifier_says_by_its_class_which_mix_it_learns_from(mix, told):
    kind = type("Mixing", (LogisticRegression,), {"class_mix": mix})
    with pytest.warns(UserWarning, match=f"Mixing balances the classes inside.*{told}"):
        PriorCorrectedClassifier(kind()).fit(*blobs((60, 20)))
