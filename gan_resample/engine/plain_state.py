"""Trained nets as plain data: settings, numpy arrays and counters, from which they are made again.

Such a state loads on any device, and needs no pickle within: skops can keep it. A net that holds
code of the user's (a network, a game, a callback, an optimizer) cannot be described so.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.history import History
from skorch.utils import get_map_location
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_resample.engine.game import Game
from gan_resample.engine.seeding import seeded

__all__ = ["foreign_part", "net_state", "restore_net", "restored_module", "to_arrays"]

COUNTERS = ("kept_", "inside_round_", "n_recorded_")
PACKAGE = __name__.partition(".")[0] + "."


def foreign_part(net: Any) -> str:
    """Name what a net holds that is no plain data; "" if there is nothing."""
    if not net.module.__module__.startswith(PACKAGE):
        return f"the game {net.module.__qualname__}"
    if not (
        isinstance(net.optimizer, type) and net.optimizer.__module__.startswith("torch.optim")
    ):
        return f"the optimizer {net.optimizer!r}"
    for callback in net.callbacks or ():
        kind = type(callback[1] if isinstance(callback, tuple) else callback)
        if not kind.__module__.startswith(PACKAGE):
            return f"the callback {kind.__qualname__}"
    for name, value in _settings(net).items():
        if name.startswith("module__") and (isinstance(value, nn.Module) or callable(value)):
            return f"the network {name.removeprefix('module__')}={value!r}"
    return ""


def net_state(net: Any) -> dict[str, Any]:
    """Return plain data from which :func:`restore_net` makes a net that is equal.

    Raises
    ------
    TypeError
        If there is a :func:`foreign_part`.
    """
    if foreign := foreign_part(net):
        raise TypeError(
            f"{foreign} is code that this package does not bring, so the fit is no plain data: "
            "save it with pickle or joblib, or fit without it"
        )
    state = {"settings": _settings(net), "counters": {n: getattr(net, n) for n in COUNTERS}}
    if not net.initialized_:
        return state
    game, optimizers = net.module_, net.optimizers().items()
    weights = game.state_dict()
    others = {name: buffer for name, buffer in game.named_buffers() if name not in weights}
    return state | {
        "game": to_arrays(weights),
        "buffers": to_arrays(others),  # that are not saved with weights, such as kept rows
        "left_out": [name for name, player in game._modules.items() if player is None],
        "training": game.training,
        "optimizers": {move: to_arrays(each.state_dict()) for move, each in optimizers},
        "history": list(net.history),
    }


def restore_net(net: Any, state: Mapping[str, Any]) -> None:
    """Make ``net``, an object without attributes, the net of which ``state`` tells."""
    if "settings" not in state:
        raise ValueError("this was saved by another version of gan_resample: fit it again")
    settings = dict(state["settings"])
    if not (isinstance(settings["module"], type) and issubclass(settings["module"], Game)):
        raise TypeError(f"a net plays a Game, but its state names {settings['module']!r}")
    device = settings.get("device", "cpu")
    settings["device"] = net._check_device(device, get_map_location(device))
    net.__init__(**settings)
    vars(net).update(state["counters"])
    if "game" not in state:
        return
    # what is drawn for first weights is replaced; the caller's generators are not touched
    anew = seeded(np.random.default_rng(0), torch.device("cpu"))
    with anew, torch.inference_mode(False), torch.enable_grad():
        net.initialize()
        net.module_._modules.update(dict.fromkeys(state["left_out"]))
        _load(net.module_, state["game"], state["buffers"])
        net.module_.train(state["training"])
        for move, optimizer in net.optimizers().items():
            if move in state["optimizers"]:
                _load_optimizer(optimizer, state["optimizers"][move])
            else:
                delattr(net, f"{move}_optimizer_")
    net.history_ = History(state["history"])


def restored_module(kind: type[nn.Module], own: Mapping[str, Any], arrays: Any) -> nn.Module:
    """Make a module without parameters from its own attributes and the arrays of its buffers."""
    module: nn.Module = kind.__new__(kind)
    nn.Module.__init__(module)
    vars(module).update(own)
    for name, tensor in _to_tensors(dict(arrays)).items():
        module.register_buffer(name, tensor)
    return module


def _settings(net: Any) -> dict[str, Any]:
    """Return the arguments with which a net is made, without skorch's defaults."""
    usual = {**_defaults(NeuralNet), **_defaults(type(net))}
    names = net._get_param_names()
    return {n: vars(net)[n] for n in names if n not in usual or vars(net)[n] is not usual[n]}


def _defaults(kind: type) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def to_arrays(value: Any) -> Any:
    """Return a state, as torch's ``state_dict`` gives it, with arrays in place of tensors."""
    if isinstance(value, Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, Mapping):
        return {key: to_arrays(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(to_arrays(each) for each in value)
    return value


def _to_tensors(value: Any) -> Any:
    """Undo :func:`to_arrays`."""
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: _to_tensors(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_to_tensors(each) for each in value)
    return value


def _load(game: Game, state: Mapping[str, Any], buffers: Mapping[str, Any]) -> None:
    """Load a state of arrays into a new game; buffers take the shapes that they had."""
    weights, others = _to_tensors(dict(state)), _to_tensors(dict(buffers))
    for name, buffer in [*game.named_buffers()]:
        kept = others.get(name, weights.get(name))
        if kept.shape != buffer.shape:
            place, _, own = name.rpartition(".")
            setattr(game.get_submodule(place), own, buffer.new_empty(kept.shape))
    game.load_state_dict(weights)
    for name, buffer in game.named_buffers():
        if name in others:
            buffer.copy_(others[name])


@torch.no_grad()
def _load_optimizer(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    optimizer.load_state_dict(_to_tensors(dict(state)))
    for parameter, kept in optimizer.state.items():
        for name, value in kept.items():
            if torch.is_tensor(value) and value.shape == parameter.shape:
                # laid out in memory as the parameter is: fused steps take that for granted
                kept[name] = torch.empty_like(parameter).copy_(value)
