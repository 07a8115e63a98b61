"""The table encoder: there and back, bounds, dtypes, snapping, and clear refusals."""

import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from gan_resample import SpreadSMOTE, TableEncoder
from tests.helpers import mixed_frame


def there_and_back(X, **params):
    encoder = TableEncoder(**params).fit(X)
    return encoder.inverse_transform(encoder.transform(X))


def float32_back(encoder, X):
    """The way of a game's rows: encoded in float32."""
    return encoder.inverse_transform(encoder.transform(X).astype(np.float32))


dtypes = st.sampled_from([np.float64, np.float32, np.int64, np.int8, np.uint16, np.bool_])
shapes = st.tuples(st.integers(1, 40), st.integers(1, 5))
tables = dtypes.flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        shapes,
        elements={"allow_nan": False, "allow_infinity": False}
        if dtype in (np.float64, np.float32)
        else None,
    )
)


def fit_unless_lost(encoder, X):
    """Fit; leave out tables of whole numbers so far apart that they are refused, rightly."""
    if X.dtype.kind not in "iu" or max(abs(int(v)) for v in X.flat) < 2**50:
        return encoder.fit(X)
    try:
        return encoder.fit(X)
    except ValueError as error:
        if "whole numbers that float64 cannot tell apart" in str(error):
            return reject()
        raise


@settings(deadline=None, max_examples=200)
@given(tables, st.sampled_from(["auto", True, False]))
def test_arrays_come_back_as_they_were(X, snap):
    encoder = fit_unless_lost(TableEncoder(snap=snap), X)
    for Z in (encoder.transform(X), encoder.transform(X).astype(np.float32)):
        back = encoder.inverse_transform(Z)
        assert back.dtype == X.dtype
        for column in range(X.shape[1]):
            told_apart = _n_distinct(Z[:, column]) == _n_distinct(X[:, column])
            if X.dtype.kind == "b" or told_apart:  # else the values differ by 1e16 and more
                assert (back[:, column] == X[:, column]).all()
        assert (back.min(axis=0) >= X.min(axis=0)).all()
        assert (back.max(axis=0) <= X.max(axis=0)).all()


def _n_distinct(values):
    return len(np.unique(values))


@settings(deadline=None, max_examples=60)
@given(tables, st.integers(0, 2**31))
def test_any_number_comes_back_within_the_observed_bounds(X, seed):
    encoder = fit_unless_lost(TableEncoder(), X)
    rng = np.random.default_rng(seed)
    Z = rng.normal(scale=10, size=(30, encoder.n_features_out_)).astype(np.float32)
    back = encoder.inverse_transform(Z)
    assert back.dtype == X.dtype
    assert (back >= X.min(axis=0)).all()
    assert (back <= X.max(axis=0)).all()


@given(st.permutations(range(12)))
@settings(deadline=None, max_examples=20)
def test_permuted_columns_permute_the_schema_only(order):
    X, _ = mixed_frame()
    back = there_and_back(X.iloc[:, order])
    pd.testing.assert_frame_equal(back, X.iloc[:, order])


def test_a_mixed_frame_comes_back_exactly_with_every_dtype():
    X, _ = mixed_frame()
    pd.testing.assert_frame_equal(there_and_back(X), X)
    pd.testing.assert_frame_equal(float32_back(TableEncoder().fit(X), X), X)


def test_encoded_layout():
    X, _ = mixed_frame()
    encoder = TableEncoder().fit(X)
    names = X.columns[encoder.categorical_features_]
    assert names.tolist() == ["colour", "town", "code", "member", "maybe"]
    widths = [stop - start for start, stop in encoder.spans_]
    assert widths == [2, 3, 2, 2, 2]  # blue is a category of the dtype, but never seen
    Z = encoder.transform(X)
    assert Z.shape == (120, encoder.n_features_out_)
    for start, stop in encoder.spans_:
        assert (Z[:, start:stop].sum(axis=1) == 1).all()
    numeric = Z[:, : len(encoder.numeric_features_)]
    np.testing.assert_allclose(numeric.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(numeric.std(axis=0)[:-1], 1)  # the last column is constant
    snapped = {encoder.numeric_features_[at]: n for at, n in encoder.levels_}
    assert snapped == {2: X["count"].nunique(), 11: 1}


def test_transform_of_new_rows_keeps_positions_for_arrays_and_frames():
    X, _ = mixed_frame()
    plain = X[["amount", "count", "one"]]
    encoder = TableEncoder().fit(plain)
    with pytest.warns(UserWarning, match="valid feature names"):
        Z = encoder.transform(plain.to_numpy())
    np.testing.assert_array_equal(Z, encoder.transform(plain))


def test_snapping_takes_observed_values_and_off_rounds_integers():
    X = np.array([[0, 10], [3, 20], [9, 40]] * 10)
    far = np.array([[0.5, -0.35]])
    snapped = TableEncoder().fit(X).inverse_transform(far)
    assert np.isin(snapped[:, 0], X[:, 0]).all()
    assert np.isin(snapped[:, 1], X[:, 1]).all()
    rounded = TableEncoder(snap=False).fit(X).inverse_transform(far)
    assert rounded.dtype == X.dtype
    assert rounded.tolist() == [[6, 19]]  # of 5.87 and 18.97


def test_snap_auto_counts_distinct_values():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 30, 400), rng.integers(0, 300, 400)])
    assert [at for at, _ in TableEncoder().fit(X).levels_] == [0]
    assert [at for at, _ in TableEncoder(snap=True).fit(X).levels_] == [0, 1]
    assert TableEncoder(snap=False).fit(X).levels_ == []


def zeros_tenths_and_normals(dtype):
    """Zeros among continuous values, tenths, and a continuous column."""
    rng = np.random.default_rng(0)
    zeros = np.where(rng.random(300) < 0.7, 0.0, rng.lognormal(size=300))
    tenths = rng.integers(0, 15, 300) / 10
    return np.column_stack([zeros, tenths, rng.normal(size=300) * 1e3]).astype(dtype)


def tree_accuracy(real, made):
    """How well a grown tree tells made rows from real ones, on the rows it saw."""
    stacked, mark = np.vstack([real, made]).astype(np.float64), np.repeat([0, 1], len(real))
    return DecisionTreeClassifier(random_state=0).fit(stacked, mark).score(stacked, mark)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tree_cannot_tell_copied_values_by_their_last_bits(dtype):
    X = zeros_tenths_and_normals(dtype)
    made = float32_back(TableEncoder().fit(X), X)
    assert tree_accuracy(X, made) == 0.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tree_cannot_tell_snapped_values_by_their_last_bits(dtype):
    X = zeros_tenths_and_normals(dtype)
    rare = np.arange(300) < 60
    made = SpreadSMOTE(random_state=0).fit(X, rare).sample(np.full(240, True))
    assert np.isin(made[:, 1], X[:, 1]).all()
    assert (made[:, 0] == 0).mean() > 0.3  # a zero mixed of zeros is that zero
    assert np.signbit(made[:, 0]).sum() == np.signbit(X[:, 0]).sum() == 0


def test_without_the_repair_a_tree_would_tell():
    """The fault that the rule guards against is real: a float32 round trip marks every row."""
    X = np.random.default_rng(0).normal(size=(300, 1)) * 1e3
    encoder = TableEncoder().fit(X)
    column = encoder._numeric[0]
    naive = encoder.transform(X).astype(np.float32).astype(float) * column.scale + column.mean
    assert np.abs(naive - X).max() > 0


def test_object_arrays_keep_their_values():
    X = np.array([["a", 1, 0.5], ["b", 2, 1.5], ["a", 1, 2.5]], dtype=object)
    back = there_and_back(X, categorical_features=[0])
    assert back.dtype == object
    assert (back == X).all()
    assert isinstance(back[0, 1], int)


@pytest.mark.parametrize("listed", [["count"], [2], [-10], [False, False, True] + [False] * 9])
def test_categorical_features_by_name_index_and_mask(listed):
    X, _ = mixed_frame()
    encoder = TableEncoder(categorical_features=listed).fit(X)
    assert 2 in encoder.categorical_features_
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)


def test_unseen_categories_are_no_category_with_one_warning():
    X = pd.DataFrame({"a": ["x", "y"] * 5, "b": ["u", "v"] * 5})
    encoder = TableEncoder().fit(X)
    with pytest.warns(UserWarning, match=r"column\(s\) 'a' hold categories") as seen:
        Z = encoder.transform(pd.DataFrame({"a": ["z", "x"], "b": ["u", "v"]}))
    assert len(seen) == 1
    assert Z.tolist() == [[0, 0, 1, 0], [1, 0, 0, 1]]


def frame(**columns):
    return pd.DataFrame({"fine": [1.0, 2.0, 3.0], **columns})


DAYS = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (frame(age=[1.0, None, None]), r"column 'age' has 2 missing values.*SimpleImputer"),
        (frame(age=pd.array([1, None, 3], dtype="Int64")), r"column 'age' has 1 missing value "),
        (frame(city=["a", None, "b"]), r"column 'city' has 1 missing value.*SimpleImputer"),
        (
            frame(flag=pd.array([True, None, False], dtype="boolean")),
            "column 'flag' has 1 missing",
        ),
        (frame(kind=pd.Categorical(["a", None, "b"])), "column 'kind' has 1 missing"),
        (frame(code=["a", 1, "b"]), r"column 'code' mixes text with other values.*astype\(str\)"),
        (frame(rate=[1.0, np.inf, 2.0]), r"column 'rate' has 1 infinite value \(inf\).*clip"),
        (frame(day=[*DAYS[:2], pd.NaT]), r"column 'day' has 1 missing value"),
        (frame(day=[pd.NaT] * 3), r"column 'day' has 3 missing values"),
        (frame(wave=[1j, 2j, 3j]), "column 'wave' holds complex numbers"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), r"column 1 has 1 missing value \(NaN\)"),
        (np.array([[1.0, -np.inf], [2.0, 3.0]]), r"column 1 has 1 infinite value \(inf\)"),
        (frame()[[]], r"0 feature\(s\)"),
        (frame().iloc[:0], r"0 sample\(s\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"duplicate column names \['a'\]: rename"),
    ],
)
def test_bad_columns_are_named_and_told_what_to_do(X, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(missing="error").fit(X)


def test_all_columns_with_cells_without_a_value_are_named_at_once():
    X = frame(age=[1.0, None, None], city=["a", None, "b"], low=[-np.inf, np.nan, np.inf])
    told = (
        "columns 'age' (2), 'city' (1), 'low' (1) have missing values (NaN), which TableEncoder "
        "cannot encode: impute first, for example with sklearn.impute.SimpleImputer\n"
        "column 'low' has 2 infinite values (inf), which TableEncoder cannot encode: clip or drop "
        "them first"
    )
    with pytest.raises(ValueError, match=re.escape(told)):
        TableEncoder(missing="error").fit(X)
    whole = frame(age=[1.0, 2.0, 3.0], city=["a", "b", "b"], low=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=re.escape(told)):
        TableEncoder(missing="error").fit(whole).transform(X)
    infinite = told.splitlines()[1]
    with pytest.raises(ValueError, match=f"^{re.escape(infinite)}$"):
        TableEncoder().fit(X)
    with pytest.raises(ValueError, match=f"^{re.escape(infinite)}$"):
        TableEncoder().fit(whole).transform(X)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ([7], r"categorical_features lists 7, which is no column of X"),
        ([-3], r"lists -3"),
        (["colour"], r"lists 'colour'.*\['fine', 'age'\]"),
        ([True], r"mask of 1 columns, but X has 2"),
    ],
)
def test_wrong_categorical_features_are_told(listed, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(categorical_features=listed).fit(frame(age=[1, 2, 3]))


def test_too_many_categories_name_the_column_and_the_way_out():
    X = pd.DataFrame({"id": [f"row {i}" for i in range(101)]})
    with pytest.raises(ValueError, match=r"column 'id' has 101 categories.*max_categories=100"):
        TableEncoder().fit(X)
    assert TableEncoder(max_categories=101).fit(X).n_features_out_ == 101


def test_words_in_a_numeric_column_are_told():
    X = np.array([["a", "b"], ["c", 2]], dtype=object)
    with pytest.raises(ValueError, match="column 1 is taken as numeric, but holds text"):
        TableEncoder(categorical_features=[0]).fit(X)
    words = np.array([["1.5", "a"], ["2.5", "b"]])  # one dtype for all: text
    with pytest.raises(ValueError, match="column 1 is taken as numeric, but holds text"):
        TableEncoder(categorical_features=[0]).fit(words)
    with pytest.warns(UserWarning, match=r"column 0 numbers written as text, such as '1.5'"):
        encoder = TableEncoder(categorical_features=[1]).fit(words)
    back = encoder.inverse_transform(encoder.transform(words))
    assert back.dtype == words.dtype
    assert back.tolist() == words.tolist()


def test_lists_of_numbers_and_words_keep_the_numbers():
    rows = [[float(v), "ab"[v % 2]] for v in range(300)]
    encoder = TableEncoder(categorical_features=[1]).fit(rows)
    assert encoder.inverse_transform(encoder.transform(rows)).tolist() == rows


@pytest.mark.parametrize(
    ("Z", "message"),
    [
        (np.zeros((2, 3)), "Z has 3 columns, but 2 are what transform gives"),
        (np.array([[0, np.nan]]), "contains NaN"),
    ],
)
def test_encoded_rows_are_checked(Z, message):
    encoder = TableEncoder().fit(np.arange(8.0).reshape(4, 2))
    with pytest.raises(ValueError, match=message):
        encoder.inverse_transform(Z)
    assert encoder.inverse_transform(np.zeros((1, 2), dtype=int)).tolist() == [[2, 3]]  # snapped


def test_the_largest_numbers_stay_finite():
    X = np.array([[1.7e308, 1], [-1.7e308, 2], [0, 3]] * 4)
    encoder = TableEncoder().fit(X)
    assert np.isfinite(encoder.transform(X)).all()
    assert np.isfinite(encoder.inverse_transform(encoder.transform(X))).all()


# ---- numbers in other clothes -------------------------------------------------------------------


def told(X, **params):
    """Fit an encoder that says what it guessed."""
    with pytest.warns(UserWarning, match="read as numbers"):
        return TableEncoder(snap=False, **params).fit(X)


def test_numbers_written_as_text_come_back_in_their_spelling():
    X = pd.DataFrame({"price": [f"{1000 + 250 * i:,}" for i in range(30)]})
    encoder = told(X)
    assert encoder.numeric_features_ == [0]
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)
    between = encoder.transform(pd.DataFrame({"price": ["1,010", "7000"]}))
    made = encoder.inverse_transform(between)
    assert made["price"].tolist() == ["1,010", "7,000"]
    assert made.dtypes.equals(X.dtypes)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("a lot", r"column 'rate' was read as numbers such as '0%', but holds 'a lot'"),
        ("3", r"holds '3', which is none of that kind"),
        (3, r"holds 3, which is none of that kind"),
    ],
)
def test_new_rows_in_another_spelling_are_refused(cell, message):
    encoder = told(pd.DataFrame({"rate": [f"{i}%" for i in range(30)]}))
    assert encoder.transform(pd.DataFrame({"rate": ["0%"]})).shape == (1, 1)
    with pytest.raises(ValueError, match=message):
        encoder.transform(pd.DataFrame({"rate": ["0%", cell]}, dtype=object))


def test_text_where_numbers_were_is_refused():
    encoder = TableEncoder().fit(frame(age=[30.0, 40.0, 50.0]))
    with pytest.raises(ValueError, match="column 'age' is taken as numeric, but holds text, such"):
        encoder.transform(frame(age=["30", "40", "50"]))


def test_days_where_numbers_were_are_refused():
    encoder = TableEncoder().fit(np.arange(6.0).reshape(3, 2))
    with pytest.raises(ValueError, match="column 0 is numeric, but holds a value that is not"):
        encoder.transform(np.full((3, 2), np.datetime64("2020-01-01")))


def test_decimals_come_back_as_decimals_with_their_exponent():
    X = pd.DataFrame({"price": [Decimal(i).scaleb(-2) for i in range(100, 400, 7)]})
    encoder = told(X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)
    [made] = encoder.inverse_transform(encoder.transform(X)[:1] + 0.01)["price"]
    assert isinstance(made, Decimal)
    assert made.as_tuple().exponent == -2
    assert made not in set(X["price"])


@pytest.mark.parametrize("far", [2**60, 2**62, 2**80])
def test_whole_numbers_beyond_float64_come_back_to_the_last_digit(far):
    X = np.array([[far + i % 7, i] for i in range(90)], dtype=object)
    encoder = TableEncoder(snap=False).fit(X)
    for Z in (encoder.transform(X), encoder.transform(X).astype(np.float32)):
        back = encoder.inverse_transform(Z)
        assert (back == X).all()
        assert {type(cell) for cell in back.ravel()} == {int}
    [made] = encoder.inverse_transform(encoder.transform(X)[8:9] + np.array([[0.25, 0.01]]))
    assert made[0] in (far + 1, far + 2)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_whole_numbers_of_arrays_beyond_float64_are_told_apart(dtype):
    X = (np.arange(90, dtype=dtype) % 7 + np.asarray(2**62, dtype))[:, None]
    back = there_and_back(X, snap=False)
    assert back.dtype == X.dtype
    assert (back == X).all()


@pytest.mark.parametrize("dtype", [np.int64, np.uint64, object, str])
@pytest.mark.parametrize("n_large", [1, 30, 150])
@pytest.mark.parametrize("snap", [True, False])
def test_whole_numbers_far_apart_come_back_identical_or_are_refused(dtype, n_large, snap):
    def table(step, small):
        large = [2**62 + step * i for i in range(n_large)]
        return pd.DataFrame({"n": np.array([*small, *large], dtype=object).astype(dtype)})

    few = [i % 30 for i in range(100)]
    lost = n_large > 50  # the large ones are no exceptions then, and decide the scale
    for step in (1, 2**12):
        X = table(step, few)
        if lost or (step == 1 and n_large > 1):
            told = "column 'n' holds whole numbers that float64 cannot tell apart, "
            with pytest.raises(ValueError, match=told):
                TableEncoder(snap=snap).fit(X)
        else:
            back = there_and_back(X, snap=snap)
            assert back["n"].tolist() == X["n"].tolist()
    X = table(2**12, [2**62 - 2**12 * i for i in range(100)])  # a range that float64 can hold
    back = there_and_back(X, snap=snap)
    assert back["n"].tolist() == X["n"].tolist()


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4", ">u2"])
def test_the_byte_order_is_kept(dtype):
    X = np.arange(60).reshape(20, 3).astype(dtype)
    for params in ({}, {"categorical_features": [1]}):
        back = there_and_back(X, **params)
        assert back.dtype.str == X.dtype.str
        assert (back == X).all()


def test_masked_tables_are_refused():
    X = np.ma.masked_array(np.arange(6.0).reshape(3, 2), mask=False)
    assert there_and_back(X).tolist() == X.data.tolist()
    X[0, 1] = np.ma.masked
    with pytest.raises(ValueError, match="X has 1 masked cell, and the values under the mask"):
        TableEncoder().fit(X)


@pytest.mark.parametrize("snap", [np.True_, np.False_, np.str_("auto")])
def test_scalars_of_numpy_are_parameters_like_those_of_python(snap):
    X = np.arange(60.0).reshape(30, 2)
    params = {"categorical_features": np.array([False, True]), "max_categories": np.int64(30)}
    encoder = TableEncoder(snap=snap, **params).fit(X)
    plain = TableEncoder(snap=snap if snap == "auto" else bool(snap), **params).fit(X)
    assert encoder.levels_ == plain.levels_
    assert encoder.categorical_features_ == [1]


def test_texts_behind_a_column_transformer_are_named_with_the_ways_out():
    X = pd.DataFrame({"plan": ["basic", "pro"] * 10, "age": np.arange(20.0)})
    behind = ColumnTransformer([("age", StandardScaler(), ["age"])], remainder="passthrough")
    rows = behind.fit_transform(X)
    with pytest.raises(ValueError, match=r"column 1 is taken .*'basic'.*set_output\(transform"):
        SpreadSMOTE().fit_resample(rows, [0, 1, 1, 1] * 5)
    behind.set_output(transform="pandas")
    made, _ = SpreadSMOTE(random_state=0).fit_resample(behind.fit_transform(X), [0, 1, 1, 1] * 5)
    assert set(made.iloc[20:]["remainder__plan"]) <= {"basic", "pro"}
    listed = SpreadSMOTE(encoder=TableEncoder(categorical_features=[1]), random_state=0)
    assert listed.fit_resample(rows, [0, 1, 1, 1] * 5)[0].dtype == object


# ---- identifiers --------------------------------------------------------------------------------

IDS = {
    "whole numbers": (np.arange(12), "Int64"),
    "small numbers": (np.arange(12, dtype="uint8"), "UInt8"),
    "nullable": (pd.array(range(12), dtype="Int32"), "Int32"),
    "floats": (np.arange(12.0), "float64"),
    "text": ([f"id {i}" for i in range(12)], "str"),
    "lists": ([[i] for i in range(12)], "object"),
    "dates": (pd.date_range("2020-01-01", periods=12, unit="ns"), "datetime64[ns]"),
    "truth": ([True, False] * 6, "boolean"),
    "intervals": (pd.interval_range(0, 12), "interval[float64, right]"),
    "sparse": (pd.arrays.SparseArray(range(12)), "Int64"),
}


@pytest.mark.parametrize(("ids", "dtype"), IDS.values(), ids=list(IDS))
def test_identifiers_are_no_features_and_come_back_missing(ids, dtype):
    X = pd.DataFrame({"id": ids, "x": np.arange(12.0), "t": ["a", "b"] * 6})
    encoder = TableEncoder(id_columns=["id"]).fit(X)
    assert encoder.id_features_ == [0]
    Z = encoder.transform(X)
    np.testing.assert_array_equal(Z, TableEncoder().fit(X[["x", "t"]]).transform(X[["x", "t"]]))
    np.testing.assert_array_equal(Z, encoder.transform(X.assign(id=None)))
    back = encoder.inverse_transform(Z)
    assert str(back["id"].dtype) == dtype
    assert back["id"].isna().all()
    pd.testing.assert_frame_equal(back[["x", "t"]], X[["x", "t"]])


def test_identifiers_in_arrays_are_nan_or_none():
    X = np.arange(12.0).reshape(6, 2)
    assert np.isnan(there_and_back(X, id_columns=[0])[:, 0]).all()
    assert there_and_back(X.astype(object), id_columns=[True, False])[:, 0].tolist() == [None] * 6
    assert there_and_back(X.tolist(), id_columns=[-2])[:, 0].tolist() == [None] * 6


@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (np.arange(12).reshape(6, 2), {"id_columns": [0]}, "array of dtype int64 cannot hold: ha"),
        (np.zeros((6, 2), bool), {"id_columns": [0]}, "an array of dtype bool cannot hold"),
        (frame(age=[1, 2, 3]), {"id_columns": ["id"]}, "id_columns lists 'id', which is no colu"),
        (frame(age=[1, 2, 3]), {"id_columns": ["age", "fine"]}, "nothing is left to encode"),
        (
            frame(age=[1, 2, 3]),
            {"id_columns": ["age"], "categorical_features": [1]},
            "'age' stand in both categorical_features and id_columns",
        ),
    ],
)
def test_identifiers_that_cannot_be_are_refused(X, params, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(**params).fit(X)


def test_what_looks_like_an_identifier_is_warned_about_and_taken():
    X = pd.DataFrame({"client": np.arange(1000, 1060), "x": np.arange(60) / 7})
    with pytest.warns(UserWarning, match="column 'client' holds whole numbers, another one in ev"):
        encoder = TableEncoder().fit(X)
    assert encoder.numeric_features_ == [0, 1]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floats_of_any_width_are_looked_at_without_an_overflow(dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.warns(UserWarning, match="holds whole numbers, another one in every row"):
            TableEncoder().fit(pd.DataFrame({"q": np.arange(80, dtype=dtype), "r": np.ones(80)}))


@pytest.mark.parametrize(
    ("cell", "clause"),
    [
        ("1,{:02}", "texts of digits and signs, such as '1,00', taken as categories"),
        ("${:02}", "texts of digits and signs, such as '$00', taken as categories"),
        ("{:05}", "digits with leading zeros, taken as categories"),
    ],
)
def test_what_was_guessed_of_texts_is_said(cell, clause):
    """Once, by name; texts of words are categories to everybody."""
    X = pd.DataFrame({"x": map(cell.format, range(30)), "word": [f"w{i}" for i in range(30)]})
    with pytest.warns(UserWarning, match="taken as categories") as seen:
        assert TableEncoder().fit(X).categorical_features_ == [0, 1]
    assert [str(each.message) for each in seen] == [f"column 'x' {clause}"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TableEncoder(categorical_features=["x"]).fit(X)
        TableEncoder().fit(X.astype("category"))


# ---- extreme cells ------------------------------------------------------------------------------


@pytest.mark.parametrize("extreme", [1e12, -1e20, 1e300])
def test_one_extreme_cell_does_not_decide_the_scale(extreme):
    X = np.random.default_rng(0).normal(size=(90, 2))
    usual = TableEncoder().fit(X[:-1])
    X[-1, 1] = extreme
    with pytest.warns(UserWarning, match=re.escape(f"column 1 holds {extreme:.6g}, far beyond")):
        encoder = TableEncoder().fit(X)
    Z = encoder.transform(X)
    np.testing.assert_allclose(Z[:-1, 1], usual.transform(X[:-1])[:, 1])
    assert np.abs(Z).max() < 6
    for each in (Z, Z.astype(np.float32)):
        assert (encoder.inverse_transform(each) == X).all()
    beyond = encoder.inverse_transform(np.array([[0, 1.0], [0, 4.4], [0, 40], [0, -40]]))[:, 1]
    assert (beyond >= X[:-1, 1].min()).all()
    assert (beyond <= X[:-1, 1].max()).all()


def test_values_between_ordinary_and_extreme_ones_keep_their_order():
    X = np.r_[np.linspace(-1, 1, 60), 1e9, -1e7][:, None]
    with pytest.warns(UserWarning, match=r"holds -1e\+07, 1e\+09, far beyond all others"):
        encoder = TableEncoder().fit(X)
    new = np.array([-1e300, -1e7, -1e4, -1.5, -1, 0, 1, 1.5, 1e4, 1e8, 1e9])[:, None]
    Z = encoder.transform(new)[:, 0]
    assert (np.diff(Z) >= 0).all()
    assert (np.diff(Z)[1:] > 0).all()
    assert np.abs(Z).max() < 5


@pytest.mark.filterwarnings("ignore:column :UserWarning")
@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.float64, np.float32, int, float])
def test_new_numbers_among_objects_are_of_the_type_that_all_others_have(kind):
    cells = [kind(7 * k + 1) for k in range(50)]
    X = pd.DataFrame({"n": pd.Series(cells, dtype=object)})
    encoder = TableEncoder(snap=False).fit(X)
    made = encoder.inverse_transform(np.linspace(-1.5, 1.5, 40)[:, None])["n"]
    assert set(map(type, made)) == {kind}
    assert len(set(made) - set(cells)) > 20
