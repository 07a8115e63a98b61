"""One seed for each public call; the caller's global random state is left as it was."""

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
    generator); a ``RandomState`` is used and moves.

    Raises
    ------
    ValueError
        Anything else.
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
    """Start torch's generators for ``device`` at a seed from ``stream``, and put them back.

    One thread at a time; torch's other settings are this package's too, see
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
    """Resolve ``"auto"``; refuse a device that is not there or not supported.

    Raises
    ------
    ValueError
        ``device`` is neither ``"auto"`` nor a CPU nor a CUDA device, or has no such GPU.
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
