"""One numeric column: its cells are read, standardised, and written again.

A value that equals an observed one is decoded to the stored cell, bit-identical.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_resample.encoding.columns import is_missing
from gan_resample.encoding.decimals import learn_places, round_to
from gan_resample.encoding.extremes import Tail, find_extremes, tell_extremes
from gan_resample.encoding.numerals import (
    Form,
    TextForm,
    WholeForm,
    add,
    as_decimal,
    learn_form,
    read_number,
)

__all__ = ["NumericColumn", "read_cells"]

Array = NDArray[Any]


def read_cells(cells: Array, learned: NumericColumn | None, name: str) -> Array:
    """Return the numbers of a column of objects, NaN for missing ones.

    Parameters
    ----------
    cells : ndarray of object, shape (n_rows,)
    learned : NumericColumn or None
        The fitted column: text is read if this one was fitted to text. None in ``fit``: text is
        read.
    name : str
        The column's name in messages.

    Returns
    -------
    numbers : ndarray of object, shape (n_rows,)

    Raises
    ------
    ValueError
        If a text is not a number, or not one of the kind seen in ``fit``.
    """
    missing, is_text = is_missing(cells), [isinstance(cell, str) for cell in cells]
    form = None if learned is None else learned.form
    read: Callable[[Any], Any] = form.read if isinstance(form, TextForm) else read_number
    if any(is_text) and learned is not None and not isinstance(form, TextForm):
        text = cells[is_text.index(True)]
        raise ValueError(
            f"column {name} is taken as numeric, but holds text, such as {text!r}: list it in "
            "categorical_features, or convert it"
        )
    if not isinstance(form, TextForm) and not any(is_text):
        return np.where(missing, np.nan, cells) if missing.any() else cells
    numbers = np.full(len(cells), np.nan, dtype=object)
    for row in np.flatnonzero(~missing):
        numbers[row] = read(cells[row])
        if numbers[row] is None:
            example = cells[0] if learned is None else learned.observed[0]
            raise ValueError(
                f"column {name} was read as numbers such as {example!r}, but holds "
                f"{cells[row]!r}, which is none of that kind: mend it, or write it like the others"
            )
    return numbers


@dataclass(frozen=True)
class NumericColumn:
    """One standardised column: ``z = (x - mean) / scale``, and the inverse.

    ``observed`` holds the distinct training cells, ascending, in the input's dtype; ``grid`` the
    same values encoded. ``origin`` is subtracted first if float64 would merge values. ``form``
    writes numbers like the training cells, and ``tails`` encode extreme cells, if there are any.
    ``places`` are the decimals that floats have at most, if these are few.
    """

    mean: float
    scale: float
    observed: Array
    grid: Array
    snapped: bool
    origin: Decimal | None = None
    form: Form | None = None
    tails: tuple[Tail, ...] = ()
    # first and last-plus-one entry of ``grid`` that is not extreme
    inside: tuple[int, int] = (0, 0)
    places: int | None = None

    @classmethod
    def learn(cls, cells: Array, numbers: Array, snap: bool | str) -> NumericColumn:
        """Learn from the ``cells`` as given, and from the finite ``numbers`` that they hold.

        Raises
        ------
        ValueError
            If float64 merges whole numbers; the message is a clause about the column.
        """
        values, origin = _to_floats(numbers)
        if cells.dtype == object:  # any kind of numbers: keep the objects themselves
            first = np.unique(values, return_index=True)[1]
            observed, distinct, form = cells[first], values[first], learn_form(cells.tolist())
        else:
            observed = np.unique(cells)
            distinct, form = shift(observed, origin), None if origin is None else WholeForm()
        floats = observed.dtype.kind in "fO" and form is None and origin is None
        places = (
            learn_places(distinct if observed.dtype == object else observed) if floats else None
        )
        few = len(distinct) <= max(20, len(values) / 10)
        snapped = len(distinct) == 1 or (few if snap == "auto" else bool(snap))
        extreme = find_extremes(values)
        if extreme is None:
            mean, scale = _mean_and_scale(values, distinct)
            grid = _standardise(distinct, mean, scale)
            _refuse_lost(grid, observed, distinct, form)
            return cls(mean, scale, observed, grid, snapped, origin, form, places=places)
        usual = values[~extreme]
        ends = [usual.min(), np.nextafter(usual.max(), np.inf)]
        start, stop = np.searchsorted(distinct, ends).tolist()
        mean, scale = _mean_and_scale(usual, distinct[start:stop])
        tails = _make_tails(distinct, start, stop, mean, scale)
        grid = _move(tails, distinct, _standardise(distinct, mean, scale))
        _refuse_lost(grid, observed, distinct, form)
        inside = start, stop
        return cls(mean, scale, observed, grid, snapped, origin, form, tails, inside, places)

    def tell_extremes(self, written: Callable[[Array], list[Any]] = np.ndarray.tolist) -> str:
        """Return a clause that says which cells are extreme, ``written`` for a reader."""
        start, stop = self.inside
        low, high = written(self.observed[[start, stop - 1]])
        extreme = [*written(self.observed[:start]), *written(self.observed[stop:])]
        return (
            f"{tell_extremes(extreme, low, high)}: it is left out of the scale; if it stands for "
            "a missing value, make it one"
        )

    def without_values(self) -> NumericColumn:
        """Return a column that encodes as this one, but holds no observed value to decode."""
        cells: list[Any] = []
        if isinstance(self.form, TextForm):  # an example for messages, which was not observed
            cells.append(self.form.write(add(as_decimal(self.mean), self.origin)))
        observed = np.array(cells, dtype=self.observed.dtype)
        return replace(self, observed=observed, grid=self.grid[:0].copy())

    def encode(self, numbers: Array) -> Array:
        values = shift(numbers, self.origin)
        return _move(self.tails, values, _standardise(values, self.mean, self.scale))

    def decode(self, z: Array, copied: NDArray[np.bool_] | None = None) -> Array:
        """Return cells in the input's dtype, within the observed bounds.

        Extreme values are only returned as copies of observed ones, never as values near them.
        ``copied`` tells which numbers may equal an observed value; ``None``: any may. To find out
        takes far longer than all else.
        """
        if not len(self.grid):
            raise ValueError("its observed values were forgotten, so that nothing can be decoded")
        if copied is not None and not self.snapped and not self.tails:
            return self._decode_new(z, copied)
        grid = self.grid.astype(z.dtype)
        if self.tails:
            low, high = grid[self.inside[0]], grid[self.inside[1] - 1]
            z = np.where(_is_copy(grid, z, _nearest(grid, z)), z, z.clip(low, high))
        nearest = _nearest(grid, z)
        cells = self.observed[nearest]
        if self.snapped:
            return cells
        outside = (z <= grid[0]) | (z >= grid[-1])
        made = ~(outside | _is_copy(grid, z, nearest))
        with np.errstate(over="ignore"):
            cells[made] = self._cast(z[made].astype(np.float64) * self.scale + self.mean)
        return cells

    def _decode_new(self, z: Array, copied: NDArray[np.bool_]) -> Array:
        low, high = self.grid[[0, -1]].astype(z.dtype)
        cells = self._cast(z.clip(low, high).astype(np.float64) * self.scale + self.mean)
        cells[z <= low], cells[z >= high] = self.observed[0], self.observed[-1]
        if len(at := np.flatnonzero(copied)):
            cells[at] = self.decode(z[at])
        return cells

    def _cast(self, values: Array) -> Array:
        dtype = self.observed.dtype
        if self.form is not None:
            return self._write(self.form, values).astype(dtype)
        if dtype.kind not in "iu":
            values = values if self.places is None else round_to(values, self.places)
            return (
                _as_objects(values, self.observed) if dtype.kind == "O" else values.astype(dtype)
            )
        low, high = self.observed[0], self.observed[-1]
        with np.errstate(invalid="ignore"):
            whole = np.rint(values).astype(dtype)
        # rounding to float64 may exceed the bounds of int64
        whole = np.where(values >= float(high), high, whole)
        return np.where(values <= float(low), low, whole).astype(dtype)

    def _write(self, form: Form, values: Array) -> Array:
        low, high = (form.read(cell) for cell in self.observed[[0, -1]].tolist())
        numbers = [add(as_decimal(value), self.origin) for value in values.tolist()]
        written = np.empty(len(values), dtype=object)
        written[:] = [form.write(min(max(number, low), high)) for number in numbers]
        return written


def _as_objects(values: Array, observed: Array) -> Array:
    """Return an array of objects: floats of numpy if all observed numbers are of one such type."""
    kinds = set(map(type, observed.tolist()))
    made = np.empty(len(values), dtype=object)
    if len(kinds) == 1 and issubclass(kind := kinds.pop(), np.floating):
        made[:] = [*values.astype(kind)]
        return made
    return values.astype(object)


def shift(numbers: Array, origin: Decimal | None) -> Array:
    """Return numbers as float64, with ``origin`` subtracted before they are rounded."""
    if origin is None:
        return numbers.astype(np.float64)
    exact = [add(as_decimal(number), -origin) for number in numbers.tolist()]
    return np.array(exact, dtype=np.float64)


def _to_floats(numbers: Array) -> tuple[Array, Decimal | None]:
    """Return numbers as float64, and the origin that was subtracted to keep them distinct."""
    values = numbers.astype(np.float64)
    if numbers.dtype.kind in "biuf" and (
        numbers.dtype.kind not in "iu" or np.abs(values).max() <= 2**53
    ):
        return values, None
    exact = set(numbers.tolist())
    if len(exact) == len(np.unique(values)):
        return values, None
    origin = as_decimal(min(exact))
    values = shift(numbers, origin)
    if len(exact) != len(np.unique(values)):
        _refuse_merged(sorted(map(as_decimal, exact)), origin)
    return values, origin


def _refuse_merged(ascending: Sequence[Decimal], origin: Decimal) -> None:
    """Raise if float64 merges whole numbers even with ``origin`` subtracted."""
    for low, high in pairwise(ascending):
        whole = low == low.to_integral_value() and high == high.to_integral_value()
        if whole and low != high and float(add(low, -origin)) == float(add(high, -origin)):
            raise _lost(low, high, ascending)


def _refuse_lost(grid: Array, observed: Array, values: Array, form: Form | None) -> None:
    """Raise if distinct whole numbers are equal after standardisation."""
    same = np.flatnonzero(grid[1:] <= grid[:-1])
    known = form is not None or observed.dtype.kind in "iu"
    if known and len(same) and np.array_equal(values[same], np.rint(values[same])):
        read = as_decimal if form is None else form.read
        numbers = [as_decimal(read(cell)) for cell in observed.tolist()]
        at = int(same[0])
        raise _lost(numbers[at], numbers[at + 1], numbers)


def _lost(low: Decimal, high: Decimal, ascending: Sequence[Decimal]) -> ValueError:
    ends = ascending[0], ascending[-1]
    farthest = max(ends, key=lambda end: abs(end - low))
    return ValueError(
        f"holds whole numbers that float64 cannot tell apart, {low:f} and {high:f}, beside others "
        f"as far off as {farthest:f}: make cells that stand for a missing value missing, name it "
        "in id_columns if it identifies rows, list it in categorical_features, or leave it out"
    )


def _mean_and_scale(values: Array, distinct: Array) -> tuple[float, float]:
    # divide by the largest magnitude first, as squares of 1e200 are not finite
    unit = max(float(np.abs(distinct).max()), np.finfo(float).tiny)
    mean = float(np.mean(values / unit) * unit)
    scale = float(np.std(values / unit) * unit)
    if len(distinct) == 1 or scale < np.finfo(float).tiny:
        mean, scale = float(distinct[0]), 1.0
    return mean, scale


def _make_tails(
    distinct: Array, start: int, stop: int, mean: float, scale: float
) -> tuple[Tail, ...]:
    low, high = _standardise(distinct[[start, stop - 1]], mean, scale).tolist()
    sides = (distinct[:start], low), (distinct[stop:], high)
    return tuple(Tail.learn(cells, end, mean, scale) for cells, end in sides if len(cells))


def _move(tails: tuple[Tail, ...], values: Array, z: Array) -> Array:
    for tail in tails:
        z = tail.move(values, z)
    return z


def _is_copy(grid: Array, z: Array, nearest: Array) -> NDArray[np.bool_]:
    """Return which numbers equal an observed value up to rounding, and are decoded to it."""
    tolerance = 8 * np.finfo(z.dtype).eps * np.maximum(1, np.abs(z))
    return np.abs(z - grid[nearest]) <= tolerance


def _standardise(values: Array, mean: float, scale: float) -> Array:
    with np.errstate(over="ignore"):  # a row far outside the training range may become inf
        return np.clip((values - mean) / scale, -1e30, 1e30)


def _nearest(grid: Array, z: Array) -> Array:
    """Find the index of the nearest value of the ascending ``grid`` for each entry of ``z``."""
    order = np.argsort(z)  # numbers looked up one after the other lie near each other in memory
    above = np.empty(len(z), dtype=np.intp)
    above[order] = np.searchsorted(grid, z[order]).clip(max=len(grid) - 1)
    below = (above - 1).clip(min=0)
    return np.where(grid[above] - z < z - grid[below], above, below)
