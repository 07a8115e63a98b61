"""The table encoder: there and back, bounds, dtypes, snapping, and clear refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
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


@settings(deadline=None, max_examples=200)
@given(tables, st.sampled_from(["auto", True, False]))
def test_arrays_come_back_as_they_were(X, snap):
    encoder = TableEncoder(snap=snap).fit(X)
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
    encoder = TableEncoder().fit(X)
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
    far = np.array([[0.3, -0.4]])
    snapped = TableEncoder().fit(X).inverse_transform(far)
    assert np.isin(snapped[:, 0], X[:, 0]).all()
    assert np.isin(snapped[:, 1], X[:, 1]).all()
    rounded = TableEncoder(snap=False).fit(X).inverse_transform(far)
    assert rounded.dtype == X.dtype
    assert not np.isin(rounded[:, 0], X[:, 0]).any()


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
        (frame(day=DAYS), "column 'day' has dtype datetime64.*turn it into a number"),
        (frame(span=DAYS - DAYS[0]), "column 'span' has dtype timedelta64"),
        (frame(wave=[1j, 2j, 3j]), "column 'wave' has dtype complex128"),
        (frame(month=DAYS.to_period("M")), "column 'month' has dtype period"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), r"column 1 has 1 missing value \(NaN\)"),
        (np.array([[1.0, -np.inf], [2.0, 3.0]]), r"column 1 has 1 infinite value \(inf\)"),
        (frame()[[]], r"0 feature\(s\)"),
        (frame().iloc[:0], r"0 sample\(s\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"duplicate column names \['a'\]: rename"),
    ],
)
def test_bad_columns_are_named_and_told_what_to_do(X, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit(X)


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
    with pytest.raises(ValueError, match="column 0 is taken as numeric, but holds text"):
        TableEncoder(categorical_features=[1]).fit(words)


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
