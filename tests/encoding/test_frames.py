"""Frames of polars and pyarrow, and tensors: in, and out in the same container and dtypes."""

import datetime
import pickle
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from imblearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from gan_resample import (
    CycleGANSampler,
    EGANClassifier,
    GAMOClassifier,
    GAMOSampler,
    PriorCorrectedClassifier,
    SpreadEnsembleClassifier,
    SpreadSMOTE,
    TableEncoder,
)
from gan_resample.core.containers import give, take
from gan_resample.datasets import as_dataset
from gan_resample.evaluation import compare
from tests.pretended_cuda import on_cpu, on_cuda, pretended_cuda

N = 60
COUNT = np.random.default_rng(0).permutation(np.arange(N) % 30)
DAY = datetime.datetime(2020, 1, 1)
DAYS = [DAY + datetime.timedelta(int(i)) for i in COUNT]
WORDS = ["a", "b", "c"] * 20
LABELS = ["no"] * 45 + ["yes"] * 15
NUMBERS = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
POLARS = {
    **{str(dtype): pl.Series(COUNT.tolist(), dtype=dtype) for dtype in NUMBERS},
    **{str(dtype): pl.Series(COUNT / 4, dtype=dtype) for dtype in (pl.Float32, pl.Float64)},
    "String": pl.Series(WORDS),
    "Categorical": pl.Series(WORDS, dtype=pl.Categorical),
    "Enum": pl.Series(WORDS, dtype=pl.Enum(["z", "c", "b", "a"])),
    "Boolean": pl.Series(COUNT > 9),
    "Date": pl.Series(DAYS).cast(pl.Date),
    "Datetime": pl.Series(DAYS, dtype=pl.Datetime("ms")),
    "Datetime of nanoseconds": pl.Series(DAYS, dtype=pl.Datetime("ns")),
    "Datetime in a zone": pl.Series(DAYS).dt.replace_time_zone("Europe/Berlin"),
    "Duration": pl.Series([day - DAY for day in DAYS], dtype=pl.Duration("us")),
    "Time": pl.Series([datetime.time(int(i) % 24, int(i)) for i in COUNT]),
    "Decimal": pl.Series([Decimal(int(i)) / 4 for i in COUNT], dtype=pl.Decimal(12, 3)),
}
ARROW = {
    str(kind): pa.array(cells, type=kind)
    for kind, cells in [
        *((kind, COUNT.tolist()) for kind in (pa.int8(), pa.uint16(), pa.int64(), pa.float32())),
        (pa.float16(), COUNT.astype(np.float16)),
        (pa.bool_(), (COUNT > 9).tolist()),
        (pa.string(), WORDS),
        (pa.large_string(), WORDS),
        (pa.dictionary(pa.int8(), pa.string(), ordered=True), WORDS),
        *((kind, DAYS) for kind in (pa.date32(), pa.date64(), pa.timestamp("s", "UTC"))),
        (pa.time32("s"), [datetime.time(int(i) % 24) for i in COUNT]),
        (pa.duration("ns"), [day - DAY for day in DAYS]),
        (pa.decimal128(9, 2), [Decimal(int(i)) / 4 for i in COUNT]),
    ]
}


def polars_frame(column):
    return pl.DataFrame({"odd one": column, "x": COUNT / 7})


def arrow_table(column):
    return pa.table({"odd one": column, "x": COUNT / 7})


def n_missing(frame):
    return nw.from_native(frame, eager_only=True)["odd one"].null_count()


FRAMES = [
    *(pytest.param(polars_frame(column), id=f"polars {n}") for n, column in POLARS.items()),
    *(pytest.param(arrow_table(column), id=f"pyarrow {n}") for n, column in ARROW.items()),
]


@pytest.mark.filterwarnings("ignore:column 'odd one'")
@pytest.mark.parametrize("X", FRAMES)
def test_every_dtype_comes_back(X):
    encoder = TableEncoder().fit(X)
    back = encoder.inverse_transform(encoder.transform(X))
    assert type(back) is type(X)
    assert back.schema == X.schema
    assert back.equals(X)
    sampler = SpreadSMOTE(random_state=0)
    X_new, y_new = sampler.fit_resample(X, LABELS)
    assert X_new.schema == X.schema
    assert len(X_new) == len(y_new) == 90
    assert n_missing(X_new) == 0
    frame = nw.from_native(X_new, eager_only=True)
    assert frame[:N].to_native().equals(X)
    again = SpreadSMOTE(random_state=0).fit(X, LABELS).sample(["yes"] * 30)
    assert frame[N:].to_native().equals(again)
    assert pickle.loads(pickle.dumps(sampler)).sample(["yes"]).schema == X.schema


@pytest.mark.filterwarnings("ignore:column 'odd one'")
@pytest.mark.parametrize("X", FRAMES)
def test_every_dtype_goes_through_a_pipeline_and_the_comparison(X):
    data = as_dataset("t", X, LABELS)
    assert data.X.columns.tolist() == ["odd one", "x"]
    pipeline = make_pipeline(SpreadSMOTE(random_state=0), TableEncoder(), LogisticRegression())
    same = nw.from_native(X, eager_only=True).to_arrow().to_pandas(types_mapper=pd.ArrowDtype)
    ours, theirs = (pipeline.fit(rows, LABELS).predict_proba(rows) for rows in (X, same))
    np.testing.assert_array_equal(ours, theirs)


def test_nulls_stay_nulls_and_nan_stays_nan():
    X = polars_frame(pl.Series([None if i % 5 == 0 else float(i) for i in range(N)]))
    X_new, _ = SpreadSMOTE(random_state=0).fit_resample(X, LABELS)
    assert X_new[:N].equals(X)
    assert 0 < X_new["odd one"][N:].null_count() < 15
    assert not X_new["odd one"].is_nan().any()


def listed(y):
    names = ("to_pylist", "to_list", "tolist")
    return getattr(y, next(name for name in names if hasattr(y, name)))()


LABELLED = [
    pl.Series("target", LABELS),
    pl.Series("target", LABELS, dtype=pl.Enum(["yes", "no"])),
    pl.Series("target", LABELS, dtype=pl.Categorical),
    pl.Series("target", [label == "yes" for label in LABELS]),
    pl.Series("target", [7] * 45 + [9] * 15, dtype=pl.UInt8),
    pa.chunked_array([LABELS]),
    pa.array(LABELS),
    pa.chunked_array([pa.array(LABELS).dictionary_encode()]),
    pd.Series(LABELS, name="target", dtype="category"),
    torch.tensor([0] * 45 + [1] * 15, dtype=torch.int16),
]


@pytest.mark.parametrize("y", LABELLED, ids=lambda y: f"{type(y).__name__} {y.dtype}"
                         if hasattr(y, "dtype") else str(y.type))  # fmt: skip
@pytest.mark.parametrize("rows", ["polars", "pandas", "array"])
def test_labels_come_back_as_they_were(y, rows):
    X = {"polars": polars_frame(POLARS["Date"]), "array": COUNT[:, None] / 7}
    X["pandas"] = X["polars"].to_pandas()
    X_new, y_new = SpreadSMOTE(random_state=0).fit_resample(X[rows], y)
    assert type(X_new) is type(X[rows])
    assert type(y_new) is type(y)
    dtype = "type" if isinstance(y, (pa.Array, pa.ChunkedArray)) else "dtype"
    assert getattr(y_new, dtype) == getattr(y, dtype)
    assert getattr(y_new, "name", None) == getattr(y, "name", None)
    assert listed(y_new) == listed(y) + listed(y)[-1:] * 30


@pytest.mark.filterwarnings("ignore")  # a few rounds only
@pytest.mark.parametrize(
    "classifier",
    [
        GAMOClassifier(max_iter=2, random_state=0),
        EGANClassifier(max_iter=2, random_state=0),
        SpreadEnsembleClassifier(
            make_pipeline(TableEncoder(), LogisticRegression()), n_draws=2, random_state=0
        ),
        PriorCorrectedClassifier(
            make_pipeline(SpreadSMOTE(), TableEncoder(), LogisticRegression())
        ),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_classifiers_take_frames_and_series(classifier, library):
    X = pl.DataFrame({"word": WORDS, "x": COUNT / 7 + np.repeat([0, 9], [45, 15])})
    y = pl.Series(LABELS, dtype=pl.Categorical)
    if library == "pyarrow":
        X, y = X.to_arrow(), pa.chunked_array([LABELS])
    classifier.fit(X, y)
    assert classifier.classes_.tolist() == ["no", "yes"]
    assert set(classifier.predict(X)) <= {"no", "yes"}
    same = X.to_pandas()
    np.testing.assert_array_equal(classifier.predict_proba(X), classifier.predict_proba(same))
    if isinstance(classifier, EGANClassifier):
        classifier.set_sensitivity(X, y, 0.5)


@pytest.mark.filterwarnings("ignore")
def test_games_and_translations_give_frames():
    X = pl.DataFrame({"word": WORDS, "x": COUNT / 7, "day": POLARS["Date"]})
    for sampler in (GAMOSampler(max_iter=2), CycleGANSampler(max_iter=2)):
        X_new, y_new = sampler.fit_resample(X, pl.Series(LABELS))
        assert X_new.schema == X.schema
        assert y_new.to_list() == [*LABELS, *["yes"] * 30]
    translated = sampler.translate(X[:5], "yes")
    assert translated.schema == X.schema
    assert len(translated) == 5


def test_sampling_goes_on_after_a_warm_start():
    X = pl.DataFrame({"x": COUNT / 7})
    sampler = GAMOSampler(max_iter=2, warm_start=True, random_state=0)
    for _ in range(2):
        assert isinstance(sampler.fit_resample(X, LABELS)[0], pl.DataFrame)
    assert isinstance(
        sampler.fit(X.to_pandas(), LABELS).sample(["yes"]), pl.DataFrame | pd.DataFrame
    )


def test_in_pipelines_that_ask_for_polars():
    X = pl.DataFrame({"x": COUNT / 7 + np.repeat([0, 9], [45, 15]), "z": COUNT / 3})
    scaler = StandardScaler().set_output(transform="polars")
    pipeline = make_pipeline(scaler, SpreadSMOTE(random_state=0), LogisticRegression())
    assert cross_val_score(pipeline, X, LABELS, cv=3).mean() > 0.9
    pipeline.fit(X, LABELS)
    assert pipeline[-1].feature_names_in_.tolist() == ["x", "z"]


def test_the_comparison_takes_frames_and_series():
    cents = COUNT + np.repeat([0, 100], [45, 15])  # the labels' only trace
    prices = [Decimal(int(price)).scaleb(-2) for price in cents]
    X = pl.DataFrame(
        {
            "x": [None if k % 7 == 3 else float(k) for k in COUNT],
            "day": POLARS["Date"],
            "price": pl.Series(prices, dtype=pl.Decimal(8, 2)),
            "size": pl.Series(["S", "L"] * 30, dtype=pl.Enum(["S", "M", "L"])),
        }
    )
    y, tables = pl.Series(LABELS), []
    for pair in [(X.to_pandas(), y.to_pandas()), (X, y)]:
        tables.append(compare(pair, ["spread"], ["logistic"], cv=2).results)
        assert tables[-1]["status"].tolist() == ["ok", "ok"]
        assert set(tables[-1]["note"]) == {"sampled with missing values, imputed after"}
        assert tables[-1]["balanced_accuracy"].mean() > 0.9
    first, other = (table["balanced_accuracy"].tolist() for table in tables)
    assert other == first


# ---- tensors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16,
                                   torch.int8, torch.int64])  # fmt: skip
def test_tensors_come_back_in_their_dtype(dtype):
    X = torch.as_tensor(np.column_stack([COUNT, COUNT[::-1] / 4])).to(dtype)
    y = torch.tensor([0] * 45 + [1] * 15, dtype=torch.uint8)
    sampler = SpreadSMOTE(random_state=0)
    X_new, y_new = sampler.fit_resample(X, y)
    assert (X_new.dtype, y_new.dtype) == (dtype, torch.uint8)
    assert torch.equal(X_new[:N], X)
    assert y_new[N:].tolist() == [1] * 30
    assert X_new[N:].double().min() >= X.double().min()
    assert X_new[N:].double().max() <= X.double().max()
    made = sampler.sample(torch.tensor([1, 1]))
    assert (made.shape, made.dtype) == ((2, 2), dtype)


def test_images_as_tensors():
    X = torch.rand(N, 1, 4, 4)
    X_new, y_new = SpreadSMOTE(random_state=0).fit_resample(X, LABELS)
    assert X_new.shape == (90, 1, 4, 4)
    assert torch.equal(X_new[:N], X)
    assert y_new[N:] == ["yes"] * 30


# ---- what is not taken --------------------------------------------------------------------------


def test_lazy_frames_are_refused():
    with pytest.raises(TypeError, match=r"lazy frame.*collect them first \(X.collect\(\)\)"):
        SpreadSMOTE().fit_resample(pl.DataFrame({"x": [1, 2]}).lazy(), [0, 1])


def test_columns_that_no_one_takes_are_named():
    for cells in ([[1, 2]] * N, [{"a": 1}] * N, [None] * N):
        with pytest.raises(ValueError, match="column 'odd one' h"):
            SpreadSMOTE().fit_resample(polars_frame(cells), LABELS)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            pl.DataFrame({"big": pl.Series(COUNT, dtype=pl.Int128)}),
            "'big' has dtype Int128, which",
        ),
        (pa.table([COUNT, COUNT], ["a", "a"]), r"X has duplicate column names \['a'\]: rename"),
    ],
)
def test_dtypes_and_names_that_cannot_be_read_are_told(X, message):
    with pytest.raises(ValueError, match=message):
        SpreadSMOTE().fit_resample(X, LABELS)


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(WORDS).cast(pa.string_view()),
        pa.array([Decimal(int(k) % 3) for k in COUNT]).dictionary_encode(),
        pa.array([DAYS[k % 3] if k % 4 else None for k in range(N)]).dictionary_encode(),
    ],
    ids=["view", "decimals", "dates or null"],
)
def test_types_that_pandas_does_not_write_come_back_as_such(cells):
    X = pa.table({"t": cells, "x": COUNT / 7})
    made, _ = SpreadSMOTE(random_state=0).fit_resample(X, LABELS)
    assert made.schema == X.schema
    assert made["t"].to_pylist()[:N] == cells.to_pylist()
    assert set(made["t"].to_pylist()[N:]) == set(cells.to_pylist())


@pytest.mark.parametrize("rows", [np.ones((2, 2)), [[1, 2]], pd.DataFrame({"x": [1]}), None, "x"])
def test_what_needs_no_conversion_is_not_touched(rows):
    assert take(rows) == (rows, None) if rows is None else take(rows)[0] is rows
    assert give(rows, None) is rows


def test_a_model_holds_no_rows_of_its_table():
    names = [f"name of person {i}" for i in range(1000)]
    _, container = take(pa.table({"x": names}))
    assert b"name of person" not in pickle.dumps(container)
    _, container = take(pl.Series(names))
    assert b"name of person" not in pickle.dumps(container)


def test_tensors_come_back_on_their_device():
    with pretended_cuda():
        X = on_cuda(torch.as_tensor(COUNT[:, None] / 7))
        X_new, y_new = SpreadSMOTE(random_state=0).fit_resample(X, LABELS)
        assert X_new.device.type == "cuda"
        rows = on_cpu(X_new)
    expected, _ = SpreadSMOTE(random_state=0).fit_resample(COUNT[:, None] / 7, LABELS)
    assert rows.tolist() == expected.tolist()
    assert len(y_new) == 90
