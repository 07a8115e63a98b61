"""Rows and labels in containers that are not numpy's, pandas' or scipy's: in, and out again.

Frames and series of polars, pyarrow and whatever else narwhals knows become pandas frames with
pyarrow's dtypes, and arrays; both keep every value. What is kept of a container is plain data.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from narwhals.dependencies import get_pyarrow, is_pandas_dataframe, is_pandas_series
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
        What is not a frame or series of narwhals is returned as it is.

    Returns
    -------
    X : any
        Frames become pandas frames with dtypes of pyarrow, series arrays.
    container : Container or None
        For :func:`give`; None if ``X`` was returned as it is.

    Raises
    ------
    TypeError
        If ``X`` is a lazy frame.
    ValueError
        If two columns have the same name, or one a dtype that pyarrow does not have.
    """
    pa = get_pyarrow()
    if pa is not None and isinstance(X, pa.Array):
        cells, chunked = take(pa.chunked_array([X]))
        return cells, None if chunked is None else OneChunk(chunked)
    if isinstance(X, (np.ndarray, list, tuple)) or is_pandas_dataframe(X) or is_pandas_series(X):
        return X, None
    try:
        found = nw.from_native(X, allow_series=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        twice = sorted(name for name, n in Counter(X.column_names).items() if n > 1)
        raise ValueError(f"X has duplicate column names {twice}: rename them") from error
    if isinstance(found, nw.LazyFrame):
        raise TypeError(
            f"got a lazy frame, {type(X)}, but rows are needed: collect them first (X.collect())"
        )
    if isinstance(found, nw.DataFrame):
        table = _as_arrow(found)
        return _as_pandas(table), Frame.learn(found, table)
    if isinstance(found, nw.Series):
        frame = found.to_frame()
        return _as_array(found), Column(Frame.learn(frame, frame.to_arrow()))
    return X, None


def give(rows: Any, container: Container | None) -> Any:
    """Return a pandas frame or an array in a container; as it is where that is None."""
    return rows if container is None else container.give(rows)


def _as_arrow(frame: nw.DataFrame[Any]) -> Any:
    import pyarrow as pa

    try:
        return frame.to_arrow()
    except pa.ArrowException as error:
        for name, dtype in frame.schema.items():
            try:
                frame.select(name).to_arrow()
            except pa.ArrowException:
                raise ValueError(
                    f"column {name!r} has dtype {dtype}, which pyarrow does not read ({error}): "
                    "cast it to another one"
                ) from error
        raise


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
    """A frame: narwhals' name of its library, its columns as pyarrow tells of them in bytes.

    ``enums`` are the values of columns that pyarrow does not tell from other categories.
    """

    library: str
    schema: bytes
    enums: dict[str, list[str]]

    @classmethod
    def learn(cls, frame: nw.DataFrame[Any], table: Any) -> Frame:
        enums = {
            name: [*dtype.categories]
            for name, dtype in frame.schema.items()
            if isinstance(dtype, nw.Enum)
        }
        return cls(frame.implementation.value, table.schema.serialize().to_pybytes(), enums)

    @property
    def fields(self) -> Any:
        """The columns as pyarrow's schema."""
        import pyarrow as pa

        return pa.ipc.read_schema(pa.BufferReader(self.schema))

    def give(self, rows: Any) -> Any:
        import pyarrow as pa

        return self.of_table(pa.Table.from_pandas(rows, preserve_index=False))

    def of_table(self, table: Any) -> Any:
        """Return pyarrow's table as a frame of the library, in the dtypes seen."""
        import pyarrow as pa

        seen = self.fields
        fields = [  # generated rows have no identifiers
            field.with_nullable(field.nullable or bool(column.null_count))
            for field, column in zip(seen, table.columns, strict=True)
        ]
        table = table.cast(pa.schema(fields, metadata=seen.metadata))
        library: Any = self.library
        frame = nw.from_arrow(table, backend=library)
        # polars has names of its own for columns without any
        frame = frame.rename(dict(zip(frame.columns, seen.names, strict=True)))
        enums = [nw.col(name).cast(nw.Enum(values)) for name, values in self.enums.items()]
        return frame.with_columns(*enums).to_native()


@dataclass(frozen=True)
class Column:
    """A series, as the only column of a frame."""

    frame: Frame

    def give(self, rows: Any) -> Any:
        import pyarrow as pa

        [field] = self.frame.fields
        table = pa.table({field.name: pa.array(rows.tolist()).cast(field.type)})
        made = nw.from_native(self.frame.of_table(table), eager_only=True)
        return made[field.name].to_native()


@dataclass(frozen=True)
class OneChunk:
    """An array of pyarrow, which narwhals takes in chunks only."""

    chunked: Container

    def give(self, rows: Any) -> Any:
        return self.chunked.give(rows).combine_chunks()
