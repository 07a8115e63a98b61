"""Estimators that hold a game: prediction, containers, parameters, progress."""

import copy
import pickle
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback

from gan_resample import GAMOClassifier, GAMOSampler, SpreadSMOTE, TableEncoder
from gan_resample.core.classifier import BaseGameClassifier
from gan_resample.core.parameters import param
from gan_resample.engine.game import ClassifyingGame
from gan_resample.engine.guards import DivergenceError, DivergenceWarning
from tests.helpers import QUICK, SMALL, blobs, mixed_frame

X, y = blobs()


class OnlyClassifyingGame(ClassifyingGame):
    """No samples and no diagnostics: the least that a classifier can hold."""

    moves = {"player": "player"}  # noqa: RUF012

    def __init__(self, *, shape, counts, deficits, spans, levels, batch_size):
        super().__init__()
        self.player = torch.nn.Linear(shape[0], len(counts))

    def turns(self, x, y):
        yield {"player": torch.nn.functional.cross_entropy(self.player(x), y)}

    @property
    def predictor(self):
        return self.player


@dataclass(kw_only=True, eq=False, repr=False)
class OnlyClassifier(BaseGameClassifier):
    max_iter: int = param(100)
    hidden_layer_sizes: Any = param(())
    device: str = param("cpu")

    _game = OnlyClassifyingGame


@pytest.fixture(scope="module")
def fitted():
    return GAMOClassifier(**SMALL, max_iter=60).fit(X, y)


def test_probabilities_sum_to_one_in_the_order_of_classes(fitted):
    P = fitted.predict_proba(X)
    assert P.shape == (88, 3)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    assert (fitted.classes_[P.argmax(axis=1)] == fitted.predict(X)).all()
    assert fitted.score(X, y) > 0.95


def test_a_row_is_predicted_the_same_alone_and_in_a_batch(fitted):
    alone = np.vstack([fitted.predict_proba(row[None]) for row in X])
    np.testing.assert_allclose(alone, fitted.predict_proba(X), atol=1e-12)


def test_many_rows_are_predicted_in_chunks(fitted, monkeypatch):
    whole = fitted.predict_proba(X)
    monkeypatch.setattr("gan_resample.core.classifier.rows_at_once", lambda shape: 7)
    np.testing.assert_allclose(fitted.predict_proba(X), whole, atol=1e-12)


def test_prediction_changes_nothing(fitted):
    before = pickle.dumps(fitted.game_.state_dict())
    fitted.predict(X)
    assert next(fitted.game_.parameters()).dtype == torch.float32
    assert pickle.dumps(fitted.game_.state_dict()) == before


def test_labels_of_any_kind_come_back():
    for names in (np.array(["low", "mid", "high"]), np.array([7, -2, 40])):
        clf = GAMOClassifier(**SMALL, max_iter=60).fit(X, names[y])
        assert (clf.predict(X) == names[y]).mean() > 0.95
    clf = GAMOClassifier(**SMALL, max_iter=60).fit(X, pd.Series(y == 2))
    assert clf.predict(X).dtype == bool


def test_frames_and_sparse_tables_are_classified():
    table, target = mixed_frame()
    clf = GAMOClassifier(**SMALL, max_iter=30).fit(table, target)
    assert clf.predict_proba(table).shape == (120, 2)
    assert set(clf.classes_) == {"common", "rare"}
    with pytest.warns(UserWarning, match="'town' hold categories that were not seen"):
        clf.predict(table.assign(town="Rome"))
    thin = sparse.csr_matrix(X)
    probabilities = GAMOClassifier(**QUICK).fit(thin, y).predict_proba(thin)
    np.testing.assert_allclose(probabilities, GAMOClassifier(**QUICK).fit(X, y).predict_proba(X))


def test_columns_are_checked_at_predict(fitted):
    with pytest.raises(ValueError, match="expecting 4 features"):
        fitted.predict(X[:, :2])
    with pytest.raises(ValueError, match="column 0 has 1 infinite value"):
        fitted.predict([[np.inf, 1, 1, 1]])
    with pytest.warns(UserWarning, match="column.s. 0 have missing values, but had none in fit"):
        unknown = fitted.predict_proba([[np.nan, 1, 1, 1]])
    np.testing.assert_allclose(unknown, fitted.predict_proba([[X[:, 0].mean(), 1, 1, 1]]))


def test_a_game_that_names_no_gaps_gets_no_missing_values():
    told = "X has missing values, which OnlyClassifyingGame does not take: name gaps in its"
    rows = X.copy()
    rows[0, 0] = np.nan
    with pytest.raises(TypeError, match=told):
        OnlyClassifier(max_iter=1).fit(rows, y)


def test_history_and_rounds():
    sampler = GAMOSampler(**(QUICK | {"max_iter": 60})).fit(X, y)
    assert sampler.n_iter_ == 60
    assert [row["rounds"] for row in sampler.history_] == [50, 60]
    assert {"epoch", "seconds", "classifier_loss"} <= set(sampler.history_[0])
    assert all(isinstance(value, int | float) for value in sampler.history_[0].values())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_iter": 0}, "'max_iter' parameter of GAMOSampler must be an int in the range"),
        ({"learning_rate": 0}, "'learning_rate' parameter of GAMOSampler must be a float"),
        ({"mixer": "soup"}, "'mixer' parameter of GAMOSampler must be a str among"),
        ({"max_scale": -1}, "'max_scale' parameter of GAMOSampler must be a float in the range"),
        ({"device": "toaster"}, "device='toaster' is unknown"),
        ({"hidden_layer_sizes": 3}, "'hidden_layer_sizes' parameter of GAMOSampler must be"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes=\(8, 0\).*positive"),
        ({"net_params": {"device": "cpu"}}, "net_params sets"),
    ],
)
def test_bad_parameters_are_told_before_training(params, message):
    with pytest.raises(ValueError, match=message):
        GAMOSampler(**(QUICK | params)).fit(X, y)


def test_only_the_net_holds_tensors():
    for estimator in (GAMOSampler(**QUICK), GAMOClassifier(**QUICK)):
        estimator.fit(X, y)
        others = {name: value for name, value in vars(estimator).items() if name != "net_"}
        assert b"torch" not in pickle.dumps(others)
        assert estimator.game_ is estimator.net_.module_


def test_a_deepcopy_goes_on_alike():
    sampler = GAMOSampler(**QUICK).fit(X, y)
    twin = copy.deepcopy(sampler)
    assert (sampler.sample([1, 2]) == twin.sample([1, 2])).all()


def test_classifier_needs_two_classes():
    with pytest.raises(ValueError, match="needs at least two classes, but y holds 1 class only"):
        GAMOClassifier(**QUICK).fit(X, np.zeros(len(X)))


def test_unknown_keywords_are_refused():
    for sampler in (GAMOSampler(**QUICK), SpreadSMOTE()):
        for call in (sampler.fit, sampler.fit_resample):
            with pytest.raises(TypeError, match="sample_weight"):
                call(X, y, sample_weight=np.ones(len(X)))


def test_a_failed_fit_leaves_nothing_of_the_last_one():
    for estimator in (GAMOSampler(**QUICK), GAMOClassifier(**QUICK)):
        estimator.fit(X, y)
        estimator.set_params(learning_rate=1e38, max_iter=200)
        with pytest.warns(DivergenceWarning), pytest.raises(DivergenceError):
            estimator.fit(X, np.array(["a", "b", "c"])[y])
        with pytest.raises(NotFittedError):
            estimator.sample(["b"]) if hasattr(estimator, "sample") else estimator.predict(X)


class NoteSeed(Callback):
    """Records the seed that a training begins with."""

    seen: ClassVar[list[int]] = []  # of the class: each net has a copy of its own

    def on_train_begin(self, net, **kwargs):
        self.seen.append(torch.initial_seed())


def test_a_warm_start_goes_on_in_its_stream_of_random_numbers():
    NoteSeed.seen.clear()
    kept = {**QUICK, "warm_start": True, "callbacks": [NoteSeed()]}
    GAMOSampler(**kept).fit(X, y).fit(X, y)
    GAMOSampler(**kept).fit(X, y).fit(X, y)
    one, two, *again = NoteSeed.seen
    assert one != two
    assert again == [one, two]


def test_a_warm_start_that_diverges_leaves_the_last_finite_state():
    clf = GAMOClassifier(**QUICK, warm_start=True).fit(X, y)
    for optimizer in clf.net_.optimizers().values():
        optimizer.param_groups[0]["lr"] = 1e38
    clf.set_params(max_iter=200)
    with pytest.warns(DivergenceWarning), pytest.raises(DivergenceError):
        clf.fit(X, y)
    assert np.isfinite(clf.predict_proba(X)).all()


def test_a_warm_start_refuses_another_encoder_however_long_its_words_are():
    many, labels = np.tile(X, 20), y
    names = [*range(many.shape[1])]
    first, other = names[:35], [*names[:34], names[36]]  # scikit-learn's repr tells thirty
    sampler = GAMOSampler(**QUICK, warm_start=True)
    sampler.set_params(encoder=TableEncoder(categorical_features=first)).fit(many, labels)
    sampler.set_params(encoder=TableEncoder(categorical_features=np.array(first)))
    sampler.fit(many, labels)  # as before
    sampler.set_params(encoder=TableEncoder(categorical_features=other))
    assert repr(sampler.encoder) == repr(TableEncoder(categorical_features=first))
    with pytest.raises(ValueError, match="but encoder changed since the last fit"):
        sampler.fit(many, labels)


def test_a_warm_start_refuses_other_rows():
    sampler = GAMOSampler(**QUICK, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="but rows changed since the last fit"):
        sampler.fit(X * 100 + 7, y)
    assert sampler.fit(X, y).n_iter_ == 8


def test_fitting_works_where_gradients_are_switched_off():
    with torch.no_grad():
        GAMOClassifier(**QUICK).fit(X, y)
    with torch.inference_mode():
        assert GAMOClassifier(**QUICK).fit(X, y).predict(X).shape == y.shape


def test_a_frozen_classifier_plays_without_learning():
    frozen = torch.nn.Linear(4, 3).requires_grad_(False)
    sampler = GAMOSampler(**QUICK, classifier=frozen).fit(X, y)
    assert torch.equal(sampler.game_.classifier.weight, frozen.weight)
    assert "classifier_loss" not in sampler.history_[0]
    assert "generator_vs_classifier_loss" in sampler.history_[0]


def test_a_game_that_only_classifies_can_be_held():
    clf = OnlyClassifier(max_iter=30, learning_rate=0.05, random_state=0).fit(X, y)
    assert (clf.predict(X) == y).mean() > 0.9
