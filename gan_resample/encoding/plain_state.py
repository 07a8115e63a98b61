"""Dtypes and missing cells of a data frame as plain data, which can be kept without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["PlainState", "made_dtype", "told_dtype", "with_markers"]

Array = NDArray[Any]


class PlainState:
    """An encoder whose state tells by plain data of its dtypes and of what missing cells hold."""

    categories_: list[Array]
    _markers: dict[int, Any]

    def __getstate__(self) -> dict[str, Any]:
        held: Any = super().__getstate__()
        state: dict[str, Any] = dict(held)
        if isinstance(dtypes := state.get("_dtypes"), list):  # of a frame, else it is one
            state["_dtypes"] = [told_dtype(dtype) for dtype in dtypes]
        if markers := state.get("_markers"):
            state["_markers"] = {j: told_missing(marker) for j, marker in markers.items()}
            state["categories_"] = with_markers(self, dict.fromkeys(markers, np.nan))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(told := state.get("_dtypes"), list):
            state = state | {"_dtypes": [made_dtype(dtype) for dtype in told]}
        super().__setstate__(state)  # type: ignore[misc]
        if markers := state.get("_markers"):
            self._markers = {j: made_missing(told) for j, told in markers.items()}
            self.categories_ = with_markers(self, self._markers)


def with_markers(encoder: Any, markers: Mapping[int, Any]) -> list[Array]:
    """Return an encoder's categories, the last one of a column in ``markers`` being the marker.

    Numeric arrays, whose last one is NaN, are returned as they are.
    """
    found = []
    for j, categories in zip(encoder.categorical_features_, encoder.categories_, strict=True):
        if j in markers and categories.dtype == object:
            categories = categories.copy()
            categories[-1] = markers[j]
        found.append(categories)
    return found


def told_missing(marker: Any) -> Any:
    """Return the name of pandas' NA and NaT; other missing cells as they are."""
    return "NA" if marker is pd.NA else "NaT" if marker is pd.NaT else marker


def made_missing(told: Any) -> Any:
    """Undo :func:`told_missing`."""
    return {"NA": pd.NA, "NaT": pd.NaT}[told] if isinstance(told, str) else told


def told_dtype(dtype: Any) -> Any:
    """Return a mapping of texts and lists that tells of a pandas dtype.

    numpy's dtypes are returned as they are, and so are dtypes that their name does not tell.
    """
    if isinstance(dtype, pd.CategoricalDtype) and dtype.categories is not None:
        of, values = told_dtype(dtype.categories.dtype), dtype.categories.tolist()
        return {"kind": "category", "of": of, "values": values, "ordered": bool(dtype.ordered)}
    if isinstance(dtype, pd.SparseDtype):
        return {"kind": "sparse", "of": told_dtype(dtype.subtype), "filling": dtype.fill_value}
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "nan"
        return {"kind": "string", "storage": dtype.storage, "missing": missing}
    if isinstance(dtype, pd.api.extensions.ExtensionDtype) and _is_named(dtype):
        return {"kind": "name", "name": str(dtype)}
    if isinstance(dtype, pd.ArrowDtype):  # with arguments, such as a decimal
        import pyarrow as pa

        schema = pa.schema([("", dtype.pyarrow_dtype)])
        return {"kind": "arrow", "schema": schema.serialize().to_pybytes()}
    return dtype


def made_dtype(told: Any) -> Any:
    """Undo :func:`told_dtype`."""
    if not isinstance(told, dict):
        return told
    if told["kind"] == "category":
        values = pd.Index(told["values"], dtype=made_dtype(told["of"]))
        return pd.CategoricalDtype(values, ordered=told["ordered"])
    if told["kind"] == "sparse":
        return pd.SparseDtype(made_dtype(told["of"]), told["filling"])
    if told["kind"] == "string":
        na_value: Any = pd.NA if told["missing"] == "NA" else np.nan
        return pd.StringDtype(told["storage"], na_value=na_value)
    if told["kind"] == "arrow":
        import pyarrow as pa

        schema = pa.ipc.read_schema(pa.py_buffer(told["schema"]))
        return pd.ArrowDtype(schema.field(0).type)
    return pd.api.types.pandas_dtype(told["name"])


def _is_named(dtype: Any) -> bool:
    try:
        made = pd.api.types.pandas_dtype(str(dtype))
    except (TypeError, NotImplementedError):
        return False
    return type(made) is type(dtype) and made == dtype
