"""TableEncoder among other transformers: names of its columns, and frames out."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.utils import estimator_checks

from gan_resample import GAMOClassifier, SpreadSMOTE, TableEncoder

X = pd.DataFrame(
    {"n": [1.0, 2.0, None, 4.0] * 5, "c": ["a", "b", None, "a"] * 5, "m": np.arange(20.0)},
    index=range(5, 25),
)
NAMES = ["n", "m", "c_a", "c_b", "c_missing", "n_present", "n_missing"]


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
        estimator_checks.check_set_output_transform,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_set_output_transform_polars,
        estimator_checks.check_global_output_transform_pandas,
        estimator_checks.check_global_set_output_transform_polars,
    ],
)
def test_checks_of_transformers_that_give_frames(check):
    check("TableEncoder", TableEncoder())


def test_names_say_what_a_column_is():
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == NAMES
    Z = pd.DataFrame(encoder.transform(X), columns=NAMES)
    assert Z["c_b"].tolist() == (X["c"] == "b").tolist()
    assert Z["c_missing"].tolist() == X["c"].isna().tolist()
    assert Z["n_missing"].tolist() == X["n"].isna().tolist()
    assert Z["n_present"].tolist() == X["n"].notna().tolist()
    assert np.corrcoef(Z["m"], X["m"])[0, 1] == pytest.approx(1)


def test_names_that_others_have_are_followed_by_underscores():
    rows = pd.DataFrame(
        {
            "a": ["b_c", "x", None, "missing"] * 5,
            "a_b": ["c", "y"] * 10,
            "a_x": np.arange(20.0),
            "n": [1.0, 2.0, None, 4.0] * 5,
            "n_missing": np.arange(20) / 7,
        }
    )
    numbers = ["a_x", "n", "n_missing"]
    levels = ["a_b_c", "a_missing", "a_x_", "a_missing_", "a_b_c_", "a_b_y"]
    encoder = TableEncoder().set_output(transform="polars").fit(rows)
    Z = encoder.transform(rows)
    assert Z.columns == [*numbers, *levels, "n_present", "n_missing_"]
    assert encoder.get_feature_names_out().tolist() == Z.columns
    missing = {"a_missing_": rows["a"].isna(), "n_missing_": rows["n"].isna()}
    for name, expected in missing.items():
        assert Z[name].to_list() == expected.tolist()
    assert encoder.inverse_transform(Z).equals(rows)


def test_columns_of_arrays_have_numbers():
    numbers = TableEncoder(categorical_features=[0]).fit(np.array([[1, 2], [3, 4]]))
    assert numbers.get_feature_names_out().tolist() == ["x1", "x0_1", "x0_3"]
    assert numbers.get_feature_names_out(["a", "b"]).tolist() == ["b", "a_1", "a_3"]


def test_identifiers_have_no_names():
    encoder = TableEncoder(id_columns=["m"]).fit(X)
    assert encoder.get_feature_names_out().tolist() == [n for n in NAMES if n != "m"]


def test_frames_out_and_back():
    encoder = TableEncoder().set_output(transform="pandas").fit(X)
    Z = encoder.transform(X)
    assert Z.columns.tolist() == NAMES
    assert Z.index.equals(X.index)
    pd.testing.assert_frame_equal(encoder.inverse_transform(Z), X.reset_index(drop=True))
    rows = pl.from_pandas(X)
    encoder.set_output(transform="polars").fit(rows)
    Z = encoder.transform(rows)
    assert Z.columns == NAMES
    assert encoder.inverse_transform(Z).equals(rows)


def test_as_a_part_of_a_column_transformer():
    parts = make_column_transformer((TableEncoder(), ["c", "n"]), verbose_feature_names_out=False)
    made = parts.set_output(transform="pandas").fit_transform(X)
    assert made.columns.tolist() == [name for name in NAMES if name != "m"]


@pytest.mark.filterwarnings("ignore")  # two rounds
@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_what_transformers_give_is_no_matter_to_estimators(output):
    y = [0] * 15 + [1] * 5
    sampler, classifier = SpreadSMOTE(random_state=0), GAMOClassifier(max_iter=2, random_state=0)
    expected = sampler.fit_resample(X, y)[0], classifier.fit(X, y).predict_proba(X)
    with config_context(transform_output=output):
        found = sampler.fit_resample(X, y)[0], classifier.fit(X, y).predict_proba(X)
    pd.testing.assert_frame_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
