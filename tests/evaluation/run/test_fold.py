"""One split under one method: what learns from which rows, and what becomes of errors."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from imblearn.ensemble import (
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gan_resample import PriorCorrectedClassifier, SpreadSMOTE, TableEncoder
from gan_resample.datasets import as_dataset
from gan_resample.evaluation.metrics.scores import SCORES
from gan_resample.evaluation.run.fold import Task, impute, make_encoder, make_model, run_task
from gan_resample.evaluation.run.methods import (
    Method,
    choose_classifiers,
    choose_methods,
    with_seed,
)
from gan_resample.evaluation.run.smote import keeps_missing
from tests.evaluation.helpers import mixed_table, numeric_table


class Recorder(ClassifierMixin, BaseEstimator):
    """Counts what it was fitted on, in a list that every copy shares."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen.append((X.copy(), y.copy()))
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class Broken(DummyClassifier):
    def fit(self, X, y, sample_weight=None):
        warnings.warn("about to break", RuntimeWarning, stacklevel=2)
        raise RuntimeError("out of luck")


class BrokenSampler(SpreadSMOTE):
    def fit_resample(self, X, y, **params):
        raise RuntimeError("no rows today")


def task(method="none", classifiers=None, data=None, shown=True):
    data = data or as_dataset("t", *mixed_table())
    methods = choose_methods(None, max_iter=4) | choose_methods(["spread_ensemble"])
    return Task(
        data=data,
        split=data.splits(3, 1, 0)[0],
        name=method if isinstance(method, str) else "own",
        method=methods[method] if isinstance(method, str) else method,
        classifiers=classifiers or {"logistic": LogisticRegression()},
        scores=SCORES,
        seed=0,
        shown=shown,
    )


def test_numbers_and_texts_are_filled_from_the_training_rows():
    train = pd.DataFrame(
        {"a": [1.0, 2.0, np.nan, 9.0], "b": pd.Categorical(["x", "x", None, "y"])}
    )
    test = pd.DataFrame({"a": [np.nan, 100.0], "b": pd.Categorical([None, "z"])})
    X, X_test = impute(train, test)
    filled = np.array([1.0, 2.0, 2.0, 9.0])
    np.testing.assert_allclose(X["a"], (filled - filled.mean()) / filled.std())
    np.testing.assert_allclose(X_test["a"], (np.array([2.0, 100]) - filled.mean()) / filled.std())
    assert X["b"].tolist() == ["x", "x", "x", "y"]
    assert X_test["b"].tolist() == ["x", "z"]
    assert X.columns.tolist() == ["a", "b"]


def test_one_extreme_cell_decides_no_scale_and_others_are_scaled_as_ever():
    values = np.random.default_rng(0).normal(50, 9, size=90)
    train = pd.DataFrame({"age": values, "weight": values})
    train.loc[89, "age"] = 1e20
    X, _ = impute(train, train)
    assert X["age"][:89].std() > 0.9
    expected = StandardScaler().fit_transform(values[:, None])[:, 0]
    assert (X["weight"] == expected).all()


def test_a_column_without_a_value_in_a_fold_is_no_failure():
    train = pd.DataFrame({"a": [np.nan, np.nan], "b": pd.Categorical([None, None], ["x"])})
    for frame in impute(train, train):
        assert not frame.isna().any(axis=None)


class Looking(SpreadSMOTE):
    """Keeps the rows that it is given."""

    seen: list = []  # noqa: RUF012

    def fit_resample(self, X, y, **params):
        self.seen.append(X.copy())
        return super().fit_resample(X, y, **params)


@pytest.mark.parametrize("missing", ["keep", "error"])
def test_imputation_comes_after_samplers_that_take_missing_values(missing):
    Recorder.seen.clear()
    Looking.seen.clear()
    X, labels = mixed_table()
    X.loc[::4, "amount"], X.loc[1::4, "town"], X["empty"] = np.nan, None, np.arange(90.0)
    data = as_dataset("t", X, labels)
    own = Method(sampler=Looking(encoder=TableEncoder(missing=missing)))
    one = task(own, {"recorder": Recorder()}, data)
    data.X.loc[one.split.train, "empty"] = np.nan  # no value in this fold
    out = run_task(one)
    (given,), ((learned, _),) = Looking.seen, Recorder.seen
    kept = missing == "keep"
    train = data.X.iloc[one.split.train]
    filled, _ = impute(train, train)
    gaps = (train.isna() & ~train.isna().all()).reset_index(drop=True) & kept
    pd.testing.assert_frame_equal(given.isna(), gaps)
    pd.testing.assert_frame_equal(given.dropna(), filled[~gaps.any(axis=1)])
    encoder = make_encoder(filled).fit(filled)
    np.testing.assert_allclose(learned[: len(train)], encoder.transform(filled), atol=0.5)
    assert np.isfinite(learned).all()
    told = "sampled with missing values, imputed after" if kept else "imputed before sampling"
    assert out.sampler["note"] == told
    assert out.classifiers[0]["note"] == told


def test_noise_on_repeated_rows_takes_no_missing_values():
    assert keeps_missing(RandomOverSampler())
    assert not keeps_missing(RandomOverSampler(shrinkage=1.0))
    assert not keeps_missing(object())


@pytest.mark.parametrize("method", ["smote", "random", "spread", "spread_ensemble", "none"])
def test_a_table_without_missing_values_is_not_imputed_and_nothing_is_said(method):
    X, y = mixed_table()
    whole = as_dataset("t", X.fillna({"amount": 0.0, "town": "Ulm"}), y)
    out = run_task(task(method, {"recorder": DummyClassifier()}, whole))
    assert out.sampler["note"] == ""
    out = run_task(task(method, {"recorder": DummyClassifier()}))
    before = {"smote", "spread_ensemble"}
    expected = "imputed before sampling" if method in before else ""
    expected = "imputed after" if method in {"random", "spread"} else expected
    assert expected in out.sampler["note"]
    assert bool(out.sampler["note"]) == bool(expected)


def test_nothing_sees_a_test_row():
    Recorder.seen.clear()
    one = task("spread", {"recorder": Recorder()})
    other_test = one.data.X.copy()
    other_test.loc[one.split.test, "amount"] = 1e6
    poisoned = as_dataset("t", other_test, one.data.y)
    run_task(one)
    run_task(task("spread", {"recorder": Recorder()}, data=poisoned))
    (X, y), (X_poisoned, y_poisoned) = Recorder.seen
    np.testing.assert_array_equal(X, X_poisoned)
    np.testing.assert_array_equal(y, y_poisoned)


def test_one_sampler_fit_is_shared_by_all_classifiers():
    Recorder.seen.clear()
    outcome = run_task(task("random", {"a": Recorder(), "b": Recorder()}))
    (X, y), (X_other, y_other) = Recorder.seen
    np.testing.assert_array_equal(X, X_other)
    np.testing.assert_array_equal(y, y_other)
    assert outcome.sampler["n_generated"] == 40
    assert [record["status"] for record in outcome.classifiers] == ["ok", "ok"]


def test_a_broken_classifier_leaves_the_others_alone():
    outcome = run_task(task("none", {"broken": Broken(), "fine": LogisticRegression()}))
    broken, fine = outcome.classifiers
    assert (broken["status"], broken["error"]) == ("failed", "RuntimeError: out of luck")
    assert broken["warned"] == ["RuntimeWarning"]
    assert (fine["status"], fine["warned"]) == ("ok", [])


def test_a_broken_sampler_is_told_in_every_cell():
    outcome = run_task(task(Method(BrokenSampler()), {"a": LogisticRegression(), "b": Recorder()}))
    for record in [outcome.sampler, *outcome.classifiers]:
        assert (record["status"], record["error"]) == ("failed", "RuntimeError: no rows today")


def test_what_does_not_apply_is_no_failure():
    outcome = run_task(task("class_weight", {"knn": choose_classifiers(["knn"])["knn"]}))
    assert outcome.classifiers[0]["status"] == "n/a"
    assert "takes no class weights" in outcome.classifiers[0]["note"]


def test_a_game_of_its_own_plays_on_untouched_rows_only():
    games = choose_classifiers(["gamo"], max_iter=4)
    other = {"dummy": DummyClassifier()}
    outcome = run_task(task("none", games | other))
    told = [(record["status"], record["note"]) for record in outcome.classifiers]
    assert told == [("ok", "imputed before sampling"), ("ok", "")]
    assert outcome.sampler["note"] == ""
    X, y = numeric_table()
    [record] = run_task(task("none", games, as_dataset("t", X, y))).classifiers
    assert (record["status"], record["note"]) == ("ok", "")
    record = run_task(task("smote", games)).classifiers[0]
    assert record["status"] == "n/a"
    assert record["note"] == "balances the classes by itself: see sampler none"


def test_notes_of_sampler_and_classifier_are_kept():
    X, y = numeric_table()
    y = np.where(np.arange(90) < 3, "few", "many")
    [record] = run_task(task("smote", data=as_dataset("t", X, y))).classifiers
    assert record["note"] == "k_neighbors=1, as the smallest class has 2 rows"


@pytest.mark.parametrize("method", ["none", "threshold", "smote", "spread", "gamo"])
def test_records_are_complete(method):
    outcome = run_task(task(method))
    [record] = outcome.classifiers
    assert record["status"] == "ok"
    assert set(record["scores"]) == set(SCORES)
    assert np.isfinite(list(record["scores"].values())).all()
    assert len(record["recalls"]) == 2
    assert np.shape(record["reliability"]) == (5, 14)
    assert (record["corrected"] is None) == (method in ("none", "threshold"))
    assert bool(outcome.sampler["fidelity"]) == (method in ("smote", "spread", "gamo"))
    assert bool(outcome.sampler["history"]) == (method == "gamo")
    assert bool(outcome.sampler["rows"]) == (method in ("smote", "spread", "gamo"))


def test_pictured_rows_are_real_and_generated():
    rows = run_task(task("spread")).sampler["rows"]
    kinds = pd.DataFrame(rows).groupby("kind")["label"].unique()
    assert set(kinds["real"]) == {"common", "rare"}
    assert set(kinds["generated"]) == {"rare"}
    assert run_task(task("spread", shown=False)).sampler["rows"] is None


def test_the_threads_of_the_caller_are_given_back():
    before = torch.get_num_threads()
    run_task(task())
    assert torch.get_num_threads() == before


def test_a_class_that_training_lacks_has_probability_zero():
    data = as_dataset("t", *numeric_table())
    split = data.splits(3, 1, 0)[0]
    kept = split.train[data.y[split.train] != 2]
    one = task(data=data)
    without = Task(**{**vars(one), "split": replace(split, train=kept)})
    [record] = run_task(without).classifiers
    assert record["status"] == "ok"
    assert record["recalls"][data.labels.tolist().index(2)] == 0


def test_a_shift_of_the_class_mix_is_undone():
    X, y = mixed_table(300)
    data = as_dataset("t", X, y)
    plain, repeated = (
        run_task(task(name, data=data)).classifiers[0] for name in ("none", "random")
    )
    mended = repeated["corrected"]["scores"]
    assert repeated["scores"]["brier_score"] > 1.2 * plain["scores"]["brier_score"]
    assert mended["brier_score"] == pytest.approx(plain["scores"]["brier_score"], rel=0.1)
    assert mended["log_loss"] == pytest.approx(plain["scores"]["log_loss"], rel=0.1)


def test_class_weights_shift_it_too():
    weighted, plain = (run_task(task(name)).classifiers[0] for name in ("class_weight", "none"))
    mended = weighted["corrected"]["scores"]["log_loss"]
    before = weighted["scores"]["log_loss"]
    best = plain["scores"]["log_loss"]
    assert abs(mended - best) < abs(before - best) / 3


def test_correction_is_that_of_the_meta_estimator():
    outcome = run_task(task("random"))
    data, split = (getattr(task("random"), name) for name in ("data", "split"))
    X, X_test = impute(data.X.iloc[split.train], data.X.iloc[split.test])
    sampler = with_seed(choose_methods(["random"])["random"].sampler, 0)
    rows = sampler.fit_resample(X, data.y[split.train])
    model = make_model(LogisticRegression(), X).fit(*rows)
    wrapped = PriorCorrectedClassifier(FrozenEstimator(model), seen_prior="uniform")
    wrapped.fit(X, data.y[split.train])
    own = wrapped.predict_proba(X_test)[:, list(wrapped.classes_).index("rare")]
    hit = data.y[split.test] == "rare"
    expected = np.mean((own - hit) ** 2)
    found = outcome.classifiers[0]["corrected"]["scores"]["brier_score"]
    assert found == pytest.approx(expected)


WEIGHED = LogisticRegression(class_weight="balanced")


@pytest.mark.parametrize(
    ("method", "classifier"),
    [
        ("none", WEIGHED),
        ("none", make_pipeline(StandardScaler(), WEIGHED)),
        ("random", make_pipeline(StandardScaler(), LogisticRegression())),
    ],
)
def test_correction_of_a_pipeline_is_that_of_the_meta_estimator(method, classifier):
    one = task(method, {"own": classifier}, as_dataset("t", *numeric_table()))
    found = run_task(one).classifiers[0]
    X, X_test = impute(one.data.X.iloc[one.split.train], one.data.X.iloc[one.split.test])
    y, y_test = one.data.y[one.split.train], one.data.y[one.split.test]
    model = make_model(with_seed(classifier, one.seed), X)
    sampler = with_seed(one.method.sampler, one.seed) if method == "random" else None
    whole = model if sampler is None else make_sampling_pipeline(sampler, model)
    P = PriorCorrectedClassifier(whole).fit(X, y).predict_proba(X_test)
    expected = brier_score_loss(y_test, P, labels=np.unique(y), scale_by_half=True)
    assert found["corrected"]["scores"]["brier_score"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("method", "classifier"),
    [
        ("class_weight", WEIGHED),
        ("spread_ensemble", WEIGHED),
        ("none", make_sampling_pipeline(RandomOverSampler(), LogisticRegression())),
        ("none", make_pipeline(StandardScaler(), EasyEnsembleClassifier(2))),
        ("none", BalancedRandomForestClassifier(5)),
        ("none", GridSearchCV(WEIGHED, {}, cv=2)),
    ],
)
def test_nothing_is_corrected_where_nobody_knows_the_mix(method, classifier):
    found = run_task(task(method, {"own": classifier})).classifiers[0]
    assert found["status"] == "ok"
    assert "corrected" not in found


@pytest.mark.parametrize(
    "classifier",
    [
        BalancedRandomForestClassifier(5),
        RUSBoostClassifier(n_estimators=2),
        make_pipeline(StandardScaler(), EasyEnsembleClassifier(2)),
    ],
)
def test_no_sampler_before_a_classifier_that_balances(classifier):
    assert run_task(task("none", {"own": classifier})).classifiers[0]["status"] == "ok"
    for method in ("random", "class_weight"):
        assert run_task(task(method, {"own": classifier})).classifiers[0]["status"] == "n/a"


def test_games_encode_tables_by_themselves():
    games = choose_classifiers(["gamo"], max_iter=4)
    model = make_model(games["gamo"], mixed_table()[0])
    assert model[0] == "passthrough"
    assert run_task(task("none", games)).classifiers[0]["status"] == "ok"


class Triples(BaseEstimator):
    """An over-sampler of the user's own: no relation of imbalanced-learn's, and arrays out."""

    def fit_resample(self, X, y):
        labels, counts = np.unique(y, return_counts=True)
        rare = np.flatnonzero(y == labels[counts.argmin()])
        rows = np.concatenate([np.arange(len(y)), rare, rare])
        return X.to_numpy()[rows], np.asarray(y)[rows]


def test_samplers_may_return_arrays_and_nobody_knows_what_they_made():
    X, y = numeric_table()
    outcome = run_task(task(Method(Triples()), data=as_dataset("t", X, y)))
    assert outcome.classifiers[0]["status"] == "ok"
    assert outcome.sampler["n_generated"] is None
    assert outcome.sampler["fidelity"] is None
    assert outcome.classifiers[0]["corrected"] is not None
