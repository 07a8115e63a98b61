"""Read columns of dates, times of day, durations and periods: of numpy, pandas, pyarrow, objects.

Text is never read as a time; see ``dates`` for that.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.columns import is_missing_cell

__all__ = ["DAY", "NAT", "Ticks", "holds_times", "is_time", "read_times", "refuse_times"]

Array = NDArray[Any]

NAT = np.iinfo(np.int64).min  # how numpy and pandas store a missing time
EPOCH, DAY = np.datetime64(0, "us"), datetime.date(1970, 1, 1)


class Ticks(NamedTuple):
    """A column of times as numpy has them; those in a time zone in UTC."""

    sort: str
    values: Array  # datetime64, timedelta64, or the ordinal numbers of periods as int64
    zone: Any = None
    cell: str = ""  # of a column of objects: whose they are, "python", "numpy" or "pandas"
    freq: str = ""  # of periods


TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


def is_time(kind: type) -> bool:
    """Return whether cells of a type are dates, times of day, durations or periods."""
    return issubclass(kind, TIMES) or kind.__name__ == "Period"


def holds_times(column: Any) -> bool:
    """Return whether a column, a Series or an array, holds dates, times, durations or periods."""
    dtype = column.dtype
    if dtype.kind in "mM" or dtype.name.startswith("period["):
        return True
    if dtype.name.startswith(("time32[", "time64[")):  # of pyarrow
        return True
    if not isinstance(dtype, np.dtype) or dtype.kind != "O":
        return False
    first = next((cell for cell in column if not is_missing_cell(cell)), None)
    return is_time(type(first))


def refuse_times(cells: Sequence[Any]) -> str:
    """Return why cells that are all times cannot be one column; "" if they can.

    Parameters
    ----------
    cells : sequence
        Without missing ones.
    """
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    try:
        _read_objects(column, np.zeros(len(cells), dtype=bool))
    except (TypeError, ValueError, OverflowError) as error:
        return f"mixes kinds of times, or times of several time zones ({error})"
    return ""


def read_times(column: Any) -> Ticks:
    """Return the times of a Series or array; NaT where they are missing.

    Raises
    ------
    ValueError, TypeError, OverflowError
        If the cells are not times of one kind.
    """
    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        values = np.asarray(column).astype(dtype.newbyteorder("="))
        return Ticks("dates" if dtype.kind == "M" else "durations", values)
    if hasattr(dtype, "pyarrow_dtype"):
        return _read_arrow(column)
    if hasattr(dtype, "tz"):
        return _read_index(column)
    if dtype.name.startswith("period["):
        import pandas as pd

        values = pd.PeriodIndex(column).asi8
        return Ticks("periods", values, freq=_frequency(dtype))
    cells = np.asarray(column, dtype=object)
    return _read_objects(cells, np.fromiter(map(is_missing_cell, cells), bool, len(cells)))


def _frequency(dtype: Any) -> str:
    return str(dtype).removeprefix("period[").removesuffix("]")


def _read_index(times: Any) -> Ticks:
    """Read what pandas takes for times in a time zone, or without."""
    import pandas as pd

    index = pd.DatetimeIndex(times)
    zone = index.tz
    values = index if zone is None else index.tz_convert("UTC").tz_localize(None)
    return Ticks("dates" if zone is None else "dates with a time zone", values.to_numpy(), zone)


def _read_arrow(column: Any) -> Ticks:
    import pyarrow as pa

    kind = column.dtype.pyarrow_dtype
    cells = column.array.__arrow_array__()
    if kind.bit_width == 32:
        cells = cells.cast(pa.int32())
    ticks = cells.cast(pa.int64()).fill_null(int(NAT)).to_numpy()
    unit = "D" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
    if pa.types.is_time(kind):
        return Ticks("times of day", ticks.view(f"m8[{unit}]"))
    if pa.types.is_duration(kind):
        return Ticks("durations", ticks.view(f"m8[{unit}]"))
    zone = getattr(kind, "tz", None)
    return Ticks(
        "dates" if zone is None else "dates with a time zone", ticks.view(f"M8[{unit}]"), zone
    )


def _read_objects(cells: Array, missing: NDArray[np.bool_]) -> Ticks:
    there = cells[~missing].tolist()
    kinds = set(map(type, there))
    if len(kinds) > 1 and not all(issubclass(kind, datetime.datetime) for kind in kinds):
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise TypeError(f"cells are of type {names}")
    kind = max(kinds, key=lambda each: each is not datetime.datetime)
    found = _read_cells(there, kind)
    values = np.full(len(cells), NAT, dtype=np.int64).view(found.values.dtype)
    values[~missing] = found.values
    module = kind.__module__.partition(".")[0]
    return found._replace(
        values=values, cell=module if module in ("numpy", "pandas") else "python"
    )


def _read_cells(cells: list[Any], kind: type) -> Ticks:
    module = kind.__module__.partition(".")[0]
    if kind.__name__ == "Period":
        import pandas as pd

        periods = pd.PeriodIndex(cells)
        return Ticks("periods", periods.asi8, freq=_frequency(periods.dtype))
    if issubclass(kind, datetime.time):
        zones = {cell.tzinfo for cell in cells}
        if len(zones) > 1:
            raise ValueError(f"their time zones are {' and '.join(map(str, zones))}")
        days = [datetime.datetime.combine(DAY, cell.replace(tzinfo=None)) for cell in cells]
        return Ticks("times of day", np.array(days, "M8[us]") - EPOCH, zones.pop())
    if issubclass(kind, (np.datetime64, np.timedelta64)):
        values = np.array(cells)
        return Ticks("dates" if values.dtype.kind == "M" else "durations", values)
    if issubclass(kind, datetime.timedelta):
        if module == "pandas":
            import pandas as pd

            return Ticks("durations", pd.TimedeltaIndex(cells).to_numpy())
        return Ticks("durations", _exactly(cells, "m8[us]"))
    if not issubclass(kind, datetime.datetime):
        numbers = np.fromiter((cell.toordinal() for cell in cells), np.int64, len(cells))
        return Ticks("dates", (numbers - DAY.toordinal()).view("M8[D]"))
    if module == "pandas" or any(cell.tzinfo is not None for cell in cells):
        return _read_index(cells)
    return Ticks("dates", _exactly(cells, "M8[us]"))


def _exactly(cells: list[Any], dtype: str) -> Array:
    values = np.array(cells, dtype=dtype)
    if values.tolist() != cells:
        raise OverflowError(f"the longest of them are beyond numpy's {dtype}")
    return values
