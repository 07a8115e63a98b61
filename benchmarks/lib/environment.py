"""One thread, and the versions with which figures were measured."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import torch
from threadpoolctl import threadpool_limits

import gan_resample

__all__ = ["one_thread", "versions"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "imbalanced-learn", "torch", "skorch")


def one_thread() -> AbstractContextManager[Any]:
    """Limit torch, BLAS and OpenMP to one thread; small networks are slower with more."""
    torch.set_num_threads(1)
    return threadpool_limits(1)


def versions() -> dict[str, str]:
    """Return the versions of Python, this package and its dependencies."""
    own = {"python": platform.python_version(), "gan_resample": gan_resample.__version__}
    return own | {name: version(name) for name in PACKAGES}
