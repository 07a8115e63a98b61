"""SpreadEnsembleClassifier: values by hand, members, what it takes and what it refuses."""

import pickle

import imblearn.utils.estimator_checks as imblearn_checks
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.utils.estimator_checks as sklearn_checks
import torch
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from joblib import parallel_config
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from gan_resample import (
    GAMOClassifier,
    GAMOSampler,
    PriorCorrectedClassifier,
    SpreadEnsembleClassifier,
    SpreadSMOTE,
    TableEncoder,
)
from tests.helpers import QUICK, blobs, digit_images, mixed_frame, small_features


class Watching(ClassifierMixin, BaseEstimator):
    """Keeps what it is fitted to; all its probabilities are ``tell``."""

    def __init__(self, tell=None, random_state=None, class_weight=None):
        self.tell = tell
        self.random_state = random_state
        self.class_weight = class_weight

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict_proba(self, X):
        return np.tile(self.tell, (np.shape(X)[0], 1))


# values by hand need the rows as they are; few members, as each is a fit
PLAIN = {"n_draws": 4, "sampling_strategy": 0.3, "bootstrap": False, "random_state": 0}


def ensemble(estimator=None, **options):
    estimator = DecisionTreeClassifier() if estimator is None else estimator
    return SpreadEnsembleClassifier(estimator, **(PLAIN | options))


def watched(X, y, **options):
    """The members of an ensemble, each with the rows that it saw."""
    return ensemble(Watching(), **options).fit(X, y).estimators_


CHECKED = [
    # with fewer members no bootstrap sample may hold the row of a check with NaN
    SpreadEnsembleClassifier(LogisticRegression(), n_draws=5, random_state=0),
    ensemble(sampler=RandomOverSampler(), sampling_strategy=1.0, prior="balanced", n_draws=2),
]


@sklearn_checks.parametrize_with_checks(CHECKED)
def test_sklearn_check(estimator, check):
    check(estimator)


@imblearn_checks.parametrize_with_checks(CHECKED)
def test_imblearn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        imblearn_checks.check_param_validation,
        imblearn_checks.check_dataframe_column_names_consistency,
    ],
)
def test_imblearn_extra_check(check):
    check("SpreadEnsembleClassifier", CHECKED[0])


# ---- rows of the members ------------------------------------------------------------------------


def test_each_class_gets_up_to_its_share_and_others_are_left_alone():
    X, y = blobs((100, 45, 12, 5))
    names = np.array(["d", "c", "b", "a"])[y]
    model = ensemble(Watching(), sampling_strategy=0.3).fit(X, names)
    assert model.sampling_strategy_ == {"a": 25, "b": 18}
    for member in model.estimators_:
        np.testing.assert_array_equal(member.X_[: len(X)], X)
        np.testing.assert_array_equal(member.y_[: len(X)], names)
        assert np.unique(member.y_, return_counts=True)[1].tolist() == [30, 30, 45, 100]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (0.3, {2: 25}),
        (0.05, {}),
        (1.0, {1: 60, 2: 95}),
        ("minority", {2: 95}),
        ("all", {1: 60, 2: 95}),
        ({2: 9}, {2: 4}),
        (lambda y: {1: 41}, {1: 1}),
        ({}, {}),
    ],
)
def test_strategies(strategy, expected):
    X, y = blobs((100, 40, 5))
    model = ensemble(Watching(), sampling_strategy=strategy, n_draws=1).fit(X, y)
    assert model.sampling_strategy_ == expected
    assert len(model.estimators_[0].y_) == 145 + sum(expected.values())


@pytest.mark.parametrize("sampler", [None, SpreadSMOTE(scale=0.0), RandomOverSampler(), SMOTE()])
def test_members_see_other_rows_and_the_first_ones_are_those_of_fewer(sampler):
    X, y = blobs((100, 12))
    two, three = (watched(X, y, sampler=sampler, n_draws=n) for n in (2, 3))
    drawn = [member.X_[len(X) :] for member in three]
    assert [rows.shape for rows in drawn] == [(18, X.shape[1])] * 3
    assert not any(np.array_equal(drawn[i], drawn[j]) for i, j in [(0, 1), (0, 2), (1, 2)])
    for few, more in zip(two, three, strict=False):
        np.testing.assert_array_equal(few.X_, more.X_)
        assert few.random_state == more.random_state
    assert len({member.random_state for member in three}) == 3


def test_without_generated_rows_members_see_the_rows_as_they_are_or_bootstrap_samples():
    X, y = blobs((30, 20))
    for member in watched(X, y):
        np.testing.assert_array_equal(member.X_, X)
    members = watched(X, y, bootstrap=True)
    for member in members:
        assert np.bincount(member.y_).tolist() == [30, 20]
        assert {tuple(row) for row in member.X_} < {tuple(row) for row in X}
    assert not np.array_equal(members[0].X_, members[1].X_)
    for member in watched(pd.DataFrame(X, index=y), y, bootstrap=True):
        assert member.X_.index.is_unique  # as a join of columns by it would need


def test_a_game_is_fitted_once_and_drawn_from_by_each_member(monkeypatch):
    fits, play = [], GAMOSampler._play
    monkeypatch.setattr(GAMOSampler, "_play", lambda *a: fits.append(1) or play(*a))
    X, y = blobs((60, 6))
    members = watched(X, y, sampler=GAMOSampler(**QUICK), n_draws=3)
    assert fits == [1]
    drawn = [member.X_[len(X) :] for member in members]
    assert {rows.shape for rows in drawn} == {(12, X.shape[1])}
    assert not np.array_equal(drawn[0], drawn[1])
    again = watched(X, y, sampler=GAMOSampler(**QUICK), n_draws=1)
    np.testing.assert_array_equal(again[0].X_, members[0].X_)


# ---- probabilities ------------------------------------------------------------------------------


def test_the_correction_by_hand():
    # 100 and 10 rows, 20 generated: the members' mix is 100 to 30
    X, y = blobs((100, 10))
    told = np.array([[0.4, 0.6]])
    model = ensemble(Watching(told)).fit(X, y)
    np.testing.assert_allclose(model.seen_prior_, [100 / 130, 30 / 130])
    # odds .6/.4 = 1.5, times (10/100) / (30/100): .5
    np.testing.assert_allclose(model.predict_proba(X[:1]), [[2 / 3, 1 / 3]])
    assert model.predict(X[:1]) == [0]
    # for equal shares, times 1 / (30/100): 5
    balanced = clone(model).set_params(prior="balanced").fit(X, y)
    np.testing.assert_allclose(balanced.prior_, [0.5, 0.5])
    np.testing.assert_allclose(balanced.predict_proba(X[:1]), [[1 / 6, 5 / 6]])
    assert balanced.predict(X[:1]) == [1]
    # for shares of one's own, times (1/4) / (30/100): 1.25
    own = clone(model).set_params(prior=[0.8, 0.2]).fit(X, y)
    np.testing.assert_allclose(own.predict_proba(X[:1]), [[1 / 2.25, 1.25 / 2.25]])


def test_the_correction_of_three_classes_by_hand():
    # 100, 50 and 10 rows, 20 generated: .5 * 1, .2 * 1, .3 * 10/30 = .5, .2, .1, which sum to .8
    X, y = blobs((100, 50, 10))
    model = ensemble(Watching([0.5, 0.2, 0.3])).fit(X, y)
    np.testing.assert_allclose(model.seen_prior_, np.array([100, 50, 30]) / 180)
    np.testing.assert_allclose(model.predict_proba(X[:1]), [[5 / 8, 2 / 8, 1 / 8]])


def test_the_mean_comes_before_the_correction_and_decisions_hang_together():
    X, y = blobs((100, 30, 8), distance=1.0)
    model = ensemble(DecisionTreeClassifier(max_depth=3)).fit(X, y)
    mean = np.mean([member.predict_proba(X) for member in model.estimators_], axis=0)
    odds = mean * model.prior_ / model.seen_prior_
    P = model.predict_proba(X)
    np.testing.assert_allclose(P, odds / odds.sum(axis=1, keepdims=True))
    balanced = clone(model).set_params(prior="balanced").fit(X, y)
    np.testing.assert_array_equal(balanced.predict(X), (P / model.prior_).argmax(axis=1))


def test_a_lone_member_is_corrected_as_by_the_corrected_classifier():
    X, y = blobs((200, 20), distance=1.0)
    model = ensemble(LogisticRegression(), n_draws=1).fit(X, y)
    member = FrozenEstimator(model.estimators_[0])
    single = PriorCorrectedClassifier(member, seen_prior=[200 / 260, 60 / 260]).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), single.predict_proba(X))


def test_class_weights_and_samplers_in_the_members_count():
    X, y = blobs((100, 10))
    weighted = ensemble(Watching([0.5, 0.5], class_weight="balanced")).fit(X, y)
    np.testing.assert_allclose(weighted.seen_prior_, [0.5, 0.5])
    doubled = make_pipeline(RandomOverSampler(), Watching([0.5, 0.5]))
    np.testing.assert_allclose(ensemble(doubled).fit(X, y).seen_prior_, [0.5, 0.5])


# ---- determinism --------------------------------------------------------------------------------


def forests():
    return ensemble(RandomForestClassifier(5), n_draws=3)


def test_an_int_gives_an_equal_model_in_parallel_too():
    X, y = blobs((120, 15), distance=1.0)
    model = forests().fit(X, y)
    serial = model.predict_proba(X)
    with parallel_config("threading", n_jobs=2):
        np.testing.assert_array_equal(forests().fit(X, y).predict_proba(X), serial)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), serial)
    other = forests().set_params(random_state=1).fit(X, y)
    assert not np.array_equal(other.predict_proba(X), serial)


@pytest.mark.slow
def test_processes_give_an_equal_model():
    X, y = blobs((120, 15), distance=1.0)
    serial, parallel = (forests().set_params(n_jobs=n).fit(X, y) for n in (None, 2))
    np.testing.assert_array_equal(parallel.predict_proba(X), serial.predict_proba(X))


def test_nothing_generated_is_kept():
    X, y = blobs((4000, 40))
    model = ensemble(LogisticRegression()).fit(X, y)
    assert model.sampling_strategy_ == {1: 1160}
    assert len(pickle.dumps(model)) < 10_000 < X.nbytes


# ---- what it takes ------------------------------------------------------------------------------


def test_frames_with_categories():
    X, y = mixed_frame()
    texts = X.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in X.dtypes]]
    onehot = make_column_transformer(
        (OneHotEncoder(handle_unknown="error"), list(texts)), remainder="passthrough"
    )
    model = ensemble(make_pipeline(onehot, DecisionTreeClassifier())).fit(X, y)
    assert model.sampling_strategy_
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_features_in_ == X.shape[1]
    assert model.predict_proba(X).shape == (len(X), len(np.unique(y)))
    [member] = watched(X, y, n_draws=1)
    assert member.X_.dtypes.tolist() == X.dtypes.tolist()
    pd.testing.assert_frame_equal(member.X_[: len(X)], X)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_members_get_frames_of_the_users_library(library):
    X, y = blobs((40, 8))
    rows = pl.DataFrame(X, schema=list("abcd"))
    rows = rows if library == "polars" else rows.to_arrow()
    seen = []

    def watch(frame):
        seen.append(frame)
        return np.column_stack([frame["a"], frame["b"]])

    model = ensemble(make_pipeline(FunctionTransformer(watch), LogisticRegression()), n_draws=1)
    proba = model.fit(rows, y).predict_proba(rows)
    bag, new = seen
    assert new is rows
    assert type(bag) is type(rows)
    assert bag.schema == rows.schema
    assert bag[:48].equals(rows)
    assert len(bag) == 52
    arrays = pd.DataFrame(X, columns=list("abcd"))
    np.testing.assert_allclose(model.fit(arrays, y).predict_proba(arrays), proba)


def test_members_get_arrays_for_tensors():
    X, y = blobs((40, 8))
    [member] = watched(torch.as_tensor(X), torch.as_tensor(y), n_draws=1)
    assert member.X_[:48].tobytes() == X.tobytes()


def test_categorical_features_of_an_array():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=66), rng.integers(0, 3, 66) * 10])
    sampler = SpreadSMOTE(encoder=TableEncoder(categorical_features=[1]))
    [member] = watched(X, np.repeat([0, 1], [60, 6]), sampler=sampler, n_draws=1)
    assert set(member.X_[66:, 1]) <= {0.0, 10.0, 20.0}


def test_images():
    X, y = digit_images((40, 8))
    flat = FunctionTransformer(lambda rows: rows.reshape(len(rows), -1))
    model = ensemble(make_pipeline(flat, KNeighborsClassifier(3)), prior="balanced", n_draws=2)
    assert (model.fit(X, y).predict(X) == y).mean() > 0.9
    assert model.sampling_strategy_ == {1: 4}
    [member] = watched(X, y, n_draws=1)
    assert member.X_.dtype == X.dtype
    assert member.X_.shape == (52, 1, 8, 8)


def test_sparse_rows_and_lists():
    X, y = blobs((60, 6), distance=2.0)
    dense = ensemble(LogisticRegression()).fit(X.tolist(), y.tolist()).predict_proba(X)
    rows = sparse.csr_array(X)
    np.testing.assert_allclose(
        ensemble(LogisticRegression()).fit(rows, y).predict_proba(rows), dense, atol=1e-6
    )


def test_rows_that_only_the_estimator_takes_where_nothing_is_generated():
    X, y = blobs((30, 20))
    X[3, 1] = np.nan
    strict = SpreadSMOTE(encoder=TableEncoder(missing="error"))
    alone = ensemble(DecisionTreeClassifier(), sampler=strict)
    assert alone.fit(X, y).predict_proba(X).shape == (50, 2)
    with pytest.raises(ValueError, match="NaN"):
        alone.set_params(sampling_strategy=1.0).fit(X, y)


def test_missing_values_are_kept_in_the_rows_of_members():
    X, y = blobs((40, 20))
    X[::2, 1] = np.nan
    seen = []

    class Tree(DecisionTreeClassifier):
        def fit(self, X, y, sample_weight=None):
            seen.append(np.isnan(X[y == 1]).mean(axis=0))
            return super().fit(X, y, sample_weight)

    ensemble(Tree(), sampling_strategy=1.0).fit(X, y).predict_proba(X)
    shares, share = np.mean(seen, axis=0), np.isnan(X[y == 1, 1]).mean()
    assert shares[[0, 2, 3]].tolist() == [0, 0, 0]
    assert 0 < share < 1
    assert shares[1] == pytest.approx(share, abs=0.1)


@pytest.mark.parametrize("sampler", [None, RandomOverSampler(), SMOTE()])
def test_what_it_takes_is_what_the_estimator_and_the_sampler_take(sampler):
    tags = get_tags(SpreadEnsembleClassifier(HistGradientBoostingClassifier(), sampler=sampler))
    assert tags.input_tags.allow_nan == (not isinstance(sampler, SMOTE))
    assert not tags.input_tags.sparse  # boosting takes none
    empty = SpreadEnsembleClassifier(None, sampler=sampler)
    assert "SpreadEnsembleClassifier" in empty._repr_html_()


# ---- what it refuses ----------------------------------------------------------------------------


def test_sample_weight_is_refused_with_a_sentence():
    X, y = blobs((30, 5))
    with pytest.raises(TypeError, match="sample_weight: generated rows have no weights"):
        ensemble().fit(X, y, sample_weight=np.ones(35))
    ensemble().fit(X, y, sample_weight=None)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"estimator": Perceptron()}, TypeError, "no predict_proba"),
        ({"sampler": LogisticRegression()}, TypeError, "must be None or an over-sampler"),
        ({"sampler": SpreadSMOTE}, TypeError, "must be None or an over-sampler"),
        ({"n_draws": 0}, ValueError, "'n_draws'"),
        ({"sampling_strategy": 1.5}, ValueError, "'sampling_strategy'"),
        ({"prior": "fitted"}, ValueError, "'prior'"),
        ({"prior": [0.5, 0.2]}, ValueError, 'prior must be "data", "balanced" or 2 positive'),
        ({"sampling_strategy": {0: 10}}, ValueError, "over-sampling"),
    ],
)
def test_what_it_does_not_take(options, error, message):
    X, y = blobs((30, 5))
    model = ensemble(**options)
    with pytest.raises(error, match=message):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict_proba(X)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("kind", [SpreadEnsembleClassifier, PriorCorrectedClassifier])
def test_a_class_is_no_estimator(kind):
    with pytest.raises(TypeError, match=r"write DecisionTreeClassifier\(\)"):
        kind(DecisionTreeClassifier).fit(*blobs((30, 5)))


def test_vectors_of_features_are_no_rows():
    X, y = blobs((30, 5))
    sampler = GAMOSampler(**QUICK, feature_extractor=small_features, space="features")
    with pytest.raises(ValueError, match=r'rows of shape \(6,\), but X has .* space="rows"'):
        ensemble(sampler=sampler).fit(X, y)


def test_a_classifier_that_balances_by_itself_is_told_of():
    X, y = blobs((30, 5))
    with pytest.warns(UserWarning, match="GAMOClassifier balances the classes inside"):
        ensemble(GAMOClassifier(**QUICK), n_draws=1).fit(X, y)


# ---- what would go wrong in silence -------------------------------------------------------------


class Shuffling(BaseEstimator):
    """An over-sampler that gives real rows back in another order."""

    def __init__(self, sampling_strategy="auto", random_state=None):
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state

    def fit_resample(self, X, y):
        X, y = RandomOverSampler(sampling_strategy=self.sampling_strategy).fit_resample(X, y)
        return (X.iloc[::-1] if hasattr(X, "iloc") else X[::-1]), y[::-1]


@pytest.mark.parametrize("sampler", [SMOTEENN(random_state=0), SMOTETomek(), Shuffling()])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_samplers_that_do_not_leave_the_real_rows_first_are_refused(sampler, make):
    X, y = blobs((100, 12), distance=0.5)
    with pytest.raises(ValueError, match="does not return the rows of X first and unchanged"):
        watched(make(X), y, sampler=sampler)


@pytest.mark.parametrize(
    "sampler", [RandomUnderSampler(), TomekLinks(), make_pipeline(SMOTE()), object()]
)
def test_what_is_no_over_sampler_is_refused(sampler):
    X, y = blobs((100, 12))
    with pytest.raises(TypeError, match="must be None or an over-sampler"):
        watched(X, y, sampler=sampler)


def test_missing_values_and_categories_of_foreign_samplers_come_back():
    X, y = blobs((60, 6))
    frame = pd.DataFrame(X, columns=[*"abcdef"][: X.shape[1]]).assign(
        kind=pd.Categorical(np.where(y, "a", "b"))
    )
    frame.iloc[0, 0] = np.nan
    members = watched(frame, y, sampler=RandomOverSampler(), n_draws=2)
    assert {len(member.X_) for member in members} == {60 + 18}


@pytest.mark.parametrize(
    ("model", "warns"),
    [
        (HistGradientBoostingClassifier(early_stopping=True, max_iter=2), True),
        (HistGradientBoostingClassifier(max_iter=2), False),
        (GradientBoostingClassifier(n_estimators=2, n_iter_no_change=2), True),
        (GradientBoostingClassifier(n_estimators=2), False),
        (GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2), True),
        (DecisionTreeClassifier(), False),
    ],
)
def test_members_that_hold_rows_out_are_warned_of_copies(model, warns, recwarn):
    X, y = blobs((60, 6))
    for bootstrap in (True, False):
        ensemble(model, bootstrap=bootstrap, n_draws=1).fit(X, y)
        told = [w for w in recwarn if "copies of one row" in str(w.message)]
        assert len(told) == (warns and bootstrap)
        assert all(w.filename == __file__ for w in told)
        recwarn.clear()


def test_boosting_that_stops_early_by_itself_is_warned_of():
    X, y = blobs((10_200, 30))
    model = HistGradientBoostingClassifier(max_iter=1)
    with pytest.warns(UserWarning, match="copies of one row"):
        ensemble(model, bootstrap=True, n_draws=1, sampling_strategy={}).fit(X, y)


@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(priors=[0.5, 0.5]),
        ensemble(DecisionTreeClassifier(), prior="balanced", n_draws=1),
        PriorCorrectedClassifier(DecisionTreeClassifier(), prior=[0.5, 0.5]),
    ],
)
def test_members_that_are_told_other_priors_are_warned_of(model):
    X, y = blobs((60, 6))
    with pytest.warns(UserWarning, match="balances the classes inside its fit"):
        ensemble(model, n_draws=1).fit(X, y)


def test_weights_are_not_lost_by_metadata_routing():
    X, y = blobs((60, 6))
    with config_context(enable_metadata_routing=True):
        model = ensemble(LogisticRegression().set_fit_request(sample_weight=True))
        with pytest.raises(NotImplementedError):
            cross_validate(model, X, y, params={"sample_weight": np.ones(66)})
