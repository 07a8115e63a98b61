"""One seed for each public call; the caller's global random state is restored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral

import numpy as np
import torch

from gan_resample.engine.ambient import turn

__all__ = ["find_device", "random_stream", "seeded"]


def random_stream(random_state: int | np.random.RandomState | None) -> np.random.Generator:
    """Return the stream from which one public call draws all its seeds.

    An int always gives the same stream; ``None`` gives fresh entropy (never numpy's global
    generator); a ``RandomState`` is drawn from, so the next call differs.

    Raises
    ------
    ValueError
        For anything else.
    """
    if random_state is None:
        return np.random.default_rng()
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4))
    if not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(
            f"random_state={random_state!r} must be a whole number of at least 0, a "
            "numpy.random.RandomState, or None"
        )
    return np.random.default_rng(int(random_state))


@contextmanager
def seeded(stream: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Seed torch's generators for ``device`` from ``stream``, and restore them at the end.

    One thread at a time; torch's other global settings are set and restored too, see
    :mod:`~gan_resample.engine.ambient`.
    """
    seed = int(stream.integers(2**63 - 1))
    with turn(device):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def find_device(device: str | torch.device) -> torch.device:
    """Resolve ``"auto"``; raise if a device is not there or not supported.

    Raises
    ------
    ValueError
        If ``device`` is not ``"auto"``, a CPU or a CUDA device, or if there is no such GPU.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is unknown: use 'auto', 'cpu' or 'cuda'") from error
    if found.type not in ("cpu", "cuda"):
        raise ValueError(f"device={device!r} is not supported: use 'auto', 'cpu' or 'cuda'")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise ValueError(
            f"device={device!r} was asked for, but torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} CUDA devices: use device='auto' or 'cpu', or install a "
            "torch with CUDA"
        )
    return found
