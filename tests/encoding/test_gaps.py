"""Missing values of every kind of column: there and back, what is learned, what is refused."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import get_tags

from gan_resample import ImageEncoder, TableEncoder

LETTERS = np.array(list("abcde"), dtype=object)


def objects(cells, gap, missing):
    return pd.Series(
        [missing if lacks else c for c, lacks in zip(cells, gap, strict=True)], dtype=object
    )


def masked(values, dtype):
    return lambda numbers, gap: pd.Series(values(numbers)).astype(dtype).mask(gap)


def days(numbers):
    return np.datetime64("2020-01-01") + numbers % 3000


def hours(numbers):
    return (numbers % 3000).astype("timedelta64[h]").astype("timedelta64[s]")


def decimals(numbers):
    return [Decimal(int(n)).scaleb(-2) for n in numbers]


# integers and which cells are missing -> a column
KINDS = {
    "float64": masked(lambda n: n / 7, "float64"),
    "float32": masked(lambda n: n / 7, "float32"),
    "Int64": masked(lambda n: n, "Int64"),
    "UInt8": masked(lambda n: n % 256, "UInt8"),
    "Float64": masked(lambda n: n / 7, "Float64"),
    "Sparse": masked(lambda n: n / 7, "Sparse[float64]"),
    "int pyarrow": masked(lambda n: n, "int64[pyarrow]"),
    "float pyarrow": masked(lambda n: n / 7, "double[pyarrow]"),
    "Decimal": lambda n, gap: objects(decimals(n), gap, Decimal("NaN")),
    "Decimal or None": lambda n, gap: objects(decimals(n), gap, None),
    "text of numbers": lambda n, gap: objects([f"{i},000" for i in n % 900 + 100], gap, None),
    "objects": lambda n, gap: objects(n.tolist(), gap, pd.NA),
    "boolean": masked(lambda n: n % 2 == 0, "boolean"),
    "bool pyarrow": masked(lambda n: n % 2 == 0, "bool[pyarrow]"),
    "truth values": lambda n, gap: objects((n % 2 == 0).tolist(), gap, None),
    "category": masked(lambda n: LETTERS[n % 5], "category"),
    "string": masked(lambda n: LETTERS[n % 5], "string"),
    "string pyarrow": masked(lambda n: LETTERS[n % 5], "string[pyarrow]"),
    "text": lambda n, gap: objects(LETTERS[n % 5], gap, None),
    "text or NaN": lambda n, gap: objects(LETTERS[n % 5], gap, np.nan),
    "dates": masked(days, "datetime64[us]"),
    "dates of a zone": lambda n, gap: pd.Series(days(n)).dt.tz_localize("Europe/Berlin").mask(gap),
    "dates pyarrow": masked(days, "date32[day][pyarrow]"),
    "dates or None": lambda n, gap: objects(days(n).tolist(), gap, None),
    "durations": masked(hours, "timedelta64[ms]"),
    "periods": lambda n, gap: pd.Series(pd.PeriodIndex(days(n), freq="D")).mask(gap),
}


@st.composite
def frames(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5))
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    columns = {}
    for at, kind in enumerate(kinds):
        gap = rng.random(n) < rng.choice([0.0, 0.3, 0.9])
        gap[rng.integers(n)] = False
        columns[f"{at} {kind}"] = KINDS[kind](rng.integers(0, 10**6, size=n), gap)
    return pd.DataFrame(columns)


pytestmark = pytest.mark.filterwarnings("ignore:column :UserWarning")


@settings(deadline=None, max_examples=60)
@given(frames(), st.sampled_from(["auto", True, False]))
def test_frames_come_back_as_they_were_missing_cells_included(X, snap):
    encoder = TableEncoder(snap=snap).fit(X)
    Z = encoder.transform(X)
    assert np.isfinite(Z).all()
    assert (
        Z.shape[1] == encoder.n_features_out_ == max([len(Z.T), *(b for _, b in encoder.spans_)])
    )
    pd.testing.assert_frame_equal(encoder.inverse_transform(Z), X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(Z.astype(np.float32)), X)
    lacking = X.isna().to_numpy()
    assert len(encoder.gaps_) == lacking.any(axis=0).sum()
    order = [*encoder.numeric_features_, *encoder.categorical_features_]
    with_gaps = [j for j in order if lacking[:, j].any()]
    for (column, missing), j in zip(encoder.gaps_, with_gaps, strict=True):
        assert (Z[:, missing] == lacking[:, j]).all()
        assert (Z[lacking[:, j], column] == 0).all()


@settings(deadline=None, max_examples=30)
@given(frames(), st.integers(0, 2**31))
def test_any_numbers_are_missing_only_where_a_flag_says_so(X, seed):
    encoder = TableEncoder().fit(X)
    rng = np.random.default_rng(seed)
    Z = rng.normal(scale=5, size=(30, encoder.n_features_out_))
    made = encoder.inverse_transform(Z)
    assert made.dtypes.equals(X.dtypes)
    spans = dict(encoder.spans_)
    lacking = np.zeros(made.shape, dtype=bool)
    order = [*encoder.numeric_features_, *encoder.categorical_features_]
    for column, missing in encoder.gaps_:
        if column in spans:
            at = [start for start, _ in encoder.spans_].index(column)
            j, first = encoder.categorical_features_[at], column
        else:
            j, first = order[column], missing - 1
        lacking[:, j] = Z[:, first : missing + 1].argmax(axis=1) == missing - first
    assert (made.isna().to_numpy() == lacking).all()


def test_signalling_nan_of_decimals_is_missing():
    cells = [Decimal("sNaN"), *decimals(np.arange(60))]
    encoder = TableEncoder().fit(pd.DataFrame({"owed": cells}))
    made = encoder.inverse_transform(encoder.transform(pd.DataFrame({"owed": cells})))
    assert made["owed"].map(str).tolist() == [*map(str, cells)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
@pytest.mark.parametrize("categorical", [None, [1]])
def test_arrays_come_back_as_they_were(dtype, categorical):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, size=(40, 3)).astype(dtype)
    X[::3, 0] = X[1::3, 1] = None if np.dtype(dtype) == object else np.nan
    encoder = TableEncoder(categorical_features=categorical).fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    assert back.dtype == dtype
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(X))


@pytest.mark.parametrize("first", ["NaN", "null"])
@pytest.mark.parametrize("dtype", ["double[pyarrow]", "float[pyarrow]", "Float64", "Float32"])
def test_columns_keep_the_kind_of_missing_cell_that_they_had_first(dtype, first):
    cells = np.arange(40.0) / 4
    cells[1::3] = np.nan
    null = np.arange(40) == (0 if first == "null" else 39)
    if dtype.startswith("Float"):
        column = pd.arrays.FloatingArray(cells.astype(dtype.lower()), null)
    else:
        column = pd.array(pa.array(cells, mask=null).cast(dtype.split("[")[0]), dtype=dtype)
    X = pd.DataFrame({"x": column})
    encoder = TableEncoder().fit(X)
    made = encoder.inverse_transform(encoder.transform(X))["x"]
    assert made.dtype == X["x"].dtype
    lacks = null | np.isnan(cells)
    assert made.isna().tolist() == (lacks if first == "null" else np.zeros(40, bool)).tolist()
    assert np.isnan(made.astype(float).to_numpy(na_value=np.nan)).tolist() == lacks.tolist()


def test_layout_and_what_is_learned_by_hand():
    X = pd.DataFrame(
        {
            "kind": ["a", None, "b", "a"],
            "full": [1.0, 2.0, 3.0, 4.0],
            "age": [1.0, np.nan, 3.0, np.nan],
        }
    )
    encoder = TableEncoder().fit(X)
    assert encoder.spans_ == [(2, 5), (5, 7)]
    assert encoder.gaps_ == [(1, 6), (2, 4)]
    assert encoder.levels_ == [(0, 4), (1, 2)]
    [categories] = encoder.categories_
    assert categories[:2].tolist() == ["a", "b"]
    assert pd.isna(categories[2])
    expected = [
        [-1, 1, 0, 0, 1, 0],  # of age, from the mean and scale of 1 and 3
        [0, 0, 0, 1, 0, 1],
        [1, 0, 1, 0, 1, 0],
        [0, 1, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(encoder.transform(X)[:, 1:], expected)


def test_extreme_cells_are_found_among_those_that_are_there():
    X = pd.DataFrame({"age": np.r_[np.arange(20.0, 60.0), 1e20, [np.nan] * 30]})
    with pytest.warns(UserWarning, match="column 'age' holds 1e.20, far beyond all others"):
        Z = TableEncoder().fit_transform(X)
    assert 1.5 < np.ptp(Z[:40, 0]) < 5


def test_new_rows_may_lack_what_was_never_missing():
    X = pd.DataFrame({"age": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"]})
    encoder = TableEncoder().fit(X)
    assert (encoder.gaps_, encoder.n_features_out_) == ([], 3)
    new = pd.DataFrame({"age": [np.nan, 3.0], "kind": [None, "a"]}, dtype=object)
    with pytest.warns(UserWarning, match="'age', 'kind' have missing values, but had") as told:
        Z = encoder.transform(new)
    assert len(told) == 1  # the missing category is no unseen one
    np.testing.assert_allclose(Z, [[0, 0, 0], [np.sqrt(1.5), 1, 0]])


def test_text_that_was_read_as_numbers_may_be_missing_in_new_rows():
    encoder = TableEncoder().fit(pd.DataFrame({"rate": [f"{i}%" for i in range(30)]}))
    with pytest.warns(UserWarning, match="column.s. 'rate' have missing values"):
        Z = encoder.transform(pd.DataFrame({"rate": ["0%", None]}, dtype=object))
    assert Z[1].tolist() == [0]


@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (pd.DataFrame({"a": [1.0, 2.0], "b": [np.nan, np.nan]}), {}, "column 'b' has no value at"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), {}, "column 1 has no value at all: leave it"),
        (
            np.array([[1.0, np.nan], [2.0, np.nan]]),
            {"categorical_features": [1]},
            "column 1 has no value at all",
        ),
        (np.array([[np.inf, 1.0], [np.nan, 2.0]]), {}, r"column 0 has 1 infinite value \(inf\)"),
        (np.array([[-np.inf, 1.0], [2.0, np.nan]]), {"missing": "error"}, "1 missing.*\n.*1 inf"),
        (np.array([[np.inf, 1.0], [np.nan, 2.0]]), {"categorical_features": [0]}, "infinity"),
        (
            np.array([[1.0], [2.0]]),
            {"missing": "drop"},
            "'missing' parameter of TableEncoder must",
        ),
    ],
)
def test_what_stays_refused(X, params, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(**params).fit(X)


def test_missing_ones_do_not_count_for_max_categories():
    X = pd.DataFrame({"kind": ["a", "b", None]})
    assert TableEncoder(max_categories=2).fit(X).spans_ == [(0, 3)]
    with pytest.raises(ValueError, match="has 3 categories, more than max_categories=2"):
        TableEncoder(max_categories=2).fit(pd.DataFrame({"kind": ["a", "b", "c", None]}))


def test_tags_tell_whether_missing_values_are_taken():
    takes = [get_tags(e).input_tags.allow_nan for e in (TableEncoder(), ImageEncoder())]
    assert takes == [True, False]
    assert not get_tags(TableEncoder(missing="error")).input_tags.allow_nan
