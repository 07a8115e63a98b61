"""What every sampler promises about rows: containers, dtypes, counts, order, seeds, refusals."""

import ast
import pickle
import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.pipeline import Pipeline
from joblib import parallel_config
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

from gan_resample import (
    CycleGANSampler,
    DVAANSampler,
    EGANClassifier,
    GAMOSampler,
    SpreadSMOTE,
    TableEncoder,
    TinyClassWarning,
)
from tests.helpers import QUICK, blobs, mixed_frame, samplers, wanted_labels

X, y = blobs()
# What all of them do in the same lines is tested through few: the laws of every sampler are in
# tests/test_samplers.py
SHARED = [SpreadSMOTE(random_state=0), GAMOSampler(**QUICK), EGANClassifier(**QUICK)]
few_samplers = pytest.mark.parametrize("sampler", SHARED[:2], ids=lambda s: type(s).__name__)
few_estimators = pytest.mark.parametrize("estimator", SHARED, ids=lambda s: type(s).__name__)
every_sampler = pytest.mark.parametrize("sampler", samplers(), ids=lambda s: type(s).__name__)


@few_samplers
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("auto", {0: 60, 1: 60, 2: 60}),
        ("not majority", {0: 60, 1: 60, 2: 60}),
        ("all", {0: 60, 1: 60, 2: 60}),
        ("minority", {0: 60, 1: 20, 2: 60}),
        ("not minority", {0: 60, 1: 60, 2: 8}),
        ({2: 25}, {0: 60, 1: 20, 2: 25}),
        ({0: 70, 2: 9}, {0: 70, 1: 20, 2: 9}),
        (lambda y: {1: 33}, {0: 60, 1: 33, 2: 8}),
    ],
)
def test_every_sampling_strategy(sampler, strategy, expected):
    sampler = clone(sampler).set_params(sampling_strategy=strategy)
    X_new, y_new = sampler.fit_resample(X, y)
    assert Counter(y_new.tolist()) == expected
    assert (X_new[: len(X)] == X).all()
    assert (y_new[: len(y)] == y).all()
    assert sampler.synthetic_mask_.tolist() == [False] * len(X) + [True] * (len(X_new) - len(X))


@few_samplers
def test_a_float_strategy_on_two_classes(sampler):
    rows = y < 2
    sampler = clone(sampler).set_params(sampling_strategy=0.5)
    assert Counter(sampler.fit_resample(X[rows], y[rows])[1].tolist()) == {0: 60, 1: 30}


@few_samplers
@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({2: 3}, "number of samples in a class cannot be decreased|should be greater"),
        ({9: 30}, "not present in the data"),
        (0.1, '"sampling_strategy" can be a float only when the type of target is binary'),
    ],
)
def test_impossible_strategies_are_refused(sampler, strategy, message):
    with pytest.raises(ValueError, match=message):
        clone(sampler).set_params(sampling_strategy=strategy).fit_resample(X, y)


@every_sampler
def test_fit_and_one_sample_give_the_rows_of_fit_resample(sampler):
    at_once = clone(sampler).fit_resample(X, y)[0][len(X) :]
    fitted = clone(sampler).fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    labels = wanted_labels(fitted)
    for each in (fitted, loaded):
        rows = each.sample(labels)
        assert (rows == at_once).all()
    again = fitted.sample(labels)
    assert (again != at_once).any()
    assert (again == loaded.sample(labels)).all()
    assert (fitted.sample(labels, random_state=4) == loaded.sample(labels, random_state=4)).all()


@every_sampler
def test_sample_refuses_classes_that_were_not_in_play(sampler):
    fitted = clone(sampler).fit(X, y)
    with pytest.raises(ValueError, match=r"rows of \[0\].*in play were \[1, 2\]"):
        fitted.sample([1, 0])
    with pytest.raises(ValueError, match=r"rows of \[7\]"):
        fitted.sample([7])
    with pytest.raises(sklearn.exceptions.NotFittedError):
        clone(sampler).sample([1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (5, r"labels=5 must be a list .* for 5 rows of class 2 say sample\(\[2\] \* 5\)"),
        (1, r"for 10 rows of class 2 say sample\(\[2\] \* 10\)"),
        ("rare", r"labels='rare' must be a list"),
        (None, r"labels=None must be a list"),
        ([[1, 2]], r"labels must be a list .* has shape \(1, 2\)"),
        (["1"], r"rows of \['1'\]: the classes that SpreadSMOTE was fitted to are \[0, 1, 2\]"),
    ],
)
def test_sample_tells_what_labels_are(labels, message):
    fitted = SpreadSMOTE(random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=message):
        fitted.sample(labels)


@pytest.mark.parametrize("names", [None, ["common", "rare", "rarest"]])
def test_the_strategy_that_sample_names_works(names):
    labels = y if names is None else np.array(names)[y]
    common = labels[y == 0][0]
    for strategy in ("auto", {labels[y == 2][0]: 30}):
        sampler = SpreadSMOTE(sampling_strategy=strategy, random_state=0).fit(X, labels)
        with pytest.raises(ValueError, match="cannot generate") as told:
            sampler.sample([common] * 7)
        asked = ast.literal_eval(re.search(r"sampling_strategy=({.*?})", str(told.value))[1])
        assert asked[common] == (y == 0).sum() + 7
        again = SpreadSMOTE(sampling_strategy=asked, random_state=0).fit(X, labels)
        assert again.sample([common] * 7).shape == (7, 4)
        # what was in play before is so still, and lacks as many rows
        assert again.sampling_strategy_ == {**sampler.sampling_strategy_, common: 7}


@pytest.mark.parametrize("seed", ["foo", -1, 1.5, 3.0, [1, 2], np.random.default_rng(0), {}])
def test_sample_tells_what_a_seed_is(seed):
    fitted = SpreadSMOTE(random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"random_state=.* must be a whole number of"):
        fitted.sample([1], random_state=seed)
    assert (
        fitted.sample([1], random_state=np.int64(4)) == fitted.sample([1], random_state=4)
    ).all()


@few_samplers
def test_no_labels_give_no_rows(sampler):
    assert clone(sampler).fit(X, y).sample([]).shape == (0, 4)


@few_samplers
def test_seeds(sampler):
    def rows(seed):
        return clone(sampler).set_params(random_state=seed).fit_resample(X, y)[0]

    assert (rows(1) == rows(1)).all()
    assert (rows(1) != rows(2)).any()
    assert (rows(None) != rows(None)).any()
    state = np.random.RandomState(0)
    assert (rows(state) != rows(state)).any()


@every_sampler
def test_balanced_data_come_back_unchanged_and_untrained(sampler):
    rows = np.flatnonzero(y == 0)
    labels = np.arange(len(rows)) % 2
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(X[rows], labels)
    assert (X_new == X[rows]).all()
    assert (y_new == labels).all()
    assert not sampler.synthetic_mask_.any()
    with pytest.raises(ValueError, match=r"in play were \[\]"):
        sampler.sample([0])


def test_balanced_data_leave_every_fitted_attribute_of_a_game():
    sampler = GAMOSampler(**QUICK)
    sampler.fit_resample(X[:20], np.arange(20) % 2)
    assert sampler.n_iter_ == 0
    assert sampler.net_ is None
    assert sampler.game_ is None
    assert sampler.history_ == []
    assert sampler.ess_ == sampler.coverage_ == sampler.std_ratio_ == {}
    assert sampler.classes_.tolist() == [0, 1]


@every_sampler
def test_frames_keep_columns_dtypes_categories_bounds_and_the_target(sampler):
    table, target = mixed_frame()
    sampler = clone(sampler)
    X_new, y_new = sampler.fit_resample(table, target)
    assert X_new.dtypes.equals(table.dtypes)
    pd.testing.assert_frame_equal(X_new.iloc[: len(table)], table)
    pd.testing.assert_series_equal(y_new.iloc[: len(table)], target)
    made = X_new[sampler.synthetic_mask_]
    assert len(made) == 80
    for name in ("amount", "share", "count", "small", "visits", "rate"):
        assert made[name].between(table[name].min(), table[name].max()).all()
    assert made["count"].isin(table["count"]).all()
    assert (made["one"] == 7.25).all()
    assert set(made["colour"]) <= {"red", "green"}
    sampled = sampler.sample(["rare"])
    assert sampled.dtypes.equals(table.dtypes)
    assert sampler.feature_names_in_.tolist() == table.columns.tolist()


@every_sampler
def test_all_categorical_tables(sampler):
    table, target = mixed_frame()
    table = table[["colour", "town", "member"]]
    X_new, y_new = clone(sampler).fit_resample(table, target)
    assert Counter(y_new) == {"common": 100, "rare": 100}
    rare = table[target == "rare"]
    for name in table:
        assert X_new[name].iloc[120:].isin(rare[name]).all()


@few_samplers
@pytest.mark.parametrize(
    "kind", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array]
)
def test_sparse_in_the_same_format_out(sampler, kind):
    table = kind(np.where(X > 3, X, 0))
    X_new, _ = clone(sampler).fit_resample(table, y)
    assert type(X_new) is kind
    assert (X_new[: len(X)].toarray() == table.toarray()).all()
    assert isinstance(clone(sampler).fit(table, y).sample([2]), kind)


@few_estimators
def test_a_sparse_table_too_large_to_be_dense_is_refused(estimator):
    huge = sparse.csr_matrix((300_000, 1000))
    labels = np.arange(300_000) < 5
    with pytest.raises(ValueError, match=r"shape \(300000, 1000\).*more than 2 GiB.*TruncatedSVD"):
        clone(estimator).fit(huge, labels)


@few_samplers
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, bool])
def test_arrays_keep_their_dtype(sampler, dtype):
    table = np.clip(X * 4, -100, 100).astype(dtype)
    X_new, _ = clone(sampler).fit_resample(table, y)
    assert X_new.dtype == dtype
    assert (X_new[: len(X)] == table).all()


@few_samplers
def test_object_arrays_with_listed_categories(sampler):
    table = np.array([["a", 1.5], ["b", 2.5], ["a", 3.5]] * 20, dtype=object)
    labels = np.array([0] * 45 + [1] * 15)
    encoder = TableEncoder(categorical_features=[0])
    X_new, _ = clone(sampler).set_params(encoder=encoder).fit_resample(table, labels)
    assert X_new.dtype == object
    assert set(X_new[60:, 0]) <= {"a", "b"}
    with pytest.raises(ValueError, match="column 0 is taken as numeric, but holds text, such as"):
        clone(sampler).fit_resample(table, labels)


@few_samplers
@pytest.mark.parametrize(
    "names", [["b", "a", "c"], [30, -4, 7], [2.0, 1.0, 5.0]], ids=["strings", "ints", "floats"]
)
def test_odd_labels(sampler, names):
    labels = np.array(names)[y]
    _, y_new = clone(sampler).fit_resample(X, labels)
    assert Counter(y_new.tolist()) == dict.fromkeys(names, 60)
    assert y_new.dtype == labels.dtype


@few_samplers
def test_boolean_and_categorical_labels(sampler):
    _, flags = clone(sampler).fit_resample(X, y == 2)
    assert flags.dtype == bool
    kinds = pd.Series(pd.Categorical.from_codes(y, ["low", "mid", "high"]), name="level")
    _, named = clone(sampler).fit_resample(X, kinds)
    assert named.dtype == kinds.dtype
    assert named.name == "level"


@few_samplers
def test_renamed_labels_give_the_same_rows(sampler):
    one, _ = clone(sampler).fit_resample(X, y)
    two, named = clone(sampler).fit_resample(X, np.array(["a", "b", "c"])[y])
    assert (one == two).all()
    assert set(named) == {"a", "b", "c"}


@few_estimators
def test_inputs_are_not_touched(estimator):
    rows, labels = X.copy(), y.copy()
    rows.flags.writeable = labels.flags.writeable = False
    table, target = mixed_frame()
    before = table.copy()
    for data in ((rows, labels), (table, target)):
        clone(estimator).fit(*data)
    assert (rows == X).all()
    pd.testing.assert_frame_equal(table, before)


@every_sampler
def test_tiny_classes_are_told_and_still_grow(sampler):
    rows = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:2]])
    one = np.concatenate([rows, np.flatnonzero(y == 2)[:1]])
    with pytest.warns(TinyClassWarning) as seen:
        X_new, y_new = clone(sampler).fit_resample(X[one], y[one])
    told = [str(w.message) for w in seen if w.category is TinyClassWarning]
    assert len(told) == 2
    assert "has 2 rows only: what they give" in told[0]
    assert "has 1 row only: it can only be repeated" in told[1]
    assert Counter(y_new.tolist()) == {0: 60, 1: 60, 2: 60}
    assert np.isfinite(X_new).all()
    repeated = X_new[len(one) :][y_new[len(one) :] == 2]
    assert (repeated == X[one[-1]]).all()


@every_sampler
def test_constant_and_duplicate_rows_give_finite_rows(sampler):
    rows = np.repeat(np.array([[1.0, 2.0], [5.0, 2.0]]), [30, 6], axis=0)
    X_new, _ = clone(sampler).fit_resample(rows, np.repeat([0, 1], [30, 6]))
    assert np.isin(X_new[36:], [1.0, 5.0, 2.0]).all()
    assert (X_new[36:, 1] == 2).all()
    # a few rounds do not take DVAAN's and CycleGAN's rows to their class
    if not isinstance(sampler, (DVAANSampler, CycleGANSampler)):
        assert (X_new[36:] == [5.0, 2.0]).all()


@every_sampler
@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e300])
def test_extreme_scales_give_finite_rows(sampler, size):
    X_new, _ = clone(sampler).fit_resample(X * size, y)
    assert np.isfinite(X_new).all()
    assert (X_new[: len(X)] == X * size).all()


BAD = {
    "missing": (np.where(X > 10, np.nan, X), y, ValueError, r"columns 0 \(\d+\),.*miss.*impute"),
    "infinite": (np.where(X > 10, np.inf, X), y, ValueError, r"infinite value.*\(inf\).*clip"),
    "one class": (X, np.zeros(len(X)), ValueError, "1 class|more than 1 class"),
    "lengths": (X, y[:-1], ValueError, "inconsistent numbers of samples"),
    "continuous": (X, X[:, 0], ValueError, "Unknown label type"),
    "3-D": (X.reshape(-1, 2, 2), y, ValueError, "dim 3"),
    "1-D": (X[:, 0], y, ValueError, "Reshape your data"),
    "no columns": (X[:, :0], y, ValueError, r"0 feature\(s\)"),
    "empty": (X[:0], y[:0], ValueError, r"0 sample\(s\)|empty|at least one"),
    "complex": (X * 1j, y, ValueError, "Complex data not supported"),
    "words": (np.full((88, 2), "a", dtype=object), y, ValueError, "column 0 is taken as numeric"),
    "empty frame": (pd.DataFrame(X)[[]], y, ValueError, r"0 feature\(s\)"),
    "duplicate names": (
        pd.DataFrame(X, columns=list("abca")), y, ValueError, r"duplicate column names \['a'\]",
    ),
    "missing in a frame": (
        pd.DataFrame(X, columns=list("abcd")).mask(X > 10), y, ValueError, r"columns 'a' .*'d' ",
    ),
    "missing labels": (
        X, np.where(y == 2, np.nan, y), ValueError, "y has 8 missing labels: leave those rows out",
    ),
    "missing texts": (X, ["a"] * 40 + ["b"] * 47 + [None], ValueError, "y has 1 missing label:"),
    "missing NaN among texts": (
        X, ["a"] * 40 + ["b"] * 47 + [np.nan], ValueError, "y has 1 missing label:",
    ),
    "missing NA": (
        X, pd.Series(["a", "b"] * 43 + [None] * 2, dtype="string"), ValueError, "y has 2 missing",
    ),
}  # fmt: skip


@few_estimators
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_training(estimator, case, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("training began")

    monkeypatch.setattr("gan_resample.engine.net.GameNet.fit_loop", never)
    monkeypatch.setattr("gan_resample.mixing.geometry.Anchors.choose", never)
    rows, labels, error, message = BAD[case]
    strict = TableEncoder(missing="error") if case.startswith("missing") else None
    with pytest.raises(error, match=message):
        clone(estimator).set_params(encoder=strict).fit(rows, labels)


@few_estimators
def test_unknown_frames_are_refused_with_advice(estimator):
    class Other:
        columns = ("a",)

        def to_pandas(self):
            raise AssertionError("never called")

    with pytest.raises(TypeError, match=r"data frames of pandas, .*call X.to_pandas\(\) first"):
        clone(estimator).fit(Other(), [0, 1])


def test_in_a_pipeline_with_cross_validation_and_processes():
    pipeline = Pipeline([("s", GAMOSampler(**QUICK)), ("clf", LogisticRegression())])
    alone = cross_val_score(pipeline, X, y, cv=2)
    with parallel_config("multiprocessing", n_jobs=2):  # forks: quick to start
        assert (alone == cross_val_score(pipeline, X, y, cv=2)).all()
    # what the classifier learns from is balanced; what it makes of it is no matter of four rounds
    seen = pipeline.set_params(clf=DummyClassifier(strategy="prior")).fit(X, y)["clf"]
    assert seen.class_prior_ == pytest.approx([1 / 3] * 3)


def test_grid_search_over_rounds_and_the_encoder():
    pipeline = Pipeline(
        [("s", GAMOSampler(**QUICK, encoder=TableEncoder())), ("clf", LogisticRegression())]
    )
    grid = {"s__max_iter": [1, 3], "s__encoder__snap": [True, False]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_["s"].n_iter_ == search.best_params_["s__max_iter"]
    assert search.best_estimator_["s"].encoder_.snap == search.best_params_["s__encoder__snap"]


@few_estimators
def test_with_metadata_routing_enabled(estimator):
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = Pipeline([("s", SpreadSMOTE(random_state=0)), ("clf", LogisticRegression())])
        pipeline.fit(X, y)
        clone(estimator).fit(X, y)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(samplers()),
    st.lists(st.integers(1, 25), min_size=2, max_size=4).filter(lambda c: len(set(c)) > 1),
    st.integers(1, 4),
    st.integers(0, 2**31 - 1),
)
def test_counts_order_and_finiteness_hold_for_any_counts(sampler, counts, n_features, seed):
    rows, labels = blobs(tuple(counts), n_features, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X_new, y_new = clone(sampler).set_params(random_state=seed).fit_resample(rows, labels)
    assert set(Counter(y_new.tolist()).values()) == {max(counts)}
    assert (X_new[: len(rows)] == rows).all()
    assert np.isfinite(X_new).all()
    assert (X_new >= rows.min(axis=0)).all()
    assert (X_new <= rows.max(axis=0)).all()


# ---- columns that are no plain numbers ----------------------------------------------------------


def table_of(**columns):
    """Return 60 rows, 10 of them rare, and their labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) < 10
    numbers = {"x": rng.normal(size=60) + labels, "z": rng.normal(size=60)}
    return pd.DataFrame(numbers | columns), labels.astype(int)


@every_sampler
def test_identifiers_are_kept_in_real_rows_and_missing_in_generated_ones(sampler):
    table, target = table_of(client=np.arange(1000, 1060), name=[f"n{i}" for i in range(60)])
    before = table.copy()
    encoder = TableEncoder(id_columns=["client", "name"])
    sampler = clone(sampler).set_params(encoder=encoder)
    rows, _ = sampler.fit_resample(table, target)
    assert rows.dtypes.astype(str).tolist() == ["float64", "float64", "Int64", "str"]
    assert rows["client"].iloc[:60].tolist() == table["client"].tolist()
    assert rows["name"].iloc[:60].tolist() == table["name"].tolist()
    assert rows[["client", "name"]].iloc[60:].isna().all(axis=None)
    assert rows[["x", "z"]].notna().all(axis=None)
    pd.testing.assert_frame_equal(table, before)
    plain = clone(sampler).set_params(encoder=None).fit_resample(table[["x", "z"]], target)[0]
    pd.testing.assert_frame_equal(rows[["x", "z"]], plain)
    assert sampler.sample([1, 1]).dtypes.equals(rows.dtypes)
    assert clone(sampler).fit(table, target).sample([1]).dtypes.equals(rows.dtypes)


def test_identifiers_of_arrays_are_nan_in_generated_rows():
    table, target = table_of(client=np.arange(60.0))
    sampler = SpreadSMOTE(encoder=TableEncoder(id_columns=[2]), random_state=0)
    for rows in (table.to_numpy(), sparse.csr_array(table.to_numpy())):
        made = sampler.fit_resample(rows, target)[0]
        made = made.toarray() if sparse.issparse(made) else made
        assert (made[:60] == table.to_numpy()).all()
        assert np.isnan(made[60:]).tolist() == [[False, False, True]] * 40
    with pytest.raises(ValueError, match="array of dtype int64 cannot hold: hand over a data fr"):
        sampler.fit_resample((table.to_numpy() * 9).astype(int), target)


def test_a_game_goes_on_with_identifiers():
    table, target = table_of(client=np.arange(60))
    sampler = GAMOSampler(**QUICK, warm_start=True, encoder=TableEncoder(id_columns=["client"]))
    sampler.fit_resample(table, target)
    rounds = sampler.n_iter_
    rows, _ = sampler.fit_resample(table, target)
    assert sampler.n_iter_ == 2 * rounds
    assert rows["client"].isna().sum() == 40


def test_classifiers_do_not_look_at_identifiers():
    table, target = table_of(client=np.arange(60))
    encoder = TableEncoder(id_columns=["client"])
    clf = EGANClassifier(**QUICK, encoder=encoder).fit(table, target)
    expected = clf.predict_proba(table)
    for ids in (None, "nobody", [[1]] * 60, pd.Timestamp("2020")):
        assert (clf.predict_proba(table.assign(client=ids)) == expected).all()


@every_sampler
def test_whole_numbers_beyond_float64_are_not_rounded(sampler):
    table, target = table_of()
    rows = table.assign(big=[2**62 + i % 7 + 1 for i in range(60)]).to_numpy(dtype=object)
    rows[:, 2] = [2**62 + i % 7 + 1 for i in range(60)]
    made, _ = clone(sampler).fit_resample(rows, target)
    assert made.dtype == object
    assert (made[:60] == rows).all()
    assert set(made[60:, 2].tolist()) <= set(rows[:, 2].tolist())  # few distinct: snapped
    assert all(type(cell) is int for cell in made[:, 2])


@every_sampler
def test_one_extreme_cell_of_the_majority_leaves_generated_columns_their_spread(sampler):
    table, target = table_of()
    usual = clone(sampler).fit_resample(table, target)[0]["z"].iloc[60:]
    table.loc[59, "z"] = 1e20
    with pytest.warns(UserWarning, match=r"column 'z' holds 1e\+20, far beyond all others"):
        made = clone(sampler).fit_resample(table, target)[0]["z"]
    assert made.iloc[59] == 1e20
    assert made.iloc[60:].nunique() > 20
    assert made.iloc[60:].std() > usual.std() / 3
    assert made.iloc[60:].between(table["z"].min(), table["z"][:59].max()).all()


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4"])
@few_samplers
def test_the_byte_order_is_kept(sampler, dtype):
    table, target = table_of()
    rows = (table * 100).to_numpy().astype(dtype)
    made, _ = clone(sampler).fit_resample(rows, target)
    assert made.dtype.str == dtype
    assert made[:60].tobytes() == rows.tobytes()
    frame = pd.DataFrame(dict(zip("ab", rows.T, strict=True)))
    assert (clone(sampler).fit_resample(frame, target)[0].dtypes == dtype).all()


@few_estimators
def test_masked_rows_and_labels_are_refused(estimator):
    rows = np.ma.masked_greater(X, np.sort(X, axis=None)[-3])
    with pytest.raises(ValueError, match="X has 2 masked cells, and the values under the mask"):
        clone(estimator).fit(rows, y)
    with pytest.raises(ValueError, match="y has 8 masked cells"):
        clone(estimator).fit(X, np.ma.masked_equal(y, 2))
    assert clone(estimator).fit(np.ma.masked_array(X), y).n_features_in_ == X.shape[1]


def test_tensors_that_numpy_cannot_read_are_refused():
    rows = torch.as_tensor(X)
    for tensor in (rows.clone().requires_grad_(), rows.to_sparse()):
        with pytest.raises(TypeError, match=r"numpy cannot read X, a torch.Tensor.*X.detach\(\)"):
            SpreadSMOTE().fit_resample(tensor, y)


def test_a_list_of_masked_rows_and_masked_labels_are_refused():
    rows, labels = blobs((30, 10))
    masked = np.ma.masked_array(rows, mask=rows > 7)
    with pytest.raises(ValueError, match=r"X has \d+ masked cells"):
        SpreadSMOTE().fit_resample(list(masked), labels)
    sampler = SpreadSMOTE(random_state=0).fit(rows, labels)
    with pytest.raises(ValueError, match="labels has 1 masked cell,"):
        sampler.sample(np.ma.masked_array([1, 1], mask=[True, False]))
    with pytest.raises(ValueError, match="cannot generate rows of"):
        sampler.sample(np.array([1, None], dtype=object))
