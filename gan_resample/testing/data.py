"""Small data for the laws."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["blobs", "global_state_kept", "mixed_frame", "require"]

Array = NDArray[Any]


def require(holds: Any, message: str) -> None:
    """Raise ``AssertionError`` if a law does not hold; works under ``python -O`` too."""
    if not holds:
        raise AssertionError(message)


def blobs(
    counts: Sequence[int] = (60, 20, 8),
    n_features: int = 4,
    distance: float = 6.0,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Return Gaussian classes on a line, far apart, with shuffled rows in float64."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.normal(size=(len(y), n_features)) + distance * y[:, None]
    order = rng.permutation(len(y))
    return X[order], y[order]


def mixed_frame(n: int = 120, seed: int = 0) -> tuple[Any, Any]:
    """Return a pandas table with every kind of column, and an imbalanced target."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    y = pd.Series(np.where(np.arange(n) < n // 6, "rare", "common"), name="kind")
    X = pd.DataFrame(
        {
            "amount": rng.lognormal(size=n) + (y == "rare"),
            "share": rng.random(n).astype(np.float32),
            "count": rng.integers(0, 7, n),
            "small": rng.integers(-100, 100, n).astype(np.int8),
            "visits": pd.array(rng.integers(0, 1000, n), dtype="Int64"),
            "rate": pd.array(rng.random(n), dtype="Float64"),
            "colour": pd.Categorical(rng.choice(["red", "green"], n), ["red", "blue", "green"]),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], n),
            "code": pd.array(rng.choice(["a", "b"], n), dtype="string"),
            "member": rng.random(n) < 0.5,
            "maybe": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            "one": np.full(n, 7.25),
        }
    )
    return X, y


@contextmanager
def global_state_kept(who: str) -> Iterator[None]:
    """Check that the block does not change the global random states."""
    before = _global_state()
    yield
    for name, then, now in zip(
        ("Python's", "numpy's", "torch's"), before, _global_state(), strict=True
    ):
        require(
            then == now,
            f"{who} moved {name} global random state, which is the caller's: draw from the "
            "stream or the seeded torch that you are given",
        )


def _global_state() -> tuple[Any, ...]:
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    numpy_state = (np.asarray(keys).tobytes(), *rest)
    return random.getstate(), numpy_state, torch.get_rng_state().tolist()
