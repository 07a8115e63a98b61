"""Columns of a table as a comparison has them: numbers in float64, other columns as categories."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gan_resample.encoding.clock import as_floats
from gan_resample.encoding.extremes import find_extremes, tell_extremes
from gan_resample.encoding.kinds import ColumnKind, judge_frame
from gan_resample.encoding.numeric import read_cells
from gan_resample.encoding.times import holds_times

__all__ = ["read_columns"]

MAX_CATEGORIES = 100  # as in TableEncoder
LARGEST = 1e100  # with larger values the variance of a column is not finite


def read_columns(
    frame: pd.DataFrame, categorical: Collection[str], ids: Collection[str]
) -> tuple[dict[str, ColumnKind], dict[str, pd.Series]]:
    """Return the kind of each column, also of refused ones, and the columns converted."""
    frame = frame.astype(_native_orders(frame))
    kinds, columns = judge_frame(frame, categorical, ids), {}
    for column, kind in kinds.items():
        if kind.kind == "number":
            kinds[column], columns[column] = _as_numbers(frame[column], kind)
        elif kind.kind == "category":
            kinds[column], columns[column] = _as_categories(frame[column], kind)
    return kinds, columns


def _native_orders(frame: pd.DataFrame) -> dict[Any, Any]:
    """Return native dtypes for columns of the other byte order, in which pandas cannot count."""
    kinds = frame.dtypes.items()
    return {c: t.newbyteorder("=") for c, t in kinds if isinstance(t, np.dtype) and not t.isnative}


def _as_numbers(column: pd.Series, kind: ColumnKind) -> tuple[ColumnKind, pd.Series]:
    times = holds_times(column)
    if times:
        values = as_floats(column)
        kind = replace(kind, told="dates or times, read as numbers")
    elif column.dtype.kind in "iuf":
        values = column.to_numpy(np.float64, na_value=np.nan)
    else:
        cells = column.to_numpy(object)
        try:
            values = read_cells(cells, None, repr(column.name)).astype(np.float64)
        except OverflowError:  # Python's integers are unbounded
            values = np.full(len(cells), np.inf)
    finite = values[~np.isnan(values)]
    if not len(finite):
        kind = ColumnKind("refused", reason="has no value at all", advice="leave it out")
    elif np.abs(finite).max() > LARGEST:
        kind = ColumnKind(
            "refused",
            reason=f"has infinite values, or values beyond {LARGEST:.0e}",
            advice="replace or rescale them",
        )
    elif (extreme := find_extremes(finite)) is not None:
        shown = column[~np.isnan(values)] if times else finite
        far = sorted({*shown[extreme].tolist()})
        usual = shown[~extreme]
        told = (
            f"{tell_extremes(far, usual.min(), usual.max())}: taken as just beyond them; if it "
            "stands for a missing value, make it one"
        )
        kind = replace(
            kind,
            warning="; it ".join(filter(None, [kind.warning, told])),
            extreme=() if times else tuple(repr(value).removesuffix(".0") for value in far),
        )
    return kind, pd.Series(values, name=column.name)


def _as_categories(column: pd.Series, kind: ColumnKind) -> tuple[ColumnKind, pd.Series]:
    distinct = column.nunique()
    if not distinct:
        kind = ColumnKind("refused", reason="has no value at all", advice="leave it out")
    elif distinct > MAX_CATEGORIES or distinct == len(column):
        number = pd.api.types.is_numeric_dtype(column)
        kind = ColumnKind(
            "refused",
            reason=f"is {'taken as a category' if number else 'text'} with {distinct} distinct "
            f"values in {len(column)} rows, {_likeness(column)}",
            advice="turn it into numbers or a few categories, name it in id_columns (--id) if it "
            "identifies rows",
        )
    return kind, column.astype(str).where(column.notna()).astype("category")


def _likeness(column: pd.Series) -> str:
    odd = column.dropna()
    odd = odd[pd.to_numeric(odd.astype(str), errors="coerce").isna()]
    if not len(odd):
        return "all of them numbers"
    if len(odd) < len(column) / 2:
        return f"most of them numbers, but not {odd.iloc[0]!r}"
    return "like an identifier"
