"""Names, ways to fit, and texts of settings."""

from functools import partial

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import gan_resample
from gan_resample import GAMOClassifier, GAMOSampler, SpreadEnsembleClassifier
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.sampler import BaseGameSampler
from gan_resample.evaluation.run.methods import (
    Method,
    PriorThresholdClassifier,
    balanced_weights,
    choose_classifiers,
    choose_methods,
    class_balanced_weights,
    describe,
    fit_prior_threshold,
    fit_threshold,
    fit_weighted,
    with_seed,
)
from gan_resample.evaluation.run.smote import NotApplicable
from tests.helpers import blobs


class LogisticRegressionWithoutRowWeights(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X, y)


fit_balanced = partial(fit_weighted, weigh=balanced_weights)


def model(classifier):
    return Pipeline([("scale", StandardScaler()), ("classifier", classifier)])


def test_without_names_all_methods_and_the_five_classifiers_of_scikit_learn():
    names = [n for n in sorted(gan_resample.__all__) if n.endswith("Sampler")]
    games = [name.removesuffix("Sampler").lower() for name in names]
    assert {"cyclegan", "dvaan", "gamo", "pgan"} <= set(games)
    others = ["none", "class_weight", "threshold", "random", "smote", "spread", "spread_ensemble"]
    assert list(choose_methods(None)) == [*others, *games]
    assert list(choose_classifiers(None)) == ["logistic", "knn", "forest", "boosting", "mlp"]


def test_every_public_game_joins_by_itself():
    public = [getattr(gan_resample, name) for name in gan_resample.__all__]
    for base, choose in (
        (BaseGameSampler, choose_methods),
        (BaseGameClassifier, choose_classifiers),
    ):
        kinds = {k for k in public if isinstance(k, type) and issubclass(k, base)}
        names = [
            k.__name__.replace("Sampler", "").replace("Classifier", "").lower() for k in kinds
        ]
        chosen = choose(names).values()
        found = {type(getattr(value, "sampler", None) or value) for value in chosen}
        assert found == kinds


def test_rounds_reach_the_games():
    assert choose_methods(["gamo"], 7)["gamo"].sampler.max_iter == 7
    assert choose_classifiers(["gamo"], 7)["gamo"].max_iter == 7
    short, long = (choose_methods(["pgan"], rounds)["pgan"].sampler for rounds in (7, 5000))
    assert (short.max_iter, short.init_iter) == (7, 7)
    assert (long.max_iter, long.init_iter) == (5000, 300)


def test_mappings_hold_names_and_estimators():
    own = GAMOSampler(max_iter=3)
    chosen = choose_methods({"mine": own, "theirs": "smote"})
    assert chosen["mine"] == Method(own)
    assert isinstance(chosen["theirs"].sampler, SMOTE)


@pytest.mark.parametrize("choose", [choose_methods, choose_classifiers])
@pytest.mark.parametrize("names", [["knn", "smoot"], {"a": 3}, {"a": SMOTE}, "nothing"])
def test_unknown_names_list_the_known_ones(choose, names):
    with pytest.raises(ValueError, match=r"unknown (sampler|classifier) .*: known are \w+, \w+"):
        choose(names)
    with pytest.raises(ValueError, match=r"no (sampler|classifier) named"):
        choose([])


def test_class_weights_are_those_of_scikit_learn():
    X, y = blobs((40, 10), distance=1.0)
    fitted, _ = fit_balanced(model(LogisticRegression()), X, y, 0)
    own = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")).fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X), own.predict_proba(X))


@pytest.mark.parametrize("name", ["class_weight", "class_balanced_0.99"])
def test_class_weights_suit_labels_of_any_kind(name):
    X, y = blobs((40, 10), distance=3.0)
    fit = choose_methods([name])[name].fit
    for labels in (np.array(["no", "yes"])[y], y == 1, y * 5 - 2):
        for classifier in (
            LogisticRegression(),
            RandomForestClassifier(20),
            HistGradientBoostingClassifier(max_iter=20),
            LogisticRegressionWithoutRowWeights(),
        ):
            fitted, note = fit(model(with_seed(classifier, 0)), X, labels, 0)
            assert (fitted.predict(X) == labels).mean() > 0.8
            assert note == ""


@pytest.mark.parametrize(
    ("beta", "expected"), [(0.9, (1.211138, 0.788862)), (0.999, (1.810673, 0.189327))]
)
def test_class_balanced_weights_by_hand(beta, expected):
    np.testing.assert_allclose(class_balanced_weights([10, 100], beta), expected, atol=1e-6)


def test_class_balanced_weights_lie_between_none_and_the_inverse_of_sizes():
    counts = np.array([10, 40])
    np.testing.assert_allclose(class_balanced_weights(counts, 0.0), [1, 1])
    near = class_balanced_weights(counts, 1 - 1e-9)
    np.testing.assert_allclose(near[0] / near[1], 4, rtol=1e-3)
    inverse = balanced_weights(counts)
    np.testing.assert_allclose(near / near[0], inverse / inverse[0], rtol=1e-3)


def test_more_baselines_are_there_by_name():
    X, y = blobs((40, 10), distance=1.0)
    chosen = choose_methods(
        ["undersample", "prior", "class_balanced_0.9", "class_balanced_0.9999"]
    )
    assert np.bincount(chosen["undersample"].sampler.fit_resample(X, y)[1]).tolist() == [10, 10]
    weak, strong = (
        chosen[f"class_balanced_{beta}"].fit(model(LogisticRegression()), X, y, 0)[0]
        for beta in (0.9, 0.9999)
    )
    assert strong.predict(X).mean() >= weak.predict(X).mean()
    assert strong.predict_proba(X)[:, 1].mean() > weak.predict_proba(X)[:, 1].mean()
    with pytest.raises(NotApplicable, match="takes no class weights"):
        chosen["class_balanced_0.9"].fit(model(KNeighborsClassifier()), X, y, 0)
    told = {describe(method) for method in chosen.values()}
    assert len(told) == 4
    assert "fit_weighted(class_balanced_weights(0.9))" in told


def test_the_prior_as_threshold_of_two_classes():
    X, y = blobs((40, 10), distance=1.0)
    fitted, note = fit_prior_threshold(model(LogisticRegression()), X, y, 0)
    P = fitted.predict_proba(X)
    assert (fitted.predict(X) == (P[:, 1] > 0.2)).all()
    assert note == ""
    with pytest.raises(NotApplicable, match="no probabilities"):
        fit_prior_threshold(model(LinearSVC()), X, y, 0)


def test_class_weights_become_row_weights_where_there_is_no_such_argument():
    X, y = blobs((90, 10), distance=0.7)
    plain = model(MLPClassifier(random_state=0, max_iter=50)).fit(X, y)
    weighted, _ = fit_balanced(model(MLPClassifier(random_state=0, max_iter=50)), X, y, 0)
    assert (weighted.predict(X) == 1).sum() > (plain.predict(X) == 1).sum()


def test_neighbours_take_no_weights():
    with pytest.raises(NotApplicable, match="KNeighborsClassifier takes no class weights"):
        fit_balanced(model(KNeighborsClassifier()), *blobs((40, 10)), 0)


def test_thresholds_are_tuned_for_two_classes():
    X, y = blobs((60, 12), distance=0.7)
    fitted, note = fit_threshold(model(LogisticRegression()), X, y, 0)
    assert isinstance(fitted, TunedThresholdClassifierCV)
    assert fitted.best_threshold_ < 0.5
    assert note == ""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    same = {"scoring": "balanced_accuracy", "cv": folds}  # scikit-learn's own score
    expected = TunedThresholdClassifierCV(model(LogisticRegression()), **same).fit(X, y)
    assert fitted.best_threshold_ == expected.best_threshold_
    assert fitted.best_score_ == expected.best_score_


def test_thresholds_are_the_priors_for_more_classes_or_a_single_row():
    X, y = blobs((60, 12, 6), distance=0.7)
    fitted, note = fit_threshold(model(LogisticRegression()), X, y, 0)
    P = fitted.predict_proba(X)
    assert (fitted.predict(X) == (P / [60, 12, 6]).argmax(axis=1)).all()
    assert note == ""
    fitted, note = fit_threshold(model(LogisticRegression()), *blobs((60, 1)), 0)
    assert isinstance(fitted, PriorThresholdClassifier)
    assert note.startswith("fell back")


def test_seeds_go_where_none_was_set():
    nested = make_pipeline(StandardScaler(), RandomForestClassifier())
    assert with_seed(nested, 5)[-1].random_state == 5
    assert with_seed(RandomForestClassifier(random_state=3), 5).random_state == 3
    assert nested[-1].random_state is None


def test_settings_are_told_without_addresses():
    told = describe(GAMOSampler(classifier=make_net, max_iter=7))
    assert "max_iter=7" in told
    assert f"{__name__}.make_net" in told
    assert "0x" not in told
    assert describe(Method(SMOTE(k_neighbors=3))) != describe(Method(SMOTE()))
    assert describe(GAMOClassifier()) == describe(GAMOClassifier())


def make_net(n_in, n_out):
    raise NotImplementedError


def test_ensembles_are_decided_at_the_prior_and_keep_the_probabilities_of_the_data():
    X, y = blobs((200, 20), distance=1.0)
    chosen = choose_methods(["spread_ensemble", "bagging", "bagged_random"])
    found = {}
    for name, method in chosen.items():
        assert method.sampler is None
        fitted, note = method.fit(model(LogisticRegression()), X, y, 3)
        found[name] = fitted.predict_proba(X)
        assert note == ""
        np.testing.assert_array_equal(fitted.predict(X), found[name][:, 1] > 20 / 220)
        assert found[name][:, 1].mean() == pytest.approx(20 / 220, abs=0.03)
        ensemble = fitted.estimator_
        generated = {} if name == "bagging" else {1: 10}
        assert ensemble.sampling_strategy_ == generated
        assert len({each[-1].coef_[0, 0] for each in ensemble.estimators_}) == 8
        again = method.fit(model(LogisticRegression()), X, y, 3)[0]
        np.testing.assert_array_equal(again.predict_proba(X), found[name])
        with pytest.raises(NotApplicable, match="LinearSVC has no probabilities to average"):
            method.fit(model(LinearSVC()), X, y, 0)
    own = SpreadEnsembleClassifier(model(LogisticRegression()), random_state=3).fit(X, y)
    np.testing.assert_array_equal(own.predict_proba(X), found["spread_ensemble"])
    assert len({describe(method) for method in chosen.values()}) == 3
