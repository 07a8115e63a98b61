"""Columns of times as numbers of a network, and back.

Times become ticks of their column's unit since its first observed time. They come back in the
dtype, unit, time zone and type of object that the column had, and at the resolution that was
observed: if all observed times are whole days, so are generated ones; if all are Mondays, or full
quarters of an hour, too.
"""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.columns import values_of, which_missing
from gan_resample.encoding.extremes import Tail
from gan_resample.encoding.numeric import NumericColumn
from gan_resample.encoding.times import DAY, NAT, holds_times, read_times

__all__ = ["Clock", "Column", "TimeColumn", "as_floats", "as_times", "learn_column", "read_ticks"]

Array = NDArray[Any]

# nanoseconds of the resolutions, by pandas' names, the coarsest first
RESOLUTIONS = {
    "D": 86_400_000_000_000, "h": 3_600_000_000_000, "min": 60_000_000_000, "s": 1_000_000_000,
    "ms": 1_000_000, "us": 1_000, "ns": 1,
}  # fmt: skip
ENOUGH_TIMES = 20  # of fewer distinct times, a number may divide all distances by chance


@dataclass(frozen=True)
class Clock:
    """How the cells of a column of times are read as whole numbers, and written again.

    Parameters
    ----------
    sort : str
        What the cells are: "dates", "times of day", ...
    unit : dtype
        numpy's dtype of the ticks: datetime64 or timedelta64; int64 for periods.
    dtype : str
        Name of the column's dtype.
    resolution : str
        The greatest of ``RESOLUTIONS`` of which all observed times are whole multiples, in wall
        time if they are in a zone; "" for the unit itself.
    step : int
        The same in ticks.
    every, phase : int
        Ticks: the greatest common distance of the observed times, a multiple of ``step`` (15
        minutes, a week), and the rest that all of them leave, in [0, every). With fewer than 20
        distinct times ``every`` is ``step``.
    zone : str, float or other
        Name of the time zone, or its seconds from UTC, or another object that stands for it; ""
        for none.
    cell, freq : str
        See :class:`~gan_resample.encoding.times.Ticks`.
    """

    sort: str
    unit: np.dtype[Any]
    dtype: str
    resolution: str
    step: int
    every: int
    phase: int
    zone: Any
    cell: str
    freq: str

    @classmethod
    def learn(cls, column: Any) -> Clock:
        """Learn from observed cells, none of them missing."""
        read = read_times(column)
        unit, wall = read.values.dtype, read.values
        if read.sort == "dates with a time zone":
            wall = _wall_time(_in_zone(wall, read.zone)).to_numpy()
        ticks = wall.view(np.int64)
        name, step = _resolution(ticks, unit)
        every = _common_distance(ticks, step)
        phase, zone = int(ticks[0]) % every, _told_zone(read.zone)
        dtype = str(column.dtype)
        return cls(read.sort, unit, dtype, name, step, every, phase, zone, read.cell, read.freq)

    def read(self, column: Any, name: str) -> Array:
        """Return the ticks of a column as int64, ``NAT`` where they are missing.

        Raises
        ------
        ValueError
            If there are cells, and they are not times of the kind seen in ``fit``.
        """
        if which_missing(column).all():  # the dtype of which may be another one
            return np.full(len(column), NAT)
        try:
            read = read_times(column) if holds_times(column) else None
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"column {name} holds times of several kinds: {error}") from error
        if read is None or (read.sort, read.freq) != (self.sort, self.freq):
            raise ValueError(
                f"column {name} held {self.sort} (dtype {self.dtype}) in fit, but holds "
                f"{'no times' if read is None else read.sort} (dtype {column.dtype}): convert it"
            )
        return _in_unit(read.values, self.unit, name).view(np.int64)

    def round(self, ticks: Array) -> Array:
        """Return ticks rounded to the observed resolution."""
        if self.every == 1 or not len(ticks):
            return ticks
        if self.sort != "dates with a time zone":
            return self._round(ticks)
        wall = _in_zone(ticks.view(self.unit), _made_zone(self.zone))
        rounded = self._round(wall.tz_localize(None).to_numpy().view(np.int64))
        local = _from_wall_time(rounded.view(self.unit), wall.tz)
        utc = local.tz_convert("UTC").tz_localize(None).to_numpy()
        return utc.astype(self.unit).view(np.int64)

    def _round(self, ticks: Array) -> Array:
        half = self.every // 2
        return (ticks - self.phase + half) // self.every * self.every + self.phase

    def write(self, ticks: Array) -> Any:
        """Return cells, as an array of numpy's or pandas' that goes into a column of the dtype."""
        if self.dtype.endswith("[pyarrow]"):
            return _write_arrow(ticks, self.dtype)
        if self.freq:
            import pandas as pd

            periods = pd.arrays.PeriodArray(ticks, dtype=pd.PeriodDtype(self.freq))
            return periods.to_numpy(object) if self.cell else periods
        times, zone = ticks.view(self.unit), _made_zone(self.zone)
        if self.cell:
            return self._write_objects(times, zone)
        return times if zone is None else _in_zone(times, zone).array.copy()

    def _write_objects(self, times: Array, zone: Any) -> Array:
        cells = np.empty(len(times), dtype=object)
        if self.cell == "numpy":
            cells[:] = [*times]
        elif self.sort == "times of day":
            days = (np.datetime64(DAY) + times).tolist()
            cells[:] = [day.time().replace(tzinfo=zone) for day in days]
        elif self.cell == "pandas" or zone is not None:
            cells[:] = self._as_pandas(times, zone)
        else:
            cells[:] = times.tolist()
        return cells

    def _as_pandas(self, times: Array, zone: Any) -> Any:
        import pandas as pd

        if self.sort == "durations":
            return [*pd.TimedeltaIndex(times)]
        index = pd.DatetimeIndex(times) if zone is None else _in_zone(times, zone)
        return index.to_pydatetime() if self.cell == "python" else [*index]


def _told_zone(zone: Any) -> Any:
    """Return plain data for a time zone of Python; others as they are."""
    if isinstance(zone, zoneinfo.ZoneInfo) and zone.key:
        return zone.key
    if isinstance(zone, datetime.timezone):
        return zone.utcoffset(None).total_seconds()
    return "" if zone is None else zone


def _made_zone(told: Any) -> Any:
    """Undo :func:`_told_zone`."""
    if isinstance(told, str):
        return zoneinfo.ZoneInfo(told) if told else None
    if isinstance(told, float):
        return datetime.timezone(datetime.timedelta(seconds=told))
    return told


def _resolution(ticks: Array, unit: np.dtype[Any]) -> tuple[str, int]:
    """Return the coarsest resolution that all ticks have, and how many ticks it is."""
    if unit.kind in "mM":
        name, multiple = np.datetime_data(unit)
        own = RESOLUTIONS.get({"m": "min"}.get(name, name), 0) * multiple
        for resolution, length in RESOLUTIONS.items():
            step, rest = divmod(length, own) if own else (0, 1)
            if step and not rest and not (ticks % step).any():
                return resolution, step
    return "", 1


def _common_distance(ticks: Array, step: int) -> int:
    """Return the greatest number of ticks that divides all distances; ``step`` if unsure."""
    distances = np.diff(np.unique(ticks))
    if len(distances) + 1 < ENOUGH_TIMES or (distances < 0).any():  # beyond int64
        return step
    return int(np.gcd.reduce(distances))


def _wall_time(times: Any) -> Any:
    """Return pandas' index of times in a zone as what clocks show there.

    If all are the first moments of days, they are midnights, also on days that clocks begin at 1.
    """
    days = times.tz_localize(None).normalize()
    return days if (_from_wall_time(days, times.tz) == times).all() else times.tz_localize(None)


def _from_wall_time(wall: Any, zone: Any) -> Any:
    """Return what clocks show as pandas' index of times in a zone.

    The first of an hour that clocks repeat in autumn, the end of one they skip in spring.
    """
    import pandas as pd

    first = np.ones(len(wall), dtype=bool)
    return pd.DatetimeIndex(wall).tz_localize(zone, ambiguous=first, nonexistent="shift_forward")


def _in_zone(times: Array, zone: Any) -> Any:
    """Return times in UTC as pandas' index of times in a zone."""
    import pandas as pd

    return pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)


def _in_unit(values: Array, unit: np.dtype[Any], name: str) -> Array:
    """Return times in another unit; numpy would wrap those that it cannot hold."""
    found = values.astype(unit)
    if values.dtype != unit:
        back = found.astype(values.dtype).view(np.int64).astype(float)
        if np.any(np.abs(back - values.view(np.int64)) > 1):
            raise ValueError(
                f"column {name} was {unit} in fit, which does not reach {values.min()} to "
                f"{values.max()}: mend these cells, or fit in a longer unit"
            )
    return found


def _write_arrow(ticks: Array, name: str) -> Any:
    import pandas as pd
    import pyarrow as pa

    dtype: Any = pd.api.types.pandas_dtype(name)
    kind = dtype.pyarrow_dtype
    cells = pa.array(ticks)
    if kind.bit_width == 32:
        cells = cells.cast(pa.int32())
    return pd.array(cells.cast(kind), dtype=dtype)


# ---- columns ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TimeColumn:
    """One column of times, standardised: a :class:`NumericColumn` of ticks since the first time.

    The subtraction keeps nanoseconds apart, which float64 would merge in ticks since 1970.
    """

    clock: Clock
    ticks: NumericColumn
    origin: int

    @classmethod
    def learn(cls, column: Any, numbers: Array, snap: bool | str) -> TimeColumn:
        """Learn from observed cells, a Series or an array, and their ticks.

        Raises
        ------
        ValueError
            As :meth:`NumericColumn.learn`.
        """
        low, high = int(numbers.min()), int(numbers.max())
        origin = low if high - low < 2**63 else 0
        since = numbers - origin
        return cls(Clock.learn(column), NumericColumn.learn(since, since, snap), origin)

    @property
    def grid(self) -> Array:
        return self.ticks.grid

    @property
    def snapped(self) -> bool:
        return self.ticks.snapped

    @property
    def tails(self) -> tuple[Tail, ...]:
        return self.ticks.tails

    def without_values(self) -> TimeColumn:
        """Return a column that encodes the same, and does not hold the observed times."""
        return replace(self, ticks=self.ticks.without_values())

    def tell_extremes(self) -> str:
        """Return a clause that says which cells are extreme."""
        return self.ticks.tell_extremes(self._cells)

    def _cells(self, observed: Array) -> list[str]:
        import pandas as pd

        cells = pd.Series(self.clock.write(observed + self.origin))
        return cells.astype(str).tolist()

    def encode(self, numbers: Array) -> Array:
        """Encode ticks."""
        return self.ticks.encode(_minus(numbers, self.origin))

    def decode(self, z: Array, copied: NDArray[np.bool_] | None = None) -> Any:
        """Return cells in the input's dtype; see :meth:`NumericColumn.decode`."""
        observed, ticks = self.ticks.observed, self.ticks.decode(z, copied)
        if not self.snapped:
            at = np.searchsorted(observed, ticks).clip(max=len(observed) - 1)
            made = observed[at] != ticks  # a copy of a repeated hour is not moved to the first
            low, high = observed[[0, -1]] + self.origin
            rounded = self.clock.round(ticks[made] + self.origin)
            ticks[made] = rounded.clip(low, high) - self.origin
        return self.clock.write(ticks + self.origin)


def _minus(ticks: Array, origin: int) -> Array:
    """Return the difference, in float64 where int64 cannot hold it."""
    ends = int(ticks.min(initial=origin)) - origin, int(ticks.max(initial=origin)) - origin
    if max(map(abs, ends)) < 2**63:
        return ticks - origin
    return ticks.astype(np.float64) - origin


Column = NumericColumn | TimeColumn


def learn_column(column: Any, numbers: Array, snap: bool | str) -> Column:
    """Learn a column of numbers or times.

    Parameters
    ----------
    column : Series or ndarray of shape (n_rows,)
        Observed cells, none of them missing.
    numbers : ndarray of shape (n_rows,)
        What they were read as.
    snap : bool or "auto"
        See ``TableEncoder``.
    """
    if holds_times(column):
        return TimeColumn.learn(column, numbers, snap)
    return NumericColumn.learn(values_of(column), numbers, snap)


def read_ticks(column: Any, learned: Column | None, name: str) -> Array:
    """Return a column of times as int64, ``NAT`` where they are missing.

    ``learned`` is the fitted column, None in ``fit``; ``name`` is the column's in messages.
    """
    if isinstance(learned, TimeColumn):
        return learned.clock.read(column, name)
    return read_times(column).values.view(np.int64)


def as_floats(column: Any) -> Array:
    """Return a column of times as float64, NaN where they are missing.

    Whole numbers of the observed resolution (days, seconds, ...) since the first time.
    """
    ticks = read_times(column).values.view(np.int64)
    there = ticks != NAT
    numbers = np.full(len(ticks), np.nan)
    if there.any():
        step = Clock.learn(column[there]).step
        numbers[there] = _minus(ticks[there], int(ticks[there].min())).astype(float) / step
    return numbers


def as_times(numbers: Array, column: Any) -> Any:
    """Return the inverse of :func:`as_floats`: cells like those of a column, within its bounds.

    Parameters
    ----------
    numbers : ndarray of float64
    column : Series or ndarray
        Of times, none of them missing.
    """
    clock, ticks = Clock.learn(column), read_times(column).values.view(np.int64)
    low, high = ticks.min(), ticks.max()
    within = (numbers * clock.step).clip(0, float(high) - float(low))
    made = clock.round(low + np.rint(within).astype(np.int64))
    return clock.write(made.clip(low, high))
