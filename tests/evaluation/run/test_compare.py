"""The whole comparison: what it returns, that it repeats, stops and goes on."""

import json
import re
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.under_sampling import RandomUnderSampler
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from gan_resample import SpreadSMOTE
from gan_resample.datasets import load_bundled
from gan_resample.evaluation import compare
from gan_resample.evaluation.report.findings import findings
from gan_resample.evaluation.results.results import results_of
from gan_resample.evaluation.run.store import Store
from tests.evaluation.helpers import (
    QUICK,
    SAMPLERS,
    mixed_table,
    numeric_table,
    small_comparison,
)

TIMES = ["fit_seconds"]


def figures(comparison):
    return comparison.results.drop(columns=TIMES)


def test_there_is_a_row_for_every_cell_and_split_in_the_order_asked_for():
    results = small_comparison().results
    assert len(results) == 2 * QUICK["cv"] * len(SAMPLERS) * 2
    assert results["sampler"].drop_duplicates().tolist() == SAMPLERS
    assert set(results["status"]) == {"ok", "n/a"}
    assert (
        results.loc[results["status"] == "n/a", ["sampler", "classifier"]]
        .drop_duplicates(ignore_index=True)
        .equals(pd.DataFrame({"sampler": ["class_weight"], "classifier": ["knn"]}))
    )


def test_doing_nothing_is_what_one_computes_by_hand():
    X, y = numeric_table()
    found = compare((X, y), ["none"], ["logistic"], cv=4).results["balanced_accuracy"]
    folds = StratifiedKFold(4, shuffle=True, random_state=_first_repeat_seed())
    by_size = np.argsort(-np.bincount(y), kind="stable").argsort()[y]
    for value, (train, test) in zip(found, folds.split(X, by_size), strict=True):
        scale = StandardScaler().fit(X[train])
        model = LogisticRegression(max_iter=2000).fit(scale.transform(X[train]), y[train])
        predicted = model.predict(scale.transform(X[test]))
        assert value == pytest.approx(balanced_accuracy_score(y[test], predicted))


def _first_repeat_seed():
    # RepeatedStratifiedKFold hands its generator to each repeat
    return np.random.RandomState(0)


def test_another_seed_gives_others():
    data = {"numbers": numeric_table()}
    one, other = (
        compare(data, ["none"], ["knn"], cv=3, random_state=seed).results for seed in (0, 1)
    )
    assert not one["balanced_accuracy"].equals(other["balanced_accuracy"])


def test_global_random_numbers_and_tables_are_left_alone():
    X, y = mixed_table()
    before = X.copy(), np.random.get_state()[1].copy()  # noqa: NPY002
    compare((X, y), ["spread"], ["knn"], cv=2)
    pd.testing.assert_frame_equal(X, before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


def test_samplers_and_classifiers_of_ones_own():
    found = compare(
        {"numbers": numeric_table()},
        {"under": RandomUnderSampler(), "narrow": SpreadSMOTE(scale=0), "nothing": None},
        {"svm": LinearSVC()},
        cv=2,
    )
    assert set(found.results["status"]) == {"ok"}
    assert found.results["log_loss"].isna().all()
    assert found.results["balanced_accuracy"].notna().all()
    made = found.samplings.groupby("sampler")["n_generated"].first()
    assert (made["under"], made["nothing"], made["narrow"] > 0) == (0, 0, True)


def test_doing_nothing_is_known_by_what_it_does():
    samplers = {"spread": "spread", "weights": "class_weight", "rows as they are": None}
    found = compare(numeric_table(), samplers, ["logistic", "gamo"], cv=2, max_iter=4)
    assert found.baseline == "rows as they are"
    assert found.about["without_rows"] == ["weights", "rows as they are"]
    assert found.about["generate_inside"] == []
    status = found.results.groupby(["classifier", "sampler"])["status"].first()
    assert status["gamo"].to_dict() == {
        "rows as they are": "ok", "spread": "n/a", "weights": "n/a",
    }  # fmt: skip
    gaps = found.summary()["balanced_accuracy_difference"]
    assert np.isfinite(gaps["data", "logistic", "spread"])
    assert "the best with the rows as they are" in findings(results_of(found), "data")[0]


def test_what_runs_only_where_it_is_named():
    asked = ["undersample", "borderline", "svm_smote", "adasyn"]
    found = compare(mixed_table(), asked, ["knn"], cv=2).results
    assert dict.fromkeys(found["sampler"]) == dict.fromkeys(asked)
    assert set(found["status"]) == {"ok"}


def test_ensembles_that_balance_take_rows_as_they_are():
    asked = ["balanced_bagging", "easy_ensemble"]
    found = compare(numeric_table(), ["none", "random"], asked, cv=2).results
    status = found.groupby(["classifier", "sampler"])["status"].unique().str[0].unstack("sampler")
    assert status["none"].tolist() == ["ok", "ok"]
    assert status["random"].tolist() == ["n/a", "n/a"]


def test_tables_of_categories_only():
    X, y = mixed_table()
    data = {"texts": (X[["town"]].assign(kind=np.where(X["count"] > 2, "a", "b")), y)}
    found = compare(data, ["smote", "spread"], ["logistic"], cv=2)
    assert set(found.results["status"]) == {"ok"}


def test_a_class_of_two_rows_falls_back_and_says_so():
    X, _ = numeric_table()
    y = np.repeat(["many", "some", "two"], [60, 28, 2])
    found = compare((X, y), ["smote", "threshold"], ["logistic"], cv=2)
    assert set(found.results["status"]) == {"ok"}
    notes = found.results.groupby("sampler")["note"].unique()
    assert notes["smote"].tolist() == ["fell back: the only row of 'two' was repeated"]


def test_any_splitter_will_do():
    cv = StratifiedShuffleSplit(4, test_size=0.25, random_state=0)
    found = compare(numeric_table(), ["none"], ["knn"], cv=cv)
    assert found.results["fold"].tolist() == [0, 1, 2, 3]
    assert found.about["data"][0]["test_to_train"] == pytest.approx(23 / 67)


def test_scores_by_name_and_of_ones_own():
    scoring = {"ba": "balanced_accuracy", "acc": "accuracy", "ones": lambda model, X, y: 1}
    found = compare(numeric_table(), ["none"], ["knn"], cv=2, scoring=scoring)
    assert found.scores == ["ba", "acc", "ones"]
    assert (found.results["ones"] == 1).all()
    assert found.results["acc"].between(0.5, 1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"datasets": "irish"}, "unknown data set 'irish': bundled are digits"),
        ({"datasets": []}, "data sets need names of their own"),
        ({"samplers": ["smoot"]}, "unknown sampler 'smoot'"),
        ({"classifiers": ["tree"]}, "unknown classifier 'tree'"),
        ({"cv": 1}, "cv=1 must be at least 2"),
        ({"repeats": 0}, "repeats=0 must be a whole number of at least 1"),
        ({"random_state": None}, "random_state=None must be a whole number"),
        ({"scoring": []}, "no score named"),
        ({"scoring": ["accurate"]}, "accurate"),
    ],
)
def test_arguments_are_checked_before_anything_runs(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(**({"datasets": "wine", "samplers": ["none"], "classifiers": ["knn"]} | arguments))


# ---- stopping and going on ----------------------------------------------------------------------


def test_going_on_runs_only_what_is_missing(tmp_path, monkeypatch):
    from gan_resample.evaluation import compare as module_of_function  # noqa: F401

    path = tmp_path / "s.sqlite"
    data = {"numbers": numeric_table()}
    compare(data, ["none", "spread"], ["knn"], cv=3, store=path)
    before = Store(path).records()
    found = compare(data, ["none", "spread", "random"], ["knn", "logistic"], cv=3, store=path)
    after = Store(path).records()
    kept = {key for key in before if key[-1]}
    assert {key: before[key] for key in kept} == {key: after[key] for key in kept}
    fresh = compare(data, ["none", "spread", "random"], ["knn", "logistic"], cv=3)
    pd.testing.assert_frame_equal(figures(found), figures(fresh))


def test_failed_cells_are_tried_again(tmp_path):
    path = tmp_path / "s.sqlite"
    data = {"numbers": numeric_table()}
    compare(data, ["none"], ["knn"], cv=3, store=path)
    store = Store(path)
    key = ("numbers", 0, 1, "none", "knn")
    from gan_resample.evaluation.run.fold import Outcome

    record = store.records()[key]
    failed = {name: record[name] for name in ("data", "repeat", "fold", "sampler", "classifier")}
    store.add(Outcome(store.records()[(*key[:-1], "")], [failed | {"status": "failed"}]))
    found = compare(data, ["none"], ["knn"], cv=3, store=path)
    assert set(found.results["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"datasets": {"numbers": numeric_table(seed=1)}},
            "data numbers: other rows, columns, labels or",
        ),
        ({"cv": 4}, "argument cv: now 4, there 3"),
        ({"random_state": 1}, "argument random_state"),
        ({"scoring": ["f1_macro"]}, "argument scores"),
        ({"samplers": {"spread": SpreadSMOTE(k_neighbors=2)}}, "sampler spread: now .*ors=2"),
    ],
)
def test_results_made_otherwise_are_not_mixed(tmp_path, change, message):
    arguments = {
        "datasets": {"numbers": numeric_table()},
        "samplers": ["spread"],
        "classifiers": ["knn"],
        "cv": 3,
        "store": tmp_path / "s.sqlite",
    }
    compare(**arguments)
    with pytest.raises(ValueError, match=message):
        compare(**(arguments | change))


def test_results_of_another_version_are_refused(tmp_path, monkeypatch):
    import gan_resample

    arguments = (numeric_table(), ["none"], ["knn"], 2)
    compare(*arguments, store=tmp_path / "s.sqlite")
    monkeypatch.setattr(gan_resample, "__version__", "99")
    with pytest.raises(ValueError, match="version of gan_resample: now 99"):
        compare(*arguments, store=tmp_path / "s.sqlite")


# ---- which way a score counts, splits, and what a store can tell apart -------------------------


def test_a_score_keeps_its_direction_under_another_name():
    scoring = {"loss": "log_loss", "log_loss": "neg_log_loss", "acc": "accuracy"}
    found = compare(numeric_table(), ["none", "random"], ["logistic"], cv=3, scoring=scoring)
    assert [found.greater_is_better(name) for name in scoring] == [False, True, True]
    assert [found.title(name) for name in scoring] == ["log loss", "log loss", "acc"]
    assert [found.unit(name) for name in scoring] == [1, 1, 1]
    row = found.summary().loc["data", "logistic", "random"]
    assert row["loss_difference"] == pytest.approx(-row["log_loss_difference"])
    assert row["loss_verdict"] == row["log_loss_verdict"]


def test_a_thinned_set_is_thinned_under_a_splitter_too():
    splitter = StratifiedKFold(3, shuffle=True, random_state=0)
    found = compare("wine", ["none"], ["knn"], cv=splitter)
    assert found.about["data"][0]["thinned"]
    by_number = compare("wine", ["none"], ["knn"], cv=3)
    for each in (found, by_number):  # of the folds before thinning, however they are asked for
        assert each.about["data"][0]["test_to_train"] == pytest.approx(0.5, abs=0.01)
    [train, *_] = load_bundled("wine").splits(splitter, 1, 0)
    assert len(train.train) == 15 + 40 + 6
    assert train.weight is not None


def test_pairs_of_row_numbers_are_splits():
    X, y = numeric_table()
    pairs = list(StratifiedKFold(3).split(X, y))
    listed = compare((X, y), ["none"], ["knn"], cv=pairs)
    splitter = compare((X, y), ["none"], ["knn"], cv=StratifiedKFold(3))
    assert listed.results["balanced_accuracy"].equals(splitter.results["balanced_accuracy"])


def test_splits_that_differ_are_not_mixed(tmp_path):
    store = tmp_path / "s.sqlite"
    table = numeric_table()
    compare(
        table, ["none"], ["knn"], cv=ShuffleSplit(2, test_size=0.4, random_state=0), store=store
    )
    compare(
        table, ["random"], ["knn"], cv=ShuffleSplit(2, test_size=0.4, random_state=0), store=store
    )
    with pytest.raises(ValueError, match="splits of data: other rows in the test parts"):
        compare(
            table,
            ["random"],
            ["knn"],
            cv=ShuffleSplit(2, test_size=0.4, random_state=1),
            store=store,
        )


def always_half(model, X, y):
    return 0.5


def never(model, X, y):
    raise RuntimeError("cannot")


def test_a_scorer_that_raises_costs_its_own_figure_only():
    scoring = {"half": always_half, "never": never}
    found = compare(numeric_table(), ["none"], ["knn"], cv=2, scoring=scoring)
    assert found.results["status"].tolist() == ["ok", "ok"]
    assert found.results["half"].tolist() == [0.5, 0.5]
    assert found.results["never"].isna().all()
    assert "no never: cannot" in found.results["note"][0]


def test_a_store_tells_code_apart(tmp_path):
    store = tmp_path / "s.sqlite"

    def score(value, **more):
        scoring = {"s": lambda model, X, y: value}
        return compare(numeric_table(), ["none"], ["knn"], cv=2, **({"scoring": scoring} | more))

    score(1.0, store=store)
    assert score(1.0, store=store).results["s"].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match=r"score s: now .*<lambda>\[code \w+\], there .*<lambda>"):
        score(0.5, store=store)
    with pytest.raises(ValueError, match=r"score s: now .*always_half\[code"):
        score(0.5, store=store, scoring={"s": always_half})


class TakesFrames(Pipeline):
    takes_frames = True


def test_a_store_tells_models_apart_where_their_texts_are_cut(tmp_path):
    store = tmp_path / "s.sqlite"
    y = numeric_table()[1]
    frame = pd.DataFrame(np.zeros((len(y), 60)), columns=[f"a_long_name_{i}" for i in range(60)])
    frame["a_long_name_30"] = y.astype(float)

    def accuracy(dropped, store=None):
        columns = [name for name in frame.columns if name != f"a_long_name_{dropped}"]
        model = TakesFrames(
            [
                ("keep", ColumnTransformer([("k", "passthrough", columns)])),
                ("knn", LogisticRegression()),
            ]
        )
        found = compare(
            (frame, y), ["none"], {"m": model}, cv=2, scoring=["f1_macro"], store=store
        )
        return found.results["f1_macro"].tolist()

    with_it, without = accuracy(31), accuracy(30)
    assert accuracy(30, store) == without != with_it
    with pytest.raises(
        ValueError, match=r"classifier m: now 'a_long_name_30', there 'a_long_name_31'"
    ):
        accuracy(31, store)


def test_what_has_no_contents_is_refused_where_there_is_a_store(tmp_path):
    lock = threading.Lock()
    calls = (
        ({"scoring": {"s": lambda model, X, y: lock.locked()}}, "lock, which score 's' uses"),
        ({"classifiers": {"k": KNeighborsClassifier(metric_params={"a": object()})}},
         "classifier 'k'.metric_params['a'], of type object"),
        ({"samplers": {"s": SMOTE(sampling_strategy=Refuses())}},
         "sampler 's'.sampling_strategy, of type Refuses (told by nobody)"),
    )  # fmt: skip
    for more, message in calls:
        arguments = {"samplers": ["none"], "classifiers": ["knn"], "cv": 2} | more
        compare(numeric_table(), **arguments)
        with pytest.raises(ValueError, match=re.escape(message)):
            compare(numeric_table(), **arguments, store=tmp_path / "s.sqlite")
    assert list(tmp_path.iterdir()) == []


class Refuses:
    def __call__(self, y):
        return {1: 30}

    def __reduce_ex__(self, protocol):
        raise TypeError("told by nobody")

    def __deepcopy__(self, memo):
        return self


@pytest.mark.parametrize("body", [{}, {"scores": [1]}, {"scores": {}, "recalls": None}])
def test_records_without_scores_are_refused(tmp_path, body):
    path = tmp_path / "s.sqlite"
    arguments = (numeric_table(), ["none"], ["knn"], 2)
    compare(*arguments, store=path)
    with closing(sqlite3.connect(path)) as connection:
        about = {"data": "data", "repeat": 0, "fold": 1, "sampler": "none", "classifier": "knn"}
        text = json.dumps(about | {"status": "ok"} | body)
        query = (
            "UPDATE records SET body = ?, checksum = NULL WHERE fold = 1 AND classifier = 'knn'"
        )
        connection.execute(query, [text])
        connection.commit()
    with pytest.raises(ValueError, match="lack scores or recalls: another program has changed"):
        compare(*arguments, store=path)


def test_a_refused_call_leaves_no_settings_behind(tmp_path):
    store = tmp_path / "s.sqlite"
    for wrong in ({"cv": 500}, {"random_state": 10**20}, {"max_iter": 0}):
        with pytest.raises(ValueError, match=r"500|seeded|between 0 and|at least 1"):
            compare(numeric_table(), ["none"], ["knn"], store=store, **({"cv": 2} | wrong))
    assert compare(numeric_table(), ["none"], ["knn"], cv=2, store=store).results.shape[0] == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"datasets": [[1, 2], [3, 4]]}, TypeError, "name, a pair"),
        ({"datasets": (sparse.csr_matrix(np.eye(4)), [0, 0, 1, 1])}, TypeError, "X.toarray"),
        ({"samplers": {"s": type("S", (), {"fit_resample": 1})()}}, ValueError, "get_params"),
        ({"cv": StratifiedKFold(2), "repeats": 3}, ValueError, "draws folds anew"),
        ({"max_iter": -5}, ValueError, "max_iter=-5"),
        ({"max_iter": "many"}, ValueError, "max_iter='many'"),
        ({"repeats": True}, ValueError, "repeats=True"),
        ({"cv": []}, ValueError, "gives no split"),
        ({"store": 3}, ValueError, "store=3 of type int must be the path of a file"),
        ({"datasets": 3}, TypeError, "name, a pair"),
        ({"datasets": mixed_table()[0]}, TypeError, r"a DataFrame: .* pair, compare\(\(X, y\), "),
        ({"datasets": np.eye(4)}, TypeError, r"a ndarray: .* one pair, compare\(\(X, y\), "),
        ({"datasets": {"a": 3}}, TypeError, "name, a pair"),
        (
            {"samplers": SMOTE()},
            TypeError,
            r"samplers=SMOTE\(\) must be a list of names, or a map",
        ),
        ({"classifiers": 3}, TypeError, "classifiers=3 must be a list of names, or a mapping"),
        ({"scoring": 3}, TypeError, "scoring=3 must be names, or a mapping of names to scorers"),
        ({"scoring": {"a": None}}, TypeError, r"a name or a scorer\(model, X, y\), but got None"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, error, message):
    wanted = {"datasets": numeric_table(), "samplers": ["none"], "classifiers": ["knn"]}
    with pytest.raises(error, match=message):
        compare(**(wanted | arguments))


def test_thresholds_by_the_prior_need_probabilities():
    X, y = numeric_table()
    assert len(np.unique(y)) > 2
    found = compare((X, y), ["threshold"], {"svc": LinearSVC()}, cv=2)
    assert set(found.results["status"]) == {"n/a"}
    assert "no probabilities" in found.results["note"][0]


def test_samplers_that_repeat_the_only_row_of_a_class_say_so():
    X, y = numeric_table()
    y = np.where(np.arange(len(y)) < 2, 9, y)  # a class of two rows: one in each training part
    found = compare((X, y), ["smote", "spread"], ["knn"], cv=2)
    assert found.results["note"].str.contains("fell back: the only row of '9'").all()


def test_an_ensemble_with_generated_rows_is_no_best_of_the_rows_as_they_are():
    found = compare(numeric_table(), ["none", "bagging", "spread_ensemble"], ["logistic"], cv=2)
    assert found.about["generate_inside"] == ["spread_ensemble"]
    told = findings(results_of(found), found.about["data"][0]["name"])[0]
    assert "with resampled rows is that of logistic with spread_ensemble" in told
