"""What a column is taken for: every dtype, text, identifiers, and one message for all refusals."""

import datetime
import shlex
import uuid
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gan_resample import TableEncoder
from gan_resample.datasets import as_dataset
from gan_resample.encoding.kinds import ColumnKind, judge_column, judge_frame, refuse_columns

N = 60
COUNT = np.arange(N) % 30
DAY = datetime.datetime(2020, 1, 1, 8, 30)
DAYS = [DAY + datetime.timedelta(int(i)) for i in COUNT]
MONEY = [Decimal(int(i)) / 4 for i in COUNT]
WORDS = [f"word {i % 3}" for i in range(N)]


def objects(cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def numpy_columns():
    numbers = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    for name in [*numbers, ">i8", "float16", "float32", "float64", "longdouble", ">f8"]:
        yield name, COUNT.astype(name), "number"
    yield "bool", COUNT > 3, "category"
    for name in ("complex64", "complex128", "clongdouble"):
        yield name, COUNT.astype(name), "refused"
    for unit in ("D", "s", "ns"):
        yield f"datetime64[{unit}]", COUNT.astype(f"M8[{unit}]"), "number"
        yield f"timedelta64[{unit}]", COUNT.astype(f"m8[{unit}]"), "number"
    yield "str", np.array(WORDS), "category"
    yield "str of numbers", COUNT.astype(str), "number"
    yield "bytes", COUNT.astype("S"), "refused"


def object_columns():
    yield "ints", COUNT.tolist(), "number"
    yield "few ints", [0, 1] * 30, "category"
    yield "ints beyond int64", [2**70 + int(i) for i in COUNT], "number"
    yield "floats", (COUNT / 2).tolist(), "number"
    yield "decimals", MONEY, "number"
    yield "few decimals", [Decimal(1), Decimal("0.5")] * 30, "number"
    yield "fractions", [Fraction(int(i), 7) for i in COUNT], "number"
    yield "truth values", [True, False] * 30, "category"
    yield "text", WORDS, "category"
    yield "text with gaps", [*WORDS[1:], None], "category"
    yield "text and numbers", ["a", 1] * 30, "refused"
    yield "dates", [day.date() for day in DAYS], "number"
    yield "one date", [DAY.date()] * N, "number"
    yield "datetimes", objects(DAYS), "number"
    yield "times", [day.time() for day in DAYS], "number"
    yield "durations", [day - DAY for day in DAYS], "number"
    yield "timestamps", objects([pd.Timestamp(day) for day in DAYS]), "number"
    yield "periods", objects([pd.Period(day, "D") for day in DAYS]), "number"
    yield "intervals", objects([pd.Interval(0, int(i) + 1) for i in COUNT]), "refused"
    yield "complex", objects([1j, 2j] * 30), "refused"
    yield "bytes", [b"a", b"b"] * 30, "refused"
    for cell in ([1, 2], {1: 2}, {1}, frozenset({1}), np.ones(2), (1, 2), object(), uuid.uuid4()):
        yield type(cell).__name__, [cell] * N, "refused"
    yield "nothing", [None] * N, "refused"


def pandas_columns():
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"):
        yield name, pd.array(COUNT, dtype=name), "number"
    yield "Float32", pd.array(COUNT / 2, dtype="Float32"), "number"
    yield "Float64", pd.array(COUNT / 2, dtype="Float64"), "number"
    yield "boolean", pd.array(COUNT > 3, dtype="boolean"), "category"
    for name in ("str", "string", "string[python]", "string[pyarrow]"):
        yield name, pd.array(WORDS, dtype=name), "category"
        yield f"{name} of numbers", pd.array(COUNT.astype(str), dtype=name), "number"
    yield "category", pd.Categorical(WORDS), "category"
    yield "category of numbers", pd.Categorical(COUNT), "category"
    yield "category of dates", pd.Categorical(pd.DatetimeIndex(DAYS)), "category"
    yield "category of intervals", pd.cut(COUNT, 3), "category"
    yield "datetime with zone", pd.DatetimeIndex(DAYS, tz="UTC"), "number"
    yield "period", pd.DatetimeIndex(DAYS).to_period("M"), "number"
    yield "interval", pd.interval_range(0, N), "refused"
    yield "sparse float", pd.arrays.SparseArray(COUNT * 1.0, fill_value=0), "number"
    yield "sparse int", pd.arrays.SparseArray(COUNT), "number"
    yield "sparse bool", pd.arrays.SparseArray(COUNT > 3), "category"


def arrow_columns():
    small = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()]
    for kind in [*small, pa.uint64(), pa.float32(), pa.float64()]:
        yield kind, COUNT.tolist(), "number"
    yield pa.float16(), COUNT.astype(np.float16), "number"
    for kind in (pa.decimal32(6, 2), pa.decimal64(9, 2), pa.decimal128(7, 2), pa.decimal256(9, 2)):
        yield kind, MONEY, "number"
    yield pa.bool_(), (COUNT > 3).tolist(), "category"
    for kind in (pa.string(), pa.large_string()):
        yield kind, WORDS, "category"
        yield kind, COUNT.astype(str).tolist(), "number"
    yield pa.dictionary(pa.int32(), pa.string()), WORDS, "category"
    for kind in (pa.binary(), pa.large_binary(), pa.binary(1), pa.binary_view()):
        yield kind, [b"a", b"b"] * 30, "refused"
    for kind in (pa.date32(), pa.date64(), pa.timestamp("us"), pa.timestamp("ns", "UTC")):
        yield kind, DAYS, "number"
    for kind in (pa.time32("s"), pa.time64("us")):
        yield kind, [day.time() for day in DAYS], "number"
    yield pa.duration("us"), [day - DAY for day in DAYS], "number"
    yield pa.month_day_nano_interval(), [(1, 2, 3)] * N, "refused"
    for kind in (pa.list_(pa.int64()), pa.large_list(pa.int64()), pa.list_(pa.int64(), 2)):
        yield kind, [[1, 2]] * N, "refused"
    yield pa.struct({"a": pa.int64()}), [{"a": 1}] * N, "refused"
    yield pa.map_(pa.string(), pa.int64()), [[("a", 1)]] * N, "refused"
    yield pa.null(), [None] * N, "refused"


def every_column():
    for name, column, kind in numpy_columns():
        yield pytest.param(pd.Series(column), kind, id=f"numpy {name}")
    for name, column, kind in object_columns():
        yield pytest.param(pd.Series(column, dtype=object), kind, id=f"object of {name}")
    for name, column, kind in pandas_columns():
        yield pytest.param(pd.Series(column), kind, id=f"pandas {name}")
    for number, (arrow, cells, kind) in enumerate(arrow_columns()):
        array = pd.arrays.ArrowExtensionArray(pa.array(cells, type=arrow))
        yield pytest.param(pd.Series(array), kind, id=f"arrow {number} {arrow}")


@pytest.mark.filterwarnings("ignore:column")
@pytest.mark.parametrize(("column", "kind"), every_column())
def test_encoder_and_data_set_take_a_column_for_the_same(column, kind):
    assert judge_column(column).kind == kind
    X = pd.DataFrame({"fine": np.arange(N) / 7, "odd one": column})
    encoder, labels = TableEncoder(), [0, 1] * 30
    if kind == "refused":
        with pytest.raises(ValueError, match=r"column 'odd one' [hm]"):
            encoder.fit(X)
        with pytest.raises(ValueError, match=r"column 'odd one' of t [hm].*--drop 'odd one'"):
            as_dataset("t", X, labels)
        return
    gaps = column.isna()
    encoder.fit(X[~gaps])
    features = encoder.numeric_features_ if kind == "number" else encoder.categorical_features_
    assert 1 in features
    back = encoder.inverse_transform(encoder.transform(X[~gaps]))
    pd.testing.assert_frame_equal(back, X[~gaps].reset_index(drop=True))
    data = as_dataset("t", X, labels)
    assert data.kinds["odd one"].kind == kind
    assert (data.X["odd one"].dtype == "category") == (kind == "category")
    assert data.X["odd one"].isna().tolist() == gaps.tolist()


@pytest.mark.filterwarnings("ignore:column")
@pytest.mark.parametrize(
    ("column", "kind"),
    [
        *(pytest.param(c, k, id=f"numpy {n}") for n, c, k in numpy_columns() if n != "str"),
        *(
            pytest.param(objects(c), "number" if n == "few ints" else k, id=f"object of {n}")
            for n, c, k in object_columns()
            if not n.startswith("text")
        ),
    ],
)
def test_columns_of_arrays_are_judged_alike(column, kind):
    assert judge_column(column, in_frame=False).kind == kind
    X = column[:, None]
    if kind == "refused":
        with pytest.raises(
            (ValueError, TypeError), match=r"column 0 h|Complex data not supported"
        ):
            TableEncoder().fit(X)
        return
    encoder = TableEncoder().fit(X)
    assert (encoder.numeric_features_ == [0]) == (kind == "number")
    back = encoder.inverse_transform(encoder.transform(X))
    assert back.dtype == X.dtype
    assert (back == X).all()


def test_string_views_are_text():
    """Of which pandas can make no new ones, so that they are judged and no more."""
    for cells, kind in ((WORDS, "category"), (COUNT.astype(str).tolist(), "number")):
        array = pd.arrays.ArrowExtensionArray(pa.array(cells, type=pa.string_view()))
        assert judge_column(pd.Series(array)).kind == kind


def test_structured_arrays_are_refused():
    column = np.zeros(N, dtype=[("a", float), ("b", int)])
    assert judge_column(column, in_frame=False).reason.startswith("has dtype [('a'")


@pytest.mark.parametrize("cells", [["basic"] * 30, ["basic", 1] * 15, ["7", 7] * 15])
def test_text_in_arrays_has_to_be_listed(cells):
    X = objects(cells)[:, None]
    with pytest.raises(ValueError, match=r"column 0 is taken as numeric.*set_output\(transform="):
        TableEncoder().fit(X)


@pytest.mark.parametrize("bad", [{"a": 1}, [1, 2], {1}])
def test_cells_that_have_no_order_cannot_be_listed(bad):
    kind = judge_column(pd.Series([bad] * N), listed=True)
    assert kind.reason == f"holds values that have no order (of type {type(bad).__name__})"


@pytest.mark.parametrize("cells", [[DAY] * N, [b"a"] * N, COUNT, MONEY])
def test_listed_columns_are_categories(cells):
    assert judge_column(pd.Series(cells), listed=True).kind == "category"


# ---- text ---------------------------------------------------------------------------------------

many = [str(i) for i in range(25)] * 4


@pytest.mark.parametrize(
    ("cells", "kind", "told"),
    [
        (many, "number", "numbers written as text, such as '0', read as numbers"),
        ([f"{i}.50" for i in range(100)], "number", "numbers written as text"),
        ([f" {i}" for i in range(100)], "number", "numbers written as text"),
        ([f"{i * 1000:,}" for i in range(100)], "number", "such as '1,000'"),
        ([f"{i} %" for i in range(100)], "number", "such as '0 %'"),
        ([f"{10**30 + i}" for i in range(100)], "number", "numbers written as text"),
        ([f"{i}e-3" for i in range(100)], "number", "numbers written as text"),
        ([f"{i:05d}" for i in range(100)], "category", "leading zeros"),
        (["1", "2", "3"] * 33 + ["4"], "category", ""),
        (["2", "3", "4", "5more"] * 25, "category", ""),
        ([str(i % 19) if i % 7 else "NULL" for i in range(100)], "category", ""),
        ([f"{i},5" for i in range(100)], "category", "digits and signs"),  # a decimal comma
        ([f"{i % 21}" if i % 3 else f"w{i}" for i in range(99)], "category", ""),
    ],
)
def test_text_is_a_number_or_a_category(cells, kind, told):
    found = judge_column(pd.Series(cells))
    assert found.kind == kind
    assert told in found.told
    assert bool(told) == bool(found.told)


@pytest.mark.parametrize(
    "token", ["NULL", "N/A", "null", "#N/A", "-", ".", " ?", "?", "n.a.", "None", "", "NaN", "nil"]
)
def test_numbers_with_any_share_of_missing_value_tokens_are_refused(token):
    cells = [token if i % 2 else str(i) for i in range(100)]
    kind = judge_column(pd.Series(cells))
    assert kind.reason == f"holds numbers, but also cells that are none: {token!r} (50)"
    assert kind.odd == (token,)
    with pytest.raises(ValueError, match="or --categorical age") as told:
        refuse_columns({"age": kind}, what="t")
    options = shlex.split(str(told.value)[str(told.value).index("--missing") :])
    assert options[1].rstrip(",").strip('"') == token.strip()


def test_numbers_with_few_words_are_refused_and_with_many_are_categories():
    def kind(share):
        return judge_column(pd.Series(["unknown" if i < share else str(i) for i in range(100)]))

    assert "'unknown' (9)" in kind(9).reason
    assert kind(10).kind == "category"


def test_percentages_among_other_numbers_are_refused():
    kind = judge_column(pd.Series([f"{i}%" if i % 2 else str(i) for i in range(N)]))
    assert kind.reason == "mixes percentages and other numbers, '1%' and '0'"


# ---- identifiers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "warned"),
    [
        (np.arange(50), True),
        (np.arange(49), False),
        (np.arange(50.0), True),
        (np.arange(50) / 2, False),
        (np.arange(50) % 49, False),
        (np.arange(50).astype(str), True),
        (pd.array(range(50), dtype="Int64"), True),
        (pd.array([None, *range(49)], dtype="Int64"), False),
        (pd.array(range(50), dtype="int64[pyarrow]"), True),
        ([2**70 + i for i in range(50)], True),
        ([Decimal(i) for i in range(50)], True),
        ([Decimal(i) / 2 for i in range(50)], False),
        ([f"{i}%" for i in range(50)], False),
        (np.arange(50) + 2.0**52, True),
        (np.arange(1, 51) * 1e300, False),  # as all large floats are
        ([*np.arange(1, 51) * 1e300, 1], False),
        (pd.array(np.arange(1, 51) * 1e300, dtype="double[pyarrow]"), False),
        ([f"{i}e300" for i in range(1, 51)], False),
        ([f"name {i}" for i in range(50)], False),
    ],
)
def test_a_whole_number_of_its_own_in_every_row_is_warned_about(cells, warned):
    column = pd.Series(cells, name="client")
    assert ("as identifiers are" in judge_column(column).warning) == warned
    assert not judge_column(column.to_numpy(object), in_frame=False).warning


def test_identifiers_are_judged_by_nobody():
    frame = pd.DataFrame({"id": [[1], [2]], "x": [1.0, 2.0]})
    assert judge_frame(frame, ids=["id"])["id"] == ColumnKind("id")


# ---- refusals -----------------------------------------------------------------------------------


def test_one_message_lists_every_column_and_one_option_drops_them_all():
    frame = pd.DataFrame({"day": 1j, "a, b": 1j, 'say "x"': 1j, "fine": COUNT})
    with pytest.raises(ValueError, match="t has 3 columns that cannot be used:") as told:
        refuse_columns(judge_frame(frame), what="t")
    text = str(told.value)
    for name in ("day", "a, b", 'say "x"'):
        assert f"\n  column {name!r} holds complex numbers" in text
    [_, value] = shlex.split(text[text.index("--drop") :].removesuffix(")"))
    assert value == 'day,"a, b","say ""x"""'


def test_nothing_is_raised_where_nothing_is_refused():
    refuse_columns({"a": ColumnKind("number"), "b": ColumnKind("id")}, what="t")


@pytest.mark.parametrize("form", ["{},5", "${}", "({})", "1 {}"])
def test_what_may_have_been_meant_as_a_number_is_said(form):
    kind = judge_column(pd.Series([form.format(k) for k in range(30)] * 2))
    assert kind.kind == "category"
    assert kind.told.startswith("texts of digits and signs, such as ")
    assert judge_column(pd.Series([f"town {c}" for c in "abcdefghijklmnopqrstuvwxyz"])).told == ""


def test_tuples_are_no_categories():
    column = pd.Series([("a", 1), ("b", 2)] * 30).astype("category")
    assert judge_column(column).kind == "refused"
    assert judge_column(column.astype(object), listed=True).kind == "refused"


def test_a_hex_number_with_an_e_is_text():
    column = pd.Series([f"{k:x}" for k in range(59)] + ["12e99999999999999999999"])
    assert judge_column(column).kind in ("category", "refused")
