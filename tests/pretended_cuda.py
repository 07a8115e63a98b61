"""A CUDA device for machines without one: it refuses and notes what a real one would.

Inside :func:`pretended_cuda`, tensors that are asked for on "cuda" are of a subclass that keeps
its numbers on the CPU and says ``device == cuda:0``. As a real device would,

* an operation on tensors of both devices is refused, unless those on the CPU are single numbers;
* ``numpy`` is refused;
* every operation for which Python would wait for the device is noted, with its line.

Numbers are drawn from the generator of the CPU, so that results equal those on the CPU.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from gan_resample.engine.net import GameNet

__all__ = ["DeviceError", "OnCuda", "PretendedCuda", "pretended_cuda"]

CUDA = torch.device("cuda:0")
# results that Python needs at once, or whose number of rows depends on values
WAITING = {
    *("item", "tolist", "__bool__", "__int__", "__float__", "__index__", "__contains__"),
    *("equal", "allclose", "is_nonzero", "nonzero", "argwhere", "masked_select", "bincount"),
    *("unique", "_unique2", "unique_consecutive"),
}
NEW_OF = {"new_empty", "new_zeros", "new_ones", "new_full", "new_tensor"}
MAKING = {
    *("zeros", "ones", "empty", "full", "rand", "randn", "randint", "randperm", "arange"),
    *("eye", "linspace", "tensor", "as_tensor", "scalar_tensor"),
}
MOVING = {"to", "cuda", "cpu"}
# these take tensors of both devices
BETWEEN = {"copy_", "type_as", "__set__", "__get__", "_has_compatible_shallow_copy_type"}


class DeviceError(RuntimeError):
    """What a real device would refuse."""


class OnCuda(torch.Tensor):
    """A tensor that says that it is on a GPU."""

    device = property(lambda self: CUDA)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    def get_device(self) -> int:
        return 0

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        raise DeviceError(f"numpy of a tensor on the GPU, at {line_of_package()}")

    __array__ = numpy

    def __deepcopy__(self, memo: dict[int, Any]) -> OnCuda:
        if id(self) not in memo:
            memo[id(self)] = _again(*_parts(self))
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _again, _parts(self)


def _parts(tensor: OnCuda) -> tuple[Tensor, bool, bool]:
    is_parameter = isinstance(tensor, torch.nn.Parameter)
    return on_cpu(tensor).detach().clone(), is_parameter, tensor.requires_grad


def _again(numbers: Tensor, is_parameter: bool, requires_grad: bool) -> Any:
    tensor = on_cuda(numbers)
    if is_parameter:
        return torch.nn.Parameter(tensor, requires_grad)
    return tensor.requires_grad_(requires_grad)


def on_cuda(tensor: Tensor) -> Any:
    return tensor.as_subclass(OnCuda)


def on_cpu(tensor: Tensor) -> Tensor:
    with torch._C.DisableTorchFunctionSubclass():
        return tensor.as_subclass(torch.Tensor)


def line_of_package() -> str:
    """The innermost line of the package that is being executed."""
    for frame in reversed(traceback.extract_stack()):
        if "/gan_resample/" in frame.filename and "/tests/" not in frame.filename:
            file = frame.filename.rpartition("/gan_resample/")[2]
            return f"{file}:{frame.lineno}: {frame.line}"
    return "outside the package"


class PretendedCuda(TorchFunctionMode):
    """Sees every operation of torch.

    Attributes
    ----------
    waits : Counter
        How often each (operation, line of the package) waited for the device.
    waits_in_rounds : Counter
        Those in rounds of games.
    n_rounds : int
        How many rounds were played.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[tuple[str, str]] = Counter()
        self.waits_in_rounds: Counter[tuple[str, str]] = Counter()
        self.n_rounds = 0

    def count_round(self, train_step: Any) -> Any:
        """Return the method of a net that plays a round, such that its waits are counted."""

        def counted(net: Any, *args: Any, **kwargs: Any) -> Any:
            before = self.waits.copy()
            moved = train_step(net, *args, **kwargs)
            self.waits_in_rounds += self.waits - before
            self.n_rounds += 1
            return moved

        return counted

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        ours = [tensor for tensor in tensors if isinstance(tensor, OnCuda)]
        others = [tensor for tensor in tensors if not isinstance(tensor, OnCuda) and tensor.ndim]
        if name in MOVING:
            return self._move(name, args, kwargs)
        if name in MAKING | NEW_OF or name.endswith("_like"):
            return self._make(func, name, args, kwargs)
        if not ours:
            return func(*args, **kwargs)
        if func == torch.Tensor.grad.__get__:  # autograd accumulates plain tensors
            found = func(*args, **kwargs)
            return None if found is None else on_cuda(found)
        self._look(name, args, kwargs, others)
        return func(*args, **kwargs)

    def _wait(self, what: str) -> None:
        self.waits[what, line_of_package()] += 1

    def _move(self, name: str, args: Any, kwargs: Any) -> Tensor:
        """``to``, ``cuda`` and ``cpu``: copies between devices wait."""
        tensor, dtype = args[0], args[0].dtype
        target = tensor.device if name == "to" else torch.device(name)
        for value in [*args[1:], *kwargs.values()]:
            if isinstance(value, Tensor):
                target, dtype = value.device, value.dtype
            elif isinstance(value, str | torch.device):
                target = torch.device(value)
            elif isinstance(value, torch.dtype):
                dtype = value
        if "memory_format" in kwargs:
            tensor = tensor.contiguous(memory_format=kwargs["memory_format"])
        if target.type != tensor.device.type:
            self._wait(f"copy to {target.type}")
            return _as(on_cpu(tensor).to(dtype, copy=True), _is_cuda(target))
        return tensor if dtype == tensor.dtype else tensor.type(dtype)

    def _make(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Factories: on the device that is named, or on that of the tensor to be like."""
        device = kwargs.get("device")
        like = name in NEW_OF or name.endswith("_like") or name == "as_tensor"
        source = args[0] if args and isinstance(args[0], OnCuda) else None
        there = (like and source is not None) if device is None else _is_cuda(device)
        if name in ("tensor", "as_tensor", "new_tensor") and there != (source is not None):
            self._wait(f"copy to {'cuda' if there else 'cpu'}")
        if there and kwargs.get("generator") is not None:
            raise DeviceError(f"a generator of the CPU draws on the GPU at {line_of_package()}")
        named = {key: value for key, value in kwargs.items() if key != "device"}
        plain = [on_cpu(value) if isinstance(value, OnCuda) else value for value in args]
        return _as(func(*plain, **named), there)

    def _look(self, name: str, args: Any, kwargs: Any, others: list[Tensor]) -> None:
        """Refuse what mixes devices, and note what waits."""
        if name in ("__getitem__", "__setitem__"):
            self._look_at_index(name, args)
            return
        if others and name not in BETWEEN:
            raise DeviceError(
                f"{name} of tensors on the GPU and on the CPU (of shape {tuple(others[0].shape)}) "
                f"at {line_of_package()}"
            )
        by_tensor = any(isinstance(value, Tensor) for value in [*args[1:], *kwargs.values()])
        sized = name == "split" or (name == "repeat_interleave" and "output_size" not in kwargs)
        copied = name in ("copy_", "type_as") and others
        if name in WAITING or (sized and by_tensor) or copied:
            self._wait(name)

    def _look_at_index(self, name: str, args: Any) -> None:
        tensor, index, *values = args
        indices = [i for i in tree_leaves(index) if not isinstance(i, int | None)]
        placed = [i for i in indices if isinstance(i, OnCuda) and i.ndim]
        if placed and not isinstance(tensor, OnCuda):
            raise DeviceError(f"a tensor on the CPU is indexed by the GPU at {line_of_package()}")
        if any(isinstance(value, Tensor) and value.ndim and not isinstance(value, OnCuda)
               for value in values):  # fmt: skip
            raise DeviceError(f"numbers on the CPU are set on the GPU at {line_of_package()}")
        masks = [i for i in placed if i.dtype == torch.bool]
        moved = [i for i in indices if hasattr(i, "__len__") and not isinstance(i, OnCuda)]
        if masks or moved:
            self._wait(f"{name} by {'a mask' if masks else 'an index on the CPU'}")


def _is_cuda(device: Any) -> bool:
    return torch.device(device).type == "cuda"


def _as(tensor: Tensor, there: bool) -> Tensor:
    return on_cuda(tensor) if there else tensor


@contextmanager
def pretended_cuda() -> Iterator[PretendedCuda]:
    """Pretend that there is one GPU; yields what notes the waits."""
    there: dict[str, Any] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "device": lambda device: nullcontext(),
        "manual_seed": lambda seed: None,
        "get_rng_state": lambda device=None: torch.zeros(1, dtype=torch.uint8),
        "set_rng_state": lambda state, device=None: None,
    }
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    # Module.to otherwise keeps the parameter, and puts other numbers into it
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        mode = PretendedCuda()
        round_ = patch.object(GameNet, "train_step", mode.count_round(GameNet.train_step))
        with patch.multiple(torch.cuda, **there), round_, mode:
            yield mode
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
