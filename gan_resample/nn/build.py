"""Building, checking and freezing the networks that a user hands over."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from gan_resample.nn.modules import Frozen
from gan_resample.nn.shape import RowShape

__all__ = [
    "check_shape",
    "check_width",
    "freeze_layers",
    "make_backbone",
    "make_module",
    "output_width",
    "rows_at_once",
    "try_module",
]


# n_in is the width of a row, or the (channels, height, width) of an image
ACTIVATIONS = 30_000_000  # most numbers (120 MB) that a first layer of 32 channels gives at once
Build = nn.Module | Callable[[Any, Any], nn.Module]
Shape = Sequence[int]


def make_module(build: Build, n_in: Any, n_out: Any) -> nn.Module:
    """Return a copy of ``build`` if it is a module, else a copy of ``build(n_in, n_out)``.

    It is always a copy: a callable may return a network that it loaded once and keeps.

    Raises
    ------
    TypeError
        If ``build`` does not return a module.
    ValueError
        If the module has lazy layers, whose weights do not exist yet.
    """
    module = build if isinstance(build, nn.Module) else _build(build, n_in, n_out)
    if any(is_lazy(parameter) for parameter in module.parameters()):
        raise ValueError(
            f"{build!r} has lazy layers, which have no weights yet: run the module on a batch "
            "first, or name the widths of its layers"
        )
    return copy.deepcopy(module)


def _build(build: Callable[[Any, Any], nn.Module], n_in: Any, n_out: Any) -> nn.Module:
    try:
        module = build(n_in, n_out)
    except TypeError as error:
        raise TypeError(
            f"{build!r} cannot be called with (n_in, n_out), here ({n_in!r}, {n_out!r}): {error}"
        ) from error
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"{build!r} must return a torch.nn.Module when called with ({n_in!r}, {n_out!r}), but "
            f"returns {type(module)}"
        )
    return module


def check_width(module: nn.Module, shape: Shape, width: int, name: str) -> nn.Module:
    """Return ``module`` if it turns inputs of ``shape`` into vectors of ``width``.

    Raises
    ------
    ValueError
        If it does not; the message calls it ``name``.
    """
    found = output_width(module, shape, name)
    if found != width:
        raise ValueError(
            f"{name} must give {width} numbers for each row of shape {tuple(shape)}, but gives "
            f"{found}: a callable (n_in, n_out) -> module is told the widths"
        )
    return module


def check_shape(module: nn.Module, shape: Shape, wanted: Shape, name: str) -> nn.Module:
    """Return ``module`` if it turns inputs of ``shape`` into rows of shape ``wanted``.

    Raises
    ------
    ValueError
        If it does not; the message calls it ``name``.
    """
    n, *found = try_module(module, shape, name).shape or (0,)
    if n != 2 or tuple(found) != tuple(wanted):
        raise ValueError(
            f"{name} must turn inputs of shape {tuple(shape)} into rows of shape {tuple(wanted)}, "
            f"but gives {tuple(found)}, and {n} for 2 of them: a callable (n_in, n_out) -> module "
            "is told both"
        )
    return module


def output_width(module: nn.Module, shape: Shape, name: str) -> int:
    """Return the output width of ``module`` for inputs of ``shape``, tried in eval mode.

    Raises
    ------
    ValueError
        If ``module`` cannot take such inputs, or its output is not of shape (n, width); the
        message calls it ``name``.
    """
    out = try_module(module, shape, name)
    if out.ndim != 2 or len(out) != 2 or not out.shape[1]:
        given = f"(2, {', '.join(map(str, shape))})"
        raise ValueError(
            f"{name} must give vectors, (n, width), but turns {given} into {tuple(out.shape)}: "
            "end it in torch.nn.Flatten()"
        )
    return out.shape[1]


def try_module(module: nn.Module, shape: Shape, name: str) -> Tensor:
    """Return the output of ``module`` for two inputs of ``shape``; the module does not change.

    Raises
    ------
    ValueError
        If it cannot take them, or returns no tensor; the message calls it ``name``.
    """
    copied = copy.deepcopy(module).eval()
    try:
        with torch.no_grad():
            out = copied(torch.zeros(2, *shape))
    except Exception as error:  # the user's module may raise anything
        raise ValueError(
            f"{name} cannot take rows of shape {tuple(shape)}: {error}. Hand over a module, or a "
            "callable (n_in, n_out) -> module, that takes (n, ...) of that shape"
        ) from error
    if not isinstance(out, Tensor):
        raise ValueError(
            f"{name} must give a tensor, but turns rows of shape {tuple(shape)} into {type(out)}"
        )
    return out


def rows_at_once(shape: Shape) -> int:
    """Return how many rows of ``shape`` may go through a network at once; bounds the memory."""
    if not RowShape(shape).is_image:
        return 8192
    return max(1, ACTIVATIONS // (32 * shape[-2] * shape[-1]))


def freeze_layers(module: nn.Module, freeze: int | str | None) -> nn.Module:
    """Return ``module`` as it is (None), frozen ("all"), or frozen but for the last layers (int).

    Raises
    ------
    TypeError
        If ``freeze`` is True or False, which is ambiguous.
    """
    if isinstance(freeze, bool):
        raise TypeError(f"freeze={freeze} must be 'all', None, or a number of layers that learn")
    if freeze is None:
        return module
    return Frozen(module, 0 if freeze == "all" else int(freeze))


def make_backbone(
    build: Build | None, default: Build, n_in: Any, n_out: Any, freeze: int | str | None
) -> nn.Module:
    """Return a feature extractor: ``build``, frozen as asked, or the ``default``, never frozen.

    Raises
    ------
    ValueError
        If ``freeze`` is given, but no network that could be frozen.
    """
    if build is not None:
        return freeze_layers(make_module(build, n_in, n_out), freeze)
    if freeze is not None:
        raise ValueError(
            f"freeze={freeze!r} keeps what a feature_extractor has learned, but there is none: "
            "hand over a module, or leave freeze=None"
        )
    return make_module(default, n_in, n_out)
