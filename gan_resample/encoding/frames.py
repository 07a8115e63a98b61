"""Rows and labels in containers that are not numpy's, pandas' or scipy's: in, and out again.

Frames and series of polars, pyarrow and whatever else narwhals knows become pandas frames with
pyarrow's dtypes, and arrays; both keep every value. Tensors of torch become arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from narwhals.dependencies import is_pandas_dataframe, is_pandas_series
from numpy.typing import NDArray

__all__ = ["Container", "give", "take"]

Array = NDArray[Any]


class Container(Protocol):
    """What rows or labels came in, so that others can be returned alike."""

    def give(self, rows: Any) -> Any:
        """Return a pandas frame or an array in this container."""


def take(X: Any) -> tuple[Any, Container | None]:
    """Return rows or labels as a pandas frame or an array, and the container they came in.

    Parameters
    ----------
    X : any
        What is neither a frame or series of narwhals nor a tensor is returned as it is. So are
        tensors with gradients and sparse ones, which have to be converted by their owner.

    Returns
    -------
    X : any
        Frames become pandas frames with dtypes of pyarrow, series and tensors arrays.
    container : Container or None
        For :func:`give`; None if ``X`` was returned as it is.

    Raises
    ------
    TypeError
        If ``X`` is a lazy frame.
    """
    if isinstance(X, (np.ndarray, list, tuple)) or is_pandas_dataframe(X) or is_pandas_series(X):
        return X, None
    if type(X).__module__.partition(".")[0] == "torch" or hasattr(X, "new_tensor"):
        return _take_tensor(X)
    found = nw.from_native(X, allow_series=True, pass_through=True)
    if isinstance(found, nw.LazyFrame):
        raise TypeError(
            f"got a lazy frame, {type(X)}, but rows are needed: collect them first (X.collect())"
        )
    if isinstance(found, nw.DataFrame):
        table = found.to_arrow()
        frame = _as_pandas(table)
        return frame, Frame(found.implementation, dict(found.schema), table.schema)
    if isinstance(found, nw.Series):
        frame = found.to_frame()
        as_frame = Frame(frame.implementation, dict(frame.schema), frame.to_arrow().schema)
        return _as_array(found), Column(as_frame)
    return X, None


def give(rows: Any, container: Container | None) -> Any:
    """Return a pandas frame or an array in a container; as it is where that is None."""
    return rows if container is None else container.give(rows)


def _as_pandas(table: Any) -> Any:
    """Return pyarrow's table as a pandas frame of its dtypes."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)


def _as_array(series: nw.Series[Any]) -> Array:
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return series.to_numpy()
    cells = np.empty(len(series), dtype=object)
    cells[:] = series.to_list()
    return cells


@dataclass(frozen=True)
class Frame:
    """A frame: narwhals' name of its library, and its columns in narwhals' and pyarrow's terms."""

    library: Any
    dtypes: dict[str, Any]
    schema: Any

    def give(self, rows: Any) -> Any:
        import pyarrow as pa

        return self.of_table(pa.Table.from_pandas(rows, preserve_index=False))

    def of_table(self, table: Any) -> Any:
        """Return pyarrow's table as a frame of the library, in the dtypes seen."""
        import pyarrow as pa

        fields = [  # generated rows have no identifiers
            field.with_nullable(field.nullable or bool(column.null_count))
            for field, column in zip(self.schema, table.columns, strict=True)
        ]
        table = table.cast(pa.schema(fields, metadata=self.schema.metadata))
        frame = nw.from_arrow(table, backend=self.library)
        # polars has names of its own for columns without any
        frame = frame.rename(dict(zip(frame.columns, self.dtypes, strict=True)))
        others = {
            name: dtype for name, dtype in self.dtypes.items() if frame.schema[name] != dtype
        }
        frame = frame.with_columns(*(nw.col(name).cast(dtype) for name, dtype in others.items()))
        return frame.to_native()


@dataclass(frozen=True)
class Column:
    """A series, as the only column of a frame."""

    frame: Frame

    def give(self, rows: Any) -> Any:
        import pyarrow as pa

        [field] = self.frame.schema
        table = pa.table({field.name: pa.array(rows.tolist()).cast(field.type)})
        made = nw.from_native(self.frame.of_table(table), eager_only=True)
        return made[field.name].to_native()


@dataclass(frozen=True)
class Tensor:
    """A tensor of torch; ``like`` is an empty one of its dtype and device."""

    like: Any

    def give(self, rows: Any) -> Any:
        return self.like.new_tensor(rows)


def _take_tensor(X: Any) -> tuple[Any, Container | None]:
    if X.requires_grad or str(X.layout) != "torch.strided":  # sparse
        return X, None
    there = X.cpu()
    if str(X.dtype) == "torch.bfloat16":  # which numpy does not have
        there = there.float()
    return there.numpy(), Tensor(X.new_empty(0))
