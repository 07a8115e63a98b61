"""Rows as arrays, data frames, tensors and sparse matrices.

They are taken from and given back in any container, made dense, encoded, put below others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from gan_resample.encoding import frames
from gan_resample.encoding.columns import is_frame
from gan_resample.encoding.frames import Container, give

__all__ = ["Container", "Tensor", "dense", "encoded", "give", "stack", "take", "untensored"]

Array = NDArray[Any]


def dense(X: Any) -> Any:
    """``X`` as an array if it is sparse, else as it is."""
    return X.toarray() if sparse.issparse(X) else X


def stack(X: Any, rows: Any) -> Any:
    """Append generated rows to the unchanged real ones."""
    if is_frame(X):
        import pandas as pd

        return pd.concat([X, rows], ignore_index=True)
    if sparse.issparse(X):
        return sparse.vstack([X, rows], format=X.format)
    # text dtypes differ where lengths do; that of two number dtypes has native byte order
    dtype = np.result_type(X, rows)
    return np.concatenate([X, rows], dtype=dtype.newbyteorder(X.dtype.byteorder))


def encoded(encoder: Any, X: Any) -> Array:
    """Encode rows; as an array, also where ``set_output`` asks transformers for frames."""
    return np.asarray(encoder.transform(dense(X)))


@dataclass(frozen=True)
class Tensor:
    """A tensor of torch, by the names of its dtype and device."""

    dtype: str
    device: str

    def give(self, rows: Any) -> Any:
        dtype = getattr(torch, self.dtype)
        return torch.as_tensor(rows).to(dtype).to(torch.device(self.device))


def take(X: Any) -> tuple[Any, Container | None]:
    """Return rows or labels as pandas frames or arrays, and the container they came in.

    As :func:`gan_resample.encoding.frames.take`, and tensors too. Those with gradients and sparse
    ones are returned as they are: their owner has to convert them.
    """
    if not isinstance(X, torch.Tensor):
        return frames.take(X)
    if X.requires_grad or X.layout != torch.strided:
        return X, None
    rows = X.cpu()
    if X.dtype == torch.bfloat16:  # which numpy does not have
        rows = rows.float()
    return rows.numpy(), Tensor(str(X.dtype).removeprefix("torch."), str(X.device))


def untensored(X: Any) -> Any:
    """Return a tensor as an array, other rows as they are: what estimators of others can take."""
    return take(X)[0] if isinstance(X, torch.Tensor) else X
