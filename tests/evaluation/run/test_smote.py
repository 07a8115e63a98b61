"""SMOTE where it would raise: few rows, one row, categories."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    BorderlineSMOTE,
)

from gan_resample import SpreadSMOTE
from gan_resample.evaluation.run.smote import fit_resample, for_columns


def table(counts, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    return pd.DataFrame(rng.normal(size=(len(y), 2)) + y[:, None], columns=["a", "b"]), y


def test_with_rows_enough_it_is_smote():
    X, y = table([30, 10])
    sampler = SMOTE(random_state=0)
    X_new, y_new, note = fit_resample(sampler, X, y)
    X_own, y_own = SMOTE(random_state=0).fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, X_own)
    assert (y_new == y_own).all()
    assert note == ""
    assert sampler.sampling_strategy == "auto"  # a copy was used


@pytest.mark.parametrize("asked", [5, np.int64(5)])
def test_neighbours_are_as_many_as_the_smallest_class_allows(asked):
    X, y = table([30, 10, 3])
    _, y_new, note = fit_resample(SMOTE(k_neighbors=asked, random_state=0), X, y)
    assert np.bincount(y_new).tolist() == [30, 30, 30]
    assert note == "k_neighbors=2, as the smallest class has 3 rows"


def test_a_single_row_is_repeated_and_the_others_keep_their_neighbours():
    X, y = table([30, 10, 1])
    X_new, y_new, note = fit_resample(SMOTE(random_state=0), X, y)
    assert np.bincount(y_new).tolist() == [30, 30, 30]
    assert (X_new[y_new == 2].to_numpy() == X[y == 2].to_numpy()).all()
    assert X_new[y_new == 1].drop_duplicates().shape[0] == 30
    assert note == "fell back: the only row of '2' was repeated"
    pd.testing.assert_frame_equal(X_new[: len(X)], X)


def test_if_only_single_rows_lack_rows_all_is_repetition():
    X, y = table([10, 10, 1])
    X_new, y_new, note = fit_resample(SMOTE(random_state=0), X, y)
    assert np.bincount(y_new).tolist() == [10, 10, 10]
    assert "fell back" in note
    assert len(X_new) == 30


def test_adasyn_has_its_own_name_for_neighbours():
    X, y = table([30, 3])
    note = fit_resample(ADASYN(random_state=0), X, y)[2]
    assert note.startswith("n_neighbors=2")


def test_the_kind_follows_the_columns():
    X, _ = table([5, 5])
    mixed = X.assign(c=pd.Categorical(list("ababababab")))
    assert type(for_columns(SMOTE(k_neighbors=3), X)) is SMOTE
    chosen = for_columns(SMOTE(k_neighbors=3), mixed)
    assert isinstance(chosen, SMOTENC)
    assert chosen.k_neighbors == 3
    assert isinstance(for_columns(SMOTE(), mixed[["c"]]), SMOTEN)


def test_categories_stay_categories():
    X, y = table([20, 6])
    X["c"] = pd.Categorical(np.where(np.arange(26) % 2, "x", "y"))
    X_new, _, _ = fit_resample(SMOTE(random_state=0), X, y)
    assert set(X_new["c"]) == {"x", "y"}
    assert X_new["c"].dtype == "category"


def test_other_samplers_run_as_they_are():
    X, y = table([20, 6])
    X_new, y_new, note = fit_resample(SpreadSMOTE(random_state=0), X, y)
    own = SpreadSMOTE(random_state=0).fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new, own[0])
    assert (y_new == own[1]).all()
    assert note == ""


@pytest.mark.parametrize("sampler", [BorderlineSMOTE, SVMSMOTE, ADASYN])
def test_relatives_mix_one_hot_columns(sampler):
    rng = np.random.default_rng(0)
    X, y = table([60, 20])
    X["c"] = pd.Categorical(rng.choice(["x", "y", "z"], 80))
    before = X.copy()
    X_new, y_new, _ = fit_resample(sampler(random_state=0), X, y)
    pd.testing.assert_frame_equal(X, before)
    pd.testing.assert_frame_equal(X_new.iloc[:80], X)
    assert X_new["c"].dtype == X["c"].dtype
    assert not X_new.isna().to_numpy().any()
    assert (y_new[80:] == 1).all()
    assert len(y_new) > 100
    between = ~X_new["a"].iloc[80:].isin(X["a"])
    assert between.mean() > 0.9  # numbers are mixed as ever
