"""Dates, times, durations and periods as numbers, and back at the resolution that was observed."""

import datetime
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gan_resample import SpreadSMOTE, TableEncoder
from gan_resample.datasets import as_dataset
from gan_resample.encoding.clock import Clock, as_floats, as_times

N = 60
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
STEPS = np.random.default_rng(0).choice(np.arange(2, 3000), N, replace=False)
STEPS[:2] = 1, 3000  # so that no number divides them all


def decoded(column, z):
    """Cells that the encoder makes of encoded numbers, none of which is a copy."""
    X = pd.DataFrame({"t": column})
    return TableEncoder(snap=False).fit(X).inverse_transform(np.asarray(z)[:, None])["t"]


BETWEEN = np.linspace(-1.5, 1.5, 41) + 1e-4


@pytest.mark.parametrize("step", ["D", "h", "min", "s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Asia/Kolkata"])
def test_dates_have_the_resolution_that_was_observed(step, zone):
    dates = pd.Timestamp("2019-12-31").as_unit("ns") + pd.to_timedelta(STEPS, unit=step)
    column = pd.Series(dates).dt.tz_localize(zone, nonexistent="shift_forward", ambiguous="NaT")
    column = column[column.notna()]
    made = decoded(column, BETWEEN)
    assert made.dtype == column.dtype
    wall = made.dt.tz_localize(None)
    assert (wall == wall.dt.floor(step)).all()
    assert made.is_monotonic_increasing
    assert made.nunique() > 20
    assert not made.isin(column).all()
    assert made.between(column.min(), column.max()).all()
    assert not (step != "D" and (wall == wall.dt.floor("D")).all())


def test_days_and_quarters_of_an_hour_by_hand():
    days = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-11"]))
    # days 0, 2 and 10 of mean 4 and standard deviation 4.32
    made = decoded(days, [(5.4 - 4) / 18.6667**0.5, (5.6 - 4) / 18.6667**0.5, 9])
    assert made.dt.strftime("%F").tolist() == ["2020-01-06", "2020-01-07", "2020-01-11"]
    quarters = days + pd.to_timedelta([15, 30, 45], unit="min")
    assert Clock.learn(quarters).resolution == "min"


def test_days_stay_days_where_clocks_change():
    """In Berlin the days of 2020-03-29 and 2020-10-25 have 23 and 25 hours."""
    days = pd.Series(pd.date_range("2020-03-20", "2020-11-05", tz="Europe/Berlin").as_unit("us"))
    made = decoded(days[[0, 3, 60, 225, 230]], np.linspace(-1.2, 1.6, 500))
    assert (made.dt.strftime("%T") == "00:00:00").all()
    assert made.nunique() == days.between(made.min(), made.max()).sum()


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_quarters_of_an_hour_and_mondays_stay_such(zone):
    start = pd.Timestamp("2020-03-02", tz=zone)
    quarters = pd.Series([start + pd.Timedelta(15 * int(k) + 5, unit="min") for k in STEPS])
    made = decoded(quarters, BETWEEN)
    assert set(made.dt.minute) == {5, 20, 35, 50}
    assert (~made.isin(quarters)).sum() > 10
    mondays = pd.Series(pd.date_range(start, periods=3001, freq="7D")[STEPS])
    made = decoded(mondays, BETWEEN)
    assert (made.dt.strftime("%a %T") == "Mon 00:00:00").all()
    assert (~made.isin(mondays)).sum() > 10
    few = decoded(mondays[:19], BETWEEN)  # of which that may be chance
    assert set(few.dt.strftime("%T")) == {"00:00:00"}
    assert few.dt.day_of_week.nunique() == 7


def test_days_stay_days_where_clocks_skip_midnight():
    """In Sao Paulo 2017-10-15 begins at 1:00."""
    days = pd.date_range("2017-10-01", "2017-10-31")
    days = pd.Series(days.tz_localize("America/Sao_Paulo", nonexistent="shift_forward"))
    made = decoded(days[[0, 1, 14, 29, 30]], np.linspace(-1.1, 1.1, 300))
    assert set(made) == set(days[days.between(made.min(), made.max())])
    assert made.dt.hour.max() == 1


def test_an_observed_hour_that_clocks_repeat_is_not_moved():
    twice = pd.to_datetime(["2020-10-24T22:00Z", "2020-10-25T00:00Z", "2020-10-25T01:00Z"])
    X = pd.DataFrame({"t": twice.tz_convert("Europe/Berlin")})
    encoder = TableEncoder(snap=False).fit(X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)


def arrow(kind, cells):
    return pd.Series(pd.array(pa.array(cells).cast(kind), dtype=pd.ArrowDtype(kind)))


DAY = datetime.datetime(2020, 1, 1)
SECONDS = [datetime.timedelta(seconds=int(k)) for k in STEPS]
EVERY = {
    "datetime64[s]": STEPS.astype("M8[s]"),
    "datetime64[ns] of nanoseconds": STEPS.astype("M8[ns]") + np.timedelta64(1600000000, "s"),
    "timedelta64[ms]": STEPS.astype("m8[ms]"),
    "datetime64 in a zone": pd.DatetimeIndex(STEPS.astype("M8[us]")).tz_localize(BERLIN),
    "datetime64 at an offset": pd.DatetimeIndex(STEPS.astype("M8[s]")).tz_localize("+05:30"),
    "period of months": pd.PeriodIndex.from_ordinals(STEPS, freq="M"),
    "dates": [DAY.date() + datetime.timedelta(int(k)) for k in STEPS],
    "datetimes": [DAY + span for span in SECONDS],
    "datetimes in a zone": [DAY.replace(tzinfo=BERLIN) + 99 * span for span in SECONDS],
    "datetimes far off": [datetime.datetime(1, 1, 1) + 9**7 * span for span in SECONDS],
    "times": [(DAY + 20 * span).time() for span in SECONDS],
    "times at an offset": [(DAY + span).time().replace(tzinfo=datetime.UTC) for span in SECONDS],
    "durations": SECONDS,
    "timestamps": [pd.Timestamp(DAY) + pd.Timedelta(int(k), "ns") for k in STEPS],
    "timestamps in a zone": [pd.Timestamp(DAY, tz=BERLIN) + span for span in SECONDS],
    "timedeltas": [pd.Timedelta(int(k), "ns") for k in STEPS],
    "periods": [pd.Period(ordinal=int(k), freq="Q") for k in STEPS],
    "numpy's": [np.datetime64(int(k), "h") for k in STEPS],
    "numpy's durations": [np.timedelta64(int(k), "h") for k in STEPS],
    "date32": arrow(pa.date32(), STEPS.astype("M8[D]")),
    "date64": arrow(pa.date64(), STEPS.astype("M8[D]")),
    "time32": arrow(pa.time32("s"), STEPS.astype("int32")),
    "time64": arrow(pa.time64("ns"), STEPS),
    "timestamp": arrow(pa.timestamp("us"), STEPS),
    "timestamp in a zone": arrow(pa.timestamp("ms", "Europe/Berlin"), STEPS),
    "duration": arrow(pa.duration("ns"), STEPS),
}


def column_of(cells):
    if not isinstance(cells, list):
        return pd.Series(cells)
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return pd.Series(column)


@pytest.mark.parametrize("cells", EVERY.values(), ids=[*EVERY])
def test_every_kind_comes_back_in_its_dtype_and_type(cells):
    X = pd.DataFrame({"t": column_of(cells), "x": STEPS / 7})
    y = np.arange(N) < 45
    X_new, _ = SpreadSMOTE(random_state=0).fit_resample(X, y)
    pd.testing.assert_frame_equal(X_new[:N], X)
    made, there = X_new["t"][N:], X["t"]
    assert X_new["t"].dtype == there.dtype
    assert set(map(type, made)) == set(map(type, there))
    assert {getattr(cell, "tzinfo", None) for cell in made} == {
        getattr(cell, "tzinfo", None) for cell in there
    }
    assert made.min() >= there.min()
    assert made.max() <= there.max()
    assert (~made.isin(there)).sum() > 10  # new ones, not copies
    encoder = TableEncoder().fit(X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)


@pytest.mark.parametrize("none", [None, pd.NaT])
@pytest.mark.parametrize("cells", EVERY.values(), ids=[*EVERY])
def test_missing_times_stay_missing(cells, none):
    column = column_of(cells)
    column[::7] = none
    X = pd.DataFrame({"t": column, "x": STEPS / 7})
    encoder = TableEncoder().fit(X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)
    with pytest.raises(ValueError, match="column 't' has 9 missing values"):
        TableEncoder(missing="error").fit(X)


@pytest.mark.parametrize("kind", ["dates", "timestamp in a zone", "period of months", "times"])
def test_new_rows_may_have_no_time_at_all(kind):
    column = column_of(EVERY[kind])
    encoder = TableEncoder().fit(pd.DataFrame({"t": column.mask(np.arange(N) == 0)}))
    for dtype in (object, "float64", "null[pyarrow]", "datetime64[s]", column.dtype):
        nothing = pd.DataFrame({"t": pd.Series([None, None]).astype(dtype)})
        assert encoder.transform(nothing).tolist() == [[0, 0, 1]] * 2


@pytest.mark.parametrize("dtype", ["M8[D]", "M8[ns]", "m8[s]", "M8[25s]", "M8[M]", ">M8[s]"])
def test_arrays_of_times(dtype):
    X = np.column_stack([STEPS, STEPS[::-1]]).astype("i8").view(np.dtype(dtype).newbyteorder("="))
    X = X.astype(dtype)
    X_new, y = SpreadSMOTE(random_state=0).fit_resample(X, np.arange(N) < 45)
    assert X_new.dtype == X.dtype
    assert not np.isnat(X_new).any()
    assert (X_new[:N] == X).all()
    assert X_new.shape == (len(y), 2) == (90, 2)
    assert (X_new >= X.min()).all()
    assert len(np.unique(X_new)) > len(np.unique(X))


def test_nanoseconds_are_kept_apart():
    late = np.datetime64("2200-01-01", "ns") + np.arange(100).astype("m8[ns]")
    X = pd.DataFrame({"t": late})
    encoder = TableEncoder(snap=False).fit(X)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoder.transform(X)), X)
    assert len(np.unique(encoder.transform(X))) == 100


def test_new_rows_may_have_another_unit_but_not_another_kind():
    X = pd.DataFrame({"t": STEPS.astype("M8[s]")})
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    for same in (X.astype("M8[ns]"), X.astype(object), X.astype("timestamp[ms][pyarrow]")):
        np.testing.assert_array_equal(encoder.transform(same), expected)
    others = [X - X.min(), X["t"].dt.tz_localize("UTC").to_frame(), pd.DataFrame({"t": STEPS})]
    for other in others:
        with pytest.raises(
            ValueError, match=r"column 't' held dates \(dtype datetime64\[s\]\) in fit"
        ):
            encoder.transform(other)
    far = TableEncoder().fit(X.astype("M8[ns]"))
    with pytest.raises(
        ValueError, match=r"column 't' was datetime64\[ns\] in fit, which does not"
    ):
        far.transform(pd.DataFrame({"t": np.array(["9999-12-31"], "M8[s]")}))
    numbers = TableEncoder().fit(pd.DataFrame({"t": STEPS}))
    with pytest.raises(ValueError, match="column 't' is numeric, but holds a value that is not"):
        numbers.transform(X)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([DAY, DAY.date()], "of type date and datetime"),
        ([DAY, DAY.replace(tzinfo=BERLIN)], "Tz-aware datetime"),
        ([DAY.date(), DAY - DAY], "of type date and timedelta"),
        ([DAY.time(), DAY.time().replace(tzinfo=BERLIN)], "time zones are"),
        ([pd.Period("2020", "M"), pd.Period("2020", "D")], "different freq"),
        ([datetime.timedelta.max, DAY - DAY], "beyond numpy"),
    ],
)
def test_mixtures_are_refused(cells, told):
    X = pd.DataFrame({"t": column_of(cells * 10)})
    with pytest.raises(
        ValueError, match=rf"column 't' mixes kinds of times.*{told}.*: convert it"
    ):
        TableEncoder().fit(X)


def test_a_date_that_stands_for_none_is_told_as_a_date():
    X = pd.DataFrame({"t": pd.to_datetime([*STEPS[:40] // 9, 2932896], unit="D")})
    with pytest.warns(UserWarning, match="'t' holds 9999-12-31, far beyond .* between 1970-01-01"):
        encoder = TableEncoder(snap=False).fit(X)
    assert encoder.inverse_transform([[1.0]])["t"].dt.year.item() < 1980
    with pytest.warns(UserWarning, match="'t' of name holds 9999-12-31 00:00:00, far beyond"):
        as_dataset("name", X.assign(x=0.5), [0, 1] * 20 + [1])


def test_the_comparison_has_times_as_numbers_and_can_go_back():
    days = pd.Series(pd.to_datetime(["2020-01-05", None, "2020-01-01", "2020-03-01"]))
    np.testing.assert_array_equal(as_floats(days), [4, np.nan, 0, 60])
    back = as_times(np.array([4.4, -3, 99]), days.dropna())
    assert pd.Series(back).dt.strftime("%F").tolist() == ["2020-01-05", "2020-01-01", "2020-03-01"]
    data = as_dataset("t", pd.DataFrame({"t": days, "x": [1, 2, 3, 4.5]}), [0, 0, 1, 1])
    assert data.X["t"].tolist()[2:] == [0, 60]
    assert data.kinds["t"].told == "dates or times, read as numbers"
